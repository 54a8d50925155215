"""`settings.storage` of a pool: the RAID volumes of its servers. Shapes, and what they come to."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, StrictBool, StrictInt, StringConstraints, model_validator

from argosy.spec.values import SpecModel, Text
from argosy_metal.raid import VOLUME_NAME_PATTERN, fits_raid

Count = Annotated[StrictInt, Field(ge=1)]
VolumeName = Annotated[str, StringConstraints(pattern=f"^{VOLUME_NAME_PATTERN}$")]


class DriveSelectorSettings(SpecModel):
    """Which drives a volume is made of: by their slots, or so many of a kind, the smallest first."""

    slots: Annotated[list[Text], Field(min_length=1)] | None = None
    """Labels or ids of the drives, as the BMC shows them."""
    count: Count | None = None
    protocol: Literal["nvme", "sata", "sas"] | None = None
    min_capacity_gb: Count | None = None
    """Of each drive, in thousand million bytes."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.slots is None) == (self.count is None):
            raise ValueError("give either slots or count")
        if self.slots is not None and (self.protocol or self.min_capacity_gb):
            raise ValueError("slots name the drives themselves; leave out protocol and min_capacity_gb")
        return self


class VolumeSettings(SpecModel):
    """One RAID volume."""

    raid: Literal["raid0", "raid1", "raid5", "raid6", "raid10"]
    drives: DriveSelectorSettings

    @model_validator(mode="after")
    def _enough(self) -> Self:
        count = len(self.drives.slots) if self.drives.slots else self.drives.count or 0
        if not fits_raid(self.raid.upper(), count):
            raise ValueError(f"no {self.raid} is made of {count} drives")
        return self


class StoragePoolSettings(SpecModel):
    """The volumes of every server of the pool. A change of them takes their data, and needs new machines."""

    volumes: Annotated[dict[VolumeName, VolumeSettings], Field(min_length=1)]
    take_over: StrictBool = False
    """Delete volumes that were there before where they hold drives that these need."""


_PROTOCOLS = {"nvme": "NVMe", "sata": "SATA", "sas": "SAS"}


def storage_arguments(storage: StoragePoolSettings) -> dict[str, Any]:
    """Arguments of `argosy_metal.resources.StorageLayout` beside its server; volumes as of `RaidVolume`."""
    volumes = [
        {"name": name, "raid": volume.raid.upper(), **_drives(volume.drives)}
        for name, volume in sorted(storage.volumes.items())
    ]
    return {"volumes": volumes} | ({"take_over": True} if storage.take_over else {})


def _drives(drives: DriveSelectorSettings) -> dict[str, Any]:
    if drives.slots is not None:
        return {"slots": tuple(drives.slots)}
    given = {
        "count": drives.count,
        "protocol": _PROTOCOLS[drives.protocol] if drives.protocol else None,
        "min_capacity_gb": drives.min_capacity_gb,
    }
    return {name: value for name, value in given.items() if value is not None}
