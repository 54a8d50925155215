"""The firmware of one simulated server: versions, flashes under way, and what waits for a reset. Pure.

A flash takes its time. Whoever resets the server in the middle of one ruins the component for good, which is
what `flashes_interrupted` counts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Activation = Literal["at_once", "bmc_restart", "reset", "ac_cycle"]
"""When a flashed version takes effect; `bmc_restart`: at once, and the BMC restarts by itself."""
FlashState = Literal["running", "completed", "failed", "interrupted"]
BMC_RESTART_SECONDS = 90.0
"""From the end of its own flash until a BMC answers again."""


@dataclass
class Flash:
    """One accepted update."""

    id: str
    """Of its task."""
    component: str
    version: str
    image_uri: str
    targets: list[str]
    started: float
    ends: float
    """Simulated seconds."""
    activation: Activation
    state: FlashState = "running"
    reason: str = ""
    """Why it came to nothing."""
    forgotten: bool = False
    """The BMC has restarted since, and shows its task no more."""


@dataclass
class Staged:
    """A version that was flashed and is not in effect."""

    version: str
    activation: Activation


@dataclass
class FirmwareState:
    """What survives a restart of the simulator. Components that were never flashed are left out."""

    versions: dict[str, str] = field(default_factory=dict[str, str])
    """In effect, where it is not the version from the factory."""
    staged: dict[str, Staged] = field(default_factory=dict[str, Staged])
    ruined: list[str] = field(default_factory=list[str])
    """Components whose flash was interrupted."""
    flashes: list[Flash] = field(default_factory=list[Flash])
    flashes_started: int = 0
    flashes_completed: int = 0
    flashes_interrupted: int = 0
    bmc_restarts: int = 0
    bmc_away_until: float = 0.0

    @property
    def running(self) -> Flash | None:
        """The flash under way; a BMC does one at a time."""
        return next((flash for flash in self.flashes if flash.state == "running"), None)

    def start(self, flash: Flash) -> None:
        """Begin a flash."""
        self.flashes.append(flash)
        self.flashes_started += 1

    def advance(self, now: float) -> bool:
        """End the flash that is due by `now`; True if there was one."""
        flash = self.running
        if flash is None or flash.ends > now:
            return False
        if flash.reason:
            flash.state = "failed"
            return True
        flash.state = "completed"
        self.flashes_completed += 1
        self._install(flash)
        return True

    def interrupt(self) -> None:
        """The server was reset, or lost its power: a flash under way ruins its component."""
        flash = self.running
        if flash is None:
            return
        flash.state, flash.reason = "interrupted", "the server was reset during the flash"
        self.flashes_interrupted += 1
        self.ruined.append(flash.component)

    def self_test(self) -> None:
        """Let versions that wait for a reset take effect."""
        self._activate(("reset",))

    def ac_cycle(self) -> None:
        """Let every staged version take effect."""
        self._activate(("reset", "ac_cycle"))

    def _install(self, flash: Flash) -> None:
        if flash.activation in ("reset", "ac_cycle"):
            self.staged[flash.component] = Staged(flash.version, flash.activation)
            return
        self.versions[flash.component] = flash.version
        if flash.activation == "bmc_restart":
            self.bmc_restarts += 1
            self.bmc_away_until = flash.ends + BMC_RESTART_SECONDS
            for one in self.flashes:
                one.forgotten = True

    def _activate(self, kinds: tuple[Activation, ...]) -> None:
        for component, staged in list(self.staged.items()):
            if staged.activation in kinds:
                self.versions[component] = staged.version
                del self.staged[component]
