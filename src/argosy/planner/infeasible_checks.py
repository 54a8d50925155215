"""Conflicts that arithmetic alone shows, each in a sentence of its own, before any solver is asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from argosy.planner.ground import Ground
from argosy.planner.offerings import pool_facts
from argosy.spec.models import HallSpec
from argosy.spec.power import power_graph
from argosy.spec.words import counted

if TYPE_CHECKING:
    from argosy.catalog import Catalog
    from argosy.planner.problem import Case, Gang, Limit, Problem, Row
    from argosy.spec.loader import LoadedFleet


_MOST_NAMED = 6


@dataclass(frozen=True)
class Plain:
    """A conflict that needs no search."""

    sentence: str
    workload: str = ""
    """The one workload that takes part; empty: none."""
    statements: tuple[str, ...] = ()
    """The lines of `survive` that take part."""
    only: str = ""
    """Path of the one statement that is to blame, where it is one alone."""


def plain_conflicts(fleet: LoadedFleet, catalog: Catalog, problem: Problem) -> Iterator[Plain]:
    """Every conflict that shows without a search, the plainest first."""
    yield from _shares(fleet, problem)
    yield from _dark_halls(fleet, catalog, problem)
    room = _Room(problem)
    for number, case in enumerate(problem.cases):
        for gang in sorted(case.jobs):
            yield from _homeless(room, problem.gang[gang], number, case)
        for row in sorted(case.floors):
            yield from _unserved(room, problem.row[row], case)
        yield from _untrained(room, number, case)


def _few(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more


def told(case: Case) -> str:
    """A case as messages name it."""
    return case.id if case.within == "0" else f"{case.id} (within {case.within})"


def _shares(fleet: LoadedFleet, problem: Problem) -> Iterator[Plain]:
    if fleet.spec.max_share is None:
        return
    share = Fraction(fleet.spec.max_share.provider)
    providers = sorted({offering.provider for offering in problem.offerings if offering.high})
    if share * len(providers) < 1 and (problem.gangs or problem.rows):
        yield Plain(
            f"{counted(len(providers), 'provider')} with room ({', '.join(providers)}) hold at most "
            f"{float(share * len(providers)):g} of all accelerators together, when each may hold "
            f"{float(share):g}",
            only="max_share.provider",
        )


def _dark_halls(fleet: LoadedFleet, catalog: Catalog, problem: Problem) -> Iterator[Plain]:
    """Halls whose feeds do not carry the nodes that must be held, with nothing lost."""
    least = {pool.id: pool.bounds[0] for pool in pool_facts(fleet, catalog)}
    limits = {limit.id: limit for limit in problem.limits}
    for name, site in fleet.spec.sites.items():
        for node in power_graph(site).nodes.values() if isinstance(site, HallSpec) else ():
            limit = limits.get(f"power of {name}/{node.name}")
            nodes, drawn = _surely_drawn(problem, limit, least) if limit else (0, 0)
            if limit and drawn > (limit.upper or 0):
                carries = float(Fraction(node.room_watts, 1000))
                needed = carries * drawn / (limit.upper or 1)
                cooling = " with cooling" if node.carries_cooling else ""
                yield Plain(
                    f"{node.words} of {name}: {counted(nodes, 'node')} that must be held draw "
                    f"{needed:.1f} kW from it{cooling} and nothing lost; it carries {carries:g} kW"
                )


def _surely_drawn(problem: Problem, limit: Limit, least: Mapping[str, int]) -> tuple[int, int]:
    """Nodes that hang on a feed wherever they stand, and what they draw from it at least."""
    nodes = drawn = 0
    for pool in sorted({offering.partition("@")[0] for offering in limit.coefficients}):
        # A server that does not hang on the feed takes nothing from it.
        draw = min(limit.coefficients.get(offering.id, 0) for offering in problem.in_pool[pool])
        nodes += least[pool] if draw else 0
        drawn += draw * least[pool]
    return nodes, drawn


class _Room:
    """The most that can be left of pools and kinds, whatever is held."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.ground = Ground(problem)
        upper = {
            limit.id.removeprefix("nodes of "): limit.upper
            for limit in problem.limits
            if limit.id.startswith("nodes of ") and limit.upper is not None
        }
        self._upper = upper

    def of_pool(self, pool: str, number: int) -> int:
        """Most nodes of a pool that can be left in the case."""
        room = self.ground.room_in(pool, number)
        return min(room, self._upper.get(pool, room))

    def serving(self, row: Row, case: Case) -> dict[str, int]:
        """Pool to the most units of the row that it can serve in the case."""
        found: dict[str, int] = {}
        for pool, offerings in self.problem.in_pool.items():
            left = sum(o.high for o in offerings if o.id not in case.lost and o.id not in case.unserving)
            rate = self.problem.serves(offerings[0].kind, row, case)
            nodes = min(left, self._upper.get(pool, left))
            if rate and nodes:
                found[pool] = rate * nodes
        return found


def _homeless(room: _Room, gang: Gang, number: int, case: Case) -> Iterator[Plain]:
    allowed = sorted(gang.home_pools if number == 0 else gang.pools.keys())
    if any(gang.pools[pool] <= room.of_pool(pool, number) for pool in allowed):
        return
    takes = counted(min(gang.pools.values(), default=gang.nodes), "node")
    largest = max(allowed, key=lambda pool: room.of_pool(pool, number), default=None)
    if largest is None:
        why = (
            "no pool may run it: look at its accelerators, its residency, and roles and capacity of the pools"
        )
    elif room.of_pool(largest, number) == 0:
        why = "no pool that may run it has a node left"
    else:
        most = counted(room.of_pool(largest, number), "node")
        why = f"the largest pool left for it, {largest}, has at most {most}"
    yield Plain(f"{told(case)}: {gang.id} takes {takes} of one pool; {why}", gang.id, case.statements)


def _unserved(room: _Room, row: Row, case: Case) -> Iterator[Plain]:
    serving = room.serving(row, case)
    floor, most = case.floors[row.id], sum(serving.values())
    if floor <= most:
        return
    if not serving:
        why = "no pool that is left may serve it in time: look at accelerators, residency, `serves` and roles"
    else:
        why = f"all pools left for it ({_few(sorted(serving))}) serve at most {row.in_words(most)}"
    sentence = f"{told(case)}: {row.id} needs {row.in_words(floor)}; {why}"
    yield Plain(sentence, row.workload, case.statements)


def _untrained(room: _Room, number: int, case: Case) -> Iterator[Plain]:
    pools = {pool for gang in room.problem.gangs for pool in gang.pools}
    most = sum(room.of_pool(pool, number) for pool in pools)
    if case.training > most:
        yield Plain(
            f"{told(case)}: jobs must keep {counted(case.training, 'node')} in all; all pools left for them "
            f"have at most {counted(most, 'node')}",
            "training",
            case.statements,
        )
