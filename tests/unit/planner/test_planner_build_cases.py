"""What each failure takes from what is held, and what must be kept then, worked by hand."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from argosy.planner.problem import Case, LinkLimit

if TYPE_CHECKING:
    from conftest import World

NewWorld = Callable[[], "World"]
Plain = dict[str, Any]

FIBRE = {"name": "fibre-1", "kind": "fibre", "mbps": 1000, "rtt_ms": 18, "carrier": "north"}
SKY = {"name": "sky-1", "kind": "leo", "mbps": 200, "rtt_ms": 45, "carrier": "sky"}


def pool(role: str = "inference", **more: object) -> Plain:
    zone = {} if "zones" in more else {"zone": "z1"}
    return {"role": role, "nodes": 1, "instance_type": "p5en.48xlarge"} | zone | more


def metal(nodes: int | Plain = 1) -> Plain:
    return {"role": "training", "nodes": nodes, "server_type": "dgx-h200"}


def server(serial: str, rack: str, *feeds: str) -> Plain:
    return {"serial": serial, "bmc": f"https://{serial}.example", "rack": rack, "feeds": feeds}


def case(made: World, lose: str, name: str = "", **line: str) -> Case:
    made.survive(lose, **line)
    found = made.cases()
    return found[name or f"lose {lose}"]


def test_nothing_lost_comes_first_and_must_serve_everything(world: NewWorld) -> None:
    made = world().cloud("a", serve=pool(), train=pool("training")).serve("chat", 3)
    made.train("kept", 2, protected=True).train("free", 1)
    nominal = made.survive("spot").problem().cases[0]

    assert ("nothing lost", "0", 0) == (nominal.id, nominal.within, nominal.minutes)
    assert {"inference/chat": 3} == nominal.floors
    assert {"training/free", "training/kept"} == nominal.jobs
    assert 3 == nominal.training
    assert frozenset() == nominal.lost


def test_floors_are_shares_of_the_demand_rounded_up(world: NewWorld) -> None:
    made = world().cloud("a", serve=pool(), train=pool("training")).serve("chat", 3).serve("code", 5)
    made.train("kept", 2, protected=True).train("free", 5)
    found = case(made, "spot", inference="0.5", training="0.5", within="15m")

    assert ("15m", 15, ("survive[0]",)) == (found.within, found.minutes, found.statements)
    assert {"inference/chat": 2, "inference/code": 3} == found.floors
    assert ({"training/kept"}, 4) == (found.jobs, found.training)


def test_a_floor_of_its_own_goes_before_that_of_its_kind(world: NewWorld) -> None:
    made = world().cloud("a", serve=pool(), train=pool("training")).serve("chat", 4).serve("code", 5)
    made.train("kept", 2, protected=True).train("free", 5)
    found = case(made, "spot", inference="0.5", training="0.2", chat="1", code="0", free="1", kept="0")

    assert {"inference/chat": 4} == found.floors
    assert ({"training/free"}, 2) == (found.jobs, found.training)


def test_without_a_floor_of_training_no_job_must_run(world: NewWorld) -> None:
    made = world().cloud("a", train=pool("training")).train("kept", 2, protected=True)

    assert (frozenset(), 0) == (case(made, "spot").jobs, case(made, "spot").training)


def test_a_lost_site_and_a_lost_provider_take_everything_there(world: NewWorld) -> None:
    made = world().cloud("a1", "aws", x=pool()).cloud("a2", "aws", x=pool(zones=["z1", "z2"]))
    made.cloud("g", "gcp", x=pool(instance_type="a3-ultragpu-8g"))

    assert {"a2/x@z1", "a2/x@z2"} == case(made, "a2", "lose site a2").lost
    assert {"a1/x@z1", "a2/x@z1", "a2/x@z2"} == case(made, "aws", "lose provider aws").lost


def test_a_lost_zone_takes_it_at_every_site_of_its_provider(world: NewWorld) -> None:
    made = world().cloud("a1", "aws", x=pool()).cloud("a2", "aws", x=pool(zones=["z1", "z2"]))
    made.cloud("g", "gcp", x=pool(instance_type="a3-ultragpu-8g"))

    assert {"a1/x@z1", "a2/x@z1"} == case(made, "zone aws/z1").lost


def test_a_lost_rack_takes_the_servers_in_it(world: NewWorld) -> None:
    servers = [server("A", "r1", "a"), server("B", "r1", "a", "b"), server("C", "r2", "a")]
    made = world().hall("oslo", servers, train=metal(1))

    assert {"oslo/train@r1/a", "oslo/train@r1/a+b"} == case(made, "rack oslo/r1").lost


def test_spot_is_there_until_it_is_lost(world: NewWorld) -> None:
    made = world().cloud("a", x=pool(), cheap=pool(capacity={"type": "spot"}))

    assert {"a/cheap@z1"} == case(made, "spot").lost
    assert frozenset() == made.cases()["nothing lost"].lost


def test_flex_is_never_there(world: NewWorld) -> None:
    made = world().cloud("a", x=pool(capacity={"type": "flex"}))
    made.cloud("b", "gcp", x=pool(instance_type="a3-ultragpu-8g"))
    made.survive("b", within="4h")

    assert [{"a/x@z1"}, {"a/x@z1", "b/x@z1"}] == [set(found.lost) for found in made.problem().cases]


def test_cold_nodes_count_from_four_hours_on(world: NewWorld) -> None:
    made = world().cloud("a", x=pool(readiness="cold"))
    for within in ("0", "15m", "4h"):
        made.survive("spot", within=within)

    cold = {"a/x@z1"}
    assert [("0", cold), ("0", cold), ("15m", cold), ("4h", set())] == [
        (found.within, set(found.lost)) for found in made.problem().cases
    ]


def dual(made: World, feed_kw: int) -> World:
    """Two servers on both feeds, one on `a` only; 10.2 kW each, cooling for free."""
    servers = [server("A", "r1", "a", "b"), server("B", "r1", "a", "b"), server("C", "r2", "a")]
    return made.hall("oslo", servers, {"a": feed_kw, "b": feed_kw}, pue="1", train=metal(1))


def test_losing_a_feed_takes_the_servers_on_no_other(world: NewWorld) -> None:
    found = case(dual(world(), 1000), "feed oslo/a")

    assert {"oslo/train@r2/a"} == found.lost
    assert ((), frozenset()) == (found.power, found.capped)


def test_the_feed_that_is_left_caps_what_it_cannot_carry(world: NewWorld) -> None:
    """Both servers would draw 20.4 kW from the one feed of 20 kW."""
    found = case(dual(world(), 20), "feed oslo/a")
    (limit,) = found.power

    assert {"oslo/train@r2/a"} == found.lost
    assert {"oslo/train@r1/a+b"} == found.capped
    # In half watts: the whole draw is on one feed now.
    assert ({"oslo/train@r1/a+b": 20_400}, 40_000) == (limit.coefficients, limit.upper)
    assert ("power of oslo/b", "sites.oslo.power.feeds[1].rated_kw") == (limit.id, limit.statement)


def test_a_feed_that_carries_all_servers_by_a_hair_caps_none(world: NewWorld) -> None:
    servers = [server(f"S{n}", "r1", "a", "b") for n in range(5)]
    made = world().hall("oslo", servers, {"a": 51, "b": 51}, pue="1", train=metal(1))

    assert () == case(made, "feed oslo/a").power


def test_losing_every_feed_takes_the_hall(world: NewWorld) -> None:
    made = dual(world(), 1000)
    made.more["risk_groups"] = {"grid": {"feeds": ["oslo/a", "oslo/b"]}}

    assert {"oslo/train@r1/a+b", "oslo/train@r2/a"} == case(made, "grid", "lose risk group grid").lost


def linked(made: World, *uplinks: Plain, name: str = "oslo") -> World:
    return made.hall(name, [server(f"{name}-A", "r1", "a", "b")], uplinks=uplinks, train=metal())


def test_a_hall_with_satellites_only_serves_nobody_and_trains_on(world: NewWorld) -> None:
    found = case(linked(world(), FIBRE, SKY), "uplink oslo/fibre-1")

    assert {"oslo/train@r1/a+b"} == found.unserving
    assert frozenset() == found.lost


def test_a_hall_with_another_cable_serves_on(world: NewWorld) -> None:
    found = case(linked(world(), FIBRE, FIBRE | {"name": "fibre-2"}), "uplink oslo/fibre-1")

    assert (frozenset(), frozenset()) == (found.unserving, found.lost)


def test_a_hall_without_any_uplink_is_lost(world: NewWorld) -> None:
    found = case(linked(world(), FIBRE), "uplink oslo/fibre-1")

    assert {"oslo/train@r1/a+b"} == found.lost
    assert frozenset() == found.unserving


def test_a_conduit_takes_its_uplinks_from_every_hall(world: NewWorld) -> None:
    duct = FIBRE | {"conduit": "east-duct"}
    made = linked(linked(world(), duct, SKY), duct, name="bergen")
    found = case(made, "conduit east-duct")

    assert {"oslo/train@r1/a+b"} == found.unserving
    assert {"bergen/train@r1/a+b"} == found.lost


def test_the_links_that_are_left_bound_the_checkpoints_that_may_leave(world: NewWorld) -> None:
    made = linked(world(), FIBRE, SKY).cloud("a", x=pool("training"))
    # 30 GB in 600 s: 400 Mbit/s, more than the satellite's 200.
    made.train("j", 1, checkpoint_gb=30, checkpoint_minutes=10, replicated_to=["a"])
    found = case(made, "uplink oslo/fibre-1")

    assert (LinkLimit("uplinks of oslo", frozenset({"oslo/train"}), 200),) == found.links
    assert () == made.cases()["nothing lost"].links


def test_links_that_carry_all_checkpoints_bound_nothing(world: NewWorld) -> None:
    made = linked(world(), FIBRE, SKY).cloud("a", x=pool("training"))
    made.train("j", 1, checkpoint_gb=15, checkpoint_minutes=10, replicated_to=["a"])

    assert () == case(made, "uplink oslo/fibre-1").links


@pytest.mark.parametrize("within", ["0", "15m", "4h"])
def test_floors_of_regions_are_floors_of_each_row(world: NewWorld, within: str) -> None:
    made = (
        world()
        .cloud("a", serve=pool())
        .serve("chat", 1, regions={"eu": Decimal("0.4"), "us": Decimal("0.6")})
    )
    found = case(made, "spot", inference="0.5", within=within)

    assert {"inference/chat@eu": 200, "inference/chat@us": 300} == found.floors


def test_two_lines_about_one_failure_keep_the_higher_floors_and_name_both(world: NewWorld) -> None:
    made = world().cloud("a", serve=pool()).serve("chat", 10)
    made.survive("a", inference="0.3").survive("any site", inference="0.7")
    found = made.cases()["lose site a"]

    assert ({"inference/chat": 7}, ("survive[0]", "survive[1]")) == (found.floors, found.statements)
