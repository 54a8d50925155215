"""The server as Redfish resources: system, settings object, processors, network interfaces, GPU baseboard."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable
from datetime import UTC, datetime

from argosy_metal.simulator.bmc import Bmc
from argosy_metal.simulator.machine import RESET_TYPES
from argosy_metal.simulator.paths import ROOT, boot_path, chassis_path, manager_path, system_path
from argosy_metal.simulator.power_limits import gpu_names
from argosy_metal.simulator.replies import Json, collection
from argosy_metal.simulator.resources_power import restore_properties

GOOD = {"State": "Enabled", "Health": "OK"}
_ZEROS = "0000-00-00T00:00:00+00:00"
Build = Callable[[], Json]


def system_resources(bmc: Bmc) -> dict[str, Build]:
    """The system that is the server itself, and what hangs on it."""
    system = system_path(bmc)
    processors, nics = f"{system}/Processors", f"{system}/EthernetInterfaces"
    found: dict[str, Build] = {
        system: lambda: _system(bmc),
        processors: lambda: collection(processors, "Processor", [f"{processors}/CPU_0"]),
        f"{processors}/CPU_0": lambda: _cpu(bmc, f"{processors}/CPU_0"),
        nics: lambda: collection(nics, "EthernetInterface", [f"{nics}/NIC.0"]),
        f"{nics}/NIC.0": lambda: _nic(bmc, f"{nics}/NIC.0"),
    }
    if bmc.profile.boot_settings:
        found[boot_path(bmc)] = lambda: _boot_settings(bmc)
    return found


def gpu_resources(bmc: Bmc) -> dict[str, Build]:
    """The second system of a GPU server; nothing for others."""
    profile = bmc.profile
    if profile.gpu_system_id is None:
        return {}
    path = f"{ROOT}/Systems/{profile.gpu_system_id}"
    processors = f"{path}/Processors"
    members = [f"{processors}/{name}" for name in gpu_names(bmc.hardware, profile.gpus)]
    found: dict[str, Build] = {
        path: lambda: _gpu_system(bmc, path),
        processors: lambda: collection(processors, "Processor", members),
    }
    for member in members:
        found[member] = lambda member=member: _gpu(bmc, member)
    return found


def _system(bmc: Bmc) -> Json:
    profile, state = bmc.profile, bmc.machine.state
    path = system_path(bmc)
    body: Json = {
        "@odata.id": path,
        "@odata.type": "#ComputerSystem.v1_22_0.ComputerSystem",
        "Id": profile.system_id,
        "Name": bmc.server.serial,
        "SystemType": "Physical",
        "Manufacturer": profile.manufacturer,
        "Model": profile.model,
        "SerialNumber": bmc.shown_serial,
        "UUID": str(uuid.uuid5(uuid.NAMESPACE_OID, f"system/{bmc.server.serial}")),
        "BiosVersion": "1.0.0",
        "PowerState": state.power,
        "LocationIndicatorActive": bmc.service.indicator_lit,
        "Status": GOOD if state.power == "On" else {"State": "StandbyOffline", "Health": "OK"},
        "BootProgress": {"LastState": state.boot_progress},
        "MemorySummary": {"TotalSystemMemoryGiB": 2048},
        "ProcessorSummary": {"Count": 1, "CoreCount": 56, "LogicalProcessorCount": 112},
        **restore_properties(bmc),
        "Boot": _boot(bmc, pending=not profile.boot_settings or state.power != "Off"),
        "Links": {
            "ManagedBy": [{"@odata.id": manager_path(bmc)}],
            "Chassis": [{"@odata.id": chassis_path(bmc)}],
        },
        "Actions": {
            "#ComputerSystem.Reset": {
                "target": f"{path}/Actions/ComputerSystem.Reset",
                "ResetType@Redfish.AllowableValues": list(RESET_TYPES),
            }
        },
    }
    if profile.boot_settings_targets_only_there:
        del body["Boot"]["BootSourceOverrideTarget@Redfish.AllowableValues"]
    if profile.boot_settings:
        body["@Redfish.Settings"] = {
            "@odata.type": "#Settings.v1_3_5.Settings",
            "SettingsObject": {"@odata.id": boot_path(bmc)},
            "SupportedApplyTimes": ["OnReset"],
        }
    if profile.last_reset_time != "absent":
        body["LastResetTime"] = _ZEROS if profile.last_reset_time == "zeros" else moment(0)
    return body


def _boot(bmc: Bmc, *, pending: bool) -> Json:
    profile, override = bmc.profile, bmc.machine.state.override
    boots_by_http = "UefiHttp" in profile.boot_targets
    return {
        "BootSourceOverrideTarget": override.target if pending else "None",
        "BootSourceOverrideTarget@Redfish.AllowableValues": list(profile.boot_targets),
        "BootSourceOverrideEnabled": override.enabled if pending else "Disabled",
        "BootSourceOverrideEnabled@Redfish.AllowableValues": ["Disabled", "Once", "Continuous"],
        "BootSourceOverrideMode": override.mode,
        "BootSourceOverrideMode@Redfish.AllowableValues": (
            ["UEFI", "Legacy"] if profile.boot_mode_falls_back else ["UEFI"]
        ),
        **({"HttpBootUri": (pending and override.http_boot_uri) or None} if boots_by_http else {}),
    }


def _boot_settings(bmc: Bmc) -> Json:
    return {
        "@odata.id": boot_path(bmc),
        "@odata.type": "#ComputerSystem.v1_22_0.ComputerSystem",
        "Id": bmc.profile.boot_settings,
        "Name": "What the system shall be after its next reset",
        "Boot": _boot(bmc, pending=True),
    }


def _cpu(bmc: Bmc, path: str) -> Json:
    return {
        "@odata.id": path,
        "@odata.type": "#Processor.v1_20_0.Processor",
        "Id": path.rpartition("/")[2],
        "Name": "Processor",
        "ProcessorType": "CPU",
        "ProcessorArchitecture": "x86",
        "InstructionSet": "x86-64",
        "Manufacturer": bmc.profile.manufacturer,
        "Model": "Simulated processor",
        "TotalCores": 56,
        "TotalThreads": 112,
        "Status": GOOD,
    }


def _nic(bmc: Bmc, path: str) -> Json:
    mac = mac_address(bmc.server.serial)
    return {
        "@odata.id": path,
        "@odata.type": "#EthernetInterface.v1_12_2.EthernetInterface",
        "Id": path.rpartition("/")[2],
        "Name": "Ethernet Interface",
        "MACAddress": mac,
        "PermanentMACAddress": mac,
        "SpeedMbps": 25000,
        "LinkStatus": "LinkUp" if bmc.machine.state.power == "On" else "LinkDown",
        "Status": GOOD,
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
        "Status": GOOD,
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
        "Status": GOOD,
    }


def mac_address(seed: str) -> str:
    """A locally administered address that is always the same for the same seed."""
    digest = hashlib.sha256(seed.encode()).digest()
    return ":".join(f"{byte:02X}" for byte in (0x02, *digest[:5]))


def moment(simulated: float) -> str:
    """A simulated time as Redfish writes it. As a BMC without a time source, it counts from 1970."""
    return datetime.fromtimestamp(simulated, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def time_of_day() -> str:
    """What a BMC whose clock is right shows: real time, as in the `Date` of its answers."""
    return moment(datetime.now(UTC).timestamp())
