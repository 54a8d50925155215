"""A lock stays while it is good: prices that move a little move no node, and what no longer holds goes."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pytest
from tests.e2e.planner.fleets import PRICES, open_fleet, priced

from argosy.planner.models import Lock
from argosy.planner.plan import plan_capacity
from argosy.planner.verify import verify_plan

if TYPE_CHECKING:
    from conftest import World

NewWorld = Callable[[], "World"]
Prices = Mapping[tuple[str, str], float]
Plain = dict[str, Any]
DAYS = 30


def planned(made: World, prices: Prices, previous: Lock | None, *, fresh: bool = False) -> Lock:
    fleet = priced(made.fleet(), prices)
    lock = plan_capacity(fleet, made.catalog, previous, fresh=fresh)
    verify_plan(fleet, lock, made.catalog)
    return lock


def days() -> Iterator[dict[tuple[str, str], float]]:
    """Prices of one day after another: spot within 5 % of the list, on-demand within 1 %."""
    draw = random.Random(7)
    for _ in range(DAYS):
        yield {
            (node_type, kind): usd * (1 + draw.uniform(-1, 1) * (0.05 if kind == "spot" else 0.01))
            for (node_type, kind), usd in PRICES.items()
        }


def moved(before: Lock, after: Lock) -> int:
    """Nodes that stand elsewhere, and servers that changed their slot."""
    places = {
        (pool, place)
        for lock in (before, after)
        for pool, plan in lock.pools.items()
        for place in (*plan.by_zone, *plan.slots)
    }
    return sum(
        abs(before.pools[pool].by_zone.get(place, 0) - after.pools[pool].by_zone.get(place, 0))
        + (before.pools[pool].slots.get(place) != after.pools[pool].slots.get(place))
        for pool, place in places
    )


def test_a_month_of_small_price_moves_moves_no_node(world: NewWorld) -> None:
    made = open_fleet(world())
    lock = planned(made, PRICES, None)

    for today in days():
        after = planned(made, today, lock)
        assert 0 == moved(lock, after)
        lock = after


def test_planning_afresh_every_day_moves_nodes(world: NewWorld) -> None:
    """Else the test above could not fail."""
    made = open_fleet(world())
    lock, total = planned(made, PRICES, None), 0

    for today in days():
        after = planned(made, today, lock, fresh=True)
        total += moved(lock, after)
        lock = after
    print(f"\nafresh {total} nodes moved in {DAYS} days")  # noqa: T201
    assert total > 20


def cloud(nodes: int = 9) -> Plain:
    """An open pool on demand."""
    return {"role": "inference", "nodes": {"min": 0, "max": nodes}, "zone": "z1"}


def two_clouds(made: World) -> World:
    made.cloud("use1", "aws", serve=cloud() | {"instance_type": "p5en.48xlarge"})
    made.cloud("euw4", "gcp", serve=cloud() | {"instance_type": "a3-ultragpu-8g"})
    return made.serve("chat", 4)


def costing(aws: float, gcp: float) -> Prices:
    return {("aws/p5en.48xlarge", "on-demand"): aws, ("gcp/a3-ultragpu-8g", "on-demand"): gcp}


def sizes(lock: Lock) -> dict[str, int]:
    return {pool: plan.nodes for pool, plan in lock.pools.items()}


IN_AWS = {"use1/serve": 4, "euw4/serve": 0}
IN_GCP = {"use1/serve": 0, "euw4/serve": 4}


@pytest.mark.parametrize(("aws", "expected"), [(102.9, IN_AWS), (103.1, IN_GCP)])
def test_a_plan_stays_up_to_three_percent_above_the_bound_of_today(
    world: NewWorld, aws: float, expected: dict[str, int]
) -> None:
    made = two_clouds(world())
    before = planned(made, costing(99, 100), None)

    assert IN_AWS == sizes(before)
    assert expected == sizes(planned(made, costing(aws, 100), before))


def test_what_stays_says_what_it_costs_and_what_would_be_least_today(world: NewWorld) -> None:
    made = two_clouds(world())
    lock = planned(made, costing(102, 100), planned(made, costing(99, 100), None))

    assert "408.00" == lock.claim.cost_usd_per_hour
    assert 399.99 <= float(lock.claim.bound_usd_per_hour) <= 400
    assert 2 == pytest.approx(float(lock.claim.gap_percent), abs=0.01)


def test_fresh_does_not_stay(world: NewWorld) -> None:
    made = two_clouds(world())
    before = planned(made, costing(99, 100), None)

    assert IN_GCP == sizes(planned(made, costing(101, 100), before, fresh=True))


def test_a_plan_that_no_longer_keeps_a_floor_is_replaced(world: NewWorld) -> None:
    made = two_clouds(world())
    before = planned(made, costing(99, 100), None)
    made.survive("use1", inference="0.5")

    after = planned(made, costing(99, 100), before)

    assert {"use1/serve": 2, "euw4/serve": 2} == sizes(after)


def test_a_plan_that_breaks_a_new_limit_is_replaced(world: NewWorld) -> None:
    made = two_clouds(world())
    before = planned(made, costing(99, 100), None)
    made.max_share = "0.5"

    assert {"use1/serve": 2, "euw4/serve": 2} == sizes(planned(made, costing(99, 100), before))


def test_a_plan_outside_a_new_range_is_replaced(world: NewWorld) -> None:
    made = two_clouds(world())
    before = planned(made, costing(99, 100), None)
    made.sites["use1"]["node_pools"]["serve"]["nodes"] = {"min": 0, "max": 3}

    assert {"use1/serve": 3, "euw4/serve": 1} == sizes(planned(made, costing(99, 100), before))


def test_sizes_stay_when_the_fleet_file_changes_and_they_still_do(world: NewWorld) -> None:
    made = two_clouds(world())
    before = planned(made, costing(99, 100), None)
    made.sites["use1"]["node_pools"]["serve"]["nodes"] = {"min": 1, "max": 30}
    made.cloud("use2", "aws", serve=cloud() | {"instance_type": "p5en.48xlarge"})
    made.survive("euw4", inference="1")

    after = planned(made, costing(101, 100), before)

    assert IN_AWS | {"use2/serve": 0} == sizes(after)
    assert before.spec_sha256 != after.spec_sha256


def test_what_was_held_in_a_pool_that_is_gone_is_held_elsewhere(world: NewWorld) -> None:
    made = two_clouds(world())
    before = planned(made, costing(99, 100), None)
    del made.sites["use1"]

    assert {"euw4/serve": 4} == sizes(planned(made, costing(99, 100), before))


def test_jobs_keep_their_homes(world: NewWorld) -> None:
    train = {"role": "training", "nodes": {"min": 4, "max": 9}, "zone": "z1"}
    made = world().cloud("use1", "aws", train=train | {"instance_type": "p5en.48xlarge"})
    made.cloud("euw4", "gcp", train=train | {"instance_type": "a3-ultragpu-8g"}).train("j", 4)
    before = planned(made, PRICES, None)
    (home,) = before.scenarios[0].jobs.values()
    other = {"use1/train": "euw4/train", "euw4/train": "use1/train"}[home]
    forged = before.model_copy(
        update={"scenarios": (before.scenarios[0].model_copy(update={"jobs": {"training/j": other}}),)}
    )

    assert {"training/j": home} == planned(made, PRICES, before).scenarios[0].jobs
    assert {"training/j": other} == planned(made, PRICES, forged).scenarios[0].jobs


def hall(made: World, nodes: Plain) -> World:
    return made.hall("oslo", 8, train={"role": "training", "server_type": "dgx-h200", "nodes": nodes})


@pytest.mark.parametrize("fresh", [False, True])
def test_servers_keep_their_slots(world: NewWorld, fresh: bool) -> None:
    made = hall(world(), {"min": 0, "max": 8}).train("a", 3)
    before = planned(made, PRICES, None)
    slots = before.pools["oslo/train"].slots
    # As if two of them had been put elsewhere by hand.
    swapped = slots | {"slot-01": slots["slot-02"], "slot-02": slots["slot-01"]}
    by_hand = before.pools["oslo/train"].model_copy(update={"slots": swapped})
    before = before.model_copy(update={"pools": {"oslo/train": by_hand}})

    assert swapped == planned(made, PRICES, before, fresh=fresh).pools["oslo/train"].slots


def test_servers_keep_their_slots_when_the_pool_grows(world: NewWorld) -> None:
    made = hall(world(), {"min": 0, "max": 8}).train("a", 3)
    before = planned(made, PRICES, None).pools["oslo/train"].slots
    after = planned(made.train("b", 2), PRICES, planned(made, PRICES, None)).pools["oslo/train"].slots

    assert 5 == len(after)
    assert before.items() <= after.items()
