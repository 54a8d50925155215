"""A small simulated hall, a client for it, and a BMC that answers by script."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from argosy_metal.redfish import Credentials, Patience, RedfishClient, Trust
from argosy_metal.simulator import ManualClock, SimulatedHall, SimulatedServer, SimulatorConfig
from argosy_metal.simulator.certificates import make_server_context
from argosy_metal.simulator.in_process import RunningSimulator, simulate

PASSWORD = "correct-horse-battery"


class RecordingClock:
    """Sleeping moves simulated time on, at once."""

    def __init__(self, simulated: ManualClock) -> None:
        self.waits: list[float] = []
        self._simulated = simulated

    def now(self) -> float:
        return self._simulated.now()

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self._simulated.advance(seconds)
        await asyncio.sleep(0)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def client_clock(clock: ManualClock) -> RecordingClock:
    return RecordingClock(clock)


@pytest.fixture
def config() -> SimulatorConfig:
    servers = (
        SimulatedServer("bmc-1.hall-north.test", "SN1", "dgx-h200", "rack-1", ("a", "b")),
        SimulatedServer("bmc-2.hall-north.test", "SN2", "plain", "rack-1"),
        SimulatedServer("bmc-3.hall-north.test", "SN3", "without-sessions", "rack-1"),
    )
    return SimulatorConfig(halls=(SimulatedHall("hall-north", "provision.hall-north.test", servers),))


@pytest.fixture
async def simulator(
    config: SimulatorConfig, clock: ManualClock, tmp_path: Path
) -> AsyncGenerator[RunningSimulator]:
    async with simulate(config, tmp_path / "simulator", clock=clock) as running:
        yield running


Connect = Callable[..., RedfishClient]


@pytest.fixture
async def connect(simulator: RunningSimulator, client_clock: RecordingClock) -> AsyncIterator[Connect]:
    """`connect("SN1", patience=…)`: a client, closed when the test ends if the test did not."""
    async with AsyncExitStack() as stack:

        def make(serial: str = "SN1", **changes: Any) -> RedfishClient:
            settings: dict[str, Any] = {
                "credentials": Credentials(simulator.username, simulator.password),
                "trust": Trust(ca_file=simulator.ca_file),
                "user_agent": "argosy-test run=1",
                "clock": client_clock,
                "resolve": simulator.resolve,
            }
            client = RedfishClient(f"https://{simulator.bmc(serial).server.bmc_host}", **settings | changes)
            stack.push_async_callback(client.close)
            return client

        yield make


@dataclass
class ScriptedBmc:
    """Answers each `METHOD path` with its list of answers in turn; the last one again and again."""

    answers: dict[str, list[web.Response | Callable[[], Any]]] = field(
        default_factory=lambda: dict[str, list[Any]]()
    )
    seen: list[tuple[str, Mapping[str, str]]] = field(default_factory=lambda: list[Any]())
    url: str = ""
    ca_file: Path = Path()

    def calls(self, name: str) -> list[Mapping[str, str]]:
        """The headers of every request of that `METHOD path`."""
        return [headers for called, headers in self.seen if called == name]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        name = f"{request.method} {request.path}"
        await request.read()
        self.seen.append((name, dict(request.headers)))
        script = self.answers.get(name)
        if not script:
            return web.json_response({}, status=404)
        answer = script.pop(0) if len(script) > 1 else script[0]
        if isinstance(answer, web.Response):
            return copy_of(answer)
        return await answer()


def copy_of(answer: web.Response) -> web.Response:
    """aiohttp sends one response object only once."""
    headers = {name: value for name, value in answer.headers.items() if name != "Content-Type"}
    return web.Response(
        status=answer.status, body=answer.body, headers=headers, content_type=answer.content_type
    )


@pytest.fixture
async def scripted(tmp_path: Path) -> AsyncGenerator[ScriptedBmc]:
    bmc = ScriptedBmc(ca_file=tmp_path / "scripted-ca.pem")
    bmc.answers["GET /redfish/v1/"] = [
        web.json_response({"Links": {"Sessions": {"@odata.id": "/redfish/v1/SessionService/Sessions"}}})
    ]
    bmc.answers["POST /redfish/v1/SessionService/Sessions"] = [
        web.json_response({}, status=201, headers={"X-Auth-Token": "t0k3n-1", "Location": "/sessions/1"})
    ]
    bmc.answers["DELETE /sessions/1"] = [web.Response(status=204)]
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", bmc.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=make_server_context(["localhost"], bmc.ca_file))
    await site.start()
    bmc.url = f"https://127.0.0.1:{runner.addresses[0][1]}"
    yield bmc
    await runner.cleanup()


@pytest.fixture
async def scripted_client(
    scripted: ScriptedBmc, client_clock: RecordingClock
) -> AsyncIterator[RedfishClient]:
    client = RedfishClient(
        scripted.url,
        Credentials("argosy", PASSWORD),
        trust=Trust(ca_file=scripted.ca_file),
        user_agent="argosy-test run=1",
        clock=client_clock,
        patience=Patience(total_seconds=5),
    )
    async with client:
        yield client
