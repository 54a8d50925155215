"""What this provider must know of EC2 beyond the catalogue. Values and sources: `ec2.yaml`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Ec2Facts:
    """Zones and addresses of EC2."""

    zones: Mapping[str, tuple[str, ...]]
    """Region to its zone ids, sorted. Zone names are left out: they mean another zone in every account."""
    no_control_plane: frozenset[str]
    """Zone ids whose subnets EKS does not take for its control plane."""
    addresses_per_interface: Mapping[str, int]
    """Instance type to the IPv4 addresses that one of its interfaces holds."""

    def control_plane_zones(self, region: str) -> tuple[str, ...]:
        """The two zones of the region that carry the control plane's interfaces, whatever pools there are.

        They follow from the region alone, so that a new pool never moves a control plane.
        """
        return tuple(zone for zone in self.zones[region] if zone not in self.no_control_plane)[:2]


@lru_cache(maxsize=1)
def load_facts() -> Ec2Facts:
    """The facts, read once per process."""
    from ruamel.yaml import YAML

    path = Path(__file__).with_name("ec2.yaml")
    content: dict[str, Any] = YAML(typ="safe").load(path)  # pyright: ignore[reportUnknownMemberType]
    return Ec2Facts(
        zones={region: tuple(zones) for region, zones in content["zones"].items()},
        no_control_plane=frozenset(content["no_control_plane"]),
        addresses_per_interface={
            type_: addresses
            for addresses, types in content["addresses_per_interface"].items()
            for type_ in types
        },
    )
