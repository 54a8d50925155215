"""What AWS sells, and how much of it at once. Values and sources: `limits.yaml`."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from argosy_aws.yaml_facts import read_facts

_DAY, _WEEK_DAYS = dt.timedelta(days=1), 7


@dataclass(frozen=True)
class BlockLimits:
    """The limits of Capacity Blocks."""

    most_instances: int
    most_instances_at_once: int
    """Over all blocks that hold at one time."""
    daily_until: int
    most_days: int
    ends_at: dt.time

    def sells(self, length: dt.timedelta) -> bool:
        """Whether a block of this length is sold.

        Blocks are asked for in whole days or weeks. They end at a fixed time of the day but may start at any,
        so that what is offered is up to a day shorter or longer than what was asked for.
        """
        days = length / _DAY
        return any(self._is_asked_for(asked) for asked in (math.floor(days), math.ceil(days)))

    def _is_asked_for(self, days: int) -> bool:
        by_day = 1 <= days <= self.daily_until
        return by_day or (days % _WEEK_DAYS == 0 and self.daily_until < days <= self.most_days)


@dataclass(frozen=True)
class Limits:
    """The limits of what can be bought."""

    block: BlockLimits
    most_reserved_instances: int
    """Of one On-Demand Capacity Reservation."""
    future_dated_families: frozenset[str]
    ultraserver_types: frozenset[str]


@lru_cache(maxsize=1)
def load_limits() -> Limits:
    """The limits, read once per process."""
    content = read_facts(__file__, "limits.yaml")
    block: dict[str, Any] = content["capacity_blocks"]
    return Limits(
        block=BlockLimits(ends_at=dt.time.fromisoformat(block.pop("ends_at")), **block),
        most_reserved_instances=content["reservations"]["most_instances"],
        future_dated_families=frozenset(content["future_dated_families"]),
        ultraserver_types=frozenset(content["ultraserver_types"]),
    )
