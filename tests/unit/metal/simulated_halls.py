"""Small simulated halls in memory, for the tests of the simulator."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from multidict import CIMultiDict

from argosy_metal.simulator import (
    Durations,
    ManualClock,
    PowerRules,
    SimulatedFeed,
    SimulatedHall,
    SimulatedServer,
    SimulatorConfig,
)
from argosy_metal.simulator.replies import Reply
from argosy_metal.simulator.service import Request
from argosy_metal.simulator.simulation import Simulation
from argosy_metal.simulator.store import MachineStore
from argosy_metal.simulator.switches import parse_switch

DURATIONS = Durations(power_on=5, power_off=5, graceful_shutdown=20, post=100, install=300, boot=60)
RULES = PowerRules(
    standby=0.1,
    self_test=0.5,
    idle=0.2,
    installing=0.4,
    running=1.0,
    inrush=3.0,
    inrush_seconds=1,
    breaker_seconds=10,
    bmc_boot_seconds=60,
)
BASIC = {"Authorization": "Basic " + base64.b64encode(b"argosy:secret").decode()}


def hall_of(servers: int, *, rated_watts: int = 1_000_000, **changes: Any) -> SimulatedHall:
    """A hall with feeds `a` and `b`, and two servers of 1,000 W to a rack."""
    made = tuple(
        SimulatedServer(
            f"bmc-{n}.hall.test", f"SN{n}", "plain", f"r{(n + 1) // 2}", ("a", "b"), max_watts=1000
        )
        for n in range(1, servers + 1)
    )
    fields: dict[str, Any] = {
        "servers": made,
        "feeds": (SimulatedFeed("a", rated_watts), SimulatedFeed("b", rated_watts)),
    }
    return SimulatedHall("hall", "provision.hall.test", **fields | changes)


def config_of(hall: SimulatedHall, **changes: Any) -> SimulatorConfig:
    fields: dict[str, Any] = {"durations": DURATIONS, "power": RULES, "session_limit": 8}
    return SimulatorConfig((hall,), **fields | changes)


@dataclass
class Hall:
    """A simulation without a network, whose time is moved by hand."""

    simulation: Simulation
    clock: ManualClock

    def ask(self, serial: str, method: str, path: str, body: Any = None) -> Reply:
        host = self.simulation.bmc(serial).server.bmc_host
        assert self.simulation.reaches(host), f"{host} does not answer"
        raw = b"" if body is None else json.dumps(body).encode()
        return self.simulation.answer(host, Request(method, path, CIMultiDict(BASIC), raw))

    def reset(self, serial: str, reset_type: str = "On") -> None:
        path = "/redfish/v1/Systems/1/Actions/ComputerSystem.Reset"
        assert 204 == self.ask(serial, "POST", path, {"ResetType": reset_type}).status

    def install(self, serial: str) -> None:
        """Insert the image, boot from it once, power on."""
        media = self.ask(serial, "GET", "/redfish/v1/Systems/1/VirtualMedia").body
        assert media is not None
        drive = next(one["@odata.id"] for one in media["Members"] if "CD" in one["@odata.id"])
        image = {"Image": "https://provision.hall.test/images/node.iso?install=I1"}
        self.ask(serial, "POST", f"{drive}/Actions/VirtualMedia.InsertMedia", image)
        boot = {"BootSourceOverrideTarget": "Cd", "BootSourceOverrideEnabled": "Once"}
        self.ask(serial, "PATCH", "/redfish/v1/Systems/1", {"Boot": boot})
        self.reset(serial)

    def cut(self, words: str) -> None:
        self.simulation.switch(parse_switch(words), on=False)

    def restore(self, words: str) -> None:
        self.simulation.switch(parse_switch(words), on=True)

    def pass_time(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.simulation.advance()

    def power(self, serial: str) -> str:
        self.simulation.advance()
        return self.simulation.bmc(serial).machine.state.power

    def reaches(self, serial: str) -> bool:
        return self.simulation.reaches(self.simulation.bmc(serial).server.bmc_host)

    def feed(self, name: str) -> dict[str, Any]:
        return self.shown()["feeds"][name]

    def watts(self) -> tuple[float, float]:
        return self.feed("a")["watts"], self.feed("b")["watts"]

    def shown(self) -> dict[str, Any]:
        return self.simulation.halls()[0]


async def until(reached: Callable[[], bool]) -> None:
    """Let real things happen until something is so; fails after ten seconds."""
    deadline = time.monotonic() + 10
    while not reached():
        assert time.monotonic() < deadline, "it never came so"
        await asyncio.sleep(0.001)


@contextmanager
def running(config: SimulatorConfig, folder: Path, start: float = 0.0) -> Generator[Hall]:
    """The halls of a configuration, with what the folder keeps of them."""
    store, clock = MachineStore(folder / "s.sqlite"), ManualClock(start)
    try:
        yield Hall(Simulation(config, clock, store, "secret"), clock)
    finally:
        store.close()
