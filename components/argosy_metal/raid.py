"""RAID levels: how many drives each is made of. Pure, and free of every SDK, for the fleet file's checks."""

from __future__ import annotations

VOLUME_NAME_PATTERN = "[a-z][a-z0-9]{0,7}"
"""With a mark of a hyphen and six digits behind it, a name has as many characters as RAID controllers take:
15 (Dell PERC and Broadcom MegaRAID; from memory, 2026-11-27)."""
_LEAST_DRIVES = {"RAID0": 1, "RAID1": 2, "RAID5": 3, "RAID6": 4, "RAID10": 4}
RAID_TYPES = tuple(_LEAST_DRIVES)
"""Redfish's `RAIDType`, as far as volumes are made of it. Source: DSP8010 schema Volume, after SNIA's DDF."""


def fits_raid(raid: str, drives: int) -> bool:
    """Whether so many drives make a volume of that level."""
    if raid == "RAID1":
        return drives == _LEAST_DRIVES[raid]
    return drives >= _LEAST_DRIVES[raid] and (raid != "RAID10" or drives % 2 == 0)


def drives_needed(raid: str) -> str:
    """In words how many drives a level needs."""
    more = {"RAID1": "exactly", "RAID10": "an even number, at least"}.get(raid, "at least")
    return f"{more} {_LEAST_DRIVES[raid]}"
