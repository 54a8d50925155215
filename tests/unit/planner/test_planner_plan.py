"""Plans: what they hold, what they prove, and what they refuse."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from argosy.catalog import Catalog
from argosy.errors import FleetError, InfeasiblePlanError
from argosy.planner.lock import render_lock
from argosy.planner.models import Lock, ScenarioPlan

if TYPE_CHECKING:
    from conftest import World

NewWorld = Callable[[], "World"]

CLOUD = "8xH200 inference anywhere for all"
"""The kind of a cloud's nodes for inference; a hall without a country has the same."""


def cloud(role: str, nodes: object, **more: object) -> dict[str, Any]:
    zone = {} if "zones" in more else {"zone": "z1"}
    return {"role": role, "nodes": nodes, "instance_type": "p5en.48xlarge", **zone, **more}


def metal(role: str, nodes: object, **more: object) -> dict[str, Any]:
    return {"role": role, "nodes": nodes, "server_type": "dgx-h200", **more}


def two_halls(world: NewWorld, **pools: Any) -> World:
    return world().hall("north", 8, **pools).hall("south", 8, **pools)


def planned(made: World) -> Lock:
    """A lock that the verifier takes."""
    lock = made.plan()
    made.verify(lock)
    return lock


def scenario(lock: Lock, name: str) -> ScenarioPlan:
    (found,) = [plan for plan in lock.scenarios if plan.id == name]
    return found


def sizes(lock: Lock) -> dict[str, int]:
    return {pool: plan.nodes for pool, plan in lock.pools.items()}


def assert_no_plan(made: World) -> None:
    with pytest.raises(InfeasiblePlanError):
        made.plan()


def test_a_cloud_pool_spreads_evenly_over_its_zones_and_the_first_take_the_rest(world: NewWorld) -> None:
    lock = planned(world().cloud("use1", serve=cloud("inference", 8, zones=["z3", "z1", "z2"])))

    assert {"z1": 3, "z2": 3, "z3": 2} == lock.pools["use1/serve"].by_zone


def test_every_scenario_has_a_witness(world: NewWorld) -> None:
    made = two_halls(world, serve=metal("inference", 4), train=metal("training", 4))
    made.serve("assistant", 4).train("pretrain", 4, protected=True).survive("any site", "1", "1")
    lock = planned(made)

    assert ["nothing lost", "lose site north", "lose site south"] == [plan.id for plan in lock.scenarios]
    assert {"inference/assistant": {CLOUD: 4_000_000}} == scenario(lock, "lose site north").serves
    assert {"training/pretrain": "south/train"} == scenario(lock, "lose site north").jobs


def test_a_job_stays_where_it_runs_as_long_as_it_can(world: NewWorld) -> None:
    made = two_halls(world, train=metal("training", 4))
    made.train("a", 2, protected=True).train("b", 4, protected=True)
    made.survive("spot", training="1").survive("any uplink", training="1")
    plans = planned(made).scenarios

    assert 6 == len(plans)
    assert all(plans[0].jobs == plan.jobs for plan in plans)


def test_a_floor_is_rounded_up_to_whole_nodes(world: NewWorld) -> None:
    made = world().cloud("use1", serve=cloud("inference", 7)).serve("assistant", 7).survive("spot", "0.34")

    assert {"inference/assistant": 3} == made.cases()["lose spot"].floors
    assert 3_000_000 <= scenario(planned(made), "lose spot").serves["inference/assistant"][CLOUD]


def test_a_decimal_floor_is_exact(world: NewWorld) -> None:
    # 0.07 * 100 is 7.000000000000001 in binary floating point, which would round up to 8.
    made = world().cloud("use1", serve=cloud("inference", 100)).serve("bot", 100).survive("spot", "0.07")

    assert {"inference/bot": 7} == made.cases()["lose spot"].floors


def test_unprotected_jobs_make_up_the_floor_whole(world: NewWorld) -> None:
    made = two_halls(world, train=metal("training", 8))
    made.train("pretrain", 4, protected=True).train("small", 3).train("large", 6)
    made.survive("north", training="0.5", within="15m")

    # Half of 13 nodes is 7; beside the protected 4 there is no room for `large`, and `small` does.
    assert {"training/pretrain": "south/train", "training/small": "south/train"} == (
        scenario(planned(made), "lose site north").jobs
    )


def test_a_floor_that_only_a_whole_job_too_large_could_meet_has_no_plan(world: NewWorld) -> None:
    made = two_halls(world, train=metal("training", 8))
    made.train("pretrain", 4, protected=True).train("small", 3).train("large", 6)

    # The jobs that fit into eight nodes add up to 7.
    assert_no_plan(made.survive("north", training="0.55", within="15m"))


def test_no_floor_for_training_stops_even_protected_jobs(world: NewWorld) -> None:
    made = world().cloud("use1", train=cloud("training", 2)).train("a", 2, protected=True).survive("use1")

    assert (frozenset(), 0) == (made.cases()["lose site use1"].jobs, made.cases()["lose site use1"].training)
    assert {} == scenario(planned(made), "lose site use1").jobs


def test_a_floor_above_what_a_failure_leaves_has_no_plan(world: NewWorld) -> None:
    made = two_halls(world, serve=metal("inference", 4), train=metal("training", 4))
    made.serve("assistant", 6).train("pretrain", 4, protected=True).train("other", 4)

    assert_no_plan(made.survive("any site", "1", "1", within="15m"))


def test_a_protected_job_that_fits_no_surviving_pool_has_no_plan(world: NewWorld) -> None:
    made = world().hall("north", 8, train=metal("training", 6)).hall("south", 4, train=metal("training", 4))

    assert_no_plan(made.train("pretrain", 6, protected=True).survive("north", training="0.1"))


def test_a_job_is_not_spread_over_two_pools_that_together_would_hold_it(world: NewWorld) -> None:
    assert_no_plan(two_halls(world, train=metal("training", 4)).train("pretrain", 8))


def test_a_pool_of_another_accelerator_does_not_serve(world: NewWorld) -> None:
    assert_no_plan(world().cloud("use1", serve=cloud("inference", 4)).serve("assistant", 4, "H100"))


def test_spot_serves_until_spot_is_lost(world: NewWorld) -> None:
    made = world().cloud("use1", serve=cloud("inference", 2, capacity={"type": "spot"})).serve("bot", 2)
    planned(made)

    assert_no_plan(made.survive("spot", "0.5"))


@pytest.mark.parametrize("share", ["0.5", "0.59"])
def test_a_provider_above_its_share_has_no_plan(world: NewWorld, share: str) -> None:
    # 24 of 40 accelerators are at aws: 20 are allowed, and 23.
    made = world().cloud("use1", serve=cloud("inference", 3)).hall("oslo", 2, serve=metal("inference", 2))
    made.max_share = share

    assert_no_plan(made)


def test_a_share_may_be_used_to_its_last_accelerator(world: NewWorld) -> None:
    made = world().cloud("use1", serve=cloud("inference", 3)).hall("oslo", 2, serve=metal("inference", 2))
    made.max_share = "0.6"

    planned(made)


def test_an_open_size_is_chosen_as_small_as_the_demand_allows(world: NewWorld) -> None:
    made = world().cloud("use1", serve=cloud("inference", {"min": 0, "max": 9})).serve("bot", 4)

    assert {"use1/serve": 4} == sizes(planned(made))


def test_an_open_size_is_never_below_its_min(world: NewWorld) -> None:
    made = world().cloud("use1", serve=cloud("inference", {"min": 6, "max": 9})).serve("bot", 4)

    assert {"use1/serve": 6} == sizes(planned(made))


def test_a_demand_above_every_max_has_no_plan(world: NewWorld) -> None:
    assert_no_plan(world().cloud("use1", serve=cloud("inference", {"min": 0, "max": 9})).serve("bot", 10))


def test_demand_is_served_from_what_is_paid_for_already(world: NewWorld) -> None:
    open_size = {"min": 0, "max": 8}
    made = world().cloud("use1", serve=cloud("inference", open_size))
    made.hall("oslo", 8, serve=metal("inference", open_size)).serve("bot", 4)

    lock = planned(made)

    assert {"oslo/serve": 4, "use1/serve": 0} == sizes(lock)
    assert "0.00" == lock.claim.cost_usd_per_hour


def test_an_open_pool_stands_where_another_pools_zone_would_leave_nothing(world: NewWorld) -> None:
    made = world().cloud(
        "use1",
        pinned=cloud("inference", 4),
        open=cloud("inference", {"min": 0, "max": 9}, zones=["z1", "z2"]),
    )
    made.serve("bot", 4).survive("any zone", "1")

    assert {"z1": 0, "z2": 4} == planned(made).pools["use1/open"].by_zone


def test_a_service_without_a_size_is_refused_rather_than_one_of_nothing(world: NewWorld) -> None:
    made = world().cloud("use1", serve=cloud("inference", 1)).serve("bot", None)

    with pytest.raises(FleetError) as caught:
        made.plan()
    assert "demand.inference[0]: given service 'bot' without a size" in str(caught.value)
    assert "pin it, e.g. `nodes: 4`" in str(caught.value)


def test_a_pool_that_asks_for_more_servers_than_are_left_has_no_plan(world: NewWorld) -> None:
    made = world().hall("oslo", 4, serve=metal("inference", 3), train=metal("training", 1))
    planned(made)
    made.sites["oslo"]["node_pools"]["train"]["spares"] = 1

    assert_no_plan(made)


def test_a_server_of_unknown_power_draw_is_refused(world: NewWorld) -> None:
    made = world().hall("oslo", 2, serve=metal("inference", 1))
    known = made.catalog.server_type("dgx-h200")
    sources = {name: source for name, source in known.provenance.items() if name != "node_power_kw"}
    unknown = known.model_copy(update={"node_power_kw": None, "provenance": sources})
    made.catalog = Catalog(made.catalog.accelerators, {}, {unknown.key: unknown})

    with pytest.raises(FleetError, match="whose power draw the catalogue does not know"):
        made.plan()


def test_equal_fleets_give_equal_locks_byte_for_byte(world: NewWorld) -> None:
    pools: dict[str, Any] = {"serve": metal("inference", 4), "train": metal("training", 4)}
    one = two_halls(world, **pools).train("a", 2).train("b", 2)
    one.serve("x", 2).serve("y", 2).survive("any site", "0.5").survive("any feed", "1")
    other = world().hall("south", 8, **dict(reversed(pools.items()))).hall("north", 8, **pools)
    other.train("b", 2).train("a", 2).serve("y", 2).serve("x", 2).survive("any feed", "1")
    other.survive("any site", "0.5")

    def without_spec_hash(made: World) -> str:
        return render_lock(made.plan().model_copy(update={"spec_sha256": "", "spec_parts": {}}))

    assert without_spec_hash(one) == without_spec_hash(other)


def test_planning_again_with_the_lock_changes_nothing(world: NewWorld) -> None:
    made = two_halls(world, serve=metal("inference", 3, spares=2), train=metal("training", 2))
    lock = made.serve("x", 3).survive("any rack", "1").plan()

    assert lock == made.plan(previous=lock)


def priced(made: World, **usd_per_hour: int) -> World:
    """The world with other list prices of what `two_offers` may hold."""
    types = {"p5en": "aws/p5en.48xlarge", "p5": "aws/p5.48xlarge"}
    known = made.catalog.instance_types
    new = {
        types[name]: known[types[name]].model_copy(update={"price_usd_per_hour": usd})
        for name, usd in usd_per_hour.items()
    }
    made.catalog = Catalog(made.catalog.accelerators, {**known, **new}, made.catalog.server_types)
    return made


@pytest.fixture
def two_offers(world: NewWorld) -> World:
    """A service that either of two sites can serve alone."""
    open_size = {"min": 0, "max": 4}
    other = cloud("inference", open_size) | {"instance_type": "p5.48xlarge"}
    made = world().cloud("use1", serve=cloud("inference", open_size))
    return made.cloud("usw2", serve=other).serve("bot", 4, "H200", "H100")


def test_the_cheaper_of_two_offers_is_held_and_its_cost_is_claimed(two_offers: World) -> None:
    lock = planned(priced(two_offers, p5en=100, p5=101))

    assert {"use1/serve": 4, "usw2/serve": 0} == sizes(lock)
    assert ("400.00", "400.00", "0.000") == (
        lock.claim.cost_usd_per_hour,
        lock.claim.bound_usd_per_hour,
        lock.claim.gap_percent,
    )


def test_sizes_stay_while_a_price_moves_within_the_band(two_offers: World) -> None:
    before = planned(priced(two_offers, p5en=100, p5=101))
    after = priced(two_offers, p5en=102, p5=100).plan(before)

    assert before.pools == after.pools
    assert ("408.00", "2.000") == (after.claim.cost_usd_per_hour, after.claim.gap_percent)


def test_fresh_sizes_are_chosen_anew_within_the_band_too(two_offers: World) -> None:
    before = planned(priced(two_offers, p5en=100, p5=101))
    after = priced(two_offers, p5en=102, p5=100).plan(before, fresh=True)

    assert {"use1/serve": 0, "usw2/serve": 4} == sizes(after)


def test_sizes_move_once_they_cost_more_than_the_band_allows(two_offers: World) -> None:
    before = planned(priced(two_offers, p5en=100, p5=101))
    after = priced(two_offers, p5en=104, p5=100).plan(before)

    assert {"use1/serve": 0, "usw2/serve": 4} == sizes(after)


def test_fresh_keeps_the_slots(world: NewWorld) -> None:
    made = world().hall("oslo", 8, serve=metal("inference", {"min": 0, "max": 8}, spares=1)).serve("bot", 3)
    before = made.plan()
    bound = {"slot-01": "OSLO005", "slot-02": "OSLO002", "slot-03": "OSLO007"}
    pool = before.pools["oslo/serve"].model_copy(update={"slots": bound})
    rebound = before.model_copy(update={"pools": {"oslo/serve": pool}})

    assert bound == made.plan(rebound, fresh=True).pools["oslo/serve"].slots


def test_a_server_that_left_the_inventory_is_replaced_and_the_others_keep_their_slots(
    world: NewWorld,
) -> None:
    made = world().hall("oslo", 4, serve=metal("inference", 3)).serve("bot", 3)
    before = planned(made)
    inventory = made.inventories["oslo"]
    gone = before.pools["oslo/serve"].slots["slot-02"]
    left = tuple(server for server in inventory.servers if server.serial != gone)
    made.inventories["oslo"] = inventory.model_copy(update={"servers": left})
    after = made.plan(before)
    made.verify(after)

    assert before.pools["oslo/serve"].slots | {"slot-02": "OSLO003"} == after.pools["oslo/serve"].slots


def test_a_lock_of_pools_that_are_gone_is_planned_anew(world: NewWorld) -> None:
    before = world().cloud("euw4", serve=cloud("inference", 4)).serve("bot", 4).plan()
    made = world().cloud("use1", serve=cloud("inference", {"min": 0, "max": 9})).serve("bot", 4)

    assert {"use1/serve": 4} == sizes(made.plan(before))
