"""What to ask of Ironic next, decided from what was recorded and what is seen. Pure.

    enroll ─manage─▶ manageable ─inspect─▶ manageable ─provide─▶ available ─deploy─▶ active ─undeploy─┐
                     (the serial number is proven here)           ▲ (ours from here on)               │
                                                                  └───────────────────────────────────┘

Ironic takes an ISO for a live system: it boots from the drive at every start, until it is undeployed. An
installer must boot once, or it installs for ever. So a deployed node is switched off, its drive is made the
next boot's alone, and it is switched on again; once its system has reported, the drive is emptied and the
node made one that boots from its disk, so that another conductor that takes it over leaves it alone.
Source: openstack/ironic 39.0.0, ironic/drivers/modules/redfish/boot.py `prepare_instance`, ramdisk.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from argosy_metal.claims import Phase
from argosy_metal.ironic.node import INSTALLED, TRANSITIONAL, Node, Whose
from argosy_metal.lifecycle.decide import OFF, ON

RAMDISK, DIRECT = "ramdisk", "direct"
"""Ironic's deploy interfaces for an ISO and for a disk image."""


class Boot(StrEnum):
    """Where the next boot starts."""

    DRIVE_ALWAYS = "the drive, always"
    DRIVE_ONCE = "the drive, once"
    OTHER = "elsewhere"


@dataclass(frozen=True)
class Sight:
    """What a look at Ironic and at the hall's service showed."""

    node: Node | None
    whose: Whose = Whose.FREE
    is_inspected: bool = False
    """Whether Ironic has seen the claimed serial number behind this node's BMC."""
    boot: Boot = Boot.OTHER
    media_inserted: bool = False
    reported: bool = False
    """Whether the system of the attempt in hand has reported. Of a disk image Ironic's `active` says it."""


class Step(StrEnum):
    """One atomic step. The value is how a message names it."""

    BEGIN_ATTEMPT = "begin an attempt"
    ENROL = "enrol the node"
    MANAGE = "manage"
    INSPECT = "inspect"
    PROVIDE = "provide"
    TAKE = "put the installation on the node"
    LET_GO = "take the installation off the node"
    UNDEPLOY = "undeploy"
    OFFER = "offer the installer what it needs"
    DEPLOY = "deploy"
    WAIT = "wait for Ironic"
    POWER_OFF = "power off before the installer's boot"
    BOOT_ONCE = "let the drive boot once"
    POWER_ON = "power on"
    NOTE_INSTALLING = "note that the installer runs"
    WAIT_FOR_REPORT = "wait for the installed system's report"
    END_ATTEMPT = "end the attempt"
    BOOT_DISK = "let the disk boot"
    EJECT_INSTALLER = "eject the installer"
    SETTLE = "make the node one that boots from its disk"
    FINISH = "record that the machine runs"
    CLEAN = "clean"
    FORGET = "forget the machine"
    TAKE_DOWN = "finish taking the machine down"
    LEAVE_ALONE = "leave a node alone that is not ours"
    NOT_OFF = "leave a server alone that others have switched on"
    REFUSE = "refuse further attempts"
    STUCK = "stop before a node that takes no order"
    NOTHING = "nothing"


def bring_up_step(phase: Phase, sight: Sight, *, is_iso: bool, may_be_on_by_us: bool) -> Step:
    """The one step that brings the machine closer to `running`."""
    node = sight.node
    if phase in (Phase.LEAVING, Phase.WIPING):
        return Step.TAKE_DOWN
    if node is None:
        return _without_node(phase)
    if sight.whose is Whose.FOREIGN:
        return Step.LEAVE_ALONE
    if phase is Phase.RUNNING:
        return Step.NOTHING
    if node.trouble is not None:
        return Step.STUCK
    if node.state in TRANSITIONAL:
        return Step.WAIT
    if phase in (Phase.CLAIMED, Phase.FAILED, Phase.QUARANTINED):
        # A report that came late is a report.
        if sight.reported and _is_deployed(sight):
            return _settle(sight)
        return Step.REFUSE if phase is Phase.QUARANTINED else Step.BEGIN_ATTEMPT
    if phase is Phase.PREPARING:
        return _prepare(node, sight, may_be_on_by_us=may_be_on_by_us)
    return _deploy(phase, node, sight, is_iso=is_iso)


def take_down_step(sight: Sight, *, owes_wipe: bool) -> Step:
    """The one step that brings a machine closer to a bare claim. What is not ours is not touched."""
    node = sight.node
    if node is None or sight.whose is Whose.FOREIGN or node.mark is None or node.mark.owner is None:
        return Step.FORGET
    if node.settling:
        return Step.SETTLE
    if node.trouble is not None:
        return Step.STUCK
    if node.state in TRANSITIONAL:
        return Step.WAIT
    if sight.whose is not Whose.FREE:
        if node.state == "available":
            return Step.LET_GO
        return Step.UNDEPLOY if node.state in INSTALLED else Step.STUCK
    match node.state:
        case "available":
            return Step.MANAGE if owes_wipe else Step.LET_GO
        case "manageable":
            return Step.CLEAN if owes_wipe else Step.PROVIDE
        case _:
            return Step.STUCK


def _without_node(phase: Phase) -> Step:
    match phase:
        case Phase.CLAIMED | Phase.FAILED:
            return Step.BEGIN_ATTEMPT
        case Phase.PREPARING:
            return Step.ENROL
        case Phase.QUARANTINED:
            return Step.REFUSE
        case _:
            # The server may run what we installed, and Ironic does not know it any more.
            return Step.STUCK


def _prepare(node: Node, sight: Sight, *, may_be_on_by_us: bool) -> Step:
    if sight.whose is not Whose.FREE:
        if node.state == "available":
            return Step.OFFER if sight.whose is Whose.OURS else Step.LET_GO
        return Step.UNDEPLOY if node.state in INSTALLED else Step.STUCK
    if node.state == "available" and sight.is_inspected:
        is_free = node.power == OFF or may_be_on_by_us
        return Step.TAKE if is_free else Step.NOT_OFF
    if not node.is_by_us:
        # Only `available` says that a node is free; to provide one may wipe it.
        return Step.STUCK
    match node.state:
        case "enroll" | "inspect failed" | "available":
            return Step.MANAGE
        case "manageable":
            return Step.PROVIDE if sight.is_inspected else Step.INSPECT
        case _:
            return Step.STUCK


def _deploy(phase: Phase, node: Node, sight: Sight, *, is_iso: bool) -> Step:
    if not _is_deployed(sight):
        never_started = phase is Phase.BOOTING and sight.whose is Whose.OURS and node.state == "available"
        return Step.DEPLOY if never_started else Step.END_ATTEMPT
    if not is_iso:
        return Step.FINISH
    return _settle(sight) if sight.reported else _boot_installer(phase, node, sight)


def _is_deployed(sight: Sight) -> bool:
    return sight.node is not None and sight.whose is Whose.OURS and sight.node.state == "active"


def _boot_installer(phase: Phase, node: Node, sight: Sight) -> Step:
    if node.power not in (ON, OFF):
        return Step.WAIT
    match sight.boot:
        case Boot.DRIVE_ALWAYS if phase is Phase.INSTALLING:
            # A conductor that took the node over has set it again; the installer runs already.
            return Step.BOOT_DISK
        case Boot.DRIVE_ALWAYS:
            return Step.POWER_OFF if node.power == ON else Step.BOOT_ONCE
        case Boot.DRIVE_ONCE:
            return Step.POWER_ON if node.power == OFF else Step.WAIT_FOR_REPORT
        case Boot.OTHER:
            pass
    if node.power == OFF:
        return Step.END_ATTEMPT
    return Step.NOTE_INSTALLING if phase is Phase.BOOTING else Step.WAIT_FOR_REPORT


def _settle(sight: Sight) -> Step:
    node = sight.node
    if sight.boot is not Boot.OTHER:
        return Step.BOOT_DISK
    if sight.media_inserted:
        return Step.EJECT_INSTALLER
    if node is not None and (node.deploy_interface == RAMDISK or node.settling):
        return Step.SETTLE
    return Step.FINISH
