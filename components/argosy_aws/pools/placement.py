"""Where a pool's nodes stand to each other: packed for a fabric, or apart so that one failure hits few.

| capacity | role | placement |
|---|---|---|
| block | any | none: a block has its own place, and a group beside it makes launches fail |
| reserved | any | the group that the reservation was made in, if it was made in one; else none |
| on-demand, spot | training over EFA in one zone | a `cluster` group of the pool's own |
| on-demand, spot | inference | a `partition` group of the pool's own |
| on-demand, spot | other training | none |

Inference is spread by `partition` and not by `spread`: a spread group holds seven nodes in a zone, so the
eighth node of a growing pool would fail to launch, or another strategy would replace the group. Partitions
hold any number, each on racks of its own, and EC2 fills them evenly where it can.
"""

from __future__ import annotations

from dataclasses import dataclass

from argosy_aws.pools.facts import load_pool_facts
from argosy_aws.settings import settings_of_pool
from argosy_component.contract import NodePoolPlan


@dataclass(frozen=True)
class PlacementChoice:
    """A placement group. One that has a name exists already; the others are the pool's own."""

    strategy: str | None = None
    """`cluster` or `partition`; None for a group that exists."""
    partitions: int | None = None
    """Partitions in each zone, of a `partition` group only."""
    existing: str | None = None
    """Name of the group that exists."""


def choose_placement(pool: NodePoolPlan) -> PlacementChoice | None:
    """The placement group of a pool; None where there is none."""
    if pool.capacity_type == "reserved":
        existing = settings_of_pool(pool).placement_group
        return PlacementChoice(existing=existing) if existing else None
    if pool.capacity_type not in ("on-demand", "spot"):
        return None
    if pool.role == "inference":
        return PlacementChoice("partition", partitions=load_pool_facts().partitions)
    # A cluster group stands in one zone; so does a gang that talks over a fabric.
    gang = pool.node_type.fabric == "efa" and len(pool.by_zone) == 1
    return PlacementChoice("cluster") if gang else None
