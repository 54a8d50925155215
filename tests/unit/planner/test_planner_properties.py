"""On random small fleets: a plan is proven, and no node that matters can be taken away unnoticed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from argosy.errors import LockError, ShortfallError
from argosy.planner.canonical import sha256_of
from argosy.planner.facts import plan_facts, spec_parts
from argosy.planner.models import Lock

if TYPE_CHECKING:
    from conftest import World

NewWorld = Callable[[], "World"]

floors = st.sampled_from(["0", "0.3", "0.5", "1"])
small_fleets = st.fixed_dictionaries(
    {
        "serve": st.lists(st.integers(1, 4), min_size=1, max_size=3),
        "train": st.lists(st.integers(1, 5), min_size=1, max_size=3),
        "services": st.lists(st.integers(1, 4), max_size=2),
        "jobs": st.lists(st.tuples(st.integers(1, 4), st.booleans()), max_size=3),
        "survive": st.lists(
            st.tuples(st.sampled_from(["any site", "any provider", "spot", "any zone"]), floors, floors),
            max_size=3,
        ),
    }
)


def build(new_world: NewWorld, fleet: dict[str, Any]) -> World:
    made = new_world()
    for number, nodes in enumerate(fleet["serve"]):
        pool = {"role": "inference", "nodes": nodes, "instance_type": "p5en.48xlarge", "zone": f"z{number}"}
        made.cloud(f"aws-{number}", "aws", serve=pool)
    for number, nodes in enumerate(fleet["train"]):
        pool = {"role": "training", "nodes": nodes, "instance_type": "a3-ultragpu-8g", "zone": f"z{number}"}
        made.cloud(f"gcp-{number}", "gcp", train=pool)
    for number, nodes in enumerate(fleet["services"]):
        made.serve(f"s{number}", nodes)
    for number, (nodes, protected) in enumerate(fleet["jobs"]):
        made.train(f"j{number}", nodes, protected=protected)
    for lose, inference, training in fleet["survive"]:
        made.survive(lose, inference, training)
    return made


def planned(made: World) -> Lock | None:
    try:
        return made.plan()
    except ShortfallError:
        return None


@settings(deadline=None)  # the machine may be busy
@given(small_fleets)
def test_every_plan_is_proven(world: NewWorld, fleet: dict[str, Any]) -> None:
    made = build(world, fleet)
    lock = planned(made)

    if lock is not None:
        made.verify(lock)


@settings(deadline=None)  # the machine may be busy
@given(small_fleets, st.data())
def test_no_node_that_is_needed_can_be_taken_from_fleet_and_lock(
    world: NewWorld, fleet: dict[str, Any], data: st.DataObject
) -> None:
    made = build(world, fleet)
    lock = planned(made)
    if lock is None:
        return
    pool_id = data.draw(st.sampled_from(sorted(lock.pools)))
    smaller = take_one_node(made, lock, pool_id)

    if planned(made) is None:
        with pytest.raises((LockError, ShortfallError)):
            made.verify(smaller)


def take_one_node(made: World, lock: Lock, pool_id: str) -> Lock:
    """Take a node from the fleet file, and from the lock as cleverly as a hand can, witnesses excepted."""
    site, _, pool = pool_id.partition("/")
    spec = made.sites[site]["node_pools"][pool]
    spec["nodes"] -= 1
    plan = lock.pools[pool_id].model_copy(
        update={"nodes": spec["nodes"], "by_zone": {spec["zone"]: spec["nodes"]}}
    )
    pools = lock.pools | {pool_id: plan}
    fleet = made.fleet()
    facts = plan_facts(fleet, made.catalog, pools)
    hashes = {
        "spec_sha256": fleet.sha256,
        "spec_parts": spec_parts(fleet.spec),
        "facts_sha256": sha256_of(facts),
    }
    return lock.model_copy(update={"pools": pools, "facts": facts, **hashes})


@settings(deadline=None)  # the machine may be busy
@given(small_fleets, st.data())
def test_no_witness_can_be_raised_above_what_is_left(
    world: NewWorld, fleet: dict[str, Any], data: st.DataObject
) -> None:
    made = build(world, fleet)
    lock = planned(made)
    if lock is None:
        return
    scenario = data.draw(st.sampled_from(lock.scenarios))
    pool = data.draw(st.sampled_from(sorted(lock.pools)))
    workload = data.draw(st.sampled_from(["inference/s0", "training/j0"]))
    raised = scenario.witness | {workload: {pool: lock.pools[pool].nodes + 1}}
    forged = tuple(
        plan.model_copy(update={"witness": raised}) if plan is scenario else plan for plan in lock.scenarios
    )

    with pytest.raises(LockError):
        made.verify(lock.model_copy(update={"scenarios": forged}))
