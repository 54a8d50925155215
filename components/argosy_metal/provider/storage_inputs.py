"""What a StorageLayout takes: volumes, and how their drives are chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from argosy_metal.lifecycle.volume_plan import WantedVolume
from argosy_metal.provider.checks import Failure, Rule, check_inputs, text, texts
from argosy_metal.provider.properties import INTEGER, STRING, STRINGS, reference
from argosy_metal.provider.values import Unknown
from argosy_metal.raid import VOLUME_NAME_PATTERN, fits_raid

VOLUME_TYPE = "baremetal:index:RaidVolume"
DRIVES_TYPE = "baremetal:index:DriveSelector"
TYPES: Mapping[str, Mapping[str, Any]] = {
    VOLUME_TYPE: {
        "type": "object",
        "properties": {"name": STRING, "raid": STRING, "drives": reference(DRIVES_TYPE)},
        "required": ["drives", "name", "raid"],
    },
    DRIVES_TYPE: {
        "type": "object",
        "properties": {
            "slots": STRINGS,
            "count": INTEGER,
            "protocol": STRING,
            "minCapacityGb": INTEGER,
        },
    },
}
_VOLUME: Mapping[str, Rule] = {
    "name": text(VOLUME_NAME_PATTERN, "a lower-case name of 8 letters and digits at most"),
    "raid": text("RAID(0|1|5|6|10)", "RAID0, RAID1, RAID5, RAID6 or RAID10"),
    "drives": lambda value: (
        None if isinstance(value, dict) else f"given {type(value).__name__}; expected slots or a count"
    ),
}


def is_list(value: Any) -> str | None:
    """A list of at least one volume."""
    if isinstance(value, list) and value:
        return None
    return f"given {value!r}; expected at least one volume"


def check_volumes(value: Any) -> list[Failure]:
    """Every failure inside a list of volumes."""
    if not isinstance(value, list):
        return []
    failures: list[Failure] = []
    names: list[object] = []
    for index, entry in enumerate(cast("list[Any]", value)):
        place = f"volumes[{index}]"
        if isinstance(entry, Unknown):
            continue
        if not isinstance(entry, dict):
            failures.append((place, f"given {type(entry).__name__}; expected name, raid and drives"))
            continue
        volume = cast("dict[str, Any]", entry)
        failures += check_inputs(volume, _VOLUME, {}, prefix=f"{place}.")
        failures += _check_drives(volume, place)
        if (name := volume.get("name")) in names:
            failures.append((f"{place}.name", f"given {name!r} a second time; names are unique"))
        names.append(name)
    return failures


def wanted_volumes(value: Sequence[Mapping[str, Any]]) -> tuple[WantedVolume, ...]:
    """Volumes that `check_volumes` has accepted."""
    return tuple(_wanted(volume) for volume in value)


def _wanted(volume: Mapping[str, Any]) -> WantedVolume:
    drives: Mapping[str, Any] = volume["drives"]
    return WantedVolume(
        name=volume["name"],
        raid=volume["raid"],
        slots=tuple(drives.get("slots", ())),
        count=drives.get("count", 0),
        protocol=drives.get("protocol"),
        min_capacity_gb=drives.get("minCapacityGb", 0),
    )


def _check_drives(volume: Mapping[str, Any], place: str) -> list[Failure]:
    given = volume.get("drives")
    if not isinstance(given, dict):
        return []
    drives = cast("dict[str, Any]", given)
    rules: dict[str, Rule] = {
        "slots": texts("labels or ids of the drives, at least one"),
        "count": _whole,
        "protocol": text("NVMe|SATA|SAS", "NVMe, SATA or SAS"),
        "minCapacityGb": _whole,
    }
    failures = check_inputs(drives, {}, rules, prefix=f"{place}.drives.")
    by_slots, by_count = "slots" in drives, "count" in drives
    if by_slots == by_count or (by_slots and len(drives) > 1):
        failures.append((f"{place}.drives", "give either slots, or a count with protocol and minCapacityGb"))
    elif not failures:
        failures += _check_count(volume, drives, place)
    return failures


def _check_count(volume: Mapping[str, Any], drives: Mapping[str, Any], place: str) -> list[Failure]:
    raid, slots = volume.get("raid"), drives.get("slots")
    count: Any = len(slots) if isinstance(slots, list) else drives.get("count")  # pyright: ignore[reportUnknownArgumentType]
    if not isinstance(raid, str) or not isinstance(count, int) or _VOLUME["raid"](raid) is not None:
        return []
    if fits_raid(raid, count):
        return []
    return [(f"{place}.drives", f"given {count} drives, of which no {raid} is made")]


def _whole(value: Any) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return None
    return f"given {value!r}; expected a whole number of 1 or more"
