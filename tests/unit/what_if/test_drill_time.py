"""Times to recover: which terms are added up, where they come from, and what is not demonstrated."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from argosy.errors import FleetError
from argosy.spec.loader import LoadedFleet
from argosy.what_if.drill import drill
from argosy.what_if.drill_model import Recovery
from argosy.what_if.drill_readiness import STEPS, Readiness, ReadinessSpec, default_terms, read_readiness
from argosy.what_if.drill_show import range_of

from .conftest import World

New = Callable[[], World]

SERVE = {"instance_type": "p5en.48xlarge", "zone": "z1", "role": "inference", "nodes": 4}
TRAIN = {"instance_type": "p5en.48xlarge", "zone": "z1", "role": "training", "nodes": 4}
COLD = {"server_type": "dgx-h200", "role": "inference", "nodes": 4, "readiness": "cold"}

# Powers of ten, so that every sum tells which terms are in it.
SECONDS = {step: 10**place for place, step in enumerate(STEPS) if place < 6} | {
    "image": 2,
    "weights": 20,
    "restore": 200,
    "warm_up": 2_000,
}


def measured() -> Readiness:
    terms = {
        step: {"low_seconds": seconds, "high_seconds": 2 * seconds, "declared": "the test"}
        for step, seconds in SECONDS.items()
    }
    return Readiness(ReadinessSpec.model_validate({"version": 1, "terms": terms}))


def recovery(world: World, name: str, lose: str, minutes: int = 15) -> Recovery:
    lock = world.plan()
    found = drill(world.fleet(), lock, world.catalog, [lose], minutes, measured())
    return next(one.recovery for one in found.workloads if one.id == name)


def total(*steps: str) -> tuple[int, int]:
    seconds = sum(SECONDS[step] for step in steps)
    return seconds, 2 * seconds


def test_hot_nodes_take_over_once_traffic_is_shifted(world: New) -> None:
    made = world().cloud("one", serve=SERVE).cloud("two", serve=SERVE).serve("chat", 8)
    found = recovery(made, "inference/chat", "one")

    assert total("detect", "decide", "shift_traffic") == (found.low_seconds, found.high_seconds)
    assert found.is_demonstrated


def test_lent_nodes_serve_once_what_ran_there_is_stopped_and_the_model_is_loaded(world: New) -> None:
    made = world().cloud("one", serve=SERVE).cloud("two", train=TRAIN | {"lends": True})
    found = recovery(made.serve("chat", 4).train("side", 4), "inference/chat", "one")

    steps = ("detect", "decide", "shift_traffic", "preempt_grace", "weights", "warm_up")
    assert total(*steps) == (found.low_seconds, found.high_seconds)


def test_lent_nodes_on_which_nothing_runs_need_nobody_stopped(world: New) -> None:
    made = world().cloud("one", serve=SERVE).cloud("two", train=TRAIN | {"lends": True}).serve("chat", 4)
    found = recovery(made, "inference/chat", "one")

    steps = ("detect", "decide", "shift_traffic", "weights", "warm_up")
    assert total(*steps) == (found.low_seconds, found.high_seconds)


def test_cold_servers_pass_their_self_test_first(world: New) -> None:
    made = world().cloud("one", serve=SERVE).hall("oslo", 4, serve=COLD).serve("chat", 4)
    found = recovery(made, "inference/chat", "one", 240)

    steps = ("detect", "decide", "shift_traffic", "post", "image", "weights", "warm_up")
    assert total(*steps) == (found.low_seconds, found.high_seconds)


def test_cold_nodes_of_a_cloud_boot(world: New) -> None:
    cold = SERVE | {"readiness": "cold", "capacity": {"type": "reserved", "reservation": "r"}}
    made = world().cloud("one", serve=SERVE).cloud("two", serve=cold).serve("chat", 4)
    found = recovery(made, "inference/chat", "one", 240)

    steps = ("detect", "decide", "shift_traffic", "boot", "image", "weights", "warm_up")
    assert total(*steps) == (found.low_seconds, found.high_seconds)


def test_a_job_restores_its_checkpoint_where_it_goes(world: New) -> None:
    made = world().cloud("one", train=TRAIN).cloud("two", train=TRAIN)
    made.train("main", 4, protected=True, replicated_to=["one", "two"])
    home = made.plan().scenarios[0].jobs["training/main"].partition("/")[0]
    found = recovery(made, "training/main", home)

    assert total("detect", "decide", "restore", "warm_up") == (found.low_seconds, found.high_seconds)


def test_what_loses_nothing_recovers_at_once_and_needs_no_term(world: New) -> None:
    made = world().cloud("one", train=TRAIN).cloud("two", serve=SERVE).serve("chat", 4).train("main", 4)
    found = recovery(made, "inference/chat", "one")

    assert (0, 0, ()) == (found.low_seconds, found.high_seconds, found.terms)
    assert "0, nothing that it runs on is lost" == range_of(found)


def test_what_is_not_kept_has_no_time_to_recover(world: New) -> None:
    found = recovery(world().cloud("one", serve=SERVE).serve("chat", 4), "inference/chat", "one")

    assert (None, "nothing of it is kept") == (found.low_seconds, found.why)


def test_a_range_that_rests_on_a_default_is_not_demonstrated(world: New) -> None:
    made = world().cloud("one", serve=SERVE).cloud("two", serve=SERVE).serve("chat", 8)
    found = drill(made.fleet(), made.plan(), made.catalog, ["one"], 15).workloads[0].recovery

    assert not found.is_demonstrated
    assert "2 min 30 s to 20 min, not demonstrated" == range_of(found)
    assert all(term.source.startswith("default: ") for term in found.terms)


def test_every_step_has_a_default_with_a_source() -> None:
    assert list(STEPS) == list(default_terms())
    assert all(term.source and 0 < term.low_seconds < term.high_seconds for term in default_terms().values())


@pytest.fixture
def fleet(world: New, tmp_path: Path) -> LoadedFleet:
    return world().cloud("one", serve=SERVE).fleet()


def read(fleet: LoadedFleet, tmp_path: Path, text: str) -> Readiness:
    path = tmp_path / "readiness.yaml"
    path.write_text(text)
    return read_readiness(path, fleet)


def test_a_pools_own_time_goes_before_the_fleets_and_names_its_day(
    fleet: LoadedFleet, tmp_path: Path
) -> None:
    found = read(
        fleet,
        tmp_path,
        "version: 1\n"
        "terms: {boot: {low_seconds: 5, high_seconds: 9, declared: the vendor}}\n"
        "pools: {one/serve: {boot: {low_seconds: 3, high_seconds: 4, measured: 2026-11-20}}}\n",
    )

    assert [(3, "measured on 2026-11-20"), (5, "declared: the vendor")] == [
        (term.low_seconds, term.source)
        for term in (found.term("boot", "one/serve"), found.term("boot", "x/y"))
    ]
    assert not found.term("post", "one/serve").is_known


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("terms: {bot: {low_seconds: 1, high_seconds: 2, declared: me}}", "did you mean boot?"),
        (
            "terms: {boot: {low_seconds: 3, high_seconds: 2, declared: me}}",
            "the lower number first; swap them",
        ),
        ("terms: {boot: {low_seconds: 1, high_seconds: 2}}", "given neither `measured` nor `declared`"),
        (
            "terms: {boot: {low_seconds: 1, high_seconds: 2, declared: me, measured: 2026-11-20}}",
            "given both of them",
        ),
        (
            "pools: {one/srve: {boot: {low_seconds: 1, high_seconds: 2, declared: me}}}",
            "did you mean one/serve?",
        ),
        ("terms: {boot: {low_seconds: 1}}", "high_seconds"),
    ],
)
def test_a_faulty_file_of_times_is_refused(
    fleet: LoadedFleet, tmp_path: Path, line: str, message: str
) -> None:
    with pytest.raises(FleetError, match=r"readiness\.yaml:") as caught:
        read(fleet, tmp_path, f"version: 1\n{line}\n")
    assert message in str(caught.value)


def test_a_file_of_times_that_is_not_there_is_refused(fleet: LoadedFleet, tmp_path: Path) -> None:
    with pytest.raises(FleetError, match="given a path without a file; expected a file of readiness terms"):
        read_readiness(tmp_path / "none.yaml", fleet)
