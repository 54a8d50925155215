"""A simulated hall whose BMCs a real Ironic drives, and our driver in front of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from argosy_metal.budgets import BudgetLimits, HallBudgets
from argosy_metal.claims import Claim, RunIdentity, SqliteClaimStore
from argosy_metal.ironic import AgentWiper, BmcAccess, IronicAccess, IronicClient, IronicMachine
from argosy_metal.ironic import IronicServer as Nodes
from argosy_metal.lifecycle import Hands, Image, Journal, Leash, Limits, NoProvisioning, ReportService, Wanted
from argosy_metal.redfish import Credentials, Patience, SystemClock, Trust
from argosy_metal.simulator import (
    Durations,
    ScaledClock,
    SimulatedHall,
    SimulatedServer,
    SimulatorConfig,
    image_sha256,
)
from argosy_metal.simulator.in_process import RunningSimulator, simulate
from argosy_metal.simulator.machine import MachineCounters

from .ironic_server import PASSWORD, USERNAME, IronicServer

DURATIONS = Durations(power_on=0.3, power_off=0.3, graceful_shutdown=0.5, post=120, install=300, task=0.2)
"""As real ones where it matters: a self-test takes longer than we and Ironic do to look twice."""
_SKIPPED = frozenset({"self-tested", "installed", "booted"})
LIMITS = Limits(
    power_seconds=30, media_seconds=30, install_seconds=90, silence_seconds=30, poll_seconds=0.2, attempts=2
)


@dataclass
class Names:
    """Where the host names of whatever simulator runs at the moment lead; one Ironic serves many tests."""

    simulators: list[RunningSimulator] = field(default_factory=list[RunningSimulator])

    def resolve(self, host: str) -> tuple[str, int] | None:
        """For Ironic's proxy."""
        return next((found for one in self.simulators if (found := one.resolve(host))), None)


class Killed(BaseException):
    """The process dies here."""


class MortalClient(IronicClient):
    """Tells when a change was carried out, so that a test can end the process there."""

    def __init__(
        self, access: IronicAccess, user_agent: str, clock: SystemClock, dies: Callable[[], None] | None
    ) -> None:
        super().__init__(access, user_agent, clock)
        self._dies = dies

    async def _send(self, method: str, *args: Any, **more: Any) -> Any:
        answer = await super()._send(method, *args, **more)
        if method != "GET" and self._dies is not None:
            self._dies()
        return answer


class ImpatientClock(ScaledClock):
    """Real time, but for what nobody wants to wait for: that is skipped."""

    def __init__(self) -> None:
        super().__init__(1)
        self._skipped = 0.0

    def now(self) -> float:
        return super().now() + self._skipped

    async def skip(self, simulator: RunningSimulator, serials: tuple[str, ...]) -> None:
        """Skip self-tests, installations and boots, except while the installer would boot again and again."""
        while True:
            for serial in serials:
                state = simulator.bmc(serial).machine.state
                step, override = state.pending, state.override
                is_loop = (override.target, override.enabled) == ("Cd", "Continuous")
                if step is not None and step.kind in _SKIPPED and not is_loop:
                    self._skipped += max(0.0, step.at - self.now())
            await asyncio.sleep(0.1)


@dataclass(frozen=True)
class IronicHall:
    """One hall of one test."""

    name: str
    simulator: RunningSimulator
    ironic: IronicServer
    store: SqliteClaimStore
    owner: str = "fleet/test"

    def wanted(self, image: str = "node", sha256: str | None = None, **more: Any) -> Wanted:
        """A machine of one of the hall's images."""
        url = f"https://provision.{self.name}.test/images/{image}.iso"
        return Wanted(Image(url, sha256 or image_sha256(image)), **more)

    def claim(self, serial: str) -> Claim:
        """The stack's claim on a server; granted at the first call."""
        if held := self.store.find(self.name, serial):
            return held
        bmc = self.simulator.bmc(serial).server.bmc_host
        record = {"bmc": f"https://{bmc}", "rack": "r1", "feeds": ["a"]}
        wanted = Claim(self.name, serial, f"train/{serial}", self.owner, f"urn:{serial}", 0, record)
        return self.store.claim(wanted)

    def node(self, serial: str) -> Mapping[str, Any]:
        """As Ironic has it."""
        return self.ironic.request("GET", f"/v1/nodes/{self.name}.{serial}")

    def counters(self, serial: str) -> MachineCounters:
        """What has happened to the server."""
        return self.simulator.bmc(serial).machine.state.counters

    @asynccontextmanager
    async def machine(
        self, serial: str, *, limits: Limits = LIMITS, dies: Callable[[], None] | None = None, **bmc: Any
    ) -> AsyncGenerator[tuple[IronicMachine, Journal]]:
        """The driver of one server for one operation, as the provider makes it.

        `dies` is called after every change that Ironic was asked for.
        """
        simulator, ironic, clock = self.simulator, self.ironic, SystemClock()
        account = Credentials(USERNAME, PASSWORD) if "Authorization" in ironic.headers else None
        access = IronicAccess(ironic.url, account, ironic.ca_file)
        client = MortalClient(access, "argosy/test", clock, dies)
        reports = ReportService(
            f"https://provision.{self.name}.test/phone-home",
            Trust(ca_file=simulator.ca_file),
            Patience(),
            simulator.resolve,
            "argosy/test",
        )
        claim = self.claim(serial)
        journal, leash = Journal(self.store, claim), Leash(clock)
        nodes = Nodes(client, claim)
        hands = Hands(
            server=nodes,
            reports=reports,
            provisioning=NoProvisioning(),
            wiper=AgentWiper(nodes, journal, limits, leash),
            budgets=HallBudgets(BudgetLimits(), clock),
            limits=limits,
            clock=clock,
            leash=leash,
        )
        bmc_access = BmcAccess(
            str(claim.record["bmc"]),
            Credentials(simulator.username, bmc.pop("password", simulator.password)),
            str(simulator.ca_file),
            **bmc,
        )
        try:
            yield IronicMachine(journal, hands, nodes, bmc_access), journal
        finally:
            await client.close()
            await reports.close()


@asynccontextmanager
async def ironic_hall(
    name: str, folder: Path, ironic: IronicServer, names: Names, *, types: tuple[str, ...] = ("plain",)
) -> AsyncGenerator[IronicHall]:
    """A hall with one server, SN1, SN2, …, of each type."""
    servers = tuple(
        SimulatedServer(f"bmc-{number}.{name}.test", f"SN{number}", kind, "r1", ("a",))
        for number, kind in enumerate(types, 1)
    )
    halls = (SimulatedHall(name, f"provision.{name}.test", servers),)
    config = SimulatorConfig(halls, durations=DURATIONS, images=("node", "other"))
    store = SqliteClaimStore(folder / "claims.sqlite", RunIdentity("a-run"))
    clock = ImpatientClock()
    async with simulate(config, folder / "simulator", clock=clock) as simulator:
        names.simulators.append(simulator)
        skipping = asyncio.create_task(clock.skip(simulator, tuple(one.serial for one in servers)))
        try:
            yield IronicHall(name, simulator, ironic, store)
        finally:
            skipping.cancel()
            names.simulators.remove(simulator)
            store.close()


async def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    """Look until it holds; the simulator answers meanwhile."""
    async with asyncio.timeout(seconds):
        while True:
            if await asyncio.to_thread(condition):
                return
            await asyncio.sleep(0.05)
