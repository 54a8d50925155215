"""The server as Redfish resources: systems, managers, chassis, virtual media, GPUs."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from argosy_metal.simulator.bmc import Bmc
from argosy_metal.simulator.machine import BOOT_TARGETS, MEDIA_SLOTS, OPTICAL_SLOT, RESET_TYPES
from argosy_metal.simulator.replies import Json, collection

_ROOT = "/redfish/v1"
_GOOD = {"State": "Enabled", "Health": "OK"}
_MEDIA_TYPES = {OPTICAL_SLOT: ["CD", "DVD"], "USB1": ["USBStick"]}
Build = Callable[[], Json]


def system_path(bmc: Bmc) -> str:
    """Of the system that is the server itself."""
    return f"{_ROOT}/Systems/{bmc.profile.system_id}"


def manager_path(bmc: Bmc) -> str:
    """Of the BMC itself."""
    return f"{_ROOT}/Managers/{bmc.profile.manager_id}"


def media_path(bmc: Bmc) -> str:
    """Of the collection of virtual drives."""
    return (manager_path(bmc) if bmc.profile.media_on_manager else system_path(bmc)) + "/VirtualMedia"


def system_resources(bmc: Bmc) -> dict[str, Build]:
    """System, manager, chassis and virtual drives."""
    media = media_path(bmc)
    found: dict[str, Build] = {
        system_path(bmc): lambda: _system(bmc),
        f"{_ROOT}/Managers": lambda: collection(f"{_ROOT}/Managers", "Manager", [manager_path(bmc)]),
        manager_path(bmc): lambda: _manager(bmc),
        f"{_ROOT}/Chassis": lambda: collection(f"{_ROOT}/Chassis", "Chassis", [_chassis_path()]),
        _chassis_path(): lambda: _chassis(bmc),
        media: lambda: collection(
            media, "VirtualMedia", [f"{media}/{slot}" for slot in reversed(MEDIA_SLOTS)]
        ),
    }
    for slot in MEDIA_SLOTS:
        found[f"{media}/{slot}"] = lambda slot=slot: _virtual_media(bmc, slot)
    return found


def gpu_resources(bmc: Bmc) -> dict[str, Build]:
    """The second system of a GPU server; nothing for others."""
    profile = bmc.profile
    if profile.gpu_system_id is None:
        return {}
    path = f"{_ROOT}/Systems/{profile.gpu_system_id}"
    processors = f"{path}/Processors"
    members = [f"{processors}/GPU_{number}" for number in range(profile.gpus)]
    found: dict[str, Build] = {
        path: lambda: _gpu_system(bmc, path),
        processors: lambda: collection(processors, "Processor", members),
    }
    for member in members:
        found[member] = lambda member=member: _gpu(bmc, member)
    return found


def _system(bmc: Bmc) -> Json:
    state, override = bmc.machine.state, bmc.machine.state.override
    path = system_path(bmc)
    body: Json = {
        "@odata.id": path,
        "@odata.type": "#ComputerSystem.v1_22_0.ComputerSystem",
        "Id": bmc.profile.system_id,
        "Name": bmc.server.serial,
        "SystemType": "Physical",
        "Manufacturer": bmc.profile.manufacturer,
        "Model": bmc.profile.model,
        "SerialNumber": bmc.shown_serial,
        "UUID": str(uuid.uuid5(uuid.NAMESPACE_OID, f"system/{bmc.server.serial}")),
        "PowerState": state.power,
        "Status": _GOOD if state.power == "On" else {"State": "StandbyOffline", "Health": "OK"},
        "BootProgress": {"LastState": state.boot_progress},
        "Boot": {
            "BootSourceOverrideTarget": override.target,
            "BootSourceOverrideTarget@Redfish.AllowableValues": list(BOOT_TARGETS),
            "BootSourceOverrideEnabled": override.enabled,
            "BootSourceOverrideEnabled@Redfish.AllowableValues": ["Disabled", "Once", "Continuous"],
            "BootSourceOverrideMode": override.mode,
            "BootSourceOverrideMode@Redfish.AllowableValues": ["UEFI"],
        },
        "Links": {
            "ManagedBy": [{"@odata.id": manager_path(bmc)}],
            "Chassis": [{"@odata.id": _chassis_path()}],
        },
        "Actions": {
            "#ComputerSystem.Reset": {
                "target": f"{path}/Actions/ComputerSystem.Reset",
                "ResetType@Redfish.AllowableValues": list(RESET_TYPES),
            }
        },
    }
    if not bmc.profile.media_on_manager:
        body["VirtualMedia"] = {"@odata.id": media_path(bmc)}
    return body


def _manager(bmc: Bmc) -> Json:
    path = manager_path(bmc)
    body: Json = {
        "@odata.id": path,
        "@odata.type": "#Manager.v1_19_1.Manager",
        "Id": bmc.profile.manager_id,
        "Name": "Manager",
        "ManagerType": "BMC",
        "FirmwareVersion": "1.0.0",
        "PowerState": "On",
        "UUID": str(uuid.uuid5(uuid.NAMESPACE_OID, f"manager/{bmc.server.serial}")),
        "Status": _GOOD,
        "Links": {
            "ManagerForServers": [{"@odata.id": system_path(bmc)}],
            "ManagerForChassis": [{"@odata.id": _chassis_path()}],
        },
    }
    if bmc.profile.media_on_manager:
        body["VirtualMedia"] = {"@odata.id": media_path(bmc)}
    return body


def _chassis_path() -> str:
    return f"{_ROOT}/Chassis/1"


def _chassis(bmc: Bmc) -> Json:
    return {
        "@odata.id": _chassis_path(),
        "@odata.type": "#Chassis.v1_25_1.Chassis",
        "Id": "1",
        "Name": "Chassis",
        "ChassisType": "RackMount",
        "Manufacturer": bmc.profile.manufacturer,
        "Model": bmc.profile.model,
        "SerialNumber": bmc.shown_serial,
        "PowerState": "Off" if bmc.machine.state.power == "Off" else "On",
        "Location": {"Placement": {"Rack": bmc.server.rack}},
        "Status": _GOOD,
        "Links": {
            "ComputerSystems": [{"@odata.id": system_path(bmc)}],
            "ManagedBy": [{"@odata.id": manager_path(bmc)}],
        },
    }


def _virtual_media(bmc: Bmc, slot: str) -> Json:
    path, image = f"{media_path(bmc)}/{slot}", bmc.machine.state.media.get(slot)
    return {
        "@odata.id": path,
        "@odata.type": "#VirtualMedia.v1_6_4.VirtualMedia",
        "Id": slot,
        "Name": "Virtual Media",
        "MediaTypes": _MEDIA_TYPES[slot],
        "Image": image.url if image else None,
        "ImageName": image.url.partition("?")[0].rpartition("/")[2] if image else None,
        "Inserted": image is not None,
        "WriteProtected": True,
        "ConnectedVia": "URI" if image else "NotConnected",
        "TransferProtocolType": "HTTPS" if image else None,
        "Actions": {
            f"#VirtualMedia.{action}": {"target": f"{path}/Actions/VirtualMedia.{action}"}
            for action in ("InsertMedia", "EjectMedia")
        },
    }


def _gpu_system(bmc: Bmc, path: str) -> Json:
    return {
        "@odata.id": path,
        "@odata.type": "#ComputerSystem.v1_22_0.ComputerSystem",
        "Id": bmc.profile.gpu_system_id,
        "Name": "GPU baseboard",
        "SystemType": "Physical",
        "Manufacturer": "NVIDIA",
        "Model": bmc.profile.gpu_model,
        "SerialNumber": f"GPU-{bmc.shown_serial}",
        "UUID": str(uuid.uuid5(uuid.NAMESPACE_OID, f"baseboard/{bmc.server.serial}")),
        "PowerState": bmc.machine.state.power,
        "Status": _GOOD,
        "Processors": {"@odata.id": f"{path}/Processors"},
        "Actions": {},
        "Links": {"ManagedBy": [{"@odata.id": manager_path(bmc)}]},
    }


def _gpu(bmc: Bmc, path: str) -> Json:
    return {
        "@odata.id": path,
        "@odata.type": "#Processor.v1_20_0.Processor",
        "Id": path.rpartition("/")[2],
        "Name": "GPU",
        "ProcessorType": "GPU",
        "Manufacturer": "NVIDIA",
        "Model": bmc.profile.gpu_model,
        "Status": _GOOD,
    }
