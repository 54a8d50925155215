"""Power units in the planner: what goes dark, what live units carry, and what the verifier makes of it."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest

from argosy.errors import InfeasiblePlanError, LockError
from argosy.planner.canonical import sha256_of
from argosy.planner.facts import plan_facts, spec_parts
from argosy.planner.offerings import Supply, holdings
from argosy.planner.power_report import hall_reports, losing, report_lines
from argosy.planner.verify_power import wrong_power

if TYPE_CHECKING:
    from conftest import World

Plain = dict[str, Any]

CAPPED = {"role": "inference", "server_type": "dgx-h200", "power_cap_watts": 9900}
BARE = {"role": "inference", "server_type": "dgx-h200"}


def power(pdu_kw: int = 100, feeds: str = "ab", **more: object) -> Plain:
    """A PDU per feed, on which every rack hangs."""
    return {
        "pue": Decimal("1.2"),
        "feeds": [{"name": feed, "rated_kw": 1000} for feed in feeds],
        "units": [
            {"name": f"pdu-{feed}", "kind": "pdu", "rated_kw": pdu_kw, "derate": 1, "parents": [feed]}
            for feed in feeds
        ],
        "racks": {rack: [f"pdu-{feed}" for feed in feeds] for rack in ("r1", "r2")},
    } | more


def servers(count: int = 4, feeds: str = "ab") -> list[Plain]:
    return [
        {"serial": f"N{n}", "bmc": f"https://n{n}.example", "rack": f"r{n // 2 + 1}", "feeds": list(feeds)}
        for n in range(count)
    ]


@pytest.fixture
def hall(world: Callable[[], World]) -> Callable[..., World]:
    def made(pool: Plain, chain: Plain, nodes: object = 4, feeds: str = "ab") -> World:
        site = {"power": chain}
        built = world().hall("north", servers(feeds=feeds), site=site, serve=pool | {"nodes": nodes})
        return built.serve("chat", nodes if isinstance(nodes, int) else 0)

    return made


def test_capped_servers_outlive_any_single_pdu(hall: Callable[..., World]):
    made = hall(CAPPED, power()).survive("any power unit", inference="1")
    lock = made.plan()
    made.verify(lock)

    case = made.cases()["lose power unit north/pdu-a"]
    assert frozenset() == case.lost
    assert {"lose power unit north/pdu-a", "lose power unit north/pdu-b"} < set(made.cases())


def test_servers_that_need_four_of_six_supplies_go_down_with_one_of_two_pdus(hall: Callable[..., World]):
    made = hall(BARE, power()).survive("any power unit", inference="1")

    case = made.cases()["lose power unit north/pdu-a"]
    assert {"north/serve@r1/a+b", "north/serve@r2/a+b"} == case.lost
    with pytest.raises(InfeasiblePlanError, match="lose power unit north/pdu-a"):
        made.plan()


def test_on_three_feeds_four_of_six_supplies_are_left(hall: Callable[..., World]):
    made = hall(BARE, power(feeds="abc"), feeds="abc").survive("any power unit", inference="1")

    assert frozenset() == made.cases()["lose power unit north/pdu-a"].lost
    made.verify(made.plan())


def test_a_hall_of_feeds_alone_still_lives_on_either(hall: Callable[..., World]):
    plain = {"pue": Decimal("1.2"), "feeds": [{"name": feed, "rated_kw": 1000} for feed in "ab"]}
    made = hall(BARE, plain).survive("any feed", inference="1")

    assert frozenset() == made.cases()["lose feed north/a"].lost
    assert {"power of north/a", "power of north/b"} == {
        limit.id for limit in made.problem().limits if limit.id.startswith("power of ")
    }
    made.verify(made.plan())


def test_a_rack_on_one_unit_goes_dark_with_it(hall: Callable[..., World]):
    chain = power(racks={"r1": ["pdu-a", "pdu-b"], "r2": ["pdu-b", "b"]})
    made = hall(CAPPED, chain).survive("power unit north/pdu-b", inference="0.5")
    made.survive("feed north/b", inference="0.5")

    assert frozenset() == made.cases()["lose power unit north/pdu-b"].lost
    assert {"north/serve@r2/a+b"} == made.cases()["lose feed north/b"].lost


@pytest.mark.parametrize(
    ("within", "down"),
    [
        # No battery bridges the nine seconds of its start; three supplies have power, and four are needed.
        ("0", {"north/serve@r1/a+b", "north/serve@r2/a+b"}),
        ("15m", set[str]()),
        # It ran for an hour.
        ("4h", {"north/serve@r1/a+b", "north/serve@r2/a+b"}),
    ],
)
def test_a_generator_takes_over_from_a_lost_feed_once_it_has_started_and_while_its_minutes_last(
    hall: Callable[..., World], within: str, down: set[str]
):
    chain = power()
    chain["units"][0]["parents"] = ["a", "gen"]
    chain["units"].append(
        {"name": "gen", "kind": "generator", "rated_kw": 100, "minutes": 60, "start_seconds": 9}
    )
    made = hall(BARE, chain).survive("feed north/a", inference="1", within=within)

    assert down == made.cases()["lose feed north/a"].lost
    assert hall(BARE, power()).survive("feed north/a", inference="1").cases()["lose feed north/a"].lost


def test_no_more_is_held_than_the_pdus_carry_in_any_single_failure(hall: Callable[..., World]):
    # 3 x 9.9 kW x 1.2 = 35.64 kW
    fits = hall(CAPPED, power(36), {"min": 0, "max": 4})
    fits.inference.clear()
    fits.serve("chat", 3)
    lock = fits.plan()
    fits.verify(lock)
    assert 3 == lock.pools["north/serve"].nodes

    fits.inference.clear()
    fits.serve("chat", 4)
    with pytest.raises(InfeasiblePlanError) as raised:
        fits.plan()
    assert any("power.units" in statement.path for statement in raised.value.statements)


def test_rows_that_another_row_implies_are_left_out(hall: Callable[..., World]):
    limits = [
        limit.id for limit in hall(CAPPED, power(36)).problem().limits if limit.id.startswith("power of ")
    ]

    # Losing the feed and losing the PDU on it ask the same of the other PDU.
    assert [
        "power of north/a",
        "power of north/b",
        "power of north/pdu-a",
        "power of north/pdu-a without feed b",
        "power of north/pdu-b",
        "power of north/pdu-b without feed a",
    ] == limits


def test_the_verifier_finds_by_itself_what_no_longer_carries(hall: Callable[..., World]):
    lock = hall(CAPPED, power()).plan()
    weaker = hall(CAPPED, power(47))

    # 4 x 9.9 kW x 1.2 = 47.52 kW
    assert [
        "north: pdu-b would carry 47,520 W once a is lost, of the 47,000 W that it may",
        "north: pdu-a would carry 47,520 W once b is lost, of the 47,000 W that it may",
        "north: pdu-b would carry 47,520 W once pdu-a is lost, of the 47,000 W that it may",
        "north: pdu-a would carry 47,520 W once pdu-b is lost, of the 47,000 W that it may",
    ] == list(wrong_power(weaker.fleet(), lock, weaker.catalog))
    assert [] == list(wrong_power(hall(CAPPED, power(48)).fleet(), lock, weaker.catalog))


def test_the_verifier_finds_by_itself_who_goes_down(hall: Callable[..., World]):
    lock = hall(CAPPED, power()).plan()
    uncapped = hall(BARE, power())

    found = list(wrong_power(uncapped.fleet(), lock, uncapped.catalog))
    assert "north: server N0 goes down once pdu-a is lost" in found
    assert 16 == len(found)


def test_a_lock_whose_hall_its_power_no_longer_carries_is_refused(hall: Callable[..., World]):
    lock = hall(CAPPED, power()).plan()
    weaker = hall(CAPPED, power(47))
    fleet = weaker.fleet()
    facts = plan_facts(fleet, weaker.catalog, lock.pools)
    forged = lock.model_copy(
        update={
            "spec_sha256": fleet.sha256,
            "spec_parts": spec_parts(fleet.spec),
            "facts": facts,
            "facts_sha256": sha256_of(facts),
        }
    )

    with pytest.raises(LockError, match="pdu-b would carry 47,520 W once pdu-a is lost"):
        weaker.verify(forged)


def test_a_unit_that_changed_makes_the_lock_stale(hall: Callable[..., World]):
    lock = hall(CAPPED, power()).plan()

    with pytest.raises(LockError, match=r"fact power\.north\.units\.pdu-a\.room_watts"):
        hall(CAPPED, power(99)).verify(lock)


def test_a_generator_that_lasts_less_makes_the_lock_stale(hall: Callable[..., World]):
    def lasting(minutes: int) -> World:
        chain = power()
        chain["units"].append(
            {"name": "gen", "kind": "generator", "rated_kw": 100, "minutes": minutes, "start_seconds": 9}
        )
        return hall(CAPPED, chain)

    lock = lasting(60).plan()

    with pytest.raises(LockError, match=r"fact power\.north\.units\.gen\.minutes"):
        lasting(59).verify(lock)


def test_what_a_loss_takes_down_is_told_in_one_sentence(hall: Callable[..., World]):
    chain = power(racks={"r1": ["pdu-a", "pdu-b"], "r2": ["pdu-a", "a"]})
    made = hall(CAPPED, chain)
    supply, held = Supply(made.fleet(), made.catalog), {"north/serve@r1/a+b": 2, "north/serve@r2/a+b": 2}
    north = supply.sites["north"].power
    assert north is not None

    assert (
        "losing feed north/a leaves pdu-a dark and takes down 2 nodes of north/serve "
        "(none of what it hangs on has power)"
    ) == losing("north", north, held, frozenset({"a"}))
    assert "losing power unit north/pdu-b takes down no node" == losing(
        "north", north, held, frozenset({"pdu-b"})
    )
    [report] = hall_reports(supply, held)
    assert {"feed a": 2} == report.down
    assert 0 == report.autonomy_minutes


def test_a_hall_that_outlives_everything_says_where_least_is_left(hall: Callable[..., World]):
    made = hall(CAPPED, power(48))
    held = holdings(made.fleet(), made.plan().pools)
    [report] = hall_reports(Supply(made.fleet(), made.catalog), held)

    assert [
        "north: losing any single one of its 2 feeds and 2 power units takes down no node",
        "north: least is left of power unit pdu-a: 0.5 of 48 kW once feed b is lost",
    ] == list(report_lines(report))


def test_a_hall_of_feeds_that_do_not_carry_it_says_what_is_lacking(hall: Callable[..., World]):
    plain = {"pue": Decimal("1.2"), "feeds": [{"name": feed, "rated_kw": 40} for feed in "ab"]}
    made = hall(CAPPED, plain)
    held = holdings(made.fleet(), made.plan().pools)
    [report] = hall_reports(Supply(made.fleet(), made.catalog), held)

    assert "north: feed a lacks 7.5 kW once feed b is lost, beyond its 40 kW: nodes go off" in list(
        report_lines(report)
    )


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        (
            {"kind": "ups", "minutes": 10},
            "leaves gen, ups dark and takes down 4 nodes of north/serve {}, 70 min later",
        ),
        (
            {"kind": "switchboard"},
            "leaves ups dark and takes down 4 nodes of north/serve {}, until a generator carries",
        ),
    ],
)
def test_a_hall_on_a_generator_says_what_goes_down_before_it_carries_and_once_it_is_empty(
    hall: Callable[..., World], kind: Plain, told: str
):
    chain = power(feeds="a")
    chain["units"] = [
        {"name": "gen", "kind": "generator", "rated_kw": 100, "minutes": 60, "start_seconds": 30},
        {"name": "ups", "rated_kw": 100, "derate": 1, "parents": ["a", "gen"]} | kind,
    ]
    chain["racks"] = {"r1": ["ups"], "r2": ["ups"]}
    made = hall(CAPPED, chain, feeds="a")
    held = {"north/serve@r1/a": 2, "north/serve@r2/a": 2}
    [report] = hall_reports(Supply(made.fleet(), made.catalog), held)

    why = "(none of what it hangs on has power)"
    assert f"losing feed north/a {told.format(why)}" == report.in_time[0]
    assert f"north: {report.in_time[0]}" in report_lines(report)


def test_power_left_after_a_loss_is_limited_by_the_units_that_are_live(hall: Callable[..., World]):
    chain = power(47, "abc")
    made = hall(BARE, chain, feeds="abc")
    made.more = {"risk_groups": {"trench": {"feeds": ["north/a", "north/b"]}}}
    made.survive("trench", inference="0")
    made.survivals[0]["keep"]["workloads"] = {"chat": Decimal("0.5")}

    case = made.cases()["lose risk group trench"]
    # Two of six supplies do not even boot a server.
    assert {"north/serve@r1/a+b+c", "north/serve@r2/a+b+c"} == case.lost


@pytest.mark.parametrize("seed", range(60))
def test_planner_and_verifier_count_alike_on_random_halls(hall: Callable[..., World], seed: int):
    """Two programs that share no line: the planner's rows over offerings, the verifier's walk per server."""
    chance = random.Random(seed)
    made = hall(chance.choice([CAPPED, BARE]), random_chain(chance))
    lock = hall(CAPPED, power(1000)).plan()
    fleet, catalog = made.fleet(), made.catalog
    supply, held = Supply(fleet, catalog), holdings(fleet, lock.pools)
    north = supply.sites["north"].power
    assert north is not None

    expected: set[str] = set()
    for failed in (None, *north.graph.nodes):
        lost: frozenset[str] = frozenset([failed] if failed else [])
        once = "" if failed is None else f" once {failed} is lost"
        for limit in north.limits(lost):
            drawn = sum(draw * held.get(offering, 0) for offering, draw in limit.coefficients.items())
            if drawn > (limit.upper or 0):
                name = limit.id.rpartition("/")[2]
                room = north.graph.nodes[name].room_watts
                watts = Fraction(drawn * room, limit.upper or 1)
                expected.add(
                    f"north: {name} would carry {float(watts):,.0f} W{once}, of the {room:,} W that it may"
                )
        down = sum(held[o] for o, node in north.nodes.items() if held.get(o) and north.dark(node, lost))
        expected |= {f"{down} down{once}"} if down else set()

    assert expected == set(_counted(wrong_power(fleet, lock, catalog)))


def _counted(sentences: Any) -> list[str]:
    down: dict[str, int] = {}
    found: list[str] = []
    for sentence in sentences:
        if " goes down" in sentence:
            once = sentence.partition(" goes down")[2]
            down[once] = down.get(once, 0) + 1
        else:
            found.append(sentence)
    return [*found, *(f"{count} down{once}" for once, count in down.items())]


def random_chain(chance: random.Random) -> Plain:
    names = ["a", "b"]
    units: list[Plain] = []
    for number in range(chance.randint(1, 6)):
        parents = chance.sample(names, chance.randint(1, min(2, len(names))))
        kind = chance.choice(["pdu", "rack-pdu", "switchboard", "power-shelf"])
        units.append(
            {"name": f"u{number}", "kind": kind, "rated_kw": chance.randint(15, 60), "parents": parents}
        )
        names.append(f"u{number}")
    racks: Mapping[str, list[str]] = {
        rack: chance.sample(names, chance.randint(1, min(3, len(names)))) for rack in ("r1", "r2")
    }
    feeds = [{"name": feed, "rated_kw": chance.randint(15, 60)} for feed in "ab"]
    return {"pue": Decimal("1.2"), "feeds": feeds, "units": units, "racks": racks}


FIBRE = {"name": "fibre-1", "kind": "fibre", "mbps": 100_000, "rtt_ms": 18, "carrier": "north"}
THIN = {"name": "fibre-2", "kind": "fibre", "mbps": 50, "rtt_ms": 18, "carrier": "other"}


def test_a_hall_that_is_left_with_no_data_uplink_serves_nobody(world: Callable[[], World]):
    made = world().hall(
        "north", uplinks=(FIBRE, THIN | {"usage": ["control", "oob"]}), serve=BARE | {"nodes": 2}
    )
    made.serve("chat", 2).survive("any uplink", inference="0.5")

    assert made.cases()["lose uplink north/fibre-1"].unserving
    assert not made.cases()["lose uplink north/fibre-2"].unserving


def test_checkpoints_go_over_data_uplinks_alone(world: Callable[[], World]):
    def left(usage: list[str]) -> list[int]:
        train = {"role": "training", "server_type": "dgx-h200", "nodes": 2}
        made = world().hall("north", uplinks=(FIBRE, THIN | {"usage": usage}), train=train)
        made.cloud(
            "use1",
            copy={"role": "training", "nodes": 0, "instance_type": "p5en.48xlarge", "zone": "z1"},
        )
        made.train(
            "big", 2, checkpoint_gb=1000, checkpoint_minutes=60, replicated_to=["north", "use1"]
        ).survive("uplink north/fibre-1", training="1")
        return [link.mbps for link in made.cases()["lose uplink north/fibre-1"].links]

    assert [50] == left(["data"])
    assert [0] == left(["control"])


def test_links_of_one_entry_fail_together(world: Callable[[], World]):
    made = world().hall(
        "north", uplinks=(FIBRE | {"entry": "wall"}, THIN | {"entry": "wall"}), serve=BARE | {"nodes": 2}
    )
    made.serve("chat", 2).survive("any entry", inference="0.5")

    case = made.cases()["lose entry north/wall"]
    assert {offering.id for offering in made.problem().offerings} == case.lost
