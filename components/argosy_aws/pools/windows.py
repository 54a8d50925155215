"""When held capacity is there, and what makes a pool follow it. Nobody asks the clock: the plan says it all.

| the plan says | nodes when the group is made | what changes the number later |
|---|---|---|
| no start: it has begun | all | the plan |
| a start | none | one schedule at the start; the plan leaves the size alone |
| a Capacity Block's end | as above | one more schedule, `drain_minutes` before the end |

Once capacity has begun, delete `starts` from the fleet file: from then on the number is the plan's again, and
a group that has to be replaced comes back with its nodes.

The schedules are EventBridge's, not Auto Scaling's: one that has run stays where it is, so a later run finds
nothing to do. Auto Scaling forgets an action once it has run; the next refresh would make it again, and fail,
since its time has passed. EKS takes a block's nodes by itself 40 minutes before the end, whatever happens.
While a block runs, EKS updates a group's image or launch template only when the group has no node; no run
tries to (`argosy_aws.pools.node_group`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from argosy_aws.settings import settings_of_pool
from argosy_component.contract import NodePoolPlan

_DAY_MINUTES = 24 * 60


@dataclass(frozen=True)
class ResizeChoice:
    """One change of the number of nodes in a zone, at a moment."""

    event: Literal["start", "end"]
    zone: str
    moment: str
    """UTC, in the form of a schedule expression, e.g. 2027-03-08T11:30:00."""
    nodes: int
    retry_minutes: int
    """How long it is tried again when EKS is busy with the group."""

    @property
    def scaling_config(self) -> Mapping[str, int]:
        """What EKS is told. It takes no more nodes than the most there may be, which a run leaves alone."""
        return {"DesiredSize": self.nodes, **({"MaxSize": self.nodes} if self.nodes else {})}


def is_held(pool: NodePoolPlan) -> bool:
    """Whether the capacity is set aside for the pool, so that it exists once and is paid for anyway."""
    return pool.capacity_type in ("reserved", "block")


def waits(pool: NodePoolPlan) -> bool:
    """Whether the pool's capacity has not begun when its groups are made."""
    return is_held(pool) and pool.capacity_starts is not None


def choose_resizes(pool: NodePoolPlan) -> tuple[ResizeChoice, ...]:
    """The scheduled changes of a pool, by zone.

    Raises ValueError for a block that is drained before it begins.
    """
    start = _moment(pool.capacity_starts) if pool.capacity_starts and waits(pool) else None
    minutes = settings_of_pool(pool).drain_minutes
    end = None
    if pool.capacity_type == "block" and pool.capacity_ends is not None:
        end = _moment(pool.capacity_ends) - dt.timedelta(minutes=minutes)
    if start is not None and end is not None and end <= start:
        # `argosy_aws.refusals` says so with the line in the fleet file; this guards hand-made plans.
        raise ValueError(f"pool {pool.name}: its block is drained from {end}, before it begins at {start}")
    resizes: list[ResizeChoice] = []
    for zone, nodes in sorted(pool.by_zone.items()):
        if start is not None:
            resizes.append(ResizeChoice("start", zone, _shown(start), nodes, _DAY_MINUTES))
        if end is not None:
            resizes.append(ResizeChoice("end", zone, _shown(end), 0, minutes))
    return tuple(resizes)


def _moment(written: str) -> dt.datetime:
    return dt.datetime.fromisoformat(written).astimezone(dt.UTC)


def _shown(moment: dt.datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S")
