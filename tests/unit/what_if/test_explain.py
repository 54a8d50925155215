"""Why pools hold what they hold, in fleets small enough to be counted by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from argosy.planner.models import Lock
from argosy.what_if.explain import Explanation, PoolReport, explain_lock

from .conftest import World

NewWorld = Callable[[], World]


def cloud(role: str, nodes: Any, **more: object) -> dict[str, Any]:
    return {"role": role, "nodes": nodes, "instance_type": "p5en.48xlarge", "zone": "z1"} | more


def metal(role: str, nodes: Any, **more: object) -> dict[str, Any]:
    return {"role": role, "nodes": nodes, "server_type": "dgx-h200"} | more


def explained(made: World, lock: Lock | None = None) -> Explanation:
    lock = lock or made.plan()
    made.verify(lock)
    return explain_lock(made.fleet(), made.catalog, lock)


def pool_of(told: Explanation, name: str) -> PoolReport:
    return next(pool for pool in told.pools if pool.id == name)


def test_the_floor_that_one_node_less_breaks_is_named_with_its_scenario(world: NewWorld) -> None:
    made = world().cloud("use1", serve=cloud("inference", {"min": 0, "max": 9})).serve("chat", 3)
    made.hall("oslo", 4, serve=metal("inference", 4)).survive("metal", "1")
    found = pool_of(explained(made), "use1/serve")

    assert (3, 0, 9) == (found.nodes, found.low, found.high)
    assert "one less breaks lose provider metal: inference/chat needs 3 nodes, keeps 2 nodes" == str(
        found.why
    )


def test_a_pinned_pool_says_so_and_that_it_could_do_with_less(world: NewWorld) -> None:
    made = world().cloud("use1", serve=cloud("inference", 4)).serve("chat", 3)

    assert "pinned by sites.use1.node_pools.serve.nodes: 4; one less would keep every floor" == str(
        pool_of(explained(made), "use1/serve").why
    )


def test_a_minimum_that_holds_a_pool_is_named(world: NewWorld) -> None:
    made = world().cloud("use1", serve=cloud("inference", {"min": 4, "max": 6})).serve("chat", 3)

    assert "held by sites.use1.node_pools.serve.nodes.min: 4; one less would keep every floor" == str(
        pool_of(explained(made), "use1/serve").why
    )


def test_a_pool_without_nodes_has_nothing_to_explain(world: NewWorld) -> None:
    made = world().cloud("use1", one=cloud("inference", 3), two=cloud("inference", {"min": 0, "max": 6}))
    made.serve("chat", 3)

    assert pool_of(explained(made), "use1/two").why is None


def test_whole_multiples_are_taken_away_whole(world: NewWorld) -> None:
    capacity = {"type": "on-demand", "multiple_of": 4}
    made = world().cloud("use1", serve=cloud("inference", {"min": 0, "max": 8}, capacity=capacity))
    made.serve("chat", 5)
    why = pool_of(explained(made), "use1/serve").why

    assert (
        "nodes come in multiples of 4; 4 nodes less breaks nothing lost: inference/chat needs 5 nodes, "
        "keeps 4 nodes"
    ) == str(why)


def test_a_share_of_another_that_would_grow_too_large_is_named(world: NewWorld) -> None:
    made = world().cloud("use1", serve=cloud("inference", 3))
    made.hall("oslo", 3, serve=metal("inference", 3)).serve("chat", 1)
    made.max_share = "0.5"

    assert "one less breaks share of metal (max_share.provider)" in str(
        pool_of(explained(made), "use1/serve").why
    )


def test_a_node_in_the_rack_that_matters_least_is_taken_away(world: NewWorld) -> None:
    made = world().hall("oslo", 4, serve=metal("inference", 4)).serve("chat", 2)
    made.survive("rack oslo/r1", "1")

    assert "one less would keep every floor" in str(pool_of(explained(made), "oslo/serve").why)


def test_spare_nodes_are_counted_by_scenario(world: NewWorld) -> None:
    made = world().cloud("use1", serve=cloud("inference", 4)).hall("oslo", 4, serve=metal("inference", 4))
    made.serve("chat", 3).survive("any provider", "1")
    told = explained(made)
    spare = {pool.id: pool.spare for pool in told.pools}

    # Both pools are of one kind.
    assert [5, 5] == [by_case["nothing lost", "0"] for by_case in spare.values()]
    assert 1 == spare["use1/serve"]["lose provider metal", "0"]
    assert 1 == pool_of(told, "use1/serve").least_spare


def test_what_pools_for_inference_lend_to_jobs_is_counted_in_nodes(world: NewWorld) -> None:
    made = world().cloud("use1", serve=cloud("inference", 6, lends=True))
    made.serve("chat", 2).train("research", 4)

    assert 4 == pool_of(explained(made), "use1/serve").lent
    assert 0 == pool_of(explained(made), "use1/serve").least_spare


def test_only_the_pools_that_are_asked_for_are_explained(world: NewWorld) -> None:
    made = world().cloud("use1", a=cloud("inference", 2), b=cloud("inference", 2)).serve("chat", 2)
    told = explain_lock(made.fleet(), made.catalog, made.plan(), ["use1/b"])

    assert ["use1/b"] == [pool.id for pool in told.pools]


def test_one_more_node_of_a_cheaper_pool_that_is_full_saves_the_difference(world: NewWorld) -> None:
    made = world().cloud("use1", serve=cloud("inference", {"min": 0, "max": 9}))
    made.cloud("use2", owned=cloud("inference", {"min": 0, "max": 2}, capacity=RESERVED)).serve("chat", 5)
    told = explained(made)
    price = next(o.price for o in made.problem().offerings if o.pool == "use1/serve") / 1e6

    assert [("sites.use2.node_pools.owned.nodes.max", "node", f"{price * 730:.2f}")] == [
        (worth.path, worth.unit, f"{worth.usd_per_month:.2f}") for worth in told.worths
    ]


RESERVED = {"type": "reserved", "reservation": "cr-1"}


def test_one_more_of_a_quota_saves_and_is_counted_in_its_unit(world: NewWorld) -> None:
    quota = {"name": "p5", "limit": 16, "unit": "accelerators", "pools": ["one", "two"]}
    some = {"min": 0, "max": 9}
    made = world().cloud("use1", serve=cloud("inference", some))
    made.cloud(
        "use2",
        "aws",
        {"quotas": [quota]},
        one=cloud("inference", some, capacity=RESERVED),
        two=cloud("inference", some, capacity=RESERVED),
    )
    made.serve("chat", 5)
    price = next(o.price for o in made.problem().offerings if o.pool == "use1/serve") / 1e6

    assert [("sites.use2.quotas[0].limit", "accelerator", f"{price * 730 / 8:.2f}")] == [
        (worth.path, worth.unit, f"{worth.usd_per_month:.2f}") for worth in explained(made).worths
    ]


def test_one_more_server_of_a_hall_saves_where_servers_are_scarce(world: NewWorld) -> None:
    made = world().cloud("use1", serve=cloud("inference", {"min": 0, "max": 9})).serve("chat", 6)
    made.hall("oslo", 4, serve=metal("inference", {"min": 0, "max": 9}))

    assert [("sites.oslo.inventory", "dgx-h200 server")] == [
        (worth.path, worth.unit) for worth in explained(made).worths
    ]


def test_one_more_kilowatt_of_a_feed_saves_where_power_is_scarce(world: NewWorld) -> None:
    made = world().cloud("use1", serve=cloud("inference", {"min": 0, "max": 9})).serve("chat", 6)
    # A dgx-h200 draws 10.2 kW, half of it from each feed.
    made.hall("oslo", 4, {"a": 15, "b": 90}, pue="1", serve=metal("inference", {"min": 0, "max": 4}))
    price = next(o.price for o in made.problem().offerings if o.pool == "use1/serve") / 1e6

    assert [("sites.oslo.power.feeds[0].rated_kw", "kW", f"{price * 730 / 5.1:.2f}")] == [
        (worth.path, worth.unit, f"{worth.usd_per_month:.2f}") for worth in explained(made).worths
    ]


def test_a_bound_that_another_stands_behind_saves_nothing_alone(world: NewWorld) -> None:
    made = world().cloud("use1", serve=cloud("inference", {"min": 0, "max": 9})).serve("chat", 6)
    made.hall("oslo", 4, serve=metal("inference", 4))

    assert () == explained(made).worths


def test_jobs_stay_where_they_are_when_units_are_priced(world: NewWorld) -> None:
    made = world().cloud("use1", train=cloud("training", 4), serve=cloud("inference", {"min": 0, "max": 9}))
    made.cloud("use2", owned=cloud("inference", {"min": 0, "max": 2}, capacity=RESERVED))
    made.train("pretrain", 4, protected=True).serve("chat", 3)

    assert ["sites.use2.node_pools.owned.nodes.max"] == [worth.path for worth in explained(made).worths]
