"""Drills worked by hand: what is kept, what becomes of jobs, and what the verdict says."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from argosy.planner.problem import Witness
from argosy.what_if.drill import DrillError, LossError, drill
from argosy.what_if.drill_model import Drill, Job, Workload
from argosy.what_if.drill_show import verdict

from .conftest import World

New = Callable[[], World]

SERVE = {"instance_type": "p5en.48xlarge", "zone": "z1", "role": "inference", "nodes": 4}
TRAIN = {"instance_type": "p5en.48xlarge", "zone": "z1", "role": "training", "nodes": 4}
ULTRA = {"instance_type": "a3-ultragpu-8g"}
"""The same on the other cloud."""
GRID = "lose power supplier city-grid"
COLD = {"server_type": "dgx-h200", "role": "inference", "nodes": 4, "readiness": "cold"}


def run(world: World, *losses: str, minutes: int = 15) -> Drill:
    lock = world.plan()
    world.verify(lock)
    return drill(world.fleet(), lock, world.catalog, losses, minutes)


def always(witness: Witness) -> Callable[..., tuple[Witness, bool]]:
    """A search that answers the same whatever it is asked."""

    def best_witness(*_: object, **__: object) -> tuple[Witness, bool]:
        return witness, True

    return best_witness


def workload(found: Drill, name: str) -> Workload:
    return next(one for one in found.workloads if one.id == name)


def job(found: Drill, name: str) -> Job:
    return next(one for one in found.jobs if one.id == name)


def two_sites(world: New, **more: object) -> World:
    """Four nodes for serving at each of two providers."""
    return world().cloud("one", "aws", serve=SERVE | more).cloud("two", "gcp", serve=SERVE | ULTRA | more)


def test_a_floor_is_kept_by_the_site_that_is_left(world: New) -> None:
    found = run(two_sites(world).serve("chat", 4).survive("any site", "1", within="15m"), "one")
    chat = workload(found, "inference/chat")

    assert (4, 4, 4, 0) == (chat.floor, chat.left.hot, chat.kept, chat.short_of_floor)
    assert ("survive[0]: lose any site, within 15m",) == found.asked_by
    assert found.is_kept
    assert verdict(found).startswith("kept: every floor that applies (proven:")


def test_a_floor_is_not_asked_before_its_time_and_is_after_it(world: New) -> None:
    planned = two_sites(world).serve("chat", 4).survive("any site", "1", within="15m")

    assert [None, 4, 4] == [
        workload(run(planned, "one", minutes=minutes), "inference/chat").floor for minutes in (0, 15, 240)
    ]
    assert ("survive[0]: lose any site, within 15m",) == run(planned, "one", minutes=0).asked_later


def test_a_loss_that_no_line_covers_says_so_and_breaks_nothing(world: New) -> None:
    found = run(two_sites(world).serve("chat", 4).survive("any site", "1"), "one", "two")
    chat = workload(found, "inference/chat")

    assert (None, 0, 0, 4) == (chat.floor, chat.kept, chat.short_of_floor, chat.short_of_demand)
    assert found.is_kept
    assert "no line of survive asks for this: no floor applies, and none is proven." == verdict(found)


def test_a_line_that_loses_more_asks_of_a_smaller_loss_too(world: New) -> None:
    found = run(two_sites(world).serve("chat", 4).survive("any provider", "0.5"), "zone aws/z1", minutes=0)

    assert 2 == workload(found, "inference/chat").floor


def test_the_highest_floor_of_all_lines_that_ask_applies(world: New) -> None:
    planned = two_sites(world).serve("chat", 4).survive("any provider", "0.25").survive("any site", "0.75")

    assert 3 == workload(run(planned, "one", minutes=0), "inference/chat").floor


def test_a_floor_that_the_holdings_cannot_keep_is_broken(world: New) -> None:
    planned = two_sites(world).serve("chat", 4).survive("any site", "1")
    lock = planned.plan()
    # The drill is given a fleet file that asks for more than the lock was planned for.
    asked = two_sites(world).serve("chat", 8).survive("any site", "0.75")
    found = drill(asked.fleet(), lock, asked.catalog, ["one"], 0)

    assert ("lose site one: inference/chat needs 6 nodes, keeps 4 nodes",) == found.broken
    assert (2, 4) == (
        workload(found, "inference/chat").short_of_floor,
        workload(found, "inference/chat").short_of_demand,
    )
    assert not found.is_kept
    assert verdict(found).startswith("broken: lose site one: inference/chat needs 6 nodes, keeps 4 nodes")
    assert "the solver claims that no more can be kept" in verdict(found)


def test_services_without_floors_are_served_evenly(world: New) -> None:
    planned = two_sites(world).serve("chat", 4).serve("code", 4)

    assert [2, 2] == [
        workload(run(planned, "one"), name).kept for name in ("inference/chat", "inference/code")
    ]


def test_training_nodes_that_lend_serve_from_15_minutes_on_and_preempt_what_may_be_stopped(
    world: New,
) -> None:
    planned = (
        world()
        .cloud("one", "aws", serve=SERVE)
        .cloud("two", "gcp", train=TRAIN | ULTRA | {"lends": True})
        .serve("chat", 4)
        .train("research", 4, checkpoint_minutes=25)
        .survive("one", "1", within="15m")
    )
    at_once, later = run(planned, "one", minutes=0), run(planned, "one")

    assert (4, 0, None) == (
        workload(at_once, "inference/chat").left.convertible,
        workload(at_once, "inference/chat").kept,
        workload(at_once, "inference/chat").floor,
    )
    assert "stays" == job(at_once, "training/research").status
    assert (4, 4) == (workload(later, "inference/chat").floor, workload(later, "inference/chat").kept)
    assert ("preempted", (13, 25)) == (
        job(later, "training/research").status,
        job(later, "training/research").lost_minutes,
    )


def test_a_protected_job_is_re_placed_and_takes_the_spare_of_one_that_may_be_stopped(world: New) -> None:
    planned = (
        world()
        .cloud("one", "aws", train=TRAIN)
        .cloud("two", "gcp", train=TRAIN | ULTRA)
        .train("main", 4, protected=True, checkpoint_minutes=20, replicated_to=["one", "two"])
        .train("side", 4)
        .survive("any site", training="0.5", within="15m")
    )
    home = planned.plan().scenarios[0].jobs["training/main"]
    site, other = ("one", "two") if home.startswith("one") else ("two", "one")
    found = run(planned, site)

    assert ("re-placed", home, f"{other}/train", (10, 20), True) == (
        job(found, "training/main").status,
        job(found, "training/main").home,
        job(found, "training/main").pool,
        job(found, "training/main").lost_minutes,
        job(found, "training/main").has_copy,
    )
    assert ("preempted", None) == (job(found, "training/side").status, job(found, "training/side").pool)
    assert (8, 4, 4, 4) == (
        workload(found, "training").demand,
        workload(found, "training").floor,
        workload(found, "training").kept,
        workload(found, "training").short_of_demand,
    )
    assert found.is_kept


def test_a_job_with_nowhere_to_run_is_stopped(world: New) -> None:
    found = run(world().cloud("one", train=TRAIN).train("main", 4, protected=True), "one")

    assert ("stopped", None) == (job(found, "training/main").status, job(found, "training/main").lost_minutes)
    assert "does not run: stopped" == workload(found, "training/main").recovery.why


def test_a_job_in_a_pool_that_loses_a_rack_may_have_to_restart(world: New) -> None:
    hall = {"server_type": "dgx-h200", "role": "training", "nodes": 4}
    planned = world().hall("oslo", 4, train=hall).train("main", 2, checkpoint_minutes=20)
    found = run(planned, "rack oslo/r1")

    assert ("stays", True, (10, 20)) == (
        job(found, "training/main").status,
        job(found, "training/main").is_struck,
        job(found, "training/main").lost_minutes,
    )
    assert 0 == workload(found, "training/main").recovery.low_seconds


def three_sites(world: New, *replicated_to: str) -> World:
    """A protected job that `plan` puts at `two`, and room for it at `one` and `three`."""
    made = world().cloud("one", "aws", train=TRAIN).cloud("two", "gcp", train=TRAIN | ULTRA)
    made.cloud("three", "gcp", train=TRAIN | ULTRA)
    return made.train("main", 4, protected=True, replicated_to=list(replicated_to))


@pytest.mark.parametrize("copies", ["one", "three"])
def test_a_job_goes_where_a_copy_of_its_checkpoints_is(world: New, copies: str) -> None:
    moved = job(run(three_sites(world, copies), "two"), "training/main")

    assert ("two/train", f"{copies}/train", True) == (moved.home, moved.pool, moved.has_copy)


def test_where_nobody_says_where_copies_are_none_is_claimed(world: New) -> None:
    moved = job(run(three_sites(world), "two"), "training/main")

    assert ("re-placed", None) == (moved.status, moved.has_copy)


def test_without_a_copy_of_the_checkpoints_the_time_to_recover_is_not_known(world: New) -> None:
    planned = (
        world()
        .cloud("one", "aws", train=TRAIN)
        .cloud("two", "gcp", train=TRAIN | ULTRA)
        .hall("oslo", 4, serve={"server_type": "dgx-h200", "role": "inference", "nodes": 1})
        .train("main", 4, protected=True, replicated_to=["oslo"])
    )
    home = planned.plan().scenarios[0].jobs["training/main"].partition("/")[0]
    found = run(planned, home)
    recovery = workload(found, "training/main").recovery

    assert job(found, "training/main").has_copy is False
    assert (None, None) == (recovery.low_seconds, recovery.high_seconds)
    assert recovery.why.startswith("not known: no copy of the checkpoints in ")
    assert recovery.why == workload(found, "training").recovery.why


def test_cold_nodes_count_from_4_hours_on_and_are_started_only_then(world: New) -> None:
    planned = world().cloud("one", "aws", serve=SERVE).hall("oslo", 4, serve=COLD).serve("chat", 4)
    soon, late = run(planned, "one"), run(planned, "one", minutes=240)

    assert (4, 0) == (workload(soon, "inference/chat").left.cold, workload(soon, "inference/chat").kept)
    assert (4, 4) == (workload(late, "inference/chat").left.cold, workload(late, "inference/chat").kept)
    assert [{}, {"oslo/serve": 4}] == [soon.started, late.started]


def test_what_the_market_might_give_is_shown_and_never_counted(world: New) -> None:
    more = {"nodes": {"min": 4, "max": 9}, "capacity": {"type": "on-demand", "quota_nodes": 7}}
    planned = (
        world()
        .cloud("one", "aws", serve=SERVE)
        .cloud("two", "gcp", serve=SERVE | ULTRA | more)
        .serve("chat", 8)
    )
    found = run(planned, "one")
    chat = workload(found, "inference/chat")

    assert (4, 3, 4) == (chat.left.hot, chat.left.hoped, chat.kept)
    assert [("two/serve", "3", "7")] == [(left.name, left.left, left.of) for left in found.quotas]


def test_a_quota_that_pools_share_bounds_what_is_hoped_for(world: New) -> None:
    more = {"nodes": {"min": 4, "max": 9}}
    quota = {"quotas": [{"name": "gpus", "limit": 40, "unit": "accelerators", "pools": ["serve"]}]}
    planned = (
        world()
        .cloud("one", serve=SERVE)
        .cloud("two", "gcp", quota, serve=SERVE | ULTRA | more)
        .serve("chat", 8)
    )
    found = run(planned, "one")

    assert 1 == workload(found, "inference/chat").left.hoped
    assert ("two gpus", "8", "40", "accelerators") == (
        found.quotas[-1].name,
        found.quotas[-1].left,
        found.quotas[-1].of,
        found.quotas[-1].unit,
    )


def test_a_hall_on_one_feed_keeps_what_that_feed_carries(world: New) -> None:
    # A node draws 10.2 kW, 12.24 kW with cooling: of 40 kW that is three nodes.
    hall = {"server_type": "dgx-h200", "role": "inference", "nodes": 4}
    planned = world().hall("oslo", 4, {"a": 40, "b": 40}, serve=hall).serve("chat", 4)
    found = run(planned, "feed oslo/a", minutes=0)

    assert (3, 3) == (workload(found, "inference/chat").left.hot, workload(found, "inference/chat").kept)
    assert [("oslo/b", "3.3", "40")] == [(left.name, left.left, left.of) for left in found.feeds]


def test_a_hall_with_satellites_only_serves_nobody_but_trains_on(world: New) -> None:
    hall = {"server_type": "dgx-h200", "nodes": 2}
    planned = (
        world()
        .hall("oslo", 4, serve=hall | {"role": "inference"}, train=hall | {"role": "training"})
        .serve("chat", 2)
        .train("main", 2)
    )
    found = run(planned, "uplink oslo/fibre-1", minutes=0)

    assert (0, 0) == (workload(found, "inference/chat").left.hot, workload(found, "inference/chat").kept)
    assert "stays" == job(found, "training/main").status


def test_nodes_paid_by_the_hour_fall_away_with_their_price(world: New) -> None:
    planned = two_sites(world).serve("chat", 4)
    price = next(o.price for o in planned.problem().offerings if o.provider == "aws")
    found = run(planned, "one")

    assert [("one/serve", -4 * price)] == [(cost.of, cost.micro_usd_per_hour) for cost in found.costs]
    assert -4 * price == found.micro_usd_per_hour
    assert (
        ()
        == run(two_sites(world, capacity={"type": "reserved", "reservation": "r"}).serve("c", 4), "one").costs
    )


def test_a_service_in_regions_has_a_line_for_each_and_one_for_all(world: New) -> None:
    found = run(
        two_sites(world).serve("chat", 4, regions={"eu": Decimal("0.5"), "us": Decimal("0.5")}), "one"
    )

    assert [("inference/chat", 4_000), ("inference/chat@eu", 2_000), ("inference/chat@us", 2_000)] == [
        (one.id, one.kept) for one in found.workloads
    ]


def test_unknown_words_are_refused_with_the_closest(world: New) -> None:
    with pytest.raises(LossError, match=r"^--lose: 'uno' names nothing that this fleet can lose; ") as caught:
        run(two_sites(world).serve("chat", 4), "uno")
    assert 2 == caught.value.exit_code

    with pytest.raises(LossError, match="closest: zone aws/z1"):
        run(two_sites(world).serve("chat", 4), "zone aws/z2")


def test_a_time_at_which_no_floor_is_known_is_refused(world: New) -> None:
    with pytest.raises(LossError, match="30 minutes: floors are known at 0, 15 and 240 minutes"):
        run(two_sites(world).serve("chat", 4), "one", minutes=30)


def test_what_the_lock_proves_stands_in_where_the_search_misses_it(
    world: New, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("argosy.what_if.drill.best_witness", always(Witness({}, {})))
    found = run(two_sites(world).serve("chat", 4).survive("any site", "1", within="15m"), "one")

    assert 4 == workload(found, "inference/chat").kept
    assert found.is_kept
    assert not found.certain


def test_a_find_that_the_verifier_refuses_is_never_shown(world: New, monkeypatch: pytest.MonkeyPatch) -> None:
    kind = "8xH200 inference anywhere for all"
    too_much = Witness({"inference/chat": {kind: 99_000_000}}, {})
    monkeypatch.setattr("argosy.what_if.drill.best_witness", always(too_much))

    with pytest.raises(DrillError, match=r"the verifier refuses what was found .services take 99 nodes"):
        run(two_sites(world).serve("chat", 4), "one")


def generator_hall(world: New, minutes: int = 60, generator: bool = True, within: str = "0") -> World:
    """Three feeds of one grid, a UPS of ten minutes on each, and perhaps a generator behind all of them."""
    units = [
        {"name": f"ups-{feed}", "kind": "ups", "rated_kw": 90, "minutes": 10}
        | {"parents": [feed, "gen-1"] if generator else [feed]}
        for feed in "abc"
    ]
    if generator:
        units.append(
            {"name": "gen-1", "kind": "generator", "rated_kw": 90, "minutes": minutes, "start_seconds": 45}
        )
    power = {
        "pue": Decimal("1.2"),
        "feeds": [{"name": feed, "rated_kw": 80, "supplier": "city-grid"} for feed in "abc"],
        "units": units,
        "racks": {rack: ["ups-a", "ups-b", "ups-c"] for rack in ("r1", "r2")},
    }
    servers = [
        {"serial": f"N{n}", "bmc": f"https://n{n}.example", "rack": f"r{n // 2 + 1}", "feeds": list("abc")}
        for n in range(4)
    ]
    pool = {"server_type": "dgx-h200", "role": "inference", "nodes": 4}
    made = world().hall("cellar", servers, site={"power": power}, serve=pool).serve("chat", 4)
    return made.survive("any power supplier", "1", within=within) if generator else made


@pytest.mark.parametrize(
    ("minutes", "kept", "told"),
    [
        (0, 4, "kept at once, and until 70 min after the loss: every floor that applies (proven:"),
        (15, 4, "kept after 15 minutes, and until 70 min after the loss: every floor that applies (proven:"),
        (240, 0, "It is kept until 70 min after the loss."),
    ],
)
def test_a_generator_keeps_what_it_carries_as_long_as_it_and_its_batteries_last(
    world: New, minutes: int, kept: int, told: str
) -> None:
    found = run(generator_hall(world), "power supplier city-grid", minutes=minutes)

    assert kept == workload(found, "inference/chat").kept
    assert told in verdict(found)
    assert (kept == 4) == found.is_kept
    assert (
        "cellar: at once: gen-1 starts, ups-a, ups-b and ups-c carry",
        "cellar: after 45 s: gen-1 carries",
        "cellar: after 60 min 45 s: gen-1 is empty, ups-a, ups-b and ups-c carry",
        "cellar: after 70 min: ups-a, ups-b and ups-c are empty",
    ) == found.in_time


def test_a_generator_that_lasts_longer_than_the_time_that_is_asked_says_so_too(world: New) -> None:
    found = run(generator_hall(world, 480), "power supplier city-grid", minutes=240)

    assert found.is_kept
    assert 490 * 60 == found.kept_until_seconds


def test_with_one_feed_lost_nothing_ends(world: New) -> None:
    found = run(generator_hall(world), "feed cellar/a", minutes=240)

    assert (True, None) == (found.is_kept, found.kept_until_seconds)
    assert verdict(found).startswith("kept: every floor that applies (proven:")


def test_a_lock_proves_no_floor_that_a_generator_does_not_last_for(world: New) -> None:
    assert frozenset() == generator_hall(world, 240, within="4h").cases()[GRID].lost
    assert 2 == len(generator_hall(world, 239, within="4h").cases()[GRID].lost)


def test_batteries_alone_carry_at_first_and_prove_no_line_of_survive(world: New) -> None:
    made = generator_hall(world, generator=False)
    found = {minutes: run(made, "power supplier city-grid", minutes=minutes) for minutes in (0, 15)}

    assert {0: 4, 15: 0} == {minutes: workload(one, "inference/chat").kept for minutes, one in found.items()}
    assert 2 == len(made.survive("any power supplier", "1").cases()[GRID].lost)
