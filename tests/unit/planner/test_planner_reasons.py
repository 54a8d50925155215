"""Why nodes do not count, in words. A dgx-h200 draws 10.2 kW, with a PUE of 1.3 13.26 kW."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from argosy.errors import FleetError, ShortfallError
from argosy.planner.contingencies import Loss
from argosy.planner.reasons import reasons

if TYPE_CHECKING:
    from conftest import World

NewWorld = Callable[[], "World"]


def metal(role: str, nodes: int) -> dict[str, Any]:
    return {"role": role, "nodes": nodes, "server_type": "dgx-h200"}


def shortfalls(made: World) -> list[str]:
    with pytest.raises(ShortfallError) as caught:
        made.plan()
    return [str(shortfall) for shortfall in caught.value.shortfalls]


def why(made: World, role: str, **loss: Any) -> list[str]:
    estate = made.estate(made.plan())
    return list(reasons(Loss(**loss), estate, {pool.id for pool in estate.pools}, role))


def test_a_feed_that_is_too_weak_alone_is_the_reason_with_its_numbers(world: NewWorld) -> None:
    made = world().hall("basement", 2, {"a": 14, "b": 14}, pue="1.3", serve=metal("inference", 2))
    made.serve("chat", 2).survive("any feed", "1")

    assert [
        "lose feed basement/a: inference/chat needs 2 nodes, could have 1; short by 1; basement: 1 of 2 "
        "nodes have power: 14 kW rated on feed b, 13.3 kW needed per node with cooling",
        "lose feed basement/b: inference/chat needs 2 nodes, could have 1; short by 1; basement: 1 of 2 "
        "nodes have power: 14 kW rated on feed a, 13.3 kW needed per node with cooling",
    ] == shortfalls(made)


def test_nodes_of_other_pools_that_take_the_power_are_counted(world: NewWorld) -> None:
    pools: dict[str, Any] = {"serve": metal("inference", 2), "train": metal("training", 1)}
    made = world().hall("oslo", 3, {"a": 20, "b": 100}, pue="1", **pools)
    made.train("pretrain", 1, protected=True).survive("any feed", training="1")

    assert [
        "lose feed oslo/b: training/pretrain needs 1 node, could have 0; short by 1; a job runs whole in one "
        "pool; oslo: 0 of 1 node has power: 20 kW rated on feed a, 10.2 kW needed per node with cooling, "
        "beside 1 node of other pools"
    ] == shortfalls(made)


def test_a_floor_over_all_jobs_names_the_power_as_well(world: NewWorld) -> None:
    made = world().hall("oslo", 2, {"a": 11, "b": 11}, pue="1", train=metal("training", 2))
    made.train("one", 1).train("two", 1).survive("any feed", training="1")

    assert all("oslo: 1 of 2 nodes have power: 11 kW rated on feed" in line for line in shortfalls(made))


def test_servers_on_the_lost_feed_alone_need_no_numbers(world: NewWorld) -> None:
    servers = [
        {"serial": f"{feed}1", "bmc": f"https://{feed}.example", "rack": "r1", "feeds": [feed]}
        for feed in ("a", "b")
    ]
    made = world().hall("oslo", servers, serve=metal("inference", 2))

    assert ["oslo: 1 of 2 nodes have power: nothing else is on a live feed"] == why(
        made, "inference", feeds=frozenset({("oslo", "a")})
    )


def test_satellites_are_the_reason_for_services_and_not_for_jobs(world: NewWorld) -> None:
    made = world().hall("oslo", 2, serve=metal("inference", 2))
    fibre = frozenset({("oslo", "fibre-1")})

    assert ["oslo: only satellites are left as uplinks, over which nobody can be served"] == why(
        made, "inference", uplinks=fibre
    )
    assert [] == why(made, "training", uplinks=fibre)


def test_a_hall_without_an_uplink_says_so(world: NewWorld) -> None:
    made = world().hall("oslo", 2, train=metal("training", 2))
    links = frozenset({("oslo", "fibre-1"), ("oslo", "sky-1")})

    assert ["oslo: no uplink is left"] == why(made, "training", uplinks=links)


def test_flex_capacity_that_does_not_count_says_so(world: NewWorld) -> None:
    pool = {"role": "inference", "nodes": 2, "instance_type": "p5en.48xlarge", "zone": "z1"}
    made = world().cloud("use1", hoped=pool | {"capacity": {"type": "flex"}}).serve("chat", 2)

    assert [
        "nothing lost: inference/chat needs 2 nodes, could have 0; short by 2; "
        "use1/hoped: capacity of type flex counts in no scenario"
    ] == shortfalls(made)


def test_a_lost_site_and_a_lost_rack_explain_themselves(world: NewWorld) -> None:
    made = world().hall("oslo", 4, serve=metal("inference", 4))

    assert [] == why(made, "inference", sites=frozenset({"oslo"}))
    assert [] == why(made, "inference", racks=frozenset({("oslo", "r1")}))


def test_a_pool_that_cannot_be_powered_with_nothing_lost_is_a_fault(world: NewWorld) -> None:
    made = world().hall("basement", 2, {"a": 5, "b": 5}, pue="1.3", serve=metal("inference", 2))
    made.serve("chat", 2)

    with pytest.raises(FleetError) as caught:
        made.plan()
    assert (
        "sites.basement.node_pools.serve.nodes: given 2 nodes, more than the feeds carry with nothing lost "
        "(0 of 2 nodes have power: 5 kW rated on feed a and 5 kW rated on feed b, 13.3 kW needed per node "
        "with cooling, shared evenly by its feeds); "
        "expected power for every node of basement, or there is no fleet to begin with; raise "
        "`rated_kw` of the feeds, or lower `nodes`"
    ) == str(caught.value).strip()


def test_every_pool_without_power_is_listed_at_once(world: NewWorld) -> None:
    made = world()
    for site in ("oslo", "rome"):
        servers = [{"serial": site, "bmc": f"https://{site}.example", "rack": "r1", "feeds": ["a"]}]
        made.hall(site, servers, {"a": 5}, serve=metal("inference", 1))

    with pytest.raises(FleetError) as caught:
        made.plan()
    assert ["sites.oslo.node_pools.serve.nodes", "sites.rome.node_pools.serve.nodes"] == [
        fault.path for fault in caught.value.faults
    ]
