"""What is waited for is told to the engine, and an engine that does not listen stops nobody."""

from collections.abc import AsyncGenerator

import grpc.aio
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc

from argosy_metal.provider.engine_log import EngineLog


class Engine(engine_pb2_grpc.EngineServicer):
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.told: list[engine_pb2.LogRequest] = []
        self.address = ""

    async def Log(self, request: engine_pb2.LogRequest, context: object) -> empty_pb2.Empty:  # noqa: N802
        self.told.append(request)
        return empty_pb2.Empty()


@pytest.fixture
async def engine() -> AsyncGenerator[Engine]:
    found = Engine()
    server = grpc.aio.server()
    engine_pb2_grpc.add_EngineServicer_to_server(found, server)
    found.address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    await server.start()
    yield found
    await server.stop(None)


async def test_a_line_passes_beside_its_resource_and_a_warning_stays(engine: Engine) -> None:
    log = EngineLog(engine.address)
    log.about("urn-1")("waits for its turn")
    log.warn("urn-2", "goes back to the pool")
    await log.close()

    assert {
        ("urn-1", "waits for its turn", True, engine_pb2.INFO),
        ("urn-2", "goes back to the pool", False, engine_pb2.WARNING),
    } == {(told.urn, told.message, told.ephemeral, told.severity) for told in engine.told}


async def test_an_engine_that_attaches_later_is_told_from_then_on(engine: Engine) -> None:
    log = EngineLog()
    log.warn("urn", "told to nobody")
    log.attach(engine.address)
    log.warn("urn", "told")
    await log.close()

    assert ["told"] == [told.message for told in engine.told]


async def test_an_engine_that_is_gone_stops_nobody() -> None:
    log = EngineLog("127.0.0.1:1")
    log.warn("urn", "told to nobody")
    await log.close()
