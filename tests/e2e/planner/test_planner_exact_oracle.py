"""On hundreds of small problems the planner is as good as an independent exact program, and never wrong.

`pytest -s` prints what was measured.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import pytest
from tests.e2e.planner.oracle import best_plan
from tests.e2e.planner.problems import small_problem

from argosy.planner.problem import MICRO, Holdings, Problem
from argosy.planner.solve import NoPlanError, Solution, keep, solve
from argosy.planner.verify_witness import broken_limits, judge, out_of_bounds

CHUNKS = [range(start, start + 100) for start in (0, 100, 200)]
_CENT = 10_000
"""Micro-dollars below which a cost is taken for none: shares of nothing say nothing."""


@dataclass
class Record:
    """What came of some problems."""

    gaps: list[float] = field(default_factory=list[float])
    """Of each plan: how much more it costs than the best there is, as a share."""
    seen: Counter[str] = field(default_factory=Counter[str])
    wrong: list[str] = field(default_factory=list[str])

    @property
    def mean(self) -> float:
        return sum(self.gaps) / max(1, len(self.gaps))

    def __str__(self) -> str:
        counts = ", ".join(f"{count} {name}" for name, count in sorted(self.seen.items()))
        return f"{counts}; gap {self.mean:.3%} on average, {max(self.gaps, default=0):.2%} at worst"


def measured(seeds: Sequence[int], *, gangs: bool) -> Record:
    record = Record()
    for seed in seeds:
        _measure(record, seed, small_problem(seed, gangs=gangs))
    print(f"\nseeds {seeds[0]} to {seeds[-1]}, {'with' if gangs else 'without'} gangs: {record}")  # noqa: T201
    return record


def _measure(record: Record, seed: int, problem: Problem) -> None:
    best = best_plan(problem)
    try:
        solution = solve(problem)
    except NoPlanError as error:
        word = "certain" if error.certain else "uncertain"
        record.seen[f"{'rightly' if best is None else 'wrongly'} without a plan, {word}"] += 1
        return
    record.wrong += [f"seed {seed}: {fault}" for fault in faults(problem, solution)]
    if best is None:
        record.wrong.append(f"seed {seed}: a plan where there is none")
        return
    record.seen["plans"] += 1
    record.gaps.append((solution.cost - best.cost) / best.cost if best.cost > _CENT else 0.0)
    if solution.bound > best.cost + 1:
        record.wrong.append(f"seed {seed}: the bound {solution.bound} is above the best cost {best.cost}")


def faults(problem: Problem, solution: Solution) -> list[str]:
    wrong, short = judge(problem, solution.held, solution.witnesses)
    odd = [*out_of_bounds(problem, solution.held), *broken_limits(problem, solution.held)]
    return [str(fault) for fault in (*wrong, *short, *odd)]


@pytest.mark.parametrize("seeds", CHUNKS, ids=str)
def test_without_jobs_every_plan_costs_what_the_best_costs(seeds: range) -> None:
    record = measured(seeds, gangs=False)

    assert [] == record.wrong
    assert 0 == record.seen["wrongly without a plan, certain"]
    assert 0 == record.seen["wrongly without a plan, uncertain"]
    assert 50 <= record.seen["plans"] <= 90  # of a hundred: both answers are tested
    assert max(record.gaps) <= 0.005


@pytest.mark.parametrize("seeds", CHUNKS, ids=str)
def test_with_jobs_plans_cost_about_what_the_best_costs(seeds: range) -> None:
    record = measured(seeds, gangs=True)

    assert [] == record.wrong
    assert 0 == record.seen["wrongly without a plan, certain"]
    assert 0 == record.seen["wrongly without a plan, uncertain"]
    assert 35 <= record.seen["plans"] <= 80
    assert record.mean <= 0.01
    assert max(record.gaps) <= 0.08


def _never(*_: object) -> bool:
    return False


@pytest.fixture
def by_search(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sends small problems the way of large ones."""
    monkeypatch.setattr("argosy.planner.solve.is_small", _never)


@pytest.mark.usefixtures("by_search")
@pytest.mark.parametrize("seeds", CHUNKS, ids=str)
def test_the_search_for_large_problems_is_never_wrong_on_small_ones_without_jobs(seeds: range) -> None:
    record = measured(seeds, gangs=False)

    assert [] == record.wrong
    assert 0 == record.seen["wrongly without a plan, certain"]
    # Small numbers are the hard ones for it: a node more is a large share of ten.
    assert record.seen["wrongly without a plan, uncertain"] <= 2
    assert record.mean <= 0.08


@pytest.mark.usefixtures("by_search")
@pytest.mark.parametrize("seeds", CHUNKS, ids=str)
def test_the_search_for_large_problems_is_never_wrong_on_small_ones_with_jobs(seeds: range) -> None:
    record = measured(seeds, gangs=True)

    assert [] == record.wrong
    assert 0 == record.seen["wrongly without a plan, certain"]
    assert record.seen["wrongly without a plan, uncertain"] <= 4
    assert record.mean <= 0.08


@pytest.mark.usefixtures("by_search")
@pytest.mark.timeout(20)
def test_the_search_ends_where_jobs_need_a_part_of_a_step() -> None:
    # A job of three nodes in a pool of twos.
    assert [] == measured(range(1213, 1215), gangs=True).wrong


@pytest.mark.parametrize("gangs", [False, True])
def test_the_exact_program_says_what_the_verifier_accepts(gangs: bool) -> None:
    for seed in range(100):
        problem = small_problem(seed, gangs=gangs)
        best = best_plan(problem)
        if best is not None:
            assert [] == [*out_of_bounds(problem, best.held), *broken_limits(problem, best.held)]
            assert ([], []) == judge(_by_a_hair_easier(problem), best.held, best.witnesses)


def _by_a_hair_easier(problem: Problem) -> Problem:
    """Rates in units a million times finer, floors lower by what rounding to micro-nodes may take away."""
    rows = tuple(
        replace(row, rates={kind: rate * MICRO for kind, rate in row.rates.items()}) for row in problem.rows
    )
    hair = {row.id: 10 * max(row.rates.values()) for row in problem.rows}
    cases = tuple(
        replace(case, floors={row: floor * MICRO - hair[row] for row, floor in case.floors.items()})
        for case in problem.cases
    )
    return replace(problem, rows=rows, cases=cases)


@pytest.mark.parametrize("gangs", [False, True])
def test_holdings_are_kept_exactly_when_there_is_a_plan_with_them(gangs: bool) -> None:
    seen: Counter[bool] = Counter()
    for seed in range(80):
        problem = small_problem(seed, gangs=gangs)
        best = best_plan(problem)
        for held in _neighbours(problem, best.held) if best else ():
            there_is = best_plan(_holding(problem, held)) is not None
            kept = keep(problem, held, {})
            assert there_is == (kept is not None), (seed, held)
            if kept is not None:
                assert [] == faults(problem, kept)
                assert held == kept.held
            seen[there_is] += 1

    assert seen[True] > 25
    assert seen[False] > 50


def _neighbours(problem: Problem, held: Holdings) -> Iterator[dict[str, int]]:
    """The holdings with a step of one offering less, and a step of the next one more or not."""
    for place, offering in enumerate(problem.offerings):
        other = problem.offerings[(place + 1) % len(problem.offerings)]
        less = dict(held) | {offering.id: held[offering.id] - offering.step}
        if less[offering.id] >= offering.low:
            yield less
            more = less | {other.id: held[other.id] + other.step}
            if more[other.id] <= other.high:
                yield more


def _holding(problem: Problem, held: Holdings) -> Problem:
    pinned = tuple(replace(o, low=held[o.id], high=held[o.id]) for o in problem.offerings)
    return replace(problem, offerings=pinned)


def test_a_planner_that_cannot_serve_from_the_cheapest_kind_would_be_noticed() -> None:
    record = Record()
    for seed in CHUNKS[0]:
        problem = small_problem(seed, gangs=False)
        best, second = best_plan(problem), best_plan(_without_the_cheapest(problem))
        if best and second and best.cost > _CENT:
            record.gaps.append((second.cost - best.cost) / best.cost)

    assert record.mean > 0.01


def _without_the_cheapest(problem: Problem) -> Problem:
    cheapest = min(
        (o for o in problem.offerings if o.price and not o.low), key=lambda o: (o.price, o.id), default=None
    )
    return replace(
        problem,
        offerings=tuple(replace(o, high=o.low) if o is cheapest else o for o in problem.offerings),
    )
