"""On random small fleets: a plan is proven, and no node that matters can be taken away unnoticed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.e2e.planner.problems import small_problem

from argosy.errors import LockError, ShortfallError
from argosy.planner.canonical import sha256_of
from argosy.planner.facts import plan_facts
from argosy.planner.models import Lock, PoolPlan
from argosy.planner.offerings import cell_of, holdings, offering_in_cell
from argosy.planner.plan import chains_of
from argosy.planner.problem import MICRO, Case, Holdings, Problem, Witness
from argosy.planner.slots import slot_order
from argosy.planner.solve import NoPlanError, Solution, keep, solve
from argosy.planner.verify_witness import judge

if TYPE_CHECKING:
    from conftest import World

NewWorld = Callable[[], "World"]
# The machine may be busy; a test that fails must fail for everybody.
steady = settings(deadline=None, derandomize=True, max_examples=60)

floors = st.sampled_from(["0", "0.3", "0.5", "1"])
small_fleets = st.fixed_dictionaries(
    {
        "serve": st.lists(st.integers(1, 4), min_size=1, max_size=3),
        "train": st.lists(st.integers(1, 5), min_size=1, max_size=2),
        "servers": st.integers(0, 5),
        "services": st.lists(st.integers(1, 4), max_size=2),
        "jobs": st.lists(st.tuples(st.integers(1, 3), st.booleans()), max_size=3),
        "survive": st.lists(
            st.tuples(
                st.sampled_from(["any site", "any provider", "spot", "any zone", "any rack", "any feed"]),
                floors,
                floors,
                st.sampled_from(["0", "15m", "4h"]),
            ),
            max_size=3,
        ),
    }
)


def build(new_world: NewWorld, fleet: dict[str, Any]) -> World:
    made = new_world()
    for number, most in enumerate(fleet["serve"]):
        zones = ["z1", "z2"][: 1 + number % 2]
        pool = {"role": "inference", "nodes": {"min": 0, "max": 2 * most}, "zones": zones}
        made.cloud(f"aws-{number}", "aws", serve=pool | {"instance_type": "p5en.48xlarge"})
    for number, most in enumerate(fleet["train"]):
        pool = {"role": "training", "nodes": {"min": 0, "max": 2 * most}, "zone": "z1"}
        made.cloud(f"gcp-{number}", "gcp", train=pool | {"instance_type": "a3-ultragpu-8g"})
    if fleet["servers"]:
        serve = {"role": "inference", "nodes": {"min": 0, "max": 9}, "server_type": "dgx-h200", "lends": True}
        made.hall("oslo", fleet["servers"], {"a": 30, "b": 30}, serve=serve)
    for number, nodes in enumerate(fleet["services"]):
        made.serve(f"s{number}", nodes)
    for number, (nodes, protected) in enumerate(fleet["jobs"]):
        made.train(f"j{number}", nodes, protected=protected)
    for lose, inference, training, within in fleet["survive"]:
        if lose not in ("any rack", "any feed") or fleet["servers"]:
            made.survive(lose, inference, training, within)
    return made


def planned(made: World) -> Lock | None:
    # Asked first, since saying why there is no plan takes many times as long as finding that there is none.
    return made.plan() if _solved(made.problem()) else None


@steady
@given(small_fleets)
def test_every_plan_is_proven(world: NewWorld, fleet: dict[str, Any]) -> None:
    made = build(world, fleet)
    lock = planned(made)

    if lock is not None:
        made.verify(lock)


@steady
@given(small_fleets)
def test_no_node_that_matters_can_be_taken_from_a_lock(world: NewWorld, fleet: dict[str, Any]) -> None:
    made = build(world, fleet)
    lock = planned(made)
    if lock is None:
        return
    problem, held = made.problem(), holdings(made.fleet(), lock.pools)
    for offering in sorted(name for name, nodes in held.items() if nodes):
        smaller = taken_from(made, lock, offering)
        left = held | {offering: held[offering] - 1}
        assert left == {o: holdings(made.fleet(), smaller.pools).get(o, 0) for o in held}
        kept = keep(problem, left, chains_of(lock))
        if kept is not None:
            made.verify(with_witnesses(smaller, kept.witnesses))
            continue
        for witnesses in witnesses_by_hand(problem, left, lock):
            with pytest.raises((LockError, ShortfallError)):
                made.verify(with_witnesses(smaller, witnesses))


def taken_from(made: World, lock: Lock, offering: str) -> Lock:
    """The lock with one node of the offering less, and all that follows from it made good."""
    pool, _, place = offering.partition("@")
    plan = lock.pools[pool]
    if place in plan.by_zone:
        zones = plan.by_zone | {place: plan.by_zone[place] - 1}
        smaller = plan.model_copy(update={"nodes": plan.nodes - 1, "by_zone": zones})
    else:
        smaller = without_server(made, pool, plan, offering)
    pools = lock.pools | {pool: smaller}
    facts = plan_facts(made.fleet(), made.catalog, pools)
    return lock.model_copy(update={"pools": pools, "facts": facts, "facts_sha256": sha256_of(facts)})


def without_server(made: World, pool: str, plan: PoolPlan, offering: str) -> PoolPlan:
    site = pool.partition("/")[0]
    cells = {server.serial: cell_of(server) for server in made.inventories[site].servers}
    serials = [plan.slots[slot] for slot in sorted(plan.slots, key=slot_order)]
    serials.remove(next(s for s in serials if offering_in_cell(pool, cells[s]) == offering))
    slots = {f"slot-{number:02d}": serial for number, serial in enumerate(serials, start=1)}
    return plan.model_copy(update={"nodes": plan.nodes - 1, "slots": slots})


def witnesses_by_hand(problem: Problem, held: Holdings, lock: Lock) -> Iterator[list[Witness]]:
    """What somebody might write into a lock that lost a node."""
    old = [Witness(plan.serves, plan.jobs, plan.powered) for plan in lock.scenarios]
    yield old
    powered = [
        replace(w, powered={o: min(nodes, held.get(o, 0)) for o, nodes in w.powered.items()}) for w in old
    ]
    yield powered
    yield [refitted(problem, held, case, w) for case, w in zip(problem.cases, powered, strict=True)]
    for job in sorted({job for witness in old for job in witness.jobs}):
        for pool in sorted(problem.gang[job].pools):
            moved = [replace(w, jobs={**w.jobs, job: pool}) if job in w.jobs else w for w in powered]
            yield [refitted(problem, held, case, w) for case, w in zip(problem.cases, moved, strict=True)]


def refitted(problem: Problem, held: Holdings, case: Case, witness: Witness) -> Witness:
    """The witness with its services served anew from all that is left, the pickiest first."""
    room = room_of(problem, held, case, witness)
    serves: dict[str, dict[str, int]] = {}
    for name in sorted(case.floors, key=lambda name: (len(problem.row[name].rates), name)):
        row, missing = problem.row[name], case.floors[name] * MICRO
        for kind in sorted(row.rates):
            rate = problem.serves(kind, row, case)
            nodes = min(max(0, room[kind]), -(-missing // rate)) if rate and missing > 0 else 0
            if nodes:
                serves.setdefault(name, {})[kind] = nodes
                room[kind] -= nodes
                missing -= nodes * rate
    return replace(witness, serves=serves)


def room_of(problem: Problem, held: Holdings, case: Case, witness: Witness) -> Counter[str]:
    """Kind to micro-nodes that jobs leave to services."""
    room: Counter[str] = Counter()
    for offering in problem.offerings:
        if offering.id not in case.lost | case.unserving:
            left: Mapping[str, int] = witness.powered if offering.id in case.capped else held
            room[offering.kind] += left.get(offering.id, 0) * MICRO
    for job, pool in witness.jobs.items():
        offerings = problem.in_pool[pool]
        if not {o.id for o in offerings} & case.unserving:
            room[offerings[0].kind] -= problem.gang[job].pools.get(pool, 0) * MICRO
    return room


def with_witnesses(lock: Lock, witnesses: tuple[Witness, ...] | list[Witness]) -> Lock:
    scenarios = tuple(
        plan.model_copy(update={"serves": w.serves, "jobs": dict(w.jobs), "powered": dict(w.powered)})
        for plan, w in zip(lock.scenarios, witnesses, strict=True)
    )
    return lock.model_copy(update={"scenarios": scenarios})


@pytest.mark.parametrize("gangs", [False, True])
def test_what_a_hand_derives_is_as_good_as_it_gets(gangs: bool) -> None:
    """Else refusing it would say little: with all nodes there, most of it is accepted."""
    accepted = Counter[bool]()
    for seed in range(60):
        problem = small_problem(seed, gangs=gangs)
        solution = _solved(problem)
        if solution is not None:
            pairs = zip(problem.cases, solution.witnesses, strict=True)
            again = [refitted(problem, solution.held, case, witness) for case, witness in pairs]
            accepted[judge(problem, solution.held, again) == ([], [])] += 1

    assert accepted[True] > 5 * accepted[False]


def _solved(problem: Problem) -> Solution | None:
    try:
        return solve(problem)
    except NoPlanError:
        return None
