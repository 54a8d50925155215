"""One simulated BMC: its machine, sessions and tasks, and what was done to it by whom."""

from __future__ import annotations

import logging
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from argosy_metal.simulator.accounts import Accounts
from argosy_metal.simulator.clock import SimulatedClock
from argosy_metal.simulator.event_log import EventLog
from argosy_metal.simulator.hardware import Hardware, hardware_of
from argosy_metal.simulator.machine import Machine, MachineState
from argosy_metal.simulator.power_limits import limit_watts
from argosy_metal.simulator.profiles import Profile, profile_of
from argosy_metal.simulator.provisioning import ImageCache
from argosy_metal.simulator.service_state import ServiceState
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
    connections: int = 0
    """TCP connections that were accepted for this host."""
    open_connections: int = 0
    peak_connections: int = 0
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

    def connect(self) -> None:
        """A connection has been made."""
        self.connections += 1
        self.open_connections += 1
        self.peak_connections = max(self.peak_connections, self.open_connections)

    def disconnect(self) -> None:
        """It has ended."""
        self.open_connections -= 1

    def reset_peaks(self) -> None:
        """Measure from now on."""
        self.peak_in_flight, self.peak_writers = self.in_flight, self.writers
        self.peak_connections = self.open_connections


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
        self.profile: Profile = profile_of(server.server_type, server.vendor)
        self.hardware: Hardware = hardware_of(server.server_type, self.profile.vendor)
        self.clock = clock
        self.images = images
        self.machine = Machine(
            server.serial,
            config.durations,
            state,
            self.profile.optical_boot_target,
            images,
            installer_powers_off=hall.installer_powers_off,
        )
        self._bmc_restarts = self.machine.state.firmware.bmc_restarts
        self.sessions = Sessions(self.profile.session_limit or config.session_limit)
        self.tasks = Tasks(clock, config.durations.task)
        self.accounts = Accounts()
        self.service = ServiceState()
        self.events = EventLog(self.machine.state.power)
        self.traffic = Traffic()
        self.shown_serial = server.serial
        """Another one while a `wrong-serial` fault is in force."""
        self.drawn_milliwatts = 0
        """What the server draws right now; the hall keeps it up to date."""
        self.catch_up: Callable[[float], None] = self.step
        """Brings the whole hall up to a moment, where there is one around this BMC."""
        self.tell_changed: Callable[[], None] = lambda: None
        """Has the hall look at the machine again."""

    def advance(self) -> None:
        """Bring the hall, and so the machine, up to the present."""
        now = self.clock.now()
        if self.machine.changed:
            # It may have been changed past the BMC's requests, and then nobody waits for its next step.
            self.tell_changed()
        self.catch_up(now)
        system = f"/redfish/v1/Systems/{self.profile.system_id}"
        self.events.look(now, self.machine.state.power, system, self.tasks)

    def step(self, now: float) -> None:
        """Bring the machine alone up to `now`, and log an installer that gave up since."""
        before = self.machine.state.phone_home
        self.machine.advance(now)
        self._restart_after_flash()
        self._fail_broken_erases()
        after = self.machine.state.phone_home
        if after is not None and after.failure is not None and after != before:
            _log.warning("%s: the installer gives up: %s", self.server.serial, after.failure)

    def lose_power(self, *, bmc_too: bool) -> None:
        """The server goes dark at once; a BMC that does so too forgets its sessions and tasks."""
        self.machine.lose_power()
        self._fail_broken_erases()
        if bmc_too:
            self.sessions.drop_all()
            self.tasks.forget()

    def _restart_after_flash(self) -> None:
        """A BMC restarts once its own firmware is flashed, and forgets what it does not keep."""
        if self.machine.state.firmware.bmc_restarts != self._bmc_restarts:
            self._bmc_restarts = self.machine.state.firmware.bmc_restarts
            self.sessions.drop_all()
            self.tasks.forget()
            self.service.restart()

    def _fail_broken_erases(self) -> None:
        for task in self.machine.state.parts.take_broken_erases():
            self.tasks.fail(task)

    def draw_watts(self) -> float:
        """What the server draws right now, cooling left out."""
        return self.drawn_milliwatts / 1000

    def limit_watts(self) -> float | None:
        """Most that the server may draw by the limits that are set; None without any."""
        parts = self.machine.state.parts
        return (
            None
            if not parts.limits
            else limit_watts(parts, self.hardware, self.profile.gpus, self.server.max_watts)
        )

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
            "firmware": {
                "flashes_started": state.firmware.flashes_started,
                "flashes_completed": state.firmware.flashes_completed,
                "flashes_interrupted": state.firmware.flashes_interrupted,
            },
            "sessions": asdict(self.sessions.counters)
            | {"live": len(self.sessions.live()), "leaked": self.sessions.leaked},
            "requests": self.traffic.requests,
            "peak_in_flight": self.traffic.peak_in_flight,
            "peak_writers": self.traffic.peak_writers,
            "connections": self.traffic.connections,
            "peak_connections": self.traffic.peak_connections,
            "writes_by_user_agent": dict(sorted(self.traffic.writes_by_user_agent.items())),
        }
