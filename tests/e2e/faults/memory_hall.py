"""A simulated hall, a claims file and a stack's state, which outlive the runs on them, in one process.

Provider, lifecycle, Redfish client, claims file and simulator are the real ones. Three things are not:
requests reach the simulator without a network, time is moved instead of waited for, and the engine is a model
(`engine_model`). So a run can be killed at every single call boundary, hundreds of times in a minute.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Mapping
from functools import partial, wraps
from pathlib import Path
from typing import Any, TypeVar

import pytest

from argosy_metal.claims import Claim, RunIdentity
from argosy_metal.claims.sqlite import database
from argosy_metal.claims.table_store import TableStore
from argosy_metal.provider.provider import BareMetal
from argosy_metal.provider.servicer import Servicer
from argosy_metal.simulator import (
    Durations,
    FaultRule,
    ManualClock,
    SimulatedHall,
    SimulatedServer,
    SimulatorConfig,
    image_sha256,
)
from argosy_metal.simulator.machine import MachineState
from argosy_metal.simulator.simulation import Simulation
from argosy_metal.simulator.store import MachineStore
from argosy_metal.simulator.switches import parse_switch

from ...claims_files import claims_in
from .boundaries import Boundaries, Killed
from .engine_model import CLAIM_TYPE, MACHINE_TYPE, Engine, Part, Snapshot, urn_of
from .invariants import (
    Sight,
    assert_at_rest,
    assert_claims_file_is_sound,
    assert_converges,
    assert_nothing_is_lost,
    assert_one_owner,
    assert_state_is_valid,
)
from .memory_transport import MemoryTransport
from .warped_time import LoopClock, at_once, run_warped

_T = TypeVar("_T")
PASSWORD = "canary-of-the-bmc-password"
STACK = "lab/local"
IMAGE = {"url": "https://provision.hall.test/images/node.iso", "sha256": image_sha256("node")}
OTHER_IMAGE = {"url": "https://provision.hall.test/images/node-2.iso", "sha256": image_sha256("node-2")}
NewHall = Callable[..., "MemoryHall"]
"""Makes a hall in memory, which is the one in force from then on."""
_QUICK = Durations(power_on=1, power_off=1, graceful_shutdown=2, post=4, install=9, boot=5, task=1)
"""Each step of an installation is seen once or twice: no points to be killed at are spent on waiting."""
_TRANSPORTS = ("redfish.client", "lifecycle.reports", "lifecycle.provisioning")
_WRITES = ("claim", "change", "release", "note_install")


_SOUTH = (SimulatedServer("bmc-1.south.test", "SOUTH1", "plain", "r1"),)
"""Another hall, of one server, which a stack of its own works on."""
_open_to_write = database.open_to_write


def _opened_without_syncs(path: Path) -> sqlite3.Connection:
    connection = _open_to_write(path)
    connection.execute("PRAGMA synchronous = OFF")
    return connection


class _NoDisk(MachineStore):
    """The simulator is not started again, so what it would find then need not be written."""

    def save(self, serial: str, state: MachineState, now: float) -> None:
        return


class MemoryHall:
    """The world, and the runs that come one after another."""

    def __init__(
        self,
        folder: Path,
        monkeypatch: pytest.MonkeyPatch,
        servers: int = 4,
        server_type: str = "dgx-h200",
        vendor: str | None = None,
        session_limit: int = 8,
    ) -> None:
        self.folder = folder
        self.clock = ManualClock()
        self.serials = tuple(f"SN{n}" for n in range(1, servers + 1))
        simulated = tuple(
            SimulatedServer(f"bmc-{n}.hall.test", f"SN{n}", server_type, "r1", vendor=vendor)
            for n in range(1, servers + 1)
        )
        config = SimulatorConfig(
            (
                SimulatedHall("hall", "provision.hall.test", simulated),
                SimulatedHall("south", "provision.south.test", _SOUTH),
            ),
            images=("node", "node-2"),
            durations=_QUICK,
            session_limit=session_limit,
        )
        self._store = _NoDisk(Path(":memory:"))
        self.simulation = Simulation(config, self.clock, self._store, PASSWORD)
        self.boundaries = Boundaries()
        self.states: dict[str, Snapshot] = {STACK: Snapshot()}
        self.runs = 0
        (folder / "Pulumi.yaml").write_text("name: lab\n")
        (folder / "user").write_text("argosy")
        (folder / "password").write_text(PASSWORD)
        self.claims_path = folder / "claims.sqlite"
        self._patch(monkeypatch)

    def up(
        self,
        stack: str = STACK,
        *,
        image: Mapping[str, str] = IMAGE,
        kill_at: int | None = None,
        serials: tuple[str, ...] | None = None,
    ) -> dict[str, str]:
        """One `pulumi up` by a run of its own; what failed, by URN. Raises Killed if it was killed."""
        parts = [self.parts(serial, stack, image) for serial in serials or self.serials]
        return self.run(lambda engine: engine.up(parts), stack, kill_at=kill_at)

    def refresh(self, stack: str = STACK) -> dict[str, str]:
        """One `pulumi refresh --clear-pending-creates`; what changed or failed, by URN."""
        return self.run(lambda engine: engine.refresh(), stack)

    def destroy(self, stack: str = STACK, *, kill_at: int | None = None) -> dict[str, str]:
        """One `pulumi destroy`."""
        return self.run(lambda engine: engine.destroy(), stack, kill_at=kill_at)

    def run(
        self, work: Callable[[Engine], Awaitable[_T]], stack: str = STACK, *, kill_at: int | None = None
    ) -> _T:
        """One run's life. Raises Killed."""
        self.boundaries = Boundaries(kill_at)
        engine = self.engine(stack)

        async def live() -> _T:
            await engine.configure(self.config)
            return await work(engine)

        try:
            return run_warped(self.clock, live())
        finally:
            engine.close()

    def engine(self, stack: str = STACK, is_alive: Callable[[], bool] = lambda: True) -> Engine:
        """An engine with a provider process of its own, which is a run of its own."""
        self.runs += 1
        run = RunIdentity(f"run-{self.runs}", is_alive)
        provider = BareMetal(run, lambda: self.folder, LoopClock(self.clock))
        snapshot = self.states.setdefault(stack, Snapshot())
        return Engine(Servicer(provider), provider.close, snapshot, lambda name: self.boundaries.cross(name))

    def killed_up(self, kill_at: int, **more: Any) -> bool:
        """Whether an `up` came so far that it was killed."""
        try:
            self.up(kill_at=kill_at, **more)
        except Killed:
            return True
        return False

    @property
    def config(self) -> dict[str, Any]:
        return {
            "claims": {"backend": "sqlite", "path": self.claims_path.name},
            "phoneHome": "https://provision.hall.test/phone-home",
        }

    def parts(self, serial: str, stack: str = STACK, image: Mapping[str, str] = IMAGE) -> tuple[Part, Part]:
        """A server's claim and its machine, as a program declares them."""
        number = serial.removeprefix("SN")
        claim = {
            "site": "hall",
            "serial": serial,
            "slot": f"train/slot-{number}",
            "bmc": f"https://bmc-{number}.hall.test",
            "rack": "r1",
            "feeds": ["a"],
            "usernameRef": "file:user",
            "passwordRef": "file:password",
            "certificateSha256": "ab" * 32,
        }
        machine = {"serverId": f"hall/{serial}", "image": dict(image), "online": True}
        return (
            Part(urn_of(stack, CLAIM_TYPE, serial), claim),
            Part(urn_of(stack, MACHINE_TYPE, serial), machine),
        )

    @property
    def claims(self) -> tuple[Claim, ...]:
        return claims_in(self.claims_path)

    @property
    def phases(self) -> list[str]:
        return [claim.phase.value for claim in self.claims]

    @property
    def servers(self) -> dict[str, dict[str, Any]]:
        """What the simulator shows of each server, by serial number."""
        found = {status["serial"]: status for status in self.simulation.statuses()}
        return {serial: status for serial, status in found.items() if status["hall"] == "hall"}

    def counted(self, name: str) -> list[int]:
        """One counter of every server."""
        return [server["counters"][name] for server in self.servers.values()]

    @property
    def sight(self) -> Sight:
        """Everything there is, for the invariants."""
        writers: dict[str, list[str]] = {}
        for write in self.simulation.writes():
            writers.setdefault(f"hall/{write['serial']}", []).append(write["user_agent"])
        powers = {f"hall/{serial}": server["power"] for serial, server in self.servers.items()}
        known = {stack: snapshot.server_ids for stack, snapshot in self.states.items()}
        return Sight(self.claims, powers, writers, known)

    def assert_safe(self) -> None:
        """I1, I2 and I5, which hold at any moment."""
        sight = self.sight
        assert_one_owner(sight)
        assert_nothing_is_lost(sight)
        assert_claims_file_is_sound(self.claims_path)
        for snapshot in self.states.values():
            assert_state_is_valid(snapshot.deployment(), is_settled=False)

    def assert_whole(self, *, installs: int = 1) -> None:
        """I1 to I5: it converges, is at rest, and everything runs, installed so often."""
        assert_converges(self.up)
        # Which forgets what was pending, as `refresh --clear-pending-creates` does.
        assert_at_rest(self.refresh())
        self.assert_safe()
        assert_state_is_valid(self.states[STACK].deployment())
        assert ["running"] * len(self.serials) == self.phases
        assert [installs] * len(self.serials) == self.counted("installs_started")

    def inject(self, *rules: FaultRule) -> None:
        self.simulation.faults.add(rules)

    def clear_faults(self) -> None:
        self.simulation.faults.clear()

    def switch(self, words: str, *, on: bool) -> None:
        self.simulation.switch(parse_switch(words), on=on)

    def close(self) -> None:
        self._store.close()

    def _patch(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(asyncio, "to_thread", at_once)
        for module in _TRANSPORTS:
            monkeypatch.setattr(f"argosy_metal.{module}.Transport", partial(MemoryTransport, self))
        for name in _WRITES:
            monkeypatch.setattr(TableStore, name, self._bounded(name, getattr(TableStore, name)))
        # What a power cut could undo is not at stake here, and a disk's syncs are slow.
        monkeypatch.setattr(database, "open_to_write", _opened_without_syncs)

    def _bounded(self, name: str, write: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(write)
        def crossing(*args: Any, **kwargs: Any) -> Any:
            self.boundaries.cross(f"claims {name} begins")
            done = write(*args, **kwargs)
            self.boundaries.cross(f"claims {name} is written")
            return done

        return crossing
