"""Local Zones: parts of a region that stand elsewhere, and that an account opts in to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from argosy_aws.yaml_facts import read_facts


@dataclass(frozen=True)
class LocalZone:
    """A Local Zone with accelerators."""

    group: str
    """The zone group that the account opts in to, e.g. us-east-1-dfw-2."""
    parent: str
    """Id of the zone of the region through which it is reached."""
    quarter: int
    """Which quarter of the part of a site's range that Local Zones share is its own, 0 to 3."""


@lru_cache(maxsize=1)
def load_local_zones() -> Mapping[str, LocalZone]:
    """The Local Zones, by zone id; read once per process."""
    content = read_facts(__file__, "local_zones.yaml")
    return {zone: LocalZone(**about) for zone, about in content["zones"].items()}
