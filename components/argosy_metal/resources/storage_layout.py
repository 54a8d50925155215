"""`StorageLayout`: the RAID volumes of a claimed server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pulumi

from argosy_metal.resources.base import BareMetalResource

RaidType = Literal["RAID0", "RAID1", "RAID5", "RAID6", "RAID10"]


@dataclass(frozen=True)
class RaidVolume:
    """One volume. Its drives are named by `slots`, or so many are chosen, the smallest first."""

    name: str
    """Up to 8 lower-case letters and digits."""
    raid: RaidType
    slots: tuple[str, ...] = ()
    count: int | None = None
    protocol: Literal["NVMe", "SATA", "SAS"] | None = None
    min_capacity_gb: int | None = None
    """Of each drive, in thousand million bytes."""

    def wire(self) -> dict[str, Any]:
        """As the provider takes it."""
        drives = {
            "slots": list(self.slots) or None,
            "count": self.count,
            "protocol": self.protocol,
            "minCapacityGb": self.min_capacity_gb,
        }
        given = {name: value for name, value in drives.items() if value is not None}
        return {"name": self.name, "raid": self.raid, "drives": given}


class StorageLayout(BareMetalResource):
    """The RAID volumes of a claimed server. Other volumes replace it: what was on the old ones is lost.

    Refused while a machine is on the server. Let the Machine be replaced along, by `layout_digest`.
    """

    token = "baremetal:index:StorageLayout"  # noqa: S105 - a type token
    outputs = ("observed", "complete", "layout_digest")

    observed: pulumi.Output[Sequence[Mapping[str, Any]]]
    """Every volume of the server, also those that this layout did not make."""
    complete: pulumi.Output[bool]
    """Whether every volume of this layout is there."""
    layout_digest: pulumi.Output[str]
    """Changes with every volume that this layout makes."""

    def __init__(
        self,
        name: str,
        *,
        server_id: pulumi.Input[str],
        volumes: Sequence[RaidVolume],
        take_over: pulumi.Input[bool] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """`take_over`: delete volumes that this layout did not make where they hold drives that it needs."""
        inputs = {
            "server_id": server_id,
            "volumes": [volume.wire() for volume in volumes],
            "take_over": take_over,
        }
        super().__init__(name, inputs, opts)
