"""One claimed server of a simulated hall, and the lifecycle on it over the real Redfish client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

from argosy_metal.budgets import BudgetLimits, HallBudgets
from argosy_metal.claims import Claim, RunIdentity, SqliteClaimStore
from argosy_metal.lifecycle import (
    Hands,
    Image,
    Journal,
    Leash,
    Limits,
    Machine,
    ProvisioningService,
    RedfishServer,
    ReportService,
    Wipe,
)
from argosy_metal.lifecycle.image import image_key
from argosy_metal.redfish import BmcGate, Credentials, Patience, RedfishClient, Trust
from argosy_metal.simulator import (
    ManualClock,
    SimulatedHall,
    SimulatedServer,
    SimulatorConfig,
    image_sha256,
)
from argosy_metal.simulator.bmc import Bmc
from argosy_metal.simulator.endpoint import HALL_TOKEN_FILE
from argosy_metal.simulator.in_process import RunningSimulator, simulate

HOST, SERVICE = "bmc-1.hall.test", "provision.hall.test"
IMAGE = Image(f"https://{SERVICE}/images/node.iso", image_sha256("node"))


class SteppedClock:
    """Whoever waits moves the hall's time on, at once."""

    def __init__(self, hall: ManualClock) -> None:
        self._hall = hall

    def now(self) -> float:
        return self._hall.now()

    async def sleep(self, seconds: float) -> None:
        self._hall.advance(seconds)
        await asyncio.sleep(0)


class NoWiper:
    """Nothing is wiped here."""

    def fault(self, wipe: Wipe) -> str | None:
        return None

    async def wipe(self, wipe: Wipe) -> str:
        raise AssertionError("nobody asked for it")


class ClaimedServer:
    """One claimed server."""

    def __init__(self, simulator: RunningSimulator, clock: SteppedClock, folder: Path) -> None:
        self.simulator, self.clock = simulator, clock
        self.store = SqliteClaimStore(folder / "claims.sqlite", RunIdentity("run-1"))
        self.store.claim(Claim("hall", "SN1", "train/slot-01", "lab/local", "urn", 0, {}))
        self._token = (folder / "simulator" / HALL_TOKEN_FILE).read_text(encoding="utf-8").strip()

    @property
    def claim(self) -> Claim:
        found = self.store.find("hall", "SN1")
        assert found is not None
        return found

    @property
    def media_url(self) -> str:
        """Where the attempt in hand's image is fetched."""
        install_id = str(self.claim.install_id)
        return IMAGE.media_url(install_id, image_key(self._token, install_id))

    @property
    def bmc(self) -> Bmc:
        return self.simulator.bmc("SN1")

    @asynccontextmanager
    async def machine(self) -> AsyncGenerator[Machine]:
        """The machine within one operation."""
        simulator, patience, agent = self.simulator, Patience(poll_seconds=1), "argosy-test"
        trust = Trust(ca_file=simulator.ca_file)
        reports = ReportService(f"https://{SERVICE}/phone-home", trust, patience, simulator.resolve, agent)
        provisioning = ProvisioningService(
            f"https://{SERVICE}", lambda: self._token, trust, patience, simulator.resolve, agent
        )
        client = RedfishClient(
            f"https://{HOST}",
            Credentials(simulator.username, simulator.password),
            trust=trust,
            user_agent=agent,
            patience=patience,
            clock=self.clock,
            gate=BmcGate(),
            resolve=simulator.resolve,
        )
        hands = Hands(
            server=RedfishServer(client, "SN1"),
            reports=reports,
            provisioning=provisioning,
            wiper=NoWiper(),
            budgets=HallBudgets(BudgetLimits(), self.clock),
            limits=Limits(),
            clock=self.clock,
            leash=Leash(self.clock, None, asyncio.Event()),
        )
        async with AsyncExitStack() as closing:
            closing.push_async_callback(reports.close)
            closing.push_async_callback(provisioning.close)
            await closing.enter_async_context(client)
            yield Machine(Journal(self.store, self.claim), hands)


@asynccontextmanager
async def claimed_server(
    folder: Path, *, vendor: str | None = None, installer_powers_off: bool = False
) -> AsyncGenerator[ClaimedServer]:
    """A hall of one server, of any vendor and with either kind of installer."""
    clock = ManualClock()
    server = SimulatedServer(HOST, "SN1", "plain", "rack-1", vendor=vendor)
    hall = SimulatedHall("hall", SERVICE, (server,), installer_powers_off=installer_powers_off)
    config = replace(SimulatorConfig(halls=(hall,)), images=("node", "other"))
    async with simulate(config, folder / "simulator", clock=clock) as simulator:
        yield ClaimedServer(simulator, SteppedClock(clock), folder)
