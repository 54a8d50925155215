"""Who may serve what and how fast, and where jobs may run, worked by hand."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from argosy.planner.build import build_problem
from argosy.planner.problem import Gang, Problem, Row
from argosy.spec.rates import RatesSpec

if TYPE_CHECKING:
    from conftest import World

NewWorld = Callable[[], "World"]
Plain = dict[str, Any]


def pool(role: str = "inference", instance_type: str = "p5en.48xlarge", **more: object) -> Plain:
    zone = {} if "zones" in more else {"zone": "z1"}
    return {"role": role, "nodes": 1, "instance_type": instance_type} | zone | more


def rows(problem: Problem) -> dict[str, Row]:
    return dict(problem.row)


def job(made: World) -> Gang:
    (gang,) = made.problem().gangs
    return gang


def abroad(made: World) -> World:
    """Pools in Norway, Germany and the United States, each near its own users."""
    made.cloud("eun1", "aws", {"country": "NO", "serves": ["eu"]}, serve=pool())
    made.cloud("euc1", "aws", {"country": "DE", "serves": ["eu"]}, serve=pool())
    return made.cloud("use1", "aws", {"country": "US", "serves": ["us"]}, serve=pool())


def test_a_pinned_service_is_counted_in_nodes(world: NewWorld) -> None:
    made = world().cloud("a", serve=pool(), train=pool("training")).serve("chat", 3)
    row = made.problem().row["inference/chat"]

    assert ("inference/chat", 3, "nodes", 1) == (row.workload, row.demand, row.unit, row.grain)
    assert {"8xH200 inference anywhere for all": 1} == row.rates


def test_a_service_is_served_by_its_accelerators_only(world: NewWorld) -> None:
    made = world().cloud("a", serve=pool(), old=pool(instance_type="p5.48xlarge")).serve("chat", 3, "H100")

    assert ["8xH100 inference anywhere for all"] == [*made.problem().row["inference/chat"].rates]


def test_a_service_with_regions_has_a_row_for_each_in_thousandths_of_a_node(world: NewWorld) -> None:
    made = abroad(world()).serve("chat", 3, regions={"eu": Decimal("0.4"), "us": Decimal("0.6")})
    found = made.problem().row

    assert {"inference/chat@eu": 1200, "inference/chat@us": 1800} == {n: r.demand for n, r in found.items()}
    assert {"8xH200 inference DE eu": 1000, "8xH200 inference NO eu": 1000} == found[
        "inference/chat@eu"
    ].rates
    assert {"8xH200 inference US us": 1000} == found["inference/chat@us"].rates


def test_a_split_is_rounded_up(world: NewWorld) -> None:
    made = abroad(world()).serve("chat", 1, regions={"eu": Decimal("0.3333"), "us": Decimal("0.6667")})

    assert [334, 667] == [row.demand for row in made.problem().rows]


def test_residency_keeps_the_requests_of_a_region_in_its_countries(world: NewWorld) -> None:
    regions = {"eu": Decimal("0.5"), "us": Decimal("0.5")}
    made = abroad(world()).serve("chat", 2, regions=regions, residency={"eu": ["DE", "FR"]})
    found = made.problem().row

    assert ["8xH200 inference DE eu"] == [*found["inference/chat@eu"].rates]
    assert ["8xH200 inference US us"] == [*found["inference/chat@us"].rates]


def test_a_site_that_names_no_regions_serves_all_of_them(world: NewWorld) -> None:
    made = world().cloud("a", serve=pool()).serve("chat", 2, regions={"eu": Decimal("1")})

    assert {"8xH200 inference anywhere for all": 1000} == made.problem().row["inference/chat@eu"].rates


CHAT: Plain = {
    "model": "m",
    "requests_per_month": 26_298_000,  # 10 per second
    "input_tokens": 1000,
    "output_tokens": 500,
    "ttft_ms": 1000,
    "tpot_ms": 50,
} | dict.fromkeys(
    ["diurnal_factor", "burst_factor", "utilisation", "latency_derate", "availability"], Decimal(1)
)


def sized(made: World, *accelerators: str, replica: int = 1, **more: object) -> Problem:
    """A service whose rate is 1,000 output tokens, so 2 requests, per second and accelerator."""
    made.serve("chat", None, *accelerators, **CHAT | more)
    rate = {
        "model": "m",
        "precision": "fp8",
        "input_tokens": 1000,
        "output_tokens": 500,
        "output_tokens_per_second": Decimal(1000),
        "accelerators_per_replica": replica,
        "at": "saturation",
        "source": "a test",
        "as_of": "2026-01-01",
    }
    rates = RatesSpec.model_validate(
        {"version": 1, "rates": [rate | {"accelerator": a} for a in accelerators]}
    )
    return build_problem(dataclasses.replace(made.fleet(), rates=rates), made.catalog)


def test_a_service_sized_by_its_requests_is_counted_in_micro_requests_per_second(world: NewWorld) -> None:
    made = world().cloud("a", large=pool(), small=pool(instance_type="p5.4xlarge"))
    row = sized(made, "H200", "H100").row["inference/chat"]

    assert (10_000_000, "requests/s", 1_000_000) == (row.demand, row.unit, row.grain)
    assert {
        "8xH200 inference anywhere for all": 16_000_000,
        "1xH100 inference anywhere for all": 2_000_000,
    } == row.rates


def test_only_whole_replicas_serve(world: NewWorld) -> None:
    made = world().cloud("a", large=pool(), small=pool(instance_type="p5.4xlarge"))
    row = sized(made, "H200", "H100", replica=3).row["inference/chat"]

    # Two replicas of three fit into eight, none into one.
    assert {"8xH200 inference anywhere for all": 12_000_000} == row.rates


def test_requests_are_split_over_regions(world: NewWorld) -> None:
    regions = {"eu": Decimal("0.25"), "us": Decimal("0.75")}
    found = sized(abroad(world()), "H200", regions=regions).row

    assert {"inference/chat@eu": 2_500_000, "inference/chat@us": 7_500_000} == {
        name: row.demand for name, row in found.items()
    }


def test_a_service_without_a_size_has_no_row(world: NewWorld) -> None:
    made = world().cloud("a", serve=pool()).serve("chat", None)

    assert () == made.problem().rows


def test_an_inference_pool_that_lends_runs_jobs_that_may_be_stopped(world: NewWorld) -> None:
    made = world().cloud("a", serve=pool(lends=True), keep=pool(), train=pool("training"))

    assert {"a/serve", "a/train"} == job(made.train("free", 1)).pools.keys()
    made.training.clear()
    assert {"a/train"} == job(made.train("kept", 1, protected=True)).pools.keys()


def test_a_training_pool_that_lends_serves_once_its_jobs_are_stopped(world: NewWorld) -> None:
    made = world().cloud("a", train=pool("training", lends=True), own=pool("training")).serve("chat", 1)
    made.survive("spot", inference="1").survive("spot", inference="1", within="15m")
    problem = made.problem()
    (row,) = problem.rows
    nominal, at_once, later = problem.cases

    lending = "8xH200 training+lends anywhere for all"
    assert {lending: 1} == row.rates
    assert lending in problem.convertible
    assert [0, 0, 1] == [problem.serves(lending, row, case) for case in (nominal, at_once, later)]


def test_an_inference_pool_serves_at_once_even_if_it_lends(world: NewWorld) -> None:
    problem = world().cloud("a", serve=pool(lends=True)).serve("chat", 1).problem()

    assert frozenset() == problem.convertible
    assert 1 == problem.serves("8xH200 inference+lends anywhere for all", problem.rows[0], problem.cases[0])


@pytest.mark.parametrize(
    ("capacity", "protected", "may"),
    [("on-demand", True, True), ("spot", False, True), ("spot", True, False), ("flex", False, False)],
)
def test_market_capacity_runs_what_may_be_stopped(
    world: NewWorld, capacity: str, protected: bool, may: bool
) -> None:
    made = world().cloud("a", train=pool("training", capacity={"type": capacity}))

    assert may == ("a/train" in job(made.train("j", 1, protected=protected)).pools)


def test_a_job_stays_in_its_countries_and_on_its_accelerators(world: NewWorld) -> None:
    made = world().cloud("a", "aws", {"country": "US"}, train=pool("training"))
    made.cloud("b", "aws", {"country": "NO"}, train=pool("training"))
    made.cloud("c", "aws", {"country": "NO"}, train=pool("training", "p5.48xlarge"))

    assert {"b/train"} == job(made.train("j", 1, residency=["NO"])).pools.keys()


def test_no_fabric_and_so_no_job_spans_two_zones(world: NewWorld) -> None:
    made = world().cloud("a", one=pool("training"), two=pool("training", zones=["z1", "z2"]))

    assert {"a/one"} == job(made.train("j", 1)).pools.keys()


def test_a_job_takes_whole_racks_where_nodes_come_in_racks(world: NewWorld) -> None:
    """An NVL72 rack joins 72 accelerators, 18 nodes of 4: 20 nodes take two racks, and count as 20."""
    made = world().cloud("g", "gcp", train=pool("training", "a4x-highgpu-4g"))
    made.cloud("a", "aws", train=pool("training"))
    found = job(made.train("j", 20, "GB200", "H200"))

    assert {"a/train": 20, "g/train": 36} == found.pools
    assert 20 == found.nodes
    assert found.home_pools == found.pools.keys()


CHECKPOINTS: Plain = {"checkpoint_gb": 100, "checkpoint_minutes": 10}


def three_sites(made: World) -> World:
    made.cloud("use1", "aws", train=pool("training")).cloud("use2", "aws", train=pool("training"))
    return made.hall("oslo", 2, train={"role": "training", "nodes": 2, "server_type": "dgx-h200"})


def test_checkpoints_are_sent_to_every_other_site_that_holds_a_copy(world: NewWorld) -> None:
    made = three_sites(world()).train("j", 1, **CHECKPOINTS, replicated_to=["use1", "oslo"])

    # 100 GB in 600 s are 1,333.3 Mbit/s per copy.
    assert {"oslo/train": 1334, "use1/train": 1334, "use2/train": 2667} == job(made).traffic


def test_checkpoints_cost_what_leaves_the_provider(world: NewWorld) -> None:
    made = three_sites(world()).train("j", 1, **CHECKPOINTS, replicated_to=["use1", "oslo"])

    # 600 GB an hour at 0.09 $ to Oslo; within the provider, and out of a hall, nothing.
    assert {"use1/train": 54_000_000, "use2/train": 54_000_000} == job(made).price


@pytest.mark.parametrize("without", ["checkpoint_gb", "checkpoint_minutes"])
def test_checkpoints_of_which_nobody_says_the_size_and_the_time_send_nothing(
    world: NewWorld, without: str
) -> None:
    said = {key: value for key, value in CHECKPOINTS.items() if key != without}
    found = job(three_sites(world()).train("j", 1, **said, replicated_to=["oslo"]))

    assert ({}, {}) == (found.traffic, found.price)
