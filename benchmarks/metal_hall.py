"""The simulated hall that bare metal is measured on: servers, budgets, and what the simulator counted."""

from __future__ import annotations

import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from metal_limit import Budgets, Steps
from metal_plugin import processor_seconds

from argosy_metal.simulator import (
    Durations,
    Endpoint,
    PowerRules,
    SimulatedFeed,
    SimulatedHall,
    SimulatedServer,
    SimulatorConfig,
    SimulatorControl,
    image_sha256,
    start_detached,
    stop,
)

HALL = "hall"
IMAGE: Mapping[str, str] = {
    "url": f"https://provision.{HALL}.test/images/node.iso",
    "sha256": image_sha256("node"),
}
WATTS = 10_200
"""What a server of the hall draws at the most, and while it starts, for its budget."""
FEEDS = ("a", "b")
CONNECTIONS = 2


@dataclass(frozen=True)
class Scene:
    """How many servers, how quick they are, and what may happen at once."""

    servers: int
    time_scale: float
    machines_in_flight: int
    image_readers: int
    starts_per_window: int
    window_seconds: float
    """Of the hall's own time."""
    durations: Durations = field(default_factory=Durations)
    server_type: str = "dgx-h200"

    @property
    def steps(self) -> Steps:
        """How long the servers need, in real seconds."""
        given, scale = self.durations, self.time_scale
        return Steps(given.power_on / scale, given.post / scale, given.install / scale, given.boot / scale)

    @property
    def budgets(self) -> Budgets:
        """The same budgets in real seconds."""
        return Budgets(
            self.machines_in_flight,
            self.image_readers,
            self.starts_per_window,
            self.window_seconds / self.time_scale,
        )

    @property
    def budget_inputs(self) -> dict[str, Any]:
        """As the provider is told."""
        return {
            "machinesInFlight": self.machines_in_flight,
            "imageReaders": self.image_readers,
            "bmcConnections": CONNECTIONS,
            "powerOnWatts": dict.fromkeys(FEEDS, self.starts_per_window * WATTS),
            "powerOnWindowSeconds": self.window_seconds,
        }

    def claim(self, number: int) -> dict[str, Any]:
        """A claim's inputs."""
        return {
            "site": HALL,
            "serial": f"SN{number}",
            "slot": f"train/slot-{number}",
            "bmc": f"https://bmc-{number}.{HALL}.test",
            "rack": f"r{number // 4}",
            "feeds": list(FEEDS),
            "startupWatts": WATTS,
            "usernameRef": "file:simulator/bmc-username",
            "passwordRef": "file:simulator/bmc-password",
        }

    def config(self) -> SimulatorConfig:
        """What is simulated. Each start draws its start-up watts for as long as a window."""
        servers = tuple(
            SimulatedServer(
                f"bmc-{n}.{HALL}.test",
                f"SN{n}",
                self.server_type,
                f"r{n // 4}",
                FEEDS,
                max_watts=WATTS,
            )
            for n in range(self.servers)
        )
        feeds = tuple(SimulatedFeed(name, 10 * WATTS * self.servers) for name in FEEDS)
        return SimulatorConfig(
            (SimulatedHall(HALL, f"provision.{HALL}.test", servers, feeds),),
            time_scale=self.time_scale,
            durations=self.durations,
            power=_STARTS_ALONE,
        )


_STARTS_ALONE = PowerRules(
    standby=0, self_test=0, idle=0, installing=0, running=0, inrush=1.0, inrush_seconds=1.0
)
"""Nothing but a start draws power, so that the peak of a feed counts the starts within one window."""


@dataclass
class Counted:
    """What the simulator has seen. Figures are the worst of all servers, or of the hall."""

    installs: int
    most_installs_of_one: int
    most_power_ons_of_one: int
    peak_writers: int
    peak_connections: int
    requests: int
    connections: int
    sessions: int
    sessions_left: int
    peak_readers: int
    peak_starts: float


@dataclass
class Simulator:
    """A simulator in a process of its own; its folder is the provider's project root."""

    scene: Scene
    root: Path
    endpoint: Endpoint

    @property
    def processor_seconds(self) -> float:
        """What it has used so far."""
        return processor_seconds(self.endpoint.pid)

    def counted(self) -> Counted:
        """Since the start."""
        control = SimulatorControl(self.root / "simulator", 60)
        servers = list(control.servers().values())
        hall = control.halls()[HALL]
        peak_watts = max(feed["peak_watts"] for feed in hall["feeds"].values())
        return Counted(
            installs=sum(one["counters"]["installs_completed"] for one in servers),
            most_installs_of_one=max(one["counters"]["installs_completed"] for one in servers),
            most_power_ons_of_one=max(one["counters"]["power_ons"] for one in servers),
            peak_writers=max(one["peak_writers"] for one in servers),
            peak_connections=max(one["peak_connections"] for one in servers),
            requests=control.requests()[0],
            connections=sum(one["connections"] for one in servers),
            sessions=sum(one["sessions"]["opened"] for one in servers),
            sessions_left=sum(one["sessions"]["live"] for one in servers),
            peak_readers=hall["peak_installing"],
            # A server's load is shared by its feeds.
            peak_starts=peak_watts * len(FEEDS) / WATTS,
        )


@contextmanager
def simulated(scene: Scene, root: Path) -> Generator[Simulator]:
    """The hall, in a process of its own, until the block ends."""
    (root / "Pulumi.yaml").write_text("name: bench\n", encoding="utf-8")
    endpoint = start_detached(scene.config(), root / "simulator", timeout_seconds=120)
    try:
        yield Simulator(scene, root, endpoint)
    finally:
        stop(root / "simulator", timeout_seconds=60)
