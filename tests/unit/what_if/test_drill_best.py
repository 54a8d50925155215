"""The search of the drill, held against the planner's own plans of random small problems."""

from __future__ import annotations

import dataclasses

import pytest
from tests.e2e.planner.problems import small_problem

from argosy.planner.problem import MICRO, Case, Gang, Offering, Problem, Row
from argosy.planner.solve import NoPlanError, Solution, solve
from argosy.planner.verify_witness import judge
from argosy.what_if.drill_best import Habits, best_witness
from argosy.what_if.drill_whole import whole_witness

NOMINAL = Case("nothing lost", "0", 0, frozenset(), frozenset(), (), (), {}, frozenset(), 0)


def solved(seed: int, *, gangs: bool) -> tuple[Problem, Solution] | None:
    problem = small_problem(seed, gangs=gangs)
    try:
        return problem, solve(problem)
    except NoPlanError:
        return None


@pytest.mark.parametrize("gangs", [True, False])
def test_with_the_planners_holdings_every_floor_that_the_planner_keeps_is_kept(gangs: bool) -> None:
    tried = 0
    for problem, plan in filter(None, (solved(seed, gangs=gangs) for seed in range(60))):
        nominal = plan.witnesses[0]
        for case in problem.cases[1:]:
            single = dataclasses.replace(problem, cases=(problem.cases[0], case))
            witness, _ = best_witness(single, plan.held, case, Habits(nominal.jobs, nominal.serves))
            tried += 1
            assert ([], []) == judge(single, plan.held, (nominal, witness)), (case.id, case.within)
    assert tried > 30


def test_what_is_found_is_possible_whatever_is_lost_and_asked() -> None:
    tried = 0
    for problem, plan in filter(None, (solved(seed, gangs=True) for seed in range(60))):
        nominal = plan.witnesses[0]
        for number, case in enumerate(problem.cases[1:]):
            lost = frozenset(o.id for place, o in enumerate(problem.offerings) if place % 3 == number % 3)
            more = {row: units * 2 for row, units in case.floors.items()}
            jobs = frozenset(problem.gang)
            harder = dataclasses.replace(case, lost=case.lost | lost, floors=more, jobs=jobs)
            single = dataclasses.replace(problem, cases=(problem.cases[0], harder))
            witness, _ = best_witness(single, plan.held, harder, Habits(nominal.jobs, nominal.serves))
            tried += 1
            assert [] == judge(single, plan.held, (nominal, witness))[0], (case.id, case.within)
    assert tried > 30


def one_kind(*rows: Row, nodes: int, **case: object) -> tuple[Problem, dict[str, int]]:
    offering = Offering("s/p@z", "s/p", "aws", "k", 0, nodes)
    gang = Gang("training/j", False, {"s/p": 2}, frozenset({"s/p"}), 2)
    drilled = dataclasses.replace(NOMINAL, **({"id": "lose x", "minutes": 15} | case))  # pyright: ignore[reportArgumentType]
    return Problem((offering,), rows, (gang,), (NOMINAL, drilled), ()), {"s/p@z": nodes}


def row(name: str, demand: int, rate: int = 1) -> Row:
    return Row(name, name, demand, {"k": rate})


def test_a_floor_goes_before_everything_that_nobody_asked_for() -> None:
    # Four nodes: b is asked for three, a for nothing; the job at home has to make room once a wants more.
    problem, held = one_kind(row("a", 4), row("b", 3), nodes=4, floors={"b": 3})
    witness, certain = best_witness(problem, held, problem.cases[1], Habits({"training/j": "s/p"}, {}))

    assert {"a": {"k": MICRO}, "b": {"k": 3 * MICRO}} == witness.serves
    assert {} == witness.jobs
    assert certain


def test_a_job_that_may_be_stopped_runs_on_in_what_services_leave() -> None:
    problem, held = one_kind(row("a", 2), nodes=4)
    witness, _ = best_witness(problem, held, problem.cases[1], Habits({"training/j": "s/p"}, {}))

    assert ({"a": {"k": 2 * MICRO}}, {"training/j": "s/p"}) == (witness.serves, witness.jobs)


def test_with_no_time_to_stop_it_a_job_stays_and_the_service_goes_short() -> None:
    problem, held = one_kind(row("a", 4), nodes=4, minutes=0)
    witness, _ = best_witness(problem, held, problem.cases[1], Habits({"training/j": "s/p"}, {}))

    assert ({"a": {"k": 2 * MICRO}}, {"training/j": "s/p"}) == (witness.serves, witness.jobs)


def test_rounding_takes_from_nobody_and_gives_back_what_fits() -> None:
    problem, held = one_kind(row("a", 1), row("b", 1), nodes=2)
    answer = {("a", "k"): 0.9999999, ("b", "k"): 1.0000001}
    witness = whole_witness(problem, held, problem.cases[1], answer, {}, {})

    assert {"a": {"k": MICRO}, "b": {"k": MICRO}} == witness.serves


def test_rounding_never_takes_more_than_there_is() -> None:
    problem, held = one_kind(row("a", 2), nodes=1)
    witness = whole_witness(problem, held, problem.cases[1], {("a", "k"): 1.000002}, {}, {})

    assert {"a": {"k": MICRO}} == witness.serves
