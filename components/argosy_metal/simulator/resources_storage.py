"""Drives, controllers and volumes as Redfish resources. HGX baseboards have none."""

from __future__ import annotations

from collections.abc import Callable

from argosy_metal.simulator.bmc import Bmc
from argosy_metal.simulator.hardware import DriveGroup
from argosy_metal.simulator.parts import Volume
from argosy_metal.simulator.paths import chassis_path, system_path
from argosy_metal.simulator.replies import Json, collection

Build = Callable[[], Json]
_BYTES_PER_GB = 10**9


def storage_path(bmc: Bmc, unit: int) -> str:
    """Of one storage unit: like drives on one controller."""
    return f"{system_path(bmc)}/Storage/Unit_{unit}"


def drive_resource_path(bmc: Bmc, name: str) -> str:
    """Of one drive."""
    return f"{chassis_path(bmc)}/Drives/{name}"


def drives_of(bmc: Bmc, unit: int) -> list[tuple[str, DriveGroup]]:
    """Id and kind of every drive of a unit."""
    group = bmc.hardware.drives[unit]
    return [(group.slot.format(number), group) for number in range(group.count)]


def unit_of_volume(bmc: Bmc, volume: Volume) -> int:
    """The unit whose drives a volume is made of."""
    units = range(len(bmc.hardware.drives))
    return next(unit for unit in units if volume.drives[0] in dict(drives_of(bmc, unit)))


def storage_resources(bmc: Bmc) -> dict[str, Build]:
    """Everything below `Storage` of the server's own system."""
    top, units = f"{system_path(bmc)}/Storage", range(len(bmc.hardware.drives))
    drives = f"{chassis_path(bmc)}/Drives"
    found: dict[str, Build] = {
        top: lambda: collection(top, "Storage", [storage_path(bmc, unit) for unit in units]),
        drives: lambda: collection(
            drives, "Drive", [drive_resource_path(bmc, name) for name in bmc.hardware.drive_names]
        ),
    }
    for unit in units:
        path = storage_path(bmc, unit)
        found |= {
            path: lambda unit=unit: _storage(bmc, unit),
            f"{path}/Controllers": lambda path=path: collection(
                f"{path}/Controllers", "StorageController", [f"{path}/Controllers/0"]
            ),
            f"{path}/Controllers/0": lambda path=path: _controller(bmc, path),
        }
        for name, group in drives_of(bmc, unit):
            found[drive_resource_path(bmc, name)] = lambda unit=unit, name=name, group=group: _drive(
                bmc, unit, name, group
            )
        if bmc.hardware.raid_types:
            found |= _volumes(bmc, unit)
    return found


def _storage(bmc: Bmc, unit: int) -> Json:
    path = storage_path(bmc, unit)
    drives = [{"@odata.id": drive_resource_path(bmc, name)} for name, _ in drives_of(bmc, unit)]
    body: Json = {
        "@odata.id": path,
        "@odata.type": "#Storage.v1_17_1.Storage",
        "Id": f"Unit_{unit}",
        "Name": "Storage",
        "Status": _status(bmc),
        "Drives": drives,
        "Drives@odata.count": len(drives),
        "Controllers": {"@odata.id": f"{path}/Controllers"},
    }
    if bmc.hardware.raid_types:
        body["Volumes"] = {"@odata.id": f"{path}/Volumes"}
    return body


def _controller(bmc: Bmc, path: str) -> Json:
    return {
        "@odata.id": f"{path}/Controllers/0",
        "@odata.type": "#StorageController.v1_7_3.StorageController",
        "Id": "0",
        "Name": "Storage Controller",
        "Manufacturer": bmc.profile.manufacturer,
        "Model": "Simulated controller",
        "SupportedRAIDTypes": list(bmc.hardware.raid_types),
        "Status": _status(bmc),
    }


def _drive(bmc: Bmc, unit: int, name: str, group: DriveGroup) -> Json:
    path = drive_resource_path(bmc, name)
    parts = bmc.machine.state.parts
    volume, erasing = parts.volume_of(name), parts.erasing.get(name)
    volumes = [] if volume is None else [{"@odata.id": f"{storage_path(bmc, unit)}/Volumes/{volume}"}]
    body: Json = {
        "@odata.id": path,
        "@odata.type": "#Drive.v1_20_1.Drive",
        "Id": name,
        "Name": f"Drive {name}",
        "Manufacturer": "Argosy",
        "Model": group.model,
        "SerialNumber": f"{bmc.server.serial}-{name}",
        "CapacityBytes": group.capacity_gb * _BYTES_PER_GB,
        "Protocol": group.protocol,
        "MediaType": "SSD",
        "Status": _status(bmc),
        "PhysicalLocation": {"PartLocation": {"ServiceLabel": name, "LocationType": "Bay"}},
        "Links": {
            "Volumes": volumes,
            "Volumes@odata.count": len(volumes),
            "Chassis": {"@odata.id": chassis_path(bmc)},
        },
        "Actions": {
            "#Drive.SecureErase": {
                "target": f"{path}/Actions/Drive.SecureErase",
                "SanitizationType@Redfish.AllowableValues": list(group.erases),
            }
        },
    }
    if erasing is not None:
        task = {"@odata.id": f"/redfish/v1/TaskService/Tasks/{erasing.task}"}
        body["Operations"] = [{"Operation": "Sanitize", "AssociatedTask": task}]
    return body


def _volumes(bmc: Bmc, unit: int) -> dict[str, Build]:
    top = f"{storage_path(bmc, unit)}/Volumes"
    here = {
        name: volume
        for name, volume in bmc.machine.state.parts.volumes.items()
        if unit_of_volume(bmc, volume) == unit
    }
    found: dict[str, Build] = {
        top: lambda: {
            **collection(top, "Volume", [f"{top}/{name}" for name in here]),
            "@Redfish.OperationApplyTimeSupport": {
                "@odata.type": "#Settings.v1_3_3.OperationApplyTimeSupport",
                "SupportedValues": ["Immediate"],
            },
        }
    }
    for name, volume in here.items():
        found[f"{top}/{name}"] = lambda name=name, volume=volume: _volume(bmc, unit, name, volume)
    return found


def _volume(bmc: Bmc, unit: int, name: str, volume: Volume) -> Json:
    storage = storage_path(bmc, unit)
    path = f"{storage}/Volumes/{name}"
    drives = [{"@odata.id": drive_resource_path(bmc, drive)} for drive in volume.drives]
    body: Json = {
        "@odata.id": path,
        "@odata.type": "#Volume.v1_10_0.Volume",
        "Id": name,
        "Name": volume.name,
        "RAIDType": volume.raid,
        "CapacityBytes": volume.capacity_bytes,
        "Status": _status(bmc),
        "Links": {"Drives": drives, "Drives@odata.count": len(drives)},
        "Actions": {
            "#Volume.Initialize": {
                "target": f"{path}/Actions/Volume.Initialize",
                "InitializeType@Redfish.AllowableValues": ["Fast", "Slow"],
            }
        },
    }
    if bmc.clock.now() < volume.initializes_until:
        body["Operations"] = [{"Operation": "Initialize"}]
    return body


def _status(bmc: Bmc) -> Json:
    # Drives and their controller hang on the server's main power.
    state = "Enabled" if bmc.machine.state.power == "On" else "StandbyOffline"
    return {"State": state, "Health": "OK"}
