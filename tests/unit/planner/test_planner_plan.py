"""Plans of pinned fleets: what they hold, what they prove, and what they refuse."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from argosy.catalog import Catalog
from argosy.errors import FleetError, Shortfall, ShortfallError
from argosy.planner.floors import required_nodes
from argosy.planner.lock import render_lock

if TYPE_CHECKING:
    from conftest import World

NewWorld = Callable[[], "World"]


def cloud(role: str, nodes: object, **more: object) -> dict[str, Any]:
    zone = {} if "zones" in more else {"zone": "z1"}
    return {"role": role, "nodes": nodes, "instance_type": "p5en.48xlarge", **zone, **more}


def metal(role: str, nodes: object, **more: object) -> dict[str, Any]:
    return {"role": role, "nodes": nodes, "server_type": "dgx-h200", **more}


def two_halls(world: NewWorld, **pools: Any) -> World:
    return world().hall("north", 8, **pools).hall("south", 8, **pools)


def shortfalls(made: World) -> list[str]:
    with pytest.raises(ShortfallError) as caught:
        made.plan()
    return [str(shortfall) for shortfall in caught.value.shortfalls]


def test_a_cloud_pool_spreads_evenly_over_its_zones_and_the_first_take_the_rest(world: NewWorld) -> None:
    lock = world().cloud("use1", serve=cloud("inference", 8, zones=["z3", "z1", "z2"])).plan()

    assert {"z1": 3, "z2": 3, "z3": 2} == lock.pools["use1/serve"].by_zone


def test_every_scenario_has_a_witness(world: NewWorld) -> None:
    made = two_halls(world, serve=metal("inference", 4), train=metal("training", 4))
    made.serve("assistant", 4).train("pretrain", 4, protected=True).survive("any site", "1", "1")
    witnesses = {plan.id: plan.witness for plan in made.plan().scenarios}

    assert {"inference/assistant": {"south/serve": 4}, "training/pretrain": {"south/train": 4}} == witnesses[
        "lose site north"
    ]


def test_a_job_stays_where_it_runs_as_long_as_it_can(world: NewWorld) -> None:
    made = two_halls(world, train=metal("training", 4))
    made.train("a", 2, protected=True).train("b", 4, protected=True)
    made.survive("spot", training="1").survive("any uplink", training="1")
    plans = made.plan().scenarios

    assert all(plans[0].witness == plan.witness for plan in plans)


def test_a_floor_is_rounded_up_to_whole_nodes(world: NewWorld) -> None:
    made = world().cloud("use1", serve=cloud("inference", 7)).serve("assistant", 7).survive("spot", "0.34")

    assert {"inference/assistant": 3} == made.plan().scenarios[1].required


def test_a_decimal_floor_is_exact(world: NewWorld) -> None:
    # 0.07 * 100 is 7.000000000000001 in binary floating point, which would round up to 8.
    made = world().cloud("use1", serve=cloud("inference", 100)).serve("bot", 100).survive("spot", "0.07")

    assert {"inference/bot": 7} == made.plan().scenarios[1].required


def test_unprotected_jobs_make_up_the_floor_whole(world: NewWorld) -> None:
    made = two_halls(world, train=metal("training", 8))
    made.train("pretrain", 4, protected=True).train("small", 3).train("large", 6)
    made.survive("north", training="0.5")

    # Half of 13 nodes is 7; beside the protected 4 there is no room for `large`, and `small` does.
    assert {"training/pretrain": {"south/train": 4}, "training/small": {"south/train": 3}} == (
        made.plan().scenarios[1].witness
    )


def test_a_floor_that_only_a_whole_job_too_large_could_meet_is_a_shortfall(world: NewWorld) -> None:
    made = two_halls(world, train=metal("training", 8))
    made.train("pretrain", 4, protected=True).train("small", 3).train("large", 6)
    made.survive("north", training="0.55")

    assert ["lose site north: training needs 8 nodes, could have 7; short by 1"] == shortfalls(made)


def test_no_floor_for_training_stops_even_protected_jobs(world: NewWorld) -> None:
    made = world().cloud("use1", train=cloud("training", 2)).train("a", 2, protected=True).survive("use1")

    assert {} == made.plan().scenarios[1].required


def test_every_shortfall_is_listed(world: NewWorld) -> None:
    made = two_halls(world, serve=metal("inference", 4), train=metal("training", 4))
    made.serve("assistant", 6).train("pretrain", 4, protected=True).train("other", 4)
    made.survive("any site", "1", "1", within="15m")

    assert [
        "lose site north (within 15m): inference/assistant needs 6 nodes, could have 4; short by 2",
        "lose site north (within 15m): training needs 8 nodes, could have 4; short by 4",
        "lose site south (within 15m): inference/assistant needs 6 nodes, could have 4; short by 2",
        "lose site south (within 15m): training needs 8 nodes, could have 4; short by 4",
    ] == shortfalls(made)


def test_a_protected_job_that_fits_no_surviving_pool_is_named_with_the_largest_hole(world: NewWorld) -> None:
    made = world().hall("north", 8, train=metal("training", 6)).hall("south", 4, train=metal("training", 4))
    made.train("pretrain", 6, protected=True).survive("north", training="0.1")

    assert [
        "lose site north: training/pretrain needs 6 nodes, could have 4; short by 2; "
        "a job runs whole in one pool"
    ] == shortfalls(made)


def test_a_job_is_not_spread_over_two_pools_that_together_would_hold_it(world: NewWorld) -> None:
    made = two_halls(world, train=metal("training", 4)).train("pretrain", 8)

    with pytest.raises(ShortfallError) as caught:
        made.plan()
    assert [Shortfall("nothing lost", "0", "training/pretrain", 8, 4, "a job runs whole in one pool")] == [
        *caught.value.shortfalls
    ]


def test_a_pool_of_another_accelerator_does_not_serve(world: NewWorld) -> None:
    made = world().cloud("use1", serve=cloud("inference", 4)).serve("assistant", 4, "H100")

    assert ["nothing lost: inference/assistant needs 4 nodes, could have 0; short by 4"] == shortfalls(made)


def test_spot_serves_until_spot_is_lost(world: NewWorld) -> None:
    made = world().cloud("use1", serve=cloud("inference", 2, capacity={"type": "spot"})).serve("bot", 2)
    made.survive("spot", "0.5")

    assert ["lose spot: inference/bot needs 1 node, could have 0; short by 1"] == shortfalls(made)


def test_a_provider_above_its_share_is_refused_in_accelerators(world: NewWorld) -> None:
    made = world().cloud("use1", serve=cloud("inference", 3)).hall("oslo", 2, serve=metal("inference", 2))
    made.max_share = "0.5"

    assert ["max_share.provider: aws holds 24 of 40 accelerators; allowed are 20; 4 too many"] == shortfalls(
        made
    )


def test_a_provider_one_accelerator_above_its_share_is_refused(world: NewWorld) -> None:
    made = world().cloud("use1", serve=cloud("inference", 3)).hall("oslo", 2, serve=metal("inference", 2))
    made.max_share = "0.59"

    assert ["max_share.provider: aws holds 24 of 40 accelerators; allowed are 23; 1 too many"] == shortfalls(
        made
    )


def test_a_share_may_be_used_to_its_last_accelerator(world: NewWorld) -> None:
    made = world().cloud("use1", serve=cloud("inference", 3)).hall("oslo", 2, serve=metal("inference", 2))
    made.max_share = "0.6"

    made.verify(made.plan())


def test_an_open_size_is_refused_with_a_way_out(world: NewWorld) -> None:
    made = world().cloud("use1", serve=cloud("inference", {"min": 0, "max": 9})).serve("bot", None)

    with pytest.raises(FleetError) as caught:
        made.plan()
    assert 2 == len(caught.value.faults)
    assert "the planner cannot choose sizes yet; pin it, e.g. `nodes: 9`" in str(caught.value)
    assert "demand.inference[0]: given service 'bot' without `nodes`" in str(caught.value)


def test_a_service_without_a_size_has_no_floor_rather_than_one_of_nothing(world: NewWorld) -> None:
    made = world().cloud("use1", serve=cloud("inference", 1))
    (nominal,) = made.scenarios().values()
    made.serve("bot", None)

    with pytest.raises(ValueError, match="inference/bot is unsized"):
        required_nodes(made.fleet().spec.demand, nominal)


def test_a_pool_that_asks_for_more_servers_than_are_left_is_refused(world: NewWorld) -> None:
    made = world().hall("oslo", 4, serve=metal("inference", 3), train=metal("training", 1, spares=1))

    with pytest.raises(FleetError, match=r"1 node and 1 spare of dgx-h200.*1 is missing"):
        made.plan()


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
