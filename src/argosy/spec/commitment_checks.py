"""What a pool says of nodes that are paid for ahead: how many, in which multiples, until when, how ready."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import TYPE_CHECKING

from argosy.spec.models import CapacitySpec, NodePoolSpec, NodeRange
from argosy.spec.words import counted

if TYPE_CHECKING:
    from argosy.errors import Fault
    from argosy.spec.loader import LoadedFleet

COMMITTED = ("reserved", "block")
"""Capacity of clouds that is paid for whether nodes run or not."""
MARKET = ("on-demand", "spot", "flex")
"""Capacity that is paid for while nodes run, and gone when they do not."""


def check_multiple(fleet: LoadedFleet, at: str, pool: NodePoolSpec) -> Iterator[Fault]:
    """The fault of a pool that can never hold nodes in the multiples in which they come."""
    size = pool.capacity.multiple_of if pool.capacity else 1
    low, high = _bounds(pool)
    first = -(-max(low, 1) // size) * size
    if low > high or high == 0 or first <= high:
        return
    less, more = high // size * size, first
    if isinstance(pool.nodes, NodeRange):
        given, fix = f"a range from {low} to {high} with no multiple of {size} above 0", f"write max: {more}"
    else:
        given = f"{counted(high, 'node')}, where they come in multiples of {size}"
        fix = f"write nodes: {more}" + (f", or nodes: {less}" if less else "")
    yield fleet.fault(f"{at}.nodes", given=given, expected=f"a multiple of {size}", fix=fix)


def check_commitment(fleet: LoadedFleet, at: str, pool: NodePoolSpec) -> Iterator[Fault]:
    """Faults of what is paid for ahead, and of nodes that are held but cannot be."""
    capacity = pool.capacity
    if capacity is None:
        return
    yield from _check_held_nodes(fleet, at, pool, capacity)
    yield from _check_start(fleet, f"{at}.capacity", capacity)
    yield from _check_end(fleet, f"{at}.capacity", capacity)
    if pool.readiness == "cold" and capacity.type in MARKET:
        yield fleet.fault(
            f"{at}.readiness",
            given=f"cold nodes of {capacity.type} capacity, of which none is held while it does not run",
            expected="cold for owned, reserved or block nodes only",
            fix="delete it, or reserve the nodes",
        )


def _check_held_nodes(
    fleet: LoadedFleet, at: str, pool: NodePoolSpec, capacity: CapacitySpec
) -> Iterator[Fault]:
    held, (low, _) = capacity.nodes, _bounds(pool)
    if held is None:
        return
    if capacity.type not in COMMITTED:
        yield fleet.fault(
            f"{at}.capacity.nodes",
            given=f"`nodes` for {capacity.type} capacity, which holds none ahead",
            expected="`nodes` with reserved or block capacity only",
            fix="delete it; the pool's own `nodes` says how many there are",
        )
    elif low > held:
        yield fleet.fault(
            f"{at}.capacity.nodes",
            given=f"a {_noun(capacity)} of {counted(held, 'node')} for a pool of at least {low}",
            expected=f"a {_noun(capacity)} that the pool fits in",
            fix=f"write nodes: {held}, or buy {counted(low - held, 'node')} more first",
        )


def _check_start(fleet: LoadedFleet, at: str, capacity: CapacitySpec) -> Iterator[Fault]:
    starts, since = capacity.starts, fleet.spec.since
    if starts is None:
        return
    if capacity.type not in COMMITTED:
        yield fleet.fault(
            f"{at}.starts",
            given=f"`starts` for {capacity.type} capacity, which has no beginning",
            expected="`starts` with reserved or block capacity only",
            fix="delete it",
        )
    elif capacity.ends is not None and starts >= capacity.ends:
        yield fleet.fault(
            f"{at}.starts",
            given=f"a {_noun(capacity)} that starts {_shown(starts)} and ends {_shown(capacity.ends)}",
            expected="a start before the end",
            fix="swap them",
        )
    elif since is None:
        yield fleet.fault(
            f"{at}.starts",
            given=f"a {_noun(capacity)} that starts {_shown(starts)}, in a plan that may hold before",
            expected="`since` at the top of the file, or what is not there yet would be counted",
            fix=f"write since: {_shown(starts)}, or delete `starts` once it has begun",
        )
    elif starts > since:
        yield fleet.fault(
            f"{at}.starts",
            given=f"a {_noun(capacity)} that starts {_shown(starts)}, after the plan's `since`",
            expected="one that has begun by then",
            fix=f"take other capacity until then, or write since: {_shown(starts)}",
        )


def _check_end(fleet: LoadedFleet, at: str, capacity: CapacitySpec) -> Iterator[Fault]:
    ends, until = capacity.ends, fleet.spec.until
    if ends is not None and until is not None and ends < until:
        yield fleet.fault(
            f"{at}.ends",
            given=f"a {_noun(capacity)} that ends {_shown(ends)}, before the plan's `until` {_shown(until)}",
            expected="one that lasts until then",
            fix=f"extend it with the vendor, take other capacity, or write until: {_shown(ends)}",
        )


def _bounds(pool: NodePoolSpec) -> tuple[int, int]:
    return (pool.nodes.min, pool.nodes.max) if isinstance(pool.nodes, NodeRange) else (pool.nodes, pool.nodes)


def _noun(capacity: CapacitySpec) -> str:
    return "block" if capacity.type == "block" else "reservation"


def _shown(moment: dt.datetime) -> str:
    """As a fleet file writes it: `2027-03-01T00:00Z`, to the second only where there are seconds."""
    exact = "minutes" if not moment.second and not moment.microsecond else "auto"
    return moment.isoformat(timespec=exact).replace("+00:00", "Z")
