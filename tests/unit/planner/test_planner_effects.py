"""What each loss leaves of each pool. A dgx-h200 draws 10.2 kW; halls here have a PUE of 1."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from argosy.planner.contingencies import Loss
from argosy.planner.effects import survivors

if TYPE_CHECKING:
    from conftest import World

NewWorld = Callable[[], "World"]


def cloud_pool(nodes: int, capacity: str = "on-demand", **more: object) -> dict[str, Any]:
    zone = {} if "zones" in more else {"zone": "z1"}
    capacity_spec = {"capacity": {"type": capacity}}
    return {
        "role": "inference",
        "nodes": nodes,
        "instance_type": "p5en.48xlarge",
        **zone,
        **capacity_spec,
        **more,
    }


def metal(role: str, nodes: int) -> dict[str, Any]:
    return {"role": role, "nodes": nodes, "server_type": "dgx-h200"}


def on_feed(serial: str, *feeds: str, rack: str = "r1") -> dict[str, Any]:
    return {"serial": serial, "bmc": f"https://{serial}.example", "rack": rack, "feeds": feeds}


def left(made: World, **loss: Any) -> dict[str, int]:
    return dict(survivors(Loss(**loss), made.estate(made.plan())).up)


def test_a_lost_site_leaves_nothing_there_and_everything_elsewhere(world: NewWorld) -> None:
    made = world().cloud("use1", serve=cloud_pool(3)).cloud("use2", serve=cloud_pool(2))

    assert {"use1/serve": 0, "use2/serve": 2} == left(made, sites=frozenset({"use1"}))


def test_a_lost_zone_leaves_the_other_zones(world: NewWorld) -> None:
    made = world().cloud("use1", serve=cloud_pool(5, zones=["z1", "z2"]))

    assert {"use1/serve": 2} == left(made, zones=frozenset({("aws", "z1")}))


def test_a_zone_is_lost_at_every_site_of_its_provider_only(world: NewWorld) -> None:
    made = world().cloud("one", serve=cloud_pool(1)).cloud("two", serve=cloud_pool(1))
    made.cloud("other", "gcp", serve=cloud_pool(1) | {"instance_type": "a3-ultragpu-8g"})

    assert {"one/serve": 0, "other/serve": 1, "two/serve": 0} == left(made, zones=frozenset({("aws", "z1")}))


def test_spot_counts_until_spot_is_lost(world: NewWorld) -> None:
    made = world().cloud("use1", hold=cloud_pool(1), lent=cloud_pool(2, "spot"))

    assert {"use1/hold": 1, "use1/lent": 2} == left(made)
    assert {"use1/hold": 1, "use1/lent": 0} == left(made, spot=True)


def test_flex_capacity_never_counts(world: NewWorld) -> None:
    assert {"use1/hoped": 0} == left(world().cloud("use1", hoped=cloud_pool(4, "flex")))


def test_a_lost_rack_takes_the_servers_in_it(world: NewWorld) -> None:
    made = world().hall("oslo", 4, serve=metal("inference", 3))

    # Slots spread over racks: r1, r2, r1.
    assert {"oslo/serve": 1} == left(made, racks=frozenset({("oslo", "r1")}))


def test_a_lost_rack_of_one_hall_leaves_its_namesake_alone(world: NewWorld) -> None:
    made = world().hall("oslo", 4, serve=metal("inference", 4)).hall("rome", 4, serve=metal("inference", 4))

    assert {"oslo/serve": 2, "rome/serve": 4} == left(made, racks=frozenset({("oslo", "r1")}))


def test_a_server_dies_with_its_only_feed(world: NewWorld) -> None:
    servers = [on_feed("A1", "a"), on_feed("B1", "b"), on_feed("AB1", "a", "b")]
    made = world().hall("oslo", servers, serve=metal("inference", 3))

    assert {"oslo/serve": 2} == left(made, feeds=frozenset({("oslo", "a")}))


def test_dual_fed_servers_live_as_far_as_the_other_feed_carries_them(world: NewWorld) -> None:
    # 4 * 10.2 kW * PUE 1 = 40.8 kW; one feed carries 31 kW, three servers.
    made = world().hall("oslo", 4, {"a": 31, "b": 31}, pue="1", serve=metal("inference", 4))

    assert {"oslo/serve": 4} == left(made)
    assert {"oslo/serve": 3} == left(made, feeds=frozenset({("oslo", "a")}))


def test_a_feed_carries_exactly_what_it_is_rated_for(world: NewWorld) -> None:
    # 5 * 10.2 kW * PUE 1 = 51 kW, to the watt.
    made = world().hall("oslo", 6, {"a": 51, "b": 51}, pue="1", serve=metal("inference", 6))

    assert {"oslo/serve": 5} == left(made, feeds=frozenset({("oslo", "b")}))


def test_cooling_takes_its_part_of_the_feed(world: NewWorld) -> None:
    # 51 kW / (10.2 kW * 1.2) = 4.17 servers.
    made = world().hall("oslo", 5, {"a": 51, "b": 51}, pue="1.2", serve=metal("inference", 5))

    assert {"oslo/serve": 4} == left(made, feeds=frozenset({("oslo", "b")}))


def test_a_hall_that_is_overloaded_with_nothing_lost_does_not_count_whole(world: NewWorld) -> None:
    lock = world().hall("oslo", 4, serve=metal("inference", 4)).plan()
    weaker = world().hall("oslo", 4, {"a": 15, "b": 15}, pue="1", serve=metal("inference", 4))

    assert {"oslo/serve": 2} == survivors(Loss(), weaker.estate(lock)).up


def test_unprotected_training_goes_first_and_inference_last(world: NewWorld) -> None:
    pools: dict[str, Any] = {"a-batch": metal("training", 1), "b-serve": metal("inference", 1)}
    made = world().hall("oslo", 2, {"a": 11, "b": 11}, pue="1", **pools)

    assert {"oslo/a-batch": 0, "oslo/b-serve": 1} == left(made, feeds=frozenset({("oslo", "a")}))


def test_a_pool_that_can_host_a_protected_job_outlasts_one_that_cannot(world: NewWorld) -> None:
    servers = [on_feed("OLD", "a", "b") | {"server_type": "dgx-h100"}, on_feed("NEW", "a", "b")]
    pools: dict[str, Any] = {
        "a-old": metal("training", 1) | {"server_type": "dgx-h100"},
        "b-new": metal("training", 1),
    }
    made = world().hall("oslo", servers, {"a": 11, "b": 11}, pue="1", **pools)
    made.train("pretrain", 1, "H200", protected=True)

    assert {"oslo/a-old": 0, "oslo/b-new": 1} == left(made, feeds=frozenset({("oslo", "a")}))


def test_a_hall_left_with_satellites_trains_on_but_serves_nobody(world: NewWorld) -> None:
    made = world().hall("oslo", 4, serve=metal("inference", 2), train=metal("training", 2))
    estate = made.estate(made.plan())
    after = survivors(Loss(uplinks=frozenset({("oslo", "fibre-1")})), estate)
    serve, train = estate.pools

    assert (0, 2) == (after.usable(serve, "inference"), after.usable(train, "training"))


def test_a_hall_without_any_uplink_counts_as_lost(world: NewWorld) -> None:
    made = world().hall("oslo", 4, train=metal("training", 2))

    assert {"oslo/train": 0} == left(made, uplinks=frozenset({("oslo", "fibre-1"), ("oslo", "sky-1")}))


def test_a_pool_counts_only_for_its_own_role(world: NewWorld) -> None:
    made = world().hall("oslo", 4, train=metal("training", 2))
    estate = made.estate(made.plan())

    assert 0 == survivors(Loss(), estate).usable(estate.pools[0], "inference")
