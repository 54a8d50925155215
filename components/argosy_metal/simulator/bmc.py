"""One simulated BMC: its machine, sessions and tasks, and what was done to it by whom."""

from __future__ import annotations

import logging
from collections import Counter, deque
from dataclasses import asdict, dataclass, field
from typing import Any

from argosy_metal.simulator.clock import SimulatedClock
from argosy_metal.simulator.machine import Machine, MachineState
from argosy_metal.simulator.profiles import Profile, profile_of
from argosy_metal.simulator.provisioning import ImageCache
from argosy_metal.simulator.sessions import Sessions
from argosy_metal.simulator.tasks import Tasks
from argosy_metal.simulator.world import SimulatedHall, SimulatedServer, SimulatorConfig

_WRITES_KEPT = 1000
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Write:
    """One request that could change something. `at` is in simulated seconds."""

    at: float
    method: str
    path: str
    user_agent: str
    status: int


@dataclass
class Traffic:
    """Who came, and how many at once."""

    requests: int = 0
    in_flight: int = 0
    peak_in_flight: int = 0
    writers: int = 0
    peak_writers: int = 0
    writes: deque[Write] = field(default_factory=lambda: deque[Write](maxlen=_WRITES_KEPT))
    """The last thousand. Sessions opened and closed are counted elsewhere."""
    writes_by_user_agent: Counter[str] = field(default_factory=Counter[str])

    def begin(self, *, writes: bool) -> None:
        """A request has come."""
        self.requests += 1
        self.in_flight += 1
        self.writers += writes
        self.peak_in_flight = max(self.peak_in_flight, self.in_flight)
        self.peak_writers = max(self.peak_writers, self.writers)

    def end(self, *, writes: bool) -> None:
        """It has been answered, or given up."""
        self.in_flight -= 1
        self.writers -= writes


class Bmc:
    """Everything that one address answers for."""

    def __init__(
        self,
        hall: SimulatedHall,
        server: SimulatedServer,
        config: SimulatorConfig,
        clock: SimulatedClock,
        images: ImageCache,
        state: MachineState | None,
    ) -> None:
        self.hall = hall
        self.server = server
        self.profile: Profile = profile_of(server.server_type)
        self.clock = clock
        self.images = images
        self.machine = Machine(server.serial, config.durations, state)
        self.sessions = Sessions(config.session_limit)
        self.tasks = Tasks(clock, config.durations.task)
        self.traffic = Traffic()
        self.shown_serial = server.serial
        """Another one while a `wrong-serial` fault is in force."""

    def advance(self) -> None:
        """Bring the machine up to the present, and log an installer that gave up since."""
        before = self.machine.state.phone_home
        self.machine.advance(self.clock.now())
        after = self.machine.state.phone_home
        if after is not None and after.failure is not None and after != before:
            _log.warning("%s: the installer gives up: %s", self.server.serial, after.failure)

    def record(self, write: Write) -> None:
        """Remember who wrote."""
        self.traffic.writes.append(write)
        self.traffic.writes_by_user_agent[write.user_agent] += 1

    def status(self) -> dict[str, Any]:
        """What the control service shows of this server."""
        self.advance()
        state = self.machine.state
        return {
            "serial": self.server.serial,
            "bmc_host": self.server.bmc_host,
            "hall": self.hall.name,
            "rack": self.server.rack,
            "feeds": list(self.server.feeds),
            "server_type": self.server.server_type,
            "power": state.power,
            "boot_progress": state.boot_progress,
            "installed": asdict(state.installed) if state.installed else None,
            "phone_home": asdict(state.phone_home) if state.phone_home else None,
            "media": {slot: image.url for slot, image in sorted(state.media.items())},
            "counters": asdict(state.counters),
            "sessions": asdict(self.sessions.counters) | {"live": len(self.sessions.live())},
            "requests": self.traffic.requests,
            "peak_in_flight": self.traffic.peak_in_flight,
            "peak_writers": self.traffic.peak_writers,
            "writes_by_user_agent": dict(sorted(self.traffic.writes_by_user_agent.items())),
        }
