"""Why a pool does not hold fewer nodes: the floor that would break, or the words that hold it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from argosy.errors import Shortfall
from argosy.planner.exact import is_small
from argosy.planner.infeasible_oracle import Oracle
from argosy.planner.infeasible_shown import shown
from argosy.planner.relax import Fates
from argosy.planner.solve import keeps, pinned
from argosy.planner.verify_witness import broken_limits
from argosy.spec.words import counted

if TYPE_CHECKING:
    from argosy.catalog import Catalog
    from argosy.planner.offerings import PoolFacts
    from argosy.planner.place import Chain
    from argosy.planner.problem import Offering, Problem

_MOST_PLACES = 8
"""Places of a pool, unlike in what becomes of them, from which a node is taken to see what breaks."""


@dataclass(frozen=True)
class Why:
    """What keeps a pool from holding one step less."""

    step: int
    """Nodes that one step is."""
    bound: str
    """The words of the fleet file that hold it, whatever breaks; empty where there are none."""
    breaks: tuple[Shortfall, ...] = ()
    """Floors that one step less would break, by scenario."""
    limits: tuple[str, ...] = ()
    """Limits that one step less would break, such as another provider's share."""
    unplaced: bool = False
    """Whether one step less breaks floors, none of them by itself in one scenario."""

    def __str__(self) -> str:
        """In a sentence: the bound first, then what one step less would break."""
        return "; ".join(part for part in (self.bound, self._less()) if part)

    def _less(self) -> str:
        less = "one less" if self.step == 1 else f"{counted(self.step, 'node')} less"
        if self.limits:
            return f"{less} breaks {self.limits[0]}{_more(self.limits)}"
        if self.breaks:
            return f"{less} breaks {self.breaks[0]}{_more(self.breaks)}"
        if self.unplaced:
            return f"{less} leaves no way to keep all scenarios"
        return f"{less} would keep every floor"


def _more(found: Sequence[object]) -> str:
    return f", and {len(found) - 1} more" if len(found) > 1 else ""


def why_not_less(
    problem: Problem, catalog: Catalog, held: Mapping[str, int], chains: Mapping[str, Chain], pool: PoolFacts
) -> Why | None:
    """Why the pool does not hold one step less; None where it holds nothing."""
    places = [o for o in problem.in_pool.get(pool.id, ()) if held.get(o.id, 0) >= o.step]
    if not places:
        return None
    step = places[0].step
    nodes = sum(held.get(o.id, 0) for o in problem.in_pool[pool.id])
    bound = _bound(pool, nodes, step)
    loose = _loosened(problem, pool.id)
    judged: Why | None = None
    for place in _unlike(problem, places):
        less = {**held, place.id: held[place.id] - step}
        found = _judged(loose, catalog, less, chains, Why(step, bound))
        if not (found.breaks or found.limits or found.unplaced):
            return found
        judged = judged or found
    return judged


def _bound(pool: PoolFacts, nodes: int, step: int) -> str:
    low, _ = pool.bounds
    if isinstance(pool.spec.nodes, int):
        return f"pinned by {pool.path}.nodes: {pool.spec.nodes}"
    if nodes - step < low:
        return f"held by {pool.path}.nodes.min: {low}"
    return f"nodes come in multiples of {step}" if step > 1 else ""


def _unlike(problem: Problem, places: Sequence[Offering]) -> Iterator[Offering]:
    """One place of each fate: what is taken from two that are lost together breaks the same."""
    fates, seen = Fates.of(problem), set[tuple[object, ...]]()
    for place in places:
        fate = tuple(of.get(place.id) for of in (fates.lost, fates.capped, fates.unserving))
        if fate not in seen and len(seen) < _MOST_PLACES:
            seen.add(fate)
            yield place


def _loosened(problem: Problem, pool: str) -> Problem:
    """The problem without the pool's own lower bounds."""
    names = {offering.id for offering in problem.in_pool[pool]}
    offerings = tuple(dataclasses.replace(o, low=0) if o.id in names else o for o in problem.offerings)
    limits = tuple(
        dataclasses.replace(limit, lower=None) if limit.coefficients.keys() <= names else limit
        for limit in problem.limits
    )
    return dataclasses.replace(problem, offerings=offerings, limits=limits)


def _judged(
    problem: Problem, catalog: Catalog, held: Mapping[str, int], chains: Mapping[str, Chain], why: Why
) -> Why:
    broken = tuple(f"{limit.id} ({limit.statement})" for limit, _ in broken_limits(problem, held))
    if broken:
        return dataclasses.replace(why, limits=broken)
    if keeps(problem, held, chains):
        return why
    left = pinned(problem, held)
    breaks, _ = shown(Oracle(catalog, small=is_small(left)), left)
    return dataclasses.replace(why, breaks=tuple(breaks), unplaced=not breaks)
