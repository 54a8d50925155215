"""Prove that a lock keeps what the fleet file promises, by plain integer arithmetic: no solver, no search.

Shared with the planner is what the words of the fleet file mean in numbers (`argosy.planner.build`, tested by
itself against examples worked by hand). Everything that judges is computed here once more, so that a mistake
in the planner cannot vouch for itself.

| question | error |
|---|---|
| Is the lock of this fleet file, and do the facts it rests on still hold? | LockError |
| Do pools, zones, slots and spares match the fleet file and the inventories? | LockError |
| Are quotas, stock and power kept with nothing lost? | LockError |
| Does a hall's power carry its servers in every single failure, where it describes its units? | LockError |
| Does every scenario have a witness that uses only what survives, as it may be used? | LockError |
| Does the witness meet every floor, and does everybody stay within `max_share`? | ShortfallError |
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from argosy.errors import LockError, ShareExcess, Shortfall, ShortfallError
from argosy.planner.build import build_problem
from argosy.planner.lock import plan_command
from argosy.planner.offerings import holdings
from argosy.planner.problem import Problem, Witness
from argosy.planner.verify_holdings import wrong_holdings
from argosy.planner.verify_power import wrong_power
from argosy.planner.verify_stale import changed_facts, changed_parts
from argosy.planner.verify_witness import Short, broken_limits, judge, out_of_bounds
from argosy.spec.words import counted

if TYPE_CHECKING:
    from argosy.catalog import Catalog
    from argosy.planner.models import Lock
    from argosy.spec.loader import LoadedFleet
    from argosy.spec.models import FleetSpec

_SHARE = "max_share.provider"


def verify_plan(fleet: LoadedFleet, lock: Lock, catalog: Catalog) -> None:
    """Return if the lock is proven; raise LockError or ShortfallError with everything that is wrong."""
    stale = list(changed_parts(fleet, lock))
    wrong = list(wrong_holdings(fleet, lock))
    if wrong:
        raise _lock_error(fleet, [*stale, *wrong])
    problem = build_problem(fleet, catalog)
    held = holdings(fleet, lock.pools)
    witnesses = list(_witnesses(problem, lock))
    impossible, missed = judge(problem, held, [witness or _NOTHING for witness in witnesses])
    short = [*(_shortfall(problem, one) for one in missed), *_above_share(fleet.spec, problem, held)]
    stale += changed_facts(fleet, lock, catalog)
    if stale:
        # What the lock would leave unserved tells the reader whether planning again is all it takes.
        raise _lock_error(fleet, [*stale, *map(str, short)])
    wrong = [
        *_unsized(fleet.spec, problem),
        *wrong_power(fleet, lock, catalog),
        *_wrong_bounds(problem, held),
        *_wrong_scenarios(problem, lock),
        *(f"{_told(*case.key)}: {reason}" for case, reason in impossible),
    ]
    if wrong:
        raise _lock_error(fleet, wrong)
    if short:
        raise ShortfallError(short)


_NOTHING = Witness({}, {})


def _witnesses(problem: Problem, lock: Lock) -> Iterator[Witness | None]:
    plans = {(plan.id, plan.within): plan for plan in lock.scenarios}
    for case in problem.cases:
        plan = plans.get(case.key)
        yield None if plan is None else Witness(plan.serves, plan.jobs, plan.powered)


def _wrong_scenarios(problem: Problem, lock: Lock) -> Iterator[str]:
    count = Counter((plan.id, plan.within) for plan in lock.scenarios)
    wanted = {case.key for case in problem.cases}
    for key in sorted(count):
        if key not in wanted:
            yield f"{_told(*key)}: `survive` does not ask for this scenario"
        elif count[key] > 1:
            yield f"{_told(*key)}: stands {count[key]} times in the lock"
    for key in sorted(wanted - count.keys()):
        yield f"{_told(*key)}: the lock has no witness for this scenario"


def _unsized(spec: FleetSpec, problem: Problem) -> Iterator[str]:
    sized = {row.workload for row in problem.rows}
    for service in spec.demand.inference:
        if f"inference/{service.name}" not in sized:
            yield f"inference/{service.name}: the fleet file gives it no size, so its floors are unknown"


def _wrong_bounds(problem: Problem, held: dict[str, int]) -> Iterator[str]:
    for offering in out_of_bounds(problem, held):
        yield (
            f"{offering.id}: holds {counted(held.get(offering.id, 0), 'node')}; "
            f"{offering.low} to {offering.high} are allowed, in multiples of {offering.step}"
        )
    for limit, total in broken_limits(problem, held):
        if limit.statement != _SHARE:
            yield f"{limit.id}: {total} stand against {_bounds(limit.lower, limit.upper)} ({limit.statement})"


def _bounds(lower: int | None, upper: int | None) -> str:
    return f"at most {upper}" if not lower else f"{lower} to {upper}"


def _told(scenario: str, within: str) -> str:
    return scenario if within == "0" else f"{scenario} (within {within})"


def _shortfall(problem: Problem, short: Short) -> Shortfall:
    row = problem.row.get(short.workload)
    if row is None:
        needed, kept = counted(short.needed, "node"), counted(short.kept, "node")
    else:
        # What is kept is rounded down, what is needed up, so that a shortfall never looks like none.
        hundredths = short.kept * 100 // row.grain
        needed, kept = row.in_words(short.needed), row.in_words(hundredths * row.grain // 100)
    return Shortfall(short.case.id, short.case.within, short.workload, needed, kept)


def _above_share(spec: FleetSpec, problem: Problem, held: dict[str, int]) -> Iterator[ShareExcess]:
    if spec.max_share is None:
        return
    of_provider: Counter[str] = Counter()
    for offering in problem.offerings:
        of_provider[offering.provider] += offering.accelerators * held.get(offering.id, 0)
    share, whole = spec.max_share.provider.as_integer_ratio()
    for provider, accelerators in sorted(of_provider.items()):
        if accelerators * whole > share * of_provider.total():
            allowed = share * of_provider.total() // whole
            yield ShareExcess(provider, accelerators, allowed, of_provider.total())


def _lock_error(fleet: LoadedFleet, reasons: Sequence[str]) -> LockError:
    listed = "".join(f"\n  {reason}" for reason in reasons)
    return LockError(f"{fleet.named(fleet.lock_path)}: cannot be used:{listed}\nRun: {plan_command(fleet)}")
