"""What this provider must know of EC2 beyond the catalogue. Sources: `ec2.yaml`, `offerings.yaml`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from argosy_aws.yaml_facts import read_facts


@dataclass(frozen=True)
class RackScale:
    """What accelerators of a rack-scale system ask of their site."""

    kubernetes: str
    """The first minor version of Kubernetes whose pods can claim the system's NVLink."""
    images_since: int
    """Day of the first release of EKS's images that carries the system's software, e.g. 20251103."""
    taken_minutes_before: int
    """How long before the end of a Capacity Block EC2 takes the nodes, in minutes."""
    nodes: int
    """Nodes of the smallest system that is sold; larger ones are multiples of it."""


@dataclass(frozen=True)
class Ec2Facts:
    """Zones, offerings and accelerators of EC2."""

    zones: Mapping[str, tuple[str, ...]]
    """Region to its zone ids, sorted. Zone names are left out: they mean another zone in every account."""
    no_control_plane: frozenset[str]
    """Zone ids whose subnets EKS does not take for its control plane."""
    offerings: Mapping[str, frozenset[str]]
    """Instance type to the ids of the zones that offer it, without types that the source knows nowhere."""
    offerings_as_of: dt.date
    """The day of the offerings. AWS adds zones to types later, and never says when."""
    mig: frozenset[str]
    """Accelerators that can be cut into MIG instances on EC2."""
    own_image: frozenset[str]
    """Instance types that none of EKS's own images can drive."""
    rack_scale: Mapping[str, RackScale]
    """By accelerator."""

    def control_plane_zones(self, region: str) -> tuple[str, ...]:
        """The two zones of the region that carry the control plane's interfaces, whatever pools there are.

        They follow from the region alone, so that a new pool never moves a control plane.
        """
        return tuple(zone for zone in self.zones[region] if zone not in self.no_control_plane)[:2]

    def zones_that_offer(self, instance_type: str) -> Mapping[str, tuple[str, ...]] | None:
        """Region to the zones that offer a type; None where nothing is known of the type."""
        offered = self.offerings.get(instance_type)
        if offered is None:
            return None
        found = {
            region: tuple(zone for zone in zones if zone in offered) for region, zones in self.zones.items()
        }
        return {region: zones for region, zones in found.items() if zones}


@lru_cache(maxsize=1)
def load_facts() -> Ec2Facts:
    """The facts, read once per process."""
    content, offered = read_facts(__file__, "ec2.yaml"), read_facts(__file__, "offerings.yaml")
    return Ec2Facts(
        zones={region: tuple(zones) for region, zones in content["zones"].items()},
        no_control_plane=frozenset(content["no_control_plane"]),
        offerings={
            type_: frozenset(entry["zones"]) for entry in offered["offerings"] for type_ in entry["types"]
        },
        offerings_as_of=offered["source"]["as_of"],
        mig=frozenset(content["mig"]),
        own_image=frozenset(content["own_image"]),
        rack_scale={name: RackScale(**system) for name, system in content["rack_scale"].items()},
    )
