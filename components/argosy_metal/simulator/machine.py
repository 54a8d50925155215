"""One simulated server: power, boot, installation, phone-home. Pure: it is told the time, and keeps none.

At any moment at most one step is pending, due at a known time. `advance(now)` carries out all that have
become due, so ten thousand servers cost nothing while nobody looks, and the same requests at the same times
always give the same history.

    off ─On─▶ powering on ─▶ self-test ─▶ boots ─┬─ image, drive or network ─▶ installs ─▶ self-test, or off
                                                 ├─ installed disk ─▶ operating system ─▶ phones home
                                                 └─ nothing: stays there
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from argosy_metal.simulator.bios_state import BiosState
from argosy_metal.simulator.boot_sources import (
    BootableImage,
    BootNetwork,
    BootOverride,
    NoBootNetwork,
    source_of,
)
from argosy_metal.simulator.firmware_state import FirmwareState
from argosy_metal.simulator.parts import PartsState
from argosy_metal.simulator.world import Durations

Power = Literal["On", "Off", "PoweringOn", "PoweringOff"]
StepKind = Literal[
    "powered-on", "powered-off", "power-cycled", "self-tested", "installed", "booted", "power-restored"
]
RestorePolicy = Literal["AlwaysOff", "AlwaysOn", "LastState"]
RESTORE_POLICIES: tuple[RestorePolicy, ...] = ("AlwaysOff", "AlwaysOn", "LastState")

BOOT_TARGETS = ("None", "Pxe", "Hdd", "Cd", "Usb", "UefiHttp", "BiosSetup")
RESET_TYPES = ("On", "ForceOff", "GracefulShutdown", "GracefulRestart", "ForceRestart", "PowerCycle")
OPTICAL_SLOT = "CD1"
MEDIA_SLOTS = (OPTICAL_SLOT, "USB1")


class PowerStateError(Exception):
    """The reset type makes no sense in the server's power state."""


@dataclass(frozen=True)
class Step:
    """What happens next, and when (simulated seconds)."""

    at: float
    kind: StepKind


@dataclass(frozen=True)
class PhoneHome:
    """What a freshly booted system, or an installer that is done or gives up, tells the hall's service."""

    serial: str
    image_sha256: str
    image_url: str
    install_id: str | None
    boot_id: str
    """Differs from boot to boot."""
    booted_at: float
    """Simulated seconds."""
    failure: str | None = None
    """Why the installer gave up; None if it did not."""
    stage: str | None = None
    """`installed` from an installer that is done and powers the server off; None from a system."""


@dataclass
class PowerRestore:
    """What the server does when power comes back, in Redfish's words."""

    policy: RestorePolicy = "AlwaysOff"
    delay_seconds: float = 0
    was_on: bool = False
    """Whether it was on when it last lost its power."""


@dataclass
class MachineCounters:
    """How often things happened to the server."""

    power_ons: int = 0
    resets: int = 0
    boots: int = 0
    media_inserts: int = 0
    media_ejects: int = 0
    installs_started: int = 0
    installs_completed: int = 0
    installs_refused: int = 0
    """The image was not the expected one."""
    power_losses: int = 0


@dataclass
class MachineState:
    """All that survives a restart of the simulator."""

    power: Power = "Off"
    boot_progress: str = "None"
    pending: Step | None = None
    override: BootOverride = field(default_factory=BootOverride)
    media: dict[str, BootableImage] = field(default_factory=dict[str, BootableImage])
    """By slot; absent means empty."""
    installing: BootableImage | None = None
    installed: BootableImage | None = None
    phone_home: PhoneHome | None = None
    restore: PowerRestore = field(default_factory=PowerRestore)
    counters: MachineCounters = field(default_factory=MachineCounters)
    parts: PartsState = field(default_factory=PartsState)
    bios: BiosState = field(default_factory=BiosState)
    firmware: FirmwareState = field(default_factory=FirmwareState)


class Machine:
    """One server, driven by its BMC."""

    def __init__(
        self,
        serial: str,
        durations: Durations,
        state: MachineState | None = None,
        optical_target: str = "Cd",
        network: BootNetwork | None = None,
        *,
        installer_powers_off: bool = False,
    ) -> None:
        """`installer_powers_off`: a done installer says so and powers off, instead of rebooting."""
        self.serial = serial
        self._network = network or NoBootNetwork()
        self._installer_powers_off = installer_powers_off
        self._slot_of_target: Mapping[str, str] = {optical_target: OPTICAL_SLOT, "Usb": "USB1"}
        self.state = state or MachineState()
        self.changed = False
        """Set with every change; whoever saves the state resets it."""
        self._durations = durations

    def advance(self, now: float) -> None:
        """Carry out what has become due until `now`."""
        while (step := self.state.pending) is not None and step.at <= now:
            self.state.pending = None
            self.changed = True
            self._finish_slow_work(step.at)
            self._carry_out(step)
        self._finish_slow_work(now)

    def reset(self, reset_type: str, now: float) -> None:
        """Carry out one of RESET_TYPES.

        Raises PowerStateError if the server would have to be on for it and is not.
        """
        is_on = self.state.power in ("On", "PoweringOn")
        if reset_type == "On":
            if not is_on:
                self._change_power("PoweringOn", now + self._durations.power_on, "powered-on")
        elif not is_on:
            if reset_type not in ("ForceOff", "GracefulShutdown"):
                raise PowerStateError(f"{reset_type} needs a server that is on")
        else:
            self._reset_running(reset_type, now)
        self.state.counters.resets += 1
        self.changed = True

    def set_override(self, override: BootOverride) -> None:
        """Change where the next boot starts."""
        self.state.override = override
        self.changed = True

    def set_restore(self, policy: RestorePolicy, delay_seconds: float) -> None:
        """Change what the server does when power comes back."""
        self.state.restore.policy, self.state.restore.delay_seconds = policy, delay_seconds
        self.changed = True

    def lose_power(self) -> None:
        """Go dark at once; an interrupted installation leaves a disk that does not boot."""
        state = self.state
        state.restore.was_on = state.power in ("On", "PoweringOn")
        state.power, state.boot_progress = "Off", "None"
        state.pending = state.installing = None
        state.parts.break_erases()
        state.firmware.interrupt()
        state.counters.power_losses += 1
        self.changed = True

    def regain_power(self, at: float) -> None:
        """Power is back and the firmware awake at `at`: power on after the delay, if the policy says so."""
        self.ac_cycle()
        restore = self.state.restore
        if restore.policy == "AlwaysOn" or (restore.policy == "LastState" and restore.was_on):
            self.state.pending = Step(at + restore.delay_seconds, "power-restored")
            self.changed = True

    def ac_cycle(self) -> None:
        """It was without any power, and has it again: every flashed version takes effect."""
        self.state.firmware.interrupt()
        self.state.firmware.ac_cycle()
        self.changed = True

    def press_button(self, *, on: bool, now: float) -> None:
        """What somebody does at the server itself, past its BMC: hold the power button, or press it."""
        if not on:
            self._change_power("Off", now, "powered-off")
        elif self.state.power in ("Off", "PoweringOff"):
            self._change_power("PoweringOn", now + self._durations.power_on, "powered-on")
        self.changed = True

    def insert(self, slot: str, image: BootableImage) -> None:
        """Put an image into an empty drive."""
        self.state.media[slot] = image
        self.state.counters.media_inserts += 1
        self.changed = True

    def eject(self, slot: str) -> None:
        """Empty a drive; an empty one stays empty."""
        if self.state.media.pop(slot, None) is not None:
            self.state.counters.media_ejects += 1
        self.changed = True

    def lose_system(self) -> None:
        """What the server boots from is gone."""
        self.state.installed = None
        self.changed = True

    def _finish_slow_work(self, now: float) -> None:
        self._finish_erases(now)
        self.changed = self.state.firmware.advance(now) or self.changed

    def _finish_erases(self, now: float) -> None:
        done = self.state.parts.finish_erases(now)
        self.changed = self.changed or bool(done)
        if any(erasing.boots for erasing in done):
            self.lose_system()

    def _carry_out(self, step: Step) -> None:
        steps: Mapping[StepKind, Callable[[float], None]] = {
            "powered-on": self._powered_on,
            "powered-off": self._powered_off,
            "power-cycled": self._power_cycled,
            "self-tested": self._self_tested,
            "installed": self._installed,
            "booted": self._booted,
            "power-restored": self._power_cycled,
        }
        steps[step.kind](step.at)

    def _reset_running(self, reset_type: str, now: float) -> None:
        durations = self._durations
        if reset_type == "ForceOff":
            self._change_power("PoweringOff", now + durations.power_off, "powered-off")
        elif reset_type == "GracefulShutdown":
            self._change_power("PoweringOff", now + durations.graceful_shutdown, "powered-off")
        elif reset_type == "GracefulRestart":
            self._change_power("PoweringOff", now + durations.graceful_shutdown, "power-cycled")
        elif reset_type == "PowerCycle":
            self._change_power("PoweringOff", now + durations.power_off, "power-cycled")
        elif self.state.power == "PoweringOn":
            self._change_power("PoweringOn", now + durations.power_on, "powered-on")
        else:
            self.state.installing = None
            self.state.firmware.interrupt()
            self._self_test(now)

    def _change_power(self, power: Power, at: float, kind: StepKind) -> None:
        self.state.power = power
        self.state.boot_progress = "None"
        # An interrupted installation leaves a disk that does not boot.
        self.state.installing = None
        self.state.parts.break_erases()
        if power != "PoweringOn":
            self.state.firmware.interrupt()
        self.state.pending = Step(at, kind)

    def _powered_on(self, at: float) -> None:
        self.state.power = "On"
        self.state.counters.power_ons += 1
        self._self_test(at)

    def _powered_off(self, at: float) -> None:
        self.state.power = "Off"

    def _power_cycled(self, at: float) -> None:
        self._change_power("PoweringOn", at + self._durations.power_on, "powered-on")

    def _self_test(self, at: float) -> None:
        self.state.boot_progress = "PrimaryProcessorInitializationStarted"
        self.state.pending = Step(at + self._durations.post, "self-tested")

    def _self_tested(self, at: float) -> None:
        state = self.state
        state.counters.boots += 1
        state.parts.secure_boot.boot()
        state.bios.self_test(at)
        state.firmware.self_test()
        enters_setup = state.override.enabled != "Disabled" and state.override.target == "BiosSetup"
        image = self._take_override(at)
        if enters_setup:
            state.boot_progress = "SetupEntered"
        elif image is not None:
            self._start_installer(image, at)
        elif state.installed is not None:
            state.boot_progress = "OSBootStarted"
            state.pending = Step(at + self._durations.boot, "booted")
        else:
            state.boot_progress = "OEM"

    def _start_installer(self, image: BootableImage, at: float) -> None:
        state = self.state
        if not image.is_as_expected:
            state.counters.installs_refused += 1
            state.boot_progress = "OEM"
            self._phone_home(image, at, f"the image has sha256 {image.sha256}, not {image.expected_sha256}")
            return
        state.counters.installs_started += 1
        state.installing, state.installed = image, None
        state.boot_progress = "OSBootStarted"
        state.pending = Step(at + self._durations.install, "installed")

    def _installed(self, at: float) -> None:
        state = self.state
        state.installed, state.installing = state.installing, None
        state.parts.write_all()
        state.counters.installs_completed += 1
        if not self._installer_powers_off or state.installed is None:
            self._self_test(at)
            return
        self._phone_home(state.installed, at, stage="installed")
        self._change_power("PoweringOff", at + self._durations.power_off, "powered-off")

    def _booted(self, at: float) -> None:
        state = self.state
        if state.installed is None:
            return
        state.boot_progress = "OSRunning"
        self._phone_home(state.installed, at)

    def _phone_home(
        self, image: BootableImage, at: float, failure: str | None = None, stage: str | None = None
    ) -> None:
        self.state.phone_home = PhoneHome(
            serial=self.serial,
            image_sha256=image.sha256,
            image_url=image.url,
            install_id=image.install_id,
            boot_id=str(uuid.uuid5(uuid.NAMESPACE_OID, f"{self.serial}/{self.state.counters.boots}")),
            booted_at=at,
            failure=failure,
            stage=stage,
        )

    def _take_override(self, at: float) -> BootableImage | None:
        """The image that the override leads to; an override for once is used up by any boot."""
        override = self.state.override
        self.state.override = override.used_up()
        match source_of(override):
            case "http":
                return self._network.fetch(override.http_boot_uri)
            case "pxe":
                return self._network.offered(self.serial, at)
            case "drive":
                return self.state.media.get(self._slot_of_target.get(override.target, ""))
            case None:
                return None
