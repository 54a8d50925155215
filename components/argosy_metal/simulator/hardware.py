"""What stands in simulated servers beside their BMC, from `hardware.yaml`: drives, RAID, power, cooling."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

EraseMethod = Literal["BlockErase", "CryptographicErase", "Overwrite"]
"""Redfish's `DataSanitizationType`."""
RaidType = Literal["RAID0", "RAID1", "RAID5", "RAID6", "RAID10"]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Fact(_Model):
    says: str
    url: str
    as_of: dt.date
    confidence: Literal["verified", "secondary", "memory", "estimate"]


class DriveGroup(_Model):
    """Like drives in numbered slots."""

    count: int
    slot: str
    """With `{}` for the number, which begins at 0."""
    model: str
    capacity_gb: int
    """Thousand million bytes."""
    protocol: Literal["NVMe", "SATA", "SAS"]
    erases: tuple[EraseMethod, ...]


class Limit(_Model):
    """The range within which draw can be limited. It stands at the most at first."""

    min_watts: float
    max_watts: float


class NodeLimit(Limit):
    """The limit of a whole server, and the resource it stands in."""

    place: Literal["environment", "power"]
    """`EnvironmentMetrics`, or the deprecated `Power`, of the server's chassis."""


class Hardware(_Model):
    """One model of server."""

    drives: tuple[DriveGroup, ...] = ()
    raid_types: tuple[RaidType, ...] = ()
    """None: the BMC makes no volumes."""
    supplies: int = 0
    supply_watts: float = 0
    node_limit: NodeLimit | None = None
    gpu_name: str = "GPU_{}"
    gpu_limit: Limit = Limit(min_watts=200, max_watts=700)
    modules: int = 0
    """Processor modules with a limit of their own, `Chassis/HGX_ProcessorModule_N`."""
    module_limit: Limit | None = None
    liquid_cooled: bool = False

    @property
    def drive_names(self) -> tuple[str, ...]:
        """Ids of all drives. The system boots from the first."""
        return tuple(name for name, _ in self.numbered_drives())

    def numbered_drives(self) -> tuple[tuple[str, DriveGroup], ...]:
        """Every drive's id and what it is like."""
        return tuple(
            (group.slot.format(number), group) for group in self.drives for number in range(group.count)
        )


class _File(_Model):
    facts: Annotated[tuple[_Fact, ...], Field(min_length=1)]
    default: Mapping[str, Any]
    vendors: Mapping[str, Mapping[str, Any]]
    server_types: Mapping[str, Mapping[str, Any]]


@cache
def _file() -> _File:
    from ruamel.yaml import YAML

    text = files("argosy_metal.simulator").joinpath("hardware.yaml").read_text(encoding="utf-8")
    return _File.model_validate(YAML(typ="safe").load(text))  # pyright: ignore[reportUnknownMemberType]


@cache
def hardware_of(server_type: str, vendor: str) -> Hardware:
    """What is in a server of a type of the catalogue; a vendor's usual server if the type is not known."""
    file = _file()
    special = file.server_types.get(server_type) or file.vendors.get(vendor, {})
    return Hardware.model_validate({**file.default, **special})
