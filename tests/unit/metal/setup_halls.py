"""A claimed server of a simulated hall, and the resources that set it up: no engine, no waiting."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from argosy_metal.claims import Claim, Phase, RunIdentity, SqliteClaimStore
from argosy_metal.provider.provider import BareMetal
from argosy_metal.provider.requests import ResourceRequest
from argosy_metal.provider.resource import Found, ResourceKind
from argosy_metal.redfish.messages import Response
from argosy_metal.redfish.transport import Transport
from argosy_metal.simulator import ManualClock, SimulatedHall, SimulatedServer, SimulatorConfig
from argosy_metal.simulator.bmc import Bmc
from argosy_metal.simulator.daemon import CONFIG_FILE
from argosy_metal.simulator.in_process import RunningSimulator, simulate

CLAIM: Mapping[str, Any] = {
    "site": "hall",
    "slot": "train/slot-01",
    "rack": "r1",
    "feeds": ["a", "b"],
    "usernameRef": "file:simulator/bmc-username",
    "passwordRef": "file:simulator/bmc-password",
}
CONFIG: Mapping[str, Any] = {
    "claims": {"backend": "sqlite", "path": "claims.sqlite"},
    "phoneHome": "https://provision.hall.test/phone-home",
    "simulatorDirectory": "simulator",
}


class Killed(BaseException):
    """The process dies here."""


class Clock:
    """Sleeping moves the simulated time on, at once."""

    def __init__(self, simulated: ManualClock) -> None:
        self.simulated = simulated
        self.die_at: float | None = None

    def now(self) -> float:
        return self.simulated.now()

    async def sleep(self, seconds: float) -> None:
        self.simulated.advance(seconds)
        await asyncio.sleep(0)
        if self.die_at is not None and self.now() >= self.die_at:
            self.die_at = None
            raise Killed


def urn(token: str, stack: str = "local") -> str:
    return f"urn:pulumi:{stack}::lab::{token}::a"


@dataclass
class Setup:
    """One stack on one hall. `again()` is a new run of it, after the old one was killed."""

    folder: Path
    simulator: RunningSimulator
    clock: Clock
    serial: str = "SN1"
    stack: str = "local"
    runs: int = 1
    config: Mapping[str, Any] = field(default_factory=lambda: CONFIG)
    provider: BareMetal = field(init=False)

    def __post_init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        self.provider = BareMetal(RunIdentity(f"run-{self.runs}"), lambda: self.folder, self.clock)
        self.provider.configure(self.config)

    def again(self) -> None:
        self.provider.close()
        self.runs += 1
        self.begin()

    @property
    def server_id(self) -> str:
        return f"hall/{self.serial}"

    @property
    def bmc(self) -> Bmc:
        return self.simulator.bmc(self.serial)

    def kind(self, token: str) -> ResourceKind:
        return self.provider.kind(token)

    async def claim(self) -> None:
        news = {**CLAIM, "serial": self.serial, "bmc": f"https://{self.bmc.server.bmc_host}"}
        token = "baremetal:index:ServerClaim"
        await self.kind(token).create(ResourceRequest(urn(token, self.stack), news=news))

    def phase_is(self, phase: Phase) -> None:
        """Write a phase to the claim, as a machine would."""
        store = self.provider.hall().store
        held = store.find("hall", self.serial)
        assert held is not None
        store.change(held, phase=phase, attempts=1)

    def record(self) -> Mapping[str, Any]:
        held = self.provider.hall().store.find("hall", self.serial)
        assert held is not None
        return held.record

    def checked(self, token: str, news: Mapping[str, Any]) -> dict[str, Any]:
        inputs, failures = self.kind(token).check({"serverId": self.server_id, **news})
        assert [] == list(failures)
        return dict(inputs)

    async def create(self, token: str, **news: Any) -> dict[str, Any]:
        inputs = self.checked(token, news)
        made, outputs = await self.kind(token).create(ResourceRequest(urn(token, self.stack), news=inputs))
        assert self.server_id == made
        return dict(outputs)

    async def update(self, token: str, olds: Mapping[str, Any], **news: Any) -> dict[str, Any]:
        request = ResourceRequest(urn(token, self.stack), self.server_id, self.checked(token, news), olds)
        return dict(await self.kind(token).update(request))

    async def delete(self, token: str, olds: Mapping[str, Any]) -> None:
        await self.kind(token).delete(ResourceRequest(urn(token, self.stack), self.server_id, {}, olds))

    async def read(self, token: str, olds: Mapping[str, Any] | None = None) -> Found:
        inputs = self.kind(token).properties.inputs
        old_inputs = {name: value for name, value in (olds or {}).items() if name in inputs}
        return await self.kind(token).read(
            ResourceRequest(urn(token, self.stack), self.server_id, {}, olds or {}, old_inputs)
        )

    def changes(self, token: str, olds: Mapping[str, Any], **news: Any) -> list[str]:
        request = ResourceRequest(urn(token, self.stack), self.server_id, self.checked(token, news), olds)
        return sorted(self.kind(token).diff(request).changes)

    def writes(self) -> list[tuple[str, str]]:
        """Method and last part of the path of every write to the BMC."""
        return [(write.method, write.path.rpartition("/")[2]) for write in self.bmc.traffic.writes]

    def flashes(self) -> dict[str, int]:
        self.bmc.advance()
        return self.bmc.status()["firmware"]


@asynccontextmanager
async def claimed_server(
    folder: Path,
    vendor: str | None = "generic",
    servers: int = 1,
    *,
    server_type: str = "model-x",
    hall: str = "hall",
) -> AsyncGenerator[Setup]:
    """The first of some servers of a vendor, claimed and off."""
    made = tuple(
        SimulatedServer(f"bmc-{n}.{hall}.test", f"SN{n}", server_type, "r1", ("a", "b"), vendor=vendor)
        for n in range(1, servers + 1)
    )
    config = SimulatorConfig(halls=(SimulatedHall(hall, f"provision.{hall}.test", made),))
    (folder / "Pulumi.yaml").write_text("name: lab\n")
    clock = ManualClock()
    async with simulate(config, folder / "simulator", clock=clock) as simulator:
        config.write(folder / "simulator" / CONFIG_FILE)
        simulator.endpoint.write(folder / "simulator")
        reach = {"phoneHome": f"https://provision.{hall}.test/phone-home"}
        setup = Setup(folder, simulator, Clock(clock), config={**CONFIG, **reach})
        await setup.claim()
        yield setup
        setup.provider.close()


class KillPoints:
    """Ends the process before or after the n-th time that it changes a BMC or its claim."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.passed = 0
        self.die_at: int | None = None
        self.was_killed = False
        exchange, change = Transport.exchange, SqliteClaimStore.change

        async def counted_exchange(transport: Transport, method: str, path: str, **rest: Any) -> Response:
            if method == "GET" or "/Sessions" in path:
                return await exchange(transport, method, path, **rest)
            self._boundary()
            answer = await exchange(transport, method, path, **rest)
            self._boundary()
            return answer

        def counted_change(store: SqliteClaimStore, claim: Claim, **changes: object) -> Claim:
            self._boundary()
            changed = change(store, claim, **changes)
            self._boundary()
            return changed

        patch.setattr(Transport, "exchange", counted_exchange)
        patch.setattr(SqliteClaimStore, "change", counted_change)

    def _boundary(self) -> None:
        self.passed += 1
        if self.passed == self.die_at:
            self.was_killed = True
            raise Killed
