"""What can be done to storage: erase a drive, make, initialise and delete volumes."""

from __future__ import annotations

import json
from typing import Any, cast

from argosy_metal.simulator.bmc import Bmc
from argosy_metal.simulator.hardware import DriveGroup
from argosy_metal.simulator.parts import Erasing, fits
from argosy_metal.simulator.replies import Json, Reply, error, only_known
from argosy_metal.simulator.resources_storage import (
    drive_resource_path,
    drives_of,
    storage_path,
    unit_of_volume,
)
from argosy_metal.simulator.resources_tasks import accepted_as
from argosy_metal.simulator.tasks import Payload

_ERASE = "/Actions/Drive.SecureErase"
_INITIALIZE = "/Actions/Volume.Initialize"
_FAST_SECONDS, _SLOW_SECONDS = 5.0, 3600.0
_BYTES_PER_GB = 10**9
_OVERWRITE_GB_PER_SECOND = 0.5
_ERASE_SECONDS = {"CryptographicErase": 10.0, "BlockErase": 60.0}


def write_storage(bmc: Bmc, method: str, path: str, body: Json) -> Reply | None:
    """Carry out a write to storage; None if `path` is no such thing."""
    for unit in range(len(bmc.hardware.drives)):
        top = storage_path(bmc, unit)
        for name, group in drives_of(bmc, unit):
            if method == "POST" and path == f"{drive_resource_path(bmc, name)}{_ERASE}":
                return _erase(bmc, path, name, group, body)
        if not bmc.hardware.raid_types:
            continue
        if method == "POST" and path == f"{top}/Volumes":
            return _create(bmc, unit, body)
        for name, volume in bmc.machine.state.parts.volumes.items():
            if unit_of_volume(bmc, volume) != unit:
                continue
            if method == "DELETE" and path == f"{top}/Volumes/{name}":
                return _delete(bmc, name)
            if method == "POST" and path == f"{top}/Volumes/{name}{_INITIALIZE}":
                return _initialize(bmc, name, body)
    return None


def storage_methods(bmc: Bmc, path: str) -> tuple[str, ...]:
    """How storage may be written; `()` for what is no storage, or only read."""
    for unit in range(len(bmc.hardware.drives)):
        volumes = f"{storage_path(bmc, unit)}/Volumes"
        if path == volumes:
            return ("POST",)
        if path.startswith(f"{volumes}/"):
            return ("DELETE",)
    return ()


def _erase(bmc: Bmc, path: str, name: str, group: DriveGroup, body: Json) -> Reply:
    only_known("Drive.SecureErase", body, ("SanitizationType", "OverwritePasses"))
    method = body.get("SanitizationType", group.erases[0])
    if method not in group.erases:
        raise error(
            400, "ActionParameterValueNotInList", str(method), "SanitizationType", "Drive.SecureErase"
        )
    _needs_power(bmc)
    parts = bmc.machine.state.parts
    if parts.volume_of(name) is not None or name in parts.erasing:
        raise error(409, "ResourceInUse")
    seconds = _ERASE_SECONDS.get(method, group.capacity_gb / _OVERWRITE_GB_PER_SECOND)
    task = bmc.tasks.start(f"Erase {name}", seconds, Payload(path, json.dumps(body)))
    if not task.failed:
        parts.begin_erase(
            name, Erasing(method, task.id, task.ends, boots=name == bmc.hardware.drive_names[0])
        )
    bmc.machine.changed = True
    return accepted_as(bmc, task)


def _create(bmc: Bmc, unit: int, body: Json) -> Reply:
    raid, name = body.get("RAIDType"), body.get("Name", body.get("DisplayName", "Volume"))
    if raid not in bmc.hardware.raid_types:
        raise error(400, "PropertyValueNotInList", str(raid), "RAIDType")
    drives = _drives_in(bmc, unit, body)
    parts = bmc.machine.state.parts
    _needs_power(bmc)
    if not fits(str(raid), len(drives)):
        raise error(400, "PropertyValueNotInList", str(len(drives)), "Links/Drives")
    if any(parts.volume_of(drive) is not None or drive in parts.erasing for drive in drives):
        raise error(409, "ResourceInUse")
    smallest = bmc.hardware.drives[unit].capacity_gb * _BYTES_PER_GB
    made = parts.create_volume(str(name), str(raid), drives, smallest, until=bmc.clock.now() + _FAST_SECONDS)
    _touch(bmc, drives)
    if bmc.profile.answers_with_tasks:
        return accepted_as(bmc, bmc.tasks.start("Create volume"))
    return Reply(201, {}, {"Location": f"{storage_path(bmc, unit)}/Volumes/{made}"})


def _drives_in(bmc: Bmc, unit: int, body: Json) -> list[str]:
    links: Any = body.get("Links")
    given = cast(Json, links).get("Drives") if isinstance(links, dict) else None
    if not isinstance(given, list) or not given:
        raise error(400, "PropertyMissing", "Links/Drives")
    known = {drive_resource_path(bmc, name): name for name, _ in drives_of(bmc, unit)}
    paths = [str(cast(Json, link).get("@odata.id")) for link in cast("list[Any]", given)]
    for path in paths:
        if path not in known or paths.count(path) > 1:
            raise error(400, "PropertyValueNotInList", path, "Links/Drives")
    return [known[path] for path in paths]


def _delete(bmc: Bmc, name: str) -> Reply:
    _needs_power(bmc)
    volume = bmc.machine.state.parts.volumes.pop(name)
    _touch(bmc, volume.drives)
    return (
        accepted_as(bmc, bmc.tasks.start("Delete volume")) if bmc.profile.answers_with_tasks else Reply(204)
    )


def _initialize(bmc: Bmc, name: str, body: Json) -> Reply:
    only_known("Volume.Initialize", body, ("InitializeType",))
    how = body.get("InitializeType", "Fast")
    if how not in ("Fast", "Slow"):
        raise error(400, "ActionParameterValueNotInList", str(how), "InitializeType", "Volume.Initialize")
    _needs_power(bmc)
    volume = bmc.machine.state.parts.volumes[name]
    seconds = _FAST_SECONDS if how == "Fast" else _SLOW_SECONDS
    volume.initializes_until = bmc.clock.now() + seconds
    _touch(bmc, volume.drives)
    return accepted_as(bmc, bmc.tasks.start("Initialize volume", seconds))


def _touch(bmc: Bmc, drives: list[str]) -> None:
    """These drives do not hold any more what they held."""
    bmc.machine.changed = True
    if bmc.hardware.drive_names[0] in drives:
        bmc.machine.lose_system()


def _needs_power(bmc: Bmc) -> None:
    if bmc.machine.state.power != "On":
        raise error(409, "ResourceInStandby")
