"""What one more unit of a limit would save, by the linear program, which is solved again with one more.

Claimed, never proven, and true of the next unit alone: the program may split nodes.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from argosy.planner.linear import INFINITY, Highs
from argosy.planner.place import Placement
from argosy.planner.relax import CapacityProgram
from argosy.planner.solve import extra_jobs
from argosy.spec.models import HallSpec
from argosy.what_if import HOURS_PER_MONTH

if TYPE_CHECKING:
    from argosy.planner.linear import Answer
    from argosy.planner.offerings import PoolFacts
    from argosy.planner.place import Chain
    from argosy.planner.problem import Limit, Problem
    from argosy.spec.loader import LoadedFleet

_CENT = Decimal("0.01")


@dataclass(frozen=True)
class Worth:
    """What the fleet would cost less with one unit more."""

    path: str
    """Of the bound in the fleet file."""
    unit: str
    """`node`, `vcpu`, `kW`."""
    usd_per_month: Decimal

    def __str__(self) -> str:
        """One line."""
        return f"{self.path}: one more {self.unit} saves ${self.usd_per_month:,.2f} a month"


def worths(
    fleet: LoadedFleet, problem: Problem, chains: Mapping[str, Chain], pools: Mapping[str, PoolFacts]
) -> list[Worth]:
    """Every bound of which one more unit saves more than a cent a month, sorted by path.

    Jobs stay where they are. Empty where the jobs cannot be seated as the lock has them.
    """
    placement = _seated(problem, chains)
    answer = None if placement is None else placement.solve()
    if placement is None or answer is None:
        return []
    found = [*_of_limits(fleet, placement, answer), *_of_pools(placement, answer, pools)]
    return sorted((one for one in found if one.usd_per_month > _CENT), key=lambda one: one.path)


def _seated(problem: Problem, chains: Mapping[str, Chain]) -> Placement | None:
    """The program at exact prices, with every job where the lock has it."""
    placement = Placement(CapacityProgram(problem, Highs()), extra_jobs(problem))
    placement.capacity.solver.price_columns(placement.capacity.costs(exact=True))
    for gang in problem.gangs:
        seat = placement.seat(gang, chains[gang.id]) if chains.get(gang.id) else None
        if seat is None:
            return None
        placement.put(gang, seat)
    return placement


def _of_limits(fleet: LoadedFleet, placement: Placement, answer: Answer) -> Iterator[Worth]:
    capacity, told = placement.capacity, set[str]()
    for limit in capacity.problem.limits:
        unit = _unit(fleet, limit)
        is_new = limit.statement not in told or limit.id.startswith("nodes of ")
        if unit is not None and is_new and answer.duals[capacity.limits[limit.id]] < 0:
            name, size = unit
            told.add(limit.statement)
            # One number may stand in several rows: with nothing lost, and in each single failure.
            power = limit.id.startswith("power of ")
            same = [one for one in capacity.problem.limits if one.statement == limit.statement]
            with _raised(placement, same if power else [limit], size):
                yield Worth(limit.statement, name, _saved(placement, answer))
    yield from _of_stock(fleet, placement, answer)


def _unit(fleet: LoadedFleet, limit: Limit) -> tuple[str, float] | None:
    """What one unit of the words is called, and how much it is in the limit's own; None for others."""
    if limit.id.startswith("nodes of "):
        return "node", 1
    for name, site in fleet.spec.sites.items():
        if isinstance(site, HallSpec):
            for kind in ("feeds", "units"):
                for place, node in enumerate(getattr(site.power, kind)):
                    if limit.statement == f"sites.{name}.power.{kind}[{place}].rated_kw":
                        return "kW", (limit.upper or 0) / float(node.rated_kw)
        else:
            for place, quota in enumerate(site.quotas):
                if limit.statement == f"sites.{name}.quotas[{place}].limit":
                    return quota.unit.removesuffix("s"), 1
    return None


def _of_stock(fleet: LoadedFleet, placement: Placement, answer: Answer) -> Iterator[Worth]:
    """One more server of each type in each hall, in whichever of its racks it saves most."""
    limits = placement.capacity.problem.limits
    for name, site in fleet.spec.sites.items():
        types = {pool.server_type for pool in site.node_pools.values()} if isinstance(site, HallSpec) else ()
        for server_type in sorted(types, key=str):
            stock = f"{server_type} of {name}"
            rows = [limit for limit in limits if limit.id == stock or limit.id.startswith(f"{stock} in ")]
            columns = {o for limit in rows for o in limit.coefficients}
            with _raised(placement, rows, 1, columns):
                yield Worth(f"sites.{name}.inventory", f"{server_type} server", _saved(placement, answer))


@contextmanager
def _raised(
    placement: Placement, limits: Sequence[Limit], size: float, offerings: Iterable[str] = ()
) -> Generator[None]:
    """While this lasts, the limits are looser by so much, and of the offerings one more may be held."""
    for more in (size, 0.0):
        for limit in limits:
            _bound_row(placement.capacity, limit, more)
        for offering in sorted(offerings):
            _bound_column(placement, offering, 1.0 if more else 0.0)
        if more:
            yield


def _bound_row(capacity: CapacityProgram, limit: Limit, more: float) -> None:
    # The program's row is scaled by its largest coefficient.
    scale = max((abs(factor) for factor in limit.coefficients.values()), default=1)
    lower = -INFINITY if limit.lower is None else limit.lower / scale
    upper = INFINITY if limit.upper is None else (limit.upper + more) / scale
    capacity.solver.bound_row(capacity.limits[limit.id], lower, upper)


def _bound_column(placement: Placement, name: str, more: float) -> None:
    offering, column = placement.capacity.problem.offering[name], placement.capacity.held[name]
    least = placement.least.get(column, float(offering.low))
    placement.capacity.solver.bound_columns({column: (least, offering.high + more)})


def _of_pools(placement: Placement, answer: Answer, pools: Mapping[str, PoolFacts]) -> Iterator[Worth]:
    """Pools of one zone, of which one node more may be held, that hold as much as they may."""
    capacity = placement.capacity
    for pool, offerings in capacity.problem.in_pool.items():
        only = offerings[0].id
        single = len(offerings) == 1 and offerings[0].step == 1
        if single and answer.reduced_costs[capacity.held[only]] < 0:
            with _raised(placement, (), 1, (only,)):
                yield Worth(_tightest(pools[pool]), "node", _saved(placement, answer))


def _saved(placement: Placement, before: Answer) -> Decimal:
    """What the program costs less now, in US dollars per month.

    Solved anew, since a price tells too much where another bound is in the way as well.
    """
    after = placement.solve()
    saved = before.cost - after.cost if after is not None else 0.0
    return (Decimal(repr(saved)) * HOURS_PER_MONTH).quantize(_CENT)


def _tightest(pool: PoolFacts) -> str:
    """Path of the words that bound the pool from above."""
    capacity, (_, high) = pool.spec.capacity, pool.bounds
    most = pool.spec.nodes if isinstance(pool.spec.nodes, int) else pool.spec.nodes.max
    for key in ("quota_nodes", "nodes"):
        if high < most and capacity is not None and getattr(capacity, key) == high:
            return f"{pool.path}.capacity.{key}"
    return f"{pool.path}.nodes" + ("" if isinstance(pool.spec.nodes, int) else ".max")
