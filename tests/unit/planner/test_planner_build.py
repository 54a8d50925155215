"""What can be held, worked by hand: offerings, their kinds and bounds, and the limits on them."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from argosy.planner.problem import Limit, Offering, Problem

if TYPE_CHECKING:
    from conftest import World

NewWorld = Callable[[], "World"]
Plain = dict[str, Any]


def pool(nodes: int | Plain, role: str = "inference", **more: object) -> Plain:
    zone = {} if "zones" in more else {"zone": "z1"}
    return {"role": role, "nodes": nodes, "instance_type": "p5en.48xlarge"} | zone | more


def metal(nodes: int | Plain, role: str = "training", **more: object) -> Plain:
    return {"role": role, "nodes": nodes, "server_type": "dgx-h200"} | more


def server(serial: str, rack: str, *feeds: str, **more: str) -> Plain:
    return {"serial": serial, "bmc": f"https://{serial}.example", "rack": rack, "feeds": feeds} | more


def open_to(most: int, least: int = 0) -> Plain:
    return {"min": least, "max": most}


def bounds(problem: Problem) -> dict[str, tuple[int, int]]:
    return {offering.id: (offering.low, offering.high) for offering in problem.offerings}


def limit(problem: Problem, name: str) -> Limit:
    return {limit.id: limit for limit in problem.limits}[name]


def only(problem: Problem) -> Offering:
    (offering,) = problem.offerings
    return offering


def test_pools_that_serve_alike_are_one_kind_whoever_sells_them(world: NewWorld) -> None:
    made = world().cloud("use1", "aws", serve=pool(1))
    made.cloud("euw4", "gcp", serve=pool(1, instance_type="a3-ultragpu-8g"))

    assert {"8xH200 inference anywhere for all"} == {o.kind for o in made.problem().offerings}


def test_role_country_served_regions_lending_and_accelerators_make_kinds(world: NewWorld) -> None:
    made = world().cloud("a", serve=pool(1), train=pool(1, "training"), lend=pool(1, lends=True))
    made.cloud("b", site={"country": "NO", "serves": ["eu", "ap"]}, serve=pool(1))
    made.cloud("c", small=pool(1, instance_type="p5.4xlarge"))

    assert {
        "a/serve": "8xH200 inference anywhere for all",
        "a/train": "8xH200 training anywhere for all",
        "a/lend": "8xH200 inference+lends anywhere for all",
        "b/serve": "8xH200 inference NO ap,eu",
        "c/small": "1xH100 inference anywhere for all",
    } == {offering.pool: offering.kind for offering in made.problem().offerings}


def test_a_pinned_pool_stands_evenly_in_its_zones(world: NewWorld) -> None:
    problem = world().cloud("a", serve=pool(5, zones=["z3", "z1", "z2"])).problem()

    assert {"a/serve@z1": (2, 2), "a/serve@z2": (2, 2), "a/serve@z3": (1, 1)} == bounds(problem)
    assert () == problem.limits


def test_an_open_pool_of_one_zone_has_its_bounds(world: NewWorld) -> None:
    problem = world().cloud("a", serve=pool(open_to(9, 2))).problem()

    assert {"a/serve@z1": (2, 9)} == bounds(problem)
    assert () == problem.limits


def test_an_open_pool_of_several_zones_is_bounded_in_sum(world: NewWorld) -> None:
    problem = world().cloud("a", serve=pool(open_to(9, 2), zones=["z1", "z2"])).problem()

    assert {"a/serve@z1": (0, 9), "a/serve@z2": (0, 9)} == bounds(problem)
    both = {"a/serve@z1": 1, "a/serve@z2": 1}
    assert [Limit("nodes of a/serve", "sites.a.node_pools.serve.nodes", both, 9, 2)] == [*problem.limits]


@pytest.mark.parametrize(("capacity", "most"), [({"quota_nodes": 6}, 6), ({"nodes": 4}, 4), ({}, 9)])
def test_quota_and_reservation_bound_an_open_pool(world: NewWorld, capacity: Plain, most: int) -> None:
    reserved = {"type": "reserved", "reservation": "cr-1"} | capacity
    problem = world().cloud("a", serve=pool(open_to(9, 2), capacity=reserved)).problem()

    assert {"a/serve@z1": (2, most)} == bounds(problem)


def test_nodes_come_in_the_multiples_of_their_capacity(world: NewWorld) -> None:
    block = {"type": "block", "reservation": "cr-1", "multiple_of": 4}

    assert 4 == only(world().cloud("a", serve=pool(open_to(16), capacity=block)).problem()).step
    assert 1 == only(world().cloud("a", serve=pool(open_to(16))).problem()).step


def test_the_servers_of_a_rack_on_the_same_feeds_are_one_offering(world: NewWorld) -> None:
    servers = [server("A", "r1", "b", "a"), server("B", "r1", "a", "b"), server("C", "r1", "a")]
    made = world().hall("oslo", [*servers, server("D", "r2", "a", "b")], train=metal(open_to(9, 1)))
    problem = made.problem()

    assert {
        "oslo/train@r1/a": (0, 1),
        "oslo/train@r1/a+b": (0, 2),
        "oslo/train@r2/a+b": (0, 1),
    } == bounds(problem)
    assert (9, 1) == (
        limit(problem, "nodes of oslo/train").upper,
        limit(problem, "nodes of oslo/train").lower,
    )


def test_a_pinned_pool_of_a_hall_may_stand_in_any_rack(world: NewWorld) -> None:
    problem = world().hall("oslo", 6, train=metal(3)).problem()

    assert {f"oslo/train@r{rack}/a+b": (0, 2) for rack in (1, 2, 3)} == bounds(problem)
    assert (3, 3) == (
        limit(problem, "nodes of oslo/train").upper,
        limit(problem, "nodes of oslo/train").lower,
    )


def test_pools_and_spares_of_one_type_share_the_stock_of_the_hall_and_of_each_rack(world: NewWorld) -> None:
    made = world().hall("oslo", 4, train=metal(open_to(4), spares=1), serve=metal(open_to(4), "inference"))
    problem = made.problem()

    everywhere = {f"oslo/{name}@r{rack}/a+b": 1 for name in ("serve", "train") for rack in (1, 2)}
    assert Limit("dgx-h200 of oslo", "sites.oslo.inventory", everywhere, 3) == limit(
        problem, "dgx-h200 of oslo"
    )
    first = limit(problem, "dgx-h200 of oslo in r1 on a+b")
    assert ({"oslo/serve@r1/a+b": 1, "oslo/train@r1/a+b": 1}, 2) == (first.coefficients, first.upper)


def test_a_pool_takes_servers_of_its_type_only(world: NewWorld) -> None:
    servers = [server("A", "r1", "a"), server("B", "r1", "a", server_type="dgx-b200")]
    problem = world().hall("oslo", servers, train=metal(open_to(9))).problem()

    assert {"oslo/train@r1/a": (0, 1)} == bounds(problem)
    assert 1 == limit(problem, "dgx-h200 of oslo").upper


def test_a_feed_carries_a_node_with_its_cooling(world: NewWorld) -> None:
    """10.2 kW times 1.2 are 12.24 kW: 8 nodes draw 97.92 of 100 kW, 9 draw 110.16."""
    made = world().hall("oslo", [server("A", "r1", "a")], {"a": 100}, pue="1.2", train=metal(open_to(9)))
    power = limit(made.problem(), "power of oslo/a")

    assert "sites.oslo.power.feeds[0].rated_kw" == power.statement
    (draw,) = power.coefficients.values()
    assert power.upper is not None
    assert 8 == power.upper // draw
    # The units are whole: 6/5 of 10,200 W against five times 100,000 W.
    assert (10_200 * 6, 100_000 * 5) == (draw, power.upper)


def test_a_node_on_two_feeds_draws_half_from_each(world: NewWorld) -> None:
    servers = [server("A", "r1", "a", "b"), server("B", "r1", "a")]
    made = world().hall("oslo", servers, {"a": 50, "b": 30}, pue="1", train=metal(open_to(9)))
    first, second = (limit(made.problem(), f"power of oslo/{feed}") for feed in "ab")

    # In half watts.
    assert ({"oslo/train@r1/a": 20_400, "oslo/train@r1/a+b": 10_200}, 100_000) == (
        first.coefficients,
        first.upper,
    )
    assert ({"oslo/train@r1/a+b": 10_200}, 60_000) == (second.coefficients, second.upper)


def test_a_quota_in_vcpus_counts_what_the_catalogue_says_of_each_type(world: NewWorld) -> None:
    quota = {"name": "gpus", "limit": 1000, "unit": "vcpus", "pools": ["large", "small"]}
    pools = {"large": pool(open_to(9), zones=["z1", "z2"]), "small": pool(9, instance_type="p5.4xlarge")}
    made = world().cloud("a", "aws", {"quotas": [quota]}, **pools, other=pool(1))

    assert Limit(
        "quota gpus of a",
        "sites.a.quotas[0].limit",
        {"a/large@z1": 192, "a/large@z2": 192, "a/small@z1": 16},
        1000,
    ) == limit(made.problem(), "quota gpus of a")


@pytest.mark.parametrize(("unit", "each"), [("nodes", 1), ("accelerators", 8)])
def test_a_quota_may_be_counted_in_nodes_or_accelerators(world: NewWorld, unit: str, each: int) -> None:
    quota = {"name": "gpus", "limit": 7, "unit": unit, "pools": ["serve"]}
    made = world().cloud("a", "aws", {"quotas": [quota]}, serve=pool(open_to(9)))

    assert {"a/serve@z1": each} == limit(made.problem(), "quota gpus of a").coefficients


def test_no_provider_holds_more_than_its_share_of_the_accelerators(world: NewWorld) -> None:
    made = world().cloud("a", "aws", serve=pool(1), small=pool(1, instance_type="p5.4xlarge"))
    made.cloud("g", "gcp", serve=pool(1, instance_type="a3-ultragpu-8g"))
    made.max_share = "0.6"
    share = limit(made.problem(), "share of aws")

    # Five fifths of its own against three fifths of all: 2 x aws <= 3 x gcp.
    assert {"a/serve@z1": 8 * 2, "a/small@z1": 2, "g/serve@z1": 8 * -3} == share.coefficients
    assert ("max_share.provider", 0) == (share.statement, share.upper)


@pytest.mark.parametrize(
    ("capacity", "price"),
    [
        ({"type": "on-demand"}, 63_300_000),
        ({"type": "spot"}, 63_300_000),
        ({"type": "reserved", "reservation": "cr-1"}, 0),
        ({"type": "block", "reservation": "cr-1"}, 0),
    ],
)
def test_only_what_is_not_paid_for_already_has_a_price(world: NewWorld, capacity: Plain, price: int) -> None:
    assert price == only(world().cloud("a", serve=pool(open_to(9), capacity=capacity)).problem()).price


def test_a_node_of_ones_own_costs_its_energy(world: NewWorld) -> None:
    made = world().hall("oslo", [server("A", "r1", "a")], {"a": 100}, pue="1.5", train=metal(open_to(1)))
    made.sites["oslo"]["power"]["usd_per_kwh"] = Decimal("0.1")

    # 10.2 kW x 1.5 x 0.10 $/kWh
    assert 1_530_000 == only(made.problem()).price


def test_the_order_of_sites_and_pools_decides_nothing(world: NewWorld) -> None:
    one = world().cloud("a", x=pool(1), y=pool(2)).cloud("b", x=pool(1))
    other = world().cloud("b", x=pool(1)).cloud("a", y=pool(2), x=pool(1))

    assert one.problem() == other.problem()
