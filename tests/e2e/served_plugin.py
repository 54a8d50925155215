"""A plugin served over gRPC, without an engine, and the simulated hall that it works on."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc, status_pb2

from argosy_metal.claims import Phase, RunIdentity
from argosy_metal.provider.provider import BareMetal
from argosy_metal.provider.servicer import Servicer
from argosy_metal.provider.values import plain_map, wire_map
from argosy_metal.simulator import SimulatedHall, SimulatedServer, SimulatorConfig, image_sha256
from argosy_metal.simulator.daemon import CONFIG_FILE
from argosy_metal.simulator.in_process import RunningSimulator, simulate

from ..claims_files import claims_in

CLAIM_URN = "urn:pulumi:local::lab::baremetal:index:ServerClaim::a"
MACHINE_URN = "urn:pulumi:local::lab::baremetal:index:ServerClaim$baremetal:index:Machine::a"
IMAGE = {"url": "https://provision.hall.test/images/node.iso", "sha256": image_sha256("node")}
OTHER_IMAGE = {"url": "https://provision.hall.test/images/node-2.iso", "sha256": image_sha256("node-2")}
CLAIM: Mapping[str, Any] = {
    "site": "hall",
    "serial": "SN1",
    "slot": "train/slot-01",
    "bmc": "https://bmc-1.hall.test",
    "rack": "r1",
    "feeds": ["a", "b"],
    "usernameRef": "file:simulator/bmc-username",
    "passwordRef": "file:simulator/bmc-password",
}
MACHINE: Mapping[str, Any] = {"serverId": "hall/SN1", "image": IMAGE, "online": True}
CONFIG: Mapping[str, Any] = {
    "claims": {"backend": "sqlite", "path": "claims.sqlite"},
    "phoneHome": "https://provision.hall.test/phone-home",
    "simulatorDirectory": "simulator",
}


class RunByRun(Servicer):
    """Answers every deletion as a run of its own would, so that one plugin can play several."""

    async def Delete(self, request: Any, context: Any) -> Any:  # noqa: N802 - the method's name is gRPC's
        self._created.clear()
        return await super().Delete(request, context)


@dataclass
class Plugin:
    """A served plugin, and the hall it works on."""

    stub: Any
    folder: Path
    simulator: RunningSimulator
    servicer: Servicer

    async def configure(self, **config: Any) -> None:
        await self.stub.Configure(provider_pb2.ConfigureRequest(args=wire_map({**CONFIG, **config})))

    async def create_claim(self, **changes: Any) -> dict[str, Any]:
        request = provider_pb2.CreateRequest(urn=CLAIM_URN, properties=wire_map({**CLAIM, **changes}))
        return plain_map((await self.stub.Create(request)).properties)

    async def create_machine(self, *, seconds: float = 0, **changes: Any) -> dict[str, Any]:
        request = provider_pb2.CreateRequest(
            urn=MACHINE_URN, properties=wire_map({**MACHINE, **changes}), timeout=seconds
        )
        return plain_map((await self.stub.Create(request)).properties)

    async def diff(self, urn: str, olds: Mapping[str, Any], news: Mapping[str, Any], **more: Any) -> Any:
        """As the engine asks it: what the program says is checked first."""
        await self.check(urn, news)
        request = provider_pb2.DiffRequest(urn=urn, olds=wire_map(olds), news=wire_map(news), **more)
        return await self.stub.Diff(request)

    async def check(self, urn: str, news: Mapping[str, Any]) -> Any:
        return await self.stub.Check(provider_pb2.CheckRequest(urn=urn, news=wire_map(news)))

    async def read(self, urn: str, olds: Mapping[str, Any] | None = None, server: str = "hall/SN1") -> Any:
        return await self.stub.Read(
            provider_pb2.ReadRequest(urn=urn, id=server, properties=wire_map(olds or {}))
        )

    async def reaches(self, phase: Phase) -> None:
        async with asyncio.timeout(10):
            while [("SN1", phase)] != self.claims():  # noqa: ASYNC110 - the plugin tells nobody
                await asyncio.sleep(0.02)

    def claims(self) -> list[tuple[str, Phase]]:
        return [(claim.serial, claim.phase) for claim in claims_in(self.folder / "claims.sqlite")]

    def status(self, serial: str = "SN1") -> dict[str, Any]:
        return self.simulator.bmc(serial).status()

    def counters(self, serial: str = "SN1") -> dict[str, int]:
        return self.status(serial)["counters"]


@asynccontextmanager
async def served(
    folder: Path, servers: int = 2, servicer_of: type[Servicer] = RunByRun, **config: Any
) -> AsyncGenerator[Plugin]:
    """A configured plugin and a quick hall of a few servers."""
    simulated = tuple(
        SimulatedServer(f"bmc-{n}.hall.test", f"SN{n}", "dgx-h200", "r1") for n in range(1, servers + 1)
    )
    hall = SimulatorConfig(
        halls=(SimulatedHall("hall", "provision.hall.test", simulated),),
        time_scale=6000,
        images=("node", "node-2"),
    )
    (folder / "Pulumi.yaml").write_text("name: lab\n")
    (folder / "stacks").mkdir()
    async with simulate(hall, folder / "simulator") as simulator:
        hall.write(folder / "simulator" / CONFIG_FILE)
        simulator.endpoint.write(folder / "simulator")
        servicer = servicer_of(BareMetal(RunIdentity("run-1"), lambda: folder / "stacks"))
        server = grpc.aio.server()
        provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            found = Plugin(provider_pb2_grpc.ResourceProviderStub(channel), folder, simulator, servicer)
            await found.configure(**config)
            yield found
        await servicer.finish()
        await server.stop(None)


def refusal(error: "pytest.ExceptionInfo[grpc.aio.AioRpcError]", code: grpc.StatusCode) -> str:
    """The message of a refusal, which must have the code and no traceback."""
    assert code == error.value.code()
    details = error.value.details() or ""
    assert "Traceback" not in details
    return details


def partial_state(error: grpc.aio.AioRpcError) -> provider_pb2.ErrorResourceInitFailed:
    """What the engine decodes of a partial failure."""
    raw = dict(error.trailing_metadata() or ())["grpc-status-details-bin"]
    status, detail = status_pb2.Status(), provider_pb2.ErrorResourceInitFailed()
    status.ParseFromString(raw if isinstance(raw, bytes) else raw.encode())
    assert status.details[0].Unpack(detail)
    return detail


def delete_request(urn: str, state: Mapping[str, Any]) -> provider_pb2.DeleteRequest:
    return provider_pb2.DeleteRequest(urn=urn, id="hall/SN1", properties=wire_map(state))
