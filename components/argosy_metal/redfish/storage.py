"""The storage of a server: drives, volumes, and the RAID levels its controllers make. Acts on volumes.

Observing and acting are kept apart, as in `system.py`. Sources: DSP8010 schemas Storage, StorageController,
Drive and Volume; HGX baseboards have no Storage, and many BMCs make no volumes.
"""

from __future__ import annotations

from dataclasses import dataclass

from argosy_metal.raid import RAID_TYPES
from argosy_metal.redfish.client import RedfishClient
from argosy_metal.redfish.errors import BmcRefusedError
from argosy_metal.redfish.members import links, member_links
from argosy_metal.redfish.messages import Json, as_list, as_object, number_at, object_at, text_at, texts_at

ERASE = "#Drive.SecureErase"
_BYTES_PER_GB = 10**9
_SOONEST = "Immediate"
_NO_SERIAL = frozenset({"n/a", "na", "none", "null", "unknown", "not available", "not specified"})


@dataclass(frozen=True)
class Drive:
    """What a look at one drive showed. Empty strings stand for what the BMC does not tell."""

    path: str
    name: str
    """Its id, which differs from vendor to vendor."""
    label: str
    """What is printed at its slot, where the BMC tells; else the id."""
    serial: str
    """Two drives may tell the same one."""
    capacity_gb: int
    """Thousand million bytes."""
    protocol: str
    """`NVMe`, `SATA`, `SAS`."""
    media: str
    """`SSD`, `HDD`."""
    is_usable: bool
    """Enabled and not failed; drives of a server that is off are not enabled."""
    erases: tuple[str, ...]
    """The ways of sanitising it offers."""
    erase_target: str
    """Where the action is sent; empty if there is none."""
    volumes: tuple[str, ...]
    """Paths of the volumes it is part of."""
    tasks: tuple[str, ...]
    """Paths of the tasks of operations that run on it."""


@dataclass(frozen=True)
class Volume:
    """What a look at one volume showed."""

    path: str
    name: str
    raid: str
    capacity_gb: int
    drives: tuple[str, ...]
    """Paths, sorted."""


@dataclass(frozen=True)
class StorageUnit:
    """One `Storage`: drives on the same controllers. A volume lies within one."""

    path: str
    raid_types: tuple[str, ...]
    """RAID levels that its controllers make; none: no volumes can be made here."""
    volumes_path: str
    """Of the collection of volumes; empty if there is none."""
    drives: tuple[Drive, ...]
    volumes: tuple[Volume, ...]
    apply_times: tuple[str, ...] = ()
    """When a volume may be made: `Immediate`, `OnReset`; empty if the BMC does not say."""

    @property
    def makes_volumes(self) -> bool:
        """Whether volumes can be made here at once."""
        now = not self.apply_times or _SOONEST in self.apply_times
        return bool(self.volumes_path and self.raid_types and now)


async def observe_storage(client: RedfishClient, system_path: str) -> tuple[StorageUnit, ...]:
    """Look at all storage of one system; none if it has none."""
    operation = "observe the storage"
    system = (await client.get(system_path, operation)).body
    top = text_at(system, "Storage", "@odata.id")
    if top is None:
        return ()
    return tuple([await _unit(client, path) for path in await member_links(client, top, operation)])


async def observe_drive(client: RedfishClient, path: str) -> Drive:
    """Look at one drive again."""
    operation = "observe a drive"
    body = (await client.get(path, operation)).body
    name = text_at(body, "Id") or path.rpartition("/")[2]
    health, state = text_at(body, "Status", "Health"), text_at(body, "Status", "State")
    operations = (as_object(entry) for entry in as_list(body.get("Operations")))
    tasks = (text_at(entry, "AssociatedTask", "@odata.id") for entry in operations)
    return Drive(
        path=path,
        name=name,
        label=text_at(body, "PhysicalLocation", "PartLocation", "ServiceLabel") or name,
        serial=_serial(body),
        capacity_gb=_gigabytes(body),
        protocol=text_at(body, "Protocol") or "",
        media=text_at(body, "MediaType") or "",
        is_usable=state in (None, "Enabled") and health != "Critical",
        erases=await _erases(client, body),
        erase_target=text_at(body, "Actions", ERASE, "target") or "",
        volumes=await links(client, body, operation, "Links", "Volumes"),
        tasks=tuple(task for task in tasks if task),
    )


async def create_volume(
    client: RedfishClient, unit: StorageUnit, name: str, raid: str, drives: tuple[str, ...]
) -> None:
    """Make a volume of drives of the unit, by their paths. What is on them is lost.

    Raises BmcRefusedError if the unit does not make such volumes at once, and what a POST raises.
    """
    operation = f"make volume {name}"
    if not unit.makes_volumes or raid not in unit.raid_types:
        offered = ", ".join(unit.raid_types) or "none"
        raise BmcRefusedError(client.host, operation, f"{unit.path} makes volumes of these levels: {offered}")
    body: Json = {
        "Name": name,
        "RAIDType": raid,
        "Links": {"Drives": [{"@odata.id": path} for path in drives]},
    }
    if unit.apply_times:
        body["@Redfish.OperationApplyTime"] = _SOONEST
    await client.post(unit.volumes_path, body, operation)


async def delete_volume(client: RedfishClient, volume: Volume) -> None:
    """Delete a volume. What is on its drives is lost."""
    await client.delete(volume.path, f"delete volume {volume.name}")


async def _unit(client: RedfishClient, path: str) -> StorageUnit:
    operation = "observe the storage"
    body = (await client.get(path, operation)).body
    drives = [await observe_drive(client, link) for link in await links(client, body, operation, "Drives")]
    volumes_path = text_at(body, "Volumes", "@odata.id") or ""
    volumes: list[Volume] = []
    apply_times: tuple[str, ...] = ()
    if volumes_path:
        collection = (await client.get(volumes_path, operation)).body
        apply_times = texts_at(collection, "@Redfish.OperationApplyTimeSupport", "SupportedValues")
        members = await links(client, collection, operation, "Members")
        volumes = [await _volume(client, link) for link in members]
    return StorageUnit(
        path, await _raid_types(client, body), volumes_path, tuple(drives), tuple(volumes), apply_times
    )


async def _raid_types(client: RedfishClient, storage: Json) -> tuple[str, ...]:
    """From the controllers, which older BMCs list inside the storage itself."""
    found = [
        raid
        for controller in as_list(storage.get("StorageControllers"))
        for raid in texts_at(as_object(controller), "SupportedRAIDTypes")
    ]
    if (link := text_at(storage, "Controllers", "@odata.id")) is not None:
        for path in await member_links(client, link, "observe the controllers"):
            found += texts_at((await client.get(path, "observe a controller")).body, "SupportedRAIDTypes")
    return tuple(raid for raid in RAID_TYPES if raid in found)


async def _erases(client: RedfishClient, drive: Json) -> tuple[str, ...]:
    action = object_at(drive, "Actions", ERASE)
    offered = texts_at(action, "SanitizationType@Redfish.AllowableValues")
    link = text_at(action, "@Redfish.ActionInfo")
    if offered or link is None:
        return offered
    answer = await client.get(link, "read the ways of erasing")
    parameters = (as_object(entry) for entry in as_list(answer.body.get("Parameters")))
    named = (entry for entry in parameters if text_at(entry, "Name") == "SanitizationType")
    return next((texts_at(entry, "AllowableValues") for entry in named), ())


async def _volume(client: RedfishClient, path: str) -> Volume:
    operation = "observe a volume"
    body = (await client.get(path, operation)).body
    return Volume(
        path=path,
        # What a volume was called when it was made shows as Name, or as DisplayName (HPE).
        name=text_at(body, "DisplayName") or text_at(body, "Name") or "",
        raid=text_at(body, "RAIDType") or "",
        capacity_gb=_gigabytes(body),
        drives=tuple(sorted(await links(client, body, operation, "Links", "Drives"))),
    )


def _serial(body: Json) -> str:
    """Empty for what stands in many drives that have none."""
    told = (text_at(body, "SerialNumber") or "").strip()
    return "" if told.casefold() in _NO_SERIAL or not told.strip("0") else told


def _gigabytes(body: Json) -> int:
    return round((number_at(body, "CapacityBytes") or 0) / _BYTES_PER_GB)
