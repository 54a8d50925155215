"""Where the resources of one simulated BMC are found. Ids are the vendor's, the rest is DSP0268's."""

from __future__ import annotations

from argosy_metal.simulator.bmc import Bmc
from argosy_metal.simulator.profiles import Slot

ROOT = "/redfish/v1"


def system_path(bmc: Bmc) -> str:
    """Of the system that is the server itself."""
    return f"{ROOT}/Systems/{bmc.profile.system_id}"


def boot_path(bmc: Bmc) -> str:
    """Of the resource to which the boot override is written."""
    settings = bmc.profile.boot_settings
    return f"{system_path(bmc)}/{settings}" if settings else system_path(bmc)


def manager_path(bmc: Bmc) -> str:
    """Of the BMC itself."""
    return f"{ROOT}/Managers/{bmc.profile.manager_id}"


def chassis_path(bmc: Bmc) -> str:
    """Of the chassis in which the server is."""
    return f"{ROOT}/Chassis/{bmc.profile.chassis_id}"


def media_path(bmc: Bmc) -> str:
    """Of the collection of virtual drives."""
    return (manager_path(bmc) if bmc.profile.media_on_manager else system_path(bmc)) + "/VirtualMedia"


def drive_path(bmc: Bmc, slot: Slot) -> str:
    """Of one virtual drive."""
    return f"{media_path(bmc)}/{bmc.profile.media_ids[slot]}"
