"""In which scenarios a conflict shows, and how much is short there at least."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from argosy.errors import Shortfall
from argosy.planner.infeasible_filter import needed
from argosy.planner.infeasible_oracle import SpentError
from argosy.spec.words import counted

if TYPE_CHECKING:
    from argosy.planner.infeasible_oracle import Oracle
    from argosy.planner.problem import Case, Problem

MOST_SHOWN = 6
"""Scenarios that are shown."""


def shown(oracle: Oracle, problem: Problem) -> tuple[list[Shortfall], list[Case]]:
    """What is short in each scenario that fails by itself; else the scenarios that fail only together."""
    try:
        first, *others = problem.cases
        if not oracle.solvable(dataclasses.replace(problem, cases=(first,))):
            return list(_short(oracle, problem, (first,), first)), []
        found: list[Shortfall] = []
        for case in others:
            if len(found) < MOST_SHOWN and not oracle.solvable(_with(problem, (first, case))):
                found += _short(oracle, problem, (first, case), case)
        return (found, []) if found else ([], _together(oracle, problem))
    except SpentError:
        return [], []


def _with(problem: Problem, cases: tuple[Case, ...]) -> Problem:
    return dataclasses.replace(problem, cases=cases)


def _together(oracle: Oracle, problem: Problem) -> list[Case]:
    first, *others = problem.cases

    def conflicts(some: Sequence[Case]) -> bool:
        kept = tuple(case for case in others if case in some)
        return not oracle.solvable(_with(problem, (first, *kept)))

    return needed(list(others), conflicts)[0]


def _short(oracle: Oracle, problem: Problem, cases: tuple[Case, ...], case: Case) -> Iterator[Shortfall]:
    """The least that must give way in the case: one workload if that is enough, otherwise several in turn."""
    givers = [*_givers(problem, case)]
    alone = next((giver for giver in givers if _helps(oracle, problem, cases, giver.to(case, 0))), None)
    if alone is not None:
        yield _measured(oracle, problem, cases, case, alone)
        return
    for giver in givers:
        less = giver.to(case, 0)
        if _helps(oracle, problem, cases, less):
            yield _measured(oracle, problem, cases, case, giver)
            return
        yield Shortfall(case.id, case.within, giver.workload, giver.shown(giver.needed), giver.shown(0))
        case = less


def _helps(oracle: Oracle, problem: Problem, cases: tuple[Case, ...], case: Case) -> bool:
    return oracle.solvable(_with(problem, (*cases[:-1], case)))


@dataclasses.dataclass(frozen=True)
class _Giver:
    """A floor of a case that can be lowered."""

    workload: str
    needed: int
    to: Callable[[Case, int], Case]
    shown: Callable[[int], str]
    whole: bool = False
    """Whether it runs whole or not at all."""


def _givers(problem: Problem, case: Case) -> Iterator[_Giver]:
    for row_id, floor in case.floors.items():
        row = problem.row[row_id]

        def lower(given: Case, units: int, row_id: str = row_id) -> Case:
            return dataclasses.replace(given, floors={**given.floors, row_id: units})

        # What can be kept is rounded down, in whole hundredths where the unit has them.
        grain = max(1, row.grain // 100)
        yield _Giver(row_id, floor, lower, lambda n, row=row, grain=grain: row.in_words(n // grain * grain))
    for job in sorted(case.jobs):
        nodes = problem.gang[job].nodes

        def stop(given: Case, _nodes: int, job: str = job, nodes: int = nodes) -> Case:
            return dataclasses.replace(
                given, jobs=given.jobs - {job}, training=max(0, given.training - nodes)
            )

        yield _Giver(job, nodes, stop, lambda n: counted(n, "node"), whole=True)
    if case.training:
        yield _Giver(
            "training",
            case.training,
            lambda given, nodes: dataclasses.replace(given, training=nodes),
            lambda n: counted(n, "node"),
        )


def _measured(
    oracle: Oracle, problem: Problem, cases: tuple[Case, ...], case: Case, giver: _Giver
) -> Shortfall:
    low, high = 0, giver.needed
    row = problem.row.get(giver.workload)
    close = 1 if row is None else max(1, row.grain // 100)
    while not giver.whole and high - low > close:
        middle = (low + high) // 2
        if _helps(oracle, problem, cases, giver.to(case, middle)):
            low = middle
        else:
            high = middle
    needed_text = giver.shown(giver.needed) if row is None else row.in_words(giver.needed)
    return Shortfall(case.id, case.within, giver.workload, needed_text, giver.shown(low))
