"""A simulator that is spoilt by faults, and a plain HTTP client that meets them."""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from yarl import URL

from argosy_metal.simulator import ManualClock, SimulatorConfig
from argosy_metal.simulator.in_process import RunningSimulator, simulate

from .simulated_halls import until

ROOT = "/redfish/v1"
SYSTEM = f"{ROOT}/Systems/1"
RESET = f"{SYSTEM}/Actions/ComputerSystem.Reset"
LOST = (
    aiohttp.ClientConnectionError,
    aiohttp.ClientPayloadError,
    asyncio.IncompleteReadError,
    ConnectionResetError,
)


@dataclass
class Answer:
    status: int
    raw: bytes
    headers: Any

    @property
    def body(self) -> Any:
        return json.loads(self.raw)

    @property
    def messages(self) -> list[str]:
        return [one["MessageId"] for one in self.body["error"]["@Message.ExtendedInfo"]]


@dataclass
class Client:
    """Asks a simulator as any HTTP client would, on a new connection each time."""

    simulator: RunningSimulator
    slept: list[float]

    async def ask(
        self,
        method: str = "GET",
        path: str = SYSTEM,
        body: Any = None,
        server: int = 1,
        headers: dict[str, str] | None = None,
        fingerprint: bytes | None = None,
    ) -> Answer:
        context = ssl.create_default_context(cafile=str(self.simulator.ca_file))
        trust: Any = aiohttp.Fingerprint(fingerprint) if fingerprint else context
        port = self.simulator.endpoint.port
        host = f"bmc-{server}.hall.test"
        account = base64.b64encode(f"argosy:{self.simulator.password}".encode()).decode()
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as http:
            asked = http.request(
                method,
                URL(f"https://127.0.0.1:{port}{path}"),
                json=body,
                headers={"Host": host, **(headers or {"Authorization": f"Basic {account}"})},
                server_hostname=host,
                ssl=trust,
            )
            async with asked as answer:
                return Answer(answer.status, await answer.read(), answer.headers)

    def asking(self, **more: Any) -> asyncio.Task[Answer]:
        """Ask, and go on without waiting for the answer."""
        return asyncio.create_task(self.ask(**more))

    async def is_held(self) -> None:
        """Come back when a request hangs."""
        await until(lambda: self.simulator.delivery.held == 1)

    def counters(self) -> Any:
        return self.simulator.bmc("SN1").machine.state.counters


@asynccontextmanager
async def asked(config: SimulatorConfig, folder: Path, clock: ManualClock) -> AsyncGenerator[Client]:
    """A client of a simulator whose slow links and dripping answers take no time, and are remembered."""
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        await asyncio.sleep(0)

    async with simulate(config, folder, clock=clock, sleep=sleep) as simulator:
        yield Client(simulator, slept)
