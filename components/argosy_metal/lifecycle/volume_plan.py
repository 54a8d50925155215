"""Which volumes to keep, delete and make so that a server's storage is as wanted. Pure.

A volume that this claim made carries the claim's mark in its name, so it is known again after a killed run, a
lost state and a replacement. All others are somebody else's: they and their drives are left alone, unless the
program takes the drives over by its explicit word.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from argosy_metal.claims import Claim
from argosy_metal.raid import VOLUME_NAME_PATTERN, drives_needed, fits_raid
from argosy_metal.redfish.storage import Drive, StorageUnit, Volume

_MARK_DIGITS = 6


@dataclass(frozen=True)
class WantedVolume:
    """One volume, and how its drives are chosen: by their slots, or so many of a kind."""

    name: str
    raid: str
    """Redfish's `RAIDType`."""
    slots: tuple[str, ...] = ()
    """Labels or ids of the drives; empty: by `count`."""
    count: int = 0
    protocol: str | None = None
    """`NVMe`, `SATA`, `SAS`; None: any."""
    min_capacity_gb: int = 0
    """Of each drive, in thousand million bytes."""


@dataclass(frozen=True)
class NewVolume:
    """A volume to be made."""

    unit: StorageUnit
    name: str
    """With the mark."""
    raid: str
    drives: tuple[Drive, ...]


@dataclass(frozen=True)
class VolumePlan:
    """What is to be done. `faults` says why it cannot be."""

    keep: tuple[Volume, ...] = ()
    delete: tuple[Volume, ...] = ()
    create: tuple[NewVolume, ...] = ()
    faults: tuple[str, ...] = ()

    @property
    def is_done(self) -> bool:
        """Whether all is as wanted."""
        return not (self.delete or self.create or self.faults)


@dataclass
class _Choice:
    """The plan as it grows: drives that are taken, and volumes that hold them."""

    units: Sequence[StorageUnit]
    foreign: Sequence[Volume]
    take_over: bool
    taken: set[str] = field(default_factory=set[str])
    faults: list[str] = field(default_factory=list[str])

    def holder(self, drive: Drive) -> Volume | None:
        """The volume of somebody else that a drive is part of."""
        return next((volume for volume in self.foreign if drive.path in volume.drives), None)

    def is_free(self, drive: Drive) -> bool:
        return drive.path not in self.taken and (self.take_over or self.holder(drive) is None)


def volume_mark(store_id: str, claim: Claim) -> str:
    """What this claim's volumes carry in their names: no other claim, owner or claims store has the same."""
    parts = (store_id, claim.owner, claim.site, claim.serial, claim.generation)
    return hashlib.sha256("/".join(str(part) for part in parts).encode()).hexdigest()[:_MARK_DIGITS]


def plan_volumes(
    units: Sequence[StorageUnit], wanted: Sequence[WantedVolume], mark: str, *, take_over: bool
) -> VolumePlan:
    """The same for the same storage and wishes, however often it is asked."""
    found = [volume for unit in units for volume in unit.volumes]
    ours = [volume for volume in found if is_ours(volume, mark)]
    choice = _Choice(units, [volume for volume in found if not is_ours(volume, mark)], take_over)
    keep = {one.name: volume for one in wanted if (volume := _as_wanted(units, ours, one, mark)) is not None}
    choice.taken |= {drive for volume in keep.values() for drive in volume.drives}
    create: list[NewVolume] = []
    missing = [one for one in wanted if one.name not in keep]
    # Slots first, so that no count takes a drive that is asked for by name.
    for one in sorted(missing, key=lambda one: not one.slots):
        new = _choose(choice, one, mark)
        if new is not None:
            create.append(new)
            choice.taken |= {drive.path for drive in new.drives}
    delete = [volume for volume in ours if volume not in keep.values()]
    delete += [volume for volume in choice.foreign if _is_touched(volume, create)]
    return VolumePlan(tuple(keep.values()), tuple(delete), tuple(create), tuple(choice.faults))


def is_ours(volume: Volume, mark: str) -> bool:
    """Whether the claim with this mark made the volume."""
    return re.fullmatch(f"{VOLUME_NAME_PATTERN}-{mark}", volume.name) is not None


def full_name(name: str, mark: str) -> str:
    """What a volume is called on the controller."""
    return f"{name}-{mark}"


def _as_wanted(
    units: Sequence[StorageUnit], ours: Iterable[Volume], one: WantedVolume, mark: str
) -> Volume | None:
    drives = {drive.path: drive for unit in units for drive in unit.drives}
    for volume in ours:
        held = [drives[path] for path in volume.drives if path in drives]
        if volume.name != full_name(one.name, mark) or volume.raid != one.raid:
            continue
        if one.slots and {drive.path for drive in held} == {
            drive.path for drive in drives.values() if _is_named(drive, one.slots)
        }:
            return volume
        if not one.slots and len(held) == one.count and all(_is_like(drive, one) for drive in held):
            return volume
    return None


def _choose(choice: _Choice, one: WantedVolume, mark: str) -> NewVolume | None:
    count = len(one.slots) or one.count
    if not fits_raid(one.raid, count):
        choice.faults.append(
            f"volume {one.name}: {one.raid} is not made of {count} drives; it needs {drives_needed(one.raid)}"
        )
        return None
    makers = [unit for unit in choice.units if unit.makes_volumes and one.raid in unit.raid_types]
    if not makers:
        offered = sorted({raid for unit in choice.units if unit.makes_volumes for raid in unit.raid_types})
        choice.faults.append(
            f"volume {one.name}: the BMC makes no {one.raid}, but {', '.join(offered) or 'no volumes at all'}"
        )
        return None
    return _by_slots(choice, makers, one, mark) if one.slots else _by_count(choice, makers, one, mark)


def _by_slots(
    choice: _Choice, makers: Sequence[StorageUnit], one: WantedVolume, mark: str
) -> NewVolume | None:
    unit = next((u for u in makers if any(_is_named(drive, one.slots) for drive in u.drives)), makers[0])
    faults: list[str] = []
    drives: list[Drive] = []
    for slot in one.slots:
        drive = next((drive for drive in unit.drives if slot in (drive.label, drive.name)), None)
        if drive is None:
            known = ", ".join(sorted(drive.label for drive in unit.drives))
            faults.append(f"volume {one.name}: there is no drive {slot} beside {known}")
        elif drive.path in choice.taken:
            faults.append(f"volume {one.name}: drive {slot} is in another volume of this layout")
        elif not choice.is_free(drive):
            faults.append(f"volume {one.name}: drive {slot} {_is_held(choice.holder(drive))}")
        else:
            drives.append(drive)
    choice.faults += faults
    return None if faults else NewVolume(unit, full_name(one.name, mark), one.raid, tuple(drives))


def _by_count(
    choice: _Choice, makers: Sequence[StorageUnit], one: WantedVolume, mark: str
) -> NewVolume | None:
    most = 0
    for unit in makers:
        fitting = [drive for drive in unit.drives if _is_like(drive, one)]
        free = sorted((drive for drive in fitting if choice.is_free(drive)), key=_order)
        if len(free) >= one.count:
            return NewVolume(unit, full_name(one.name, mark), one.raid, tuple(free[: one.count]))
        most = max(most, len(free))
    drives = [drive for unit in makers for drive in unit.drives if _is_like(drive, one)]
    held = sorted({v.name for drive in drives if (v := choice.holder(drive)) is not None})
    told = f"; volumes that this layout did not make hold others: {', '.join(held)}" if held else ""
    choice.faults.append(
        f"volume {one.name}: {one.count} drives are wanted ({_kind(one)}), and {most} on one controller are"
        f" free{told}"
    )
    return None


def _is_touched(volume: Volume, create: Iterable[NewVolume]) -> bool:
    return any(drive.path in volume.drives for new in create for drive in new.drives)


def _is_named(drive: Drive, slots: Sequence[str]) -> bool:
    return drive.label in slots or drive.name in slots


def _is_like(drive: Drive, one: WantedVolume) -> bool:
    return drive.capacity_gb >= one.min_capacity_gb and one.protocol in (None, drive.protocol)


def _is_held(holder: Volume | None) -> str:
    name = "" if holder is None else f" {holder.name}"
    return f"is part of volume{name}, which this layout did not make; `takeOver: true` deletes that volume"


def _kind(one: WantedVolume) -> str:
    return f"{one.protocol or 'any protocol'}, {one.min_capacity_gb} GB or more each"


def _order(drive: Drive) -> tuple[int, list[tuple[int, str]]]:
    """The smallest first; then by slot, where 10 comes after 9."""
    parts = re.split(r"(\d+)", drive.label)
    return drive.capacity_gb, [(int(part), "") if part.isdigit() else (0, part) for part in parts]
