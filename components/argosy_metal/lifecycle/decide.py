"""What to do next with a machine, decided from what was recorded and what is seen. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from argosy_metal.claims import Phase

OFF = "Off"
ON = "On"
_CHANGING = frozenset({"PoweringOn", "PoweringOff"})


@dataclass(frozen=True)
class Observation:
    """What a look at a server showed."""

    power: str
    """Redfish's `PowerState`: `On`, `Off`, `PoweringOn`, `PoweringOff`, `Paused`."""
    media_inserted: bool
    """Whether any image is in the virtual drive."""
    holds_image: bool
    """Whether it is the image of the attempt in hand."""
    boots_image: bool
    """Whether the next boot, and only that, is set to start the installer."""
    needs_media: bool = True
    """Whether the attempt in hand boots from the virtual drive; the network needs no image in it."""
    installer_is_done: bool = False
    """Whether its installer has said that it is done, and powers the server off."""

    @property
    def is_settled(self) -> bool:
        """Whether its power is not just changing."""
        return self.power not in _CHANGING

    @property
    def is_ready(self) -> bool:
        """Whether the next start runs the installer of the attempt in hand."""
        return self.boots_image and (self.holds_image or not self.needs_media)


class Step(StrEnum):
    """One atomic step. The value is how a message names it."""

    BEGIN_ATTEMPT = "begin an attempt"
    POWER_OFF = "power off"
    EJECT = "eject the other image"
    INSERT = "insert the image"
    SET_BOOT = "set the next boot to the image"
    RESET_BOOT = "drop the boot override"
    PERMIT_BOOT = "permit the boot"
    POWER_ON = "power on"
    NOTE_INSTALLING = "note that the installer runs"
    WAIT = "wait for the installed system's report"
    AWAIT_OFF = "wait for the installer to power the server off"
    PERMIT_START = "permit the start of the installed system"
    START = "start the installed system"
    END_ATTEMPT = "end the attempt"
    EJECT_INSTALLER = "eject the installer"
    FINISH = "record that the machine runs"
    TAKE_DOWN = "finish taking the machine down"
    REFUSE = "refuse further attempts"
    LEAVE_ALONE = "leave a server alone that others have switched on"
    NOTHING = "nothing"


def next_step(phase: Phase, seen: Observation, *, reported: bool, may_be_on_by_us: bool = True) -> Step:
    """The one step that brings the machine closer to `running`.

    `reported`: the installed system has sent the install id of the attempt in hand.
    `may_be_on_by_us`: an attempt at this machine was permitted to boot; before that a server that is on was
    switched on by someone else, and is never powered off.
    """
    if reported and phase not in (Phase.RUNNING, Phase.WIPING):
        return Step.EJECT_INSTALLER if seen.holds_image else Step.FINISH
    match phase:
        case Phase.CLAIMED | Phase.PREPARING if seen.power != OFF and not may_be_on_by_us:
            return Step.LEAVE_ALONE
        case Phase.CLAIMED | Phase.FAILED:
            return Step.BEGIN_ATTEMPT
        case Phase.PREPARING:
            return _prepare(seen)
        case Phase.BOOTING | Phase.INSTALLING if seen.installer_is_done:
            return _leave_installer(seen)
        case Phase.BOOTING | Phase.INSTALLING:
            return _boot(phase, seen)
        case Phase.STARTING:
            return Step.START if seen.power == OFF else Step.WAIT
        case Phase.RUNNING:
            return Step.NOTHING
        case Phase.LEAVING | Phase.WIPING:
            return Step.TAKE_DOWN
        case Phase.QUARANTINED:
            return Step.REFUSE


def _prepare(seen: Observation) -> Step:
    if seen.power != OFF:
        return Step.POWER_OFF
    if seen.needs_media and not seen.holds_image:
        return Step.EJECT if seen.media_inserted else Step.INSERT
    return Step.PERMIT_BOOT if seen.boots_image else Step.SET_BOOT


def _boot(phase: Phase, seen: Observation) -> Step:
    if seen.power == OFF:
        never_started = phase is Phase.BOOTING and seen.is_ready
        return Step.POWER_ON if never_started else Step.END_ATTEMPT
    if phase is Phase.BOOTING and seen.power == ON and not seen.boots_image:
        return Step.NOTE_INSTALLING
    return Step.WAIT


def _leave_installer(seen: Observation) -> Step:
    """Nothing may start the installer again before the system is started."""
    if seen.power != OFF:
        return Step.AWAIT_OFF
    if seen.holds_image:
        return Step.EJECT_INSTALLER
    return Step.RESET_BOOT if seen.boots_image else Step.PERMIT_START
