"""Why there is no plan, in the fleet file's own words. The fleets stand in tests/fixtures/infeasible: each is
`prod` with one kind of statement made impossible, beside what Argosy says of it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from argosy.catalog import load_catalog
from argosy.errors import InfeasiblePlanError
from argosy.planner.infeasible import explain_conflict
from argosy.planner.infeasible_oracle import Oracle
from argosy.planner.infeasible_statements import all_words
from argosy.planner.infeasible_words import Variant, Words, dropped
from argosy.planner.plan import plan_capacity
from argosy.planner.solve import NoPlanError, solve
from argosy.providers import load_providers
from argosy.resolve import resolve
from argosy.spec.loader import LoadedFleet, load_spec

if TYPE_CHECKING:
    from conftest import World

NewWorld = Callable[[], "World"]

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "tests" / "fixtures" / "infeasible"
NAMES = sorted(file.stem for file in FOLDER.glob("*.yaml"))
CATALOG = load_catalog()


def loaded(name: str) -> LoadedFleet:
    return load_spec(f"tests/fixtures/infeasible/{name}.yaml", ROOT)


@cache
def told(name: str) -> InfeasiblePlanError:
    return refused(loaded(name))


def refused(fleet: LoadedFleet) -> InfeasiblePlanError:
    with pytest.raises(InfeasiblePlanError) as caught:
        plan_capacity(fleet, CATALOG, None)
    return caught.value


def has_plan(variant: Variant) -> bool:
    try:
        solve(variant.problem(CATALOG))
    except NoPlanError:
        return False
    return True


def split(fleet: LoadedFleet, error: InfeasiblePlanError) -> tuple[list[Words], list[Words]]:
    """The statements in conflict, and all others."""
    paths = {statement.path for statement in error.statements}
    words = all_words(fleet, CATALOG, Variant(fleet).problem(CATALOG))
    return [w for w in words if w.path in paths], [w for w in words if w.path not in paths]


@pytest.mark.parametrize("name", NAMES)
def test_an_impossible_fleet_is_explained_by_the_statements_in_its_golden_file(name: str) -> None:
    fleet = loaded(name)

    assert [] == resolve(fleet, CATALOG, load_providers())
    assert (FOLDER / f"{name}.expected").read_text(encoding="utf-8") == f"{told(name)}\n"


@pytest.mark.parametrize("name", NAMES)
def test_the_statements_conflict_by_themselves_and_none_of_them_is_too_many(name: str) -> None:
    fleet = loaded(name)
    found, others = split(fleet, told(name))
    # One statement alone conflicts with whatever the fleet is for, so that all else stays in.
    alone = dropped(Variant(fleet), others if len(found) > 1 else [])

    assert not has_plan(alone)
    assert [one.path for one in found] == [one.path for one in found if has_plan(one.drop(alone))]


@pytest.mark.parametrize(
    ("name", "said", "enough", "one_less"),
    [
        ("pool-max", "nodes: {min: 2, max: 3}", "nodes: {min: 2, max: 8}", "nodes: {min: 2, max: 7}"),
        ("quota-nodes", "quota_nodes: 3", "quota_nodes: 7", "quota_nodes: 6"),
        ("quota", "limit: 2112", "limit: 2880", "limit: 2879"),
        ("reservation", "nodes: 4}", "nodes: 8}", "nodes: 7}"),
        ("feed-kw", "rated_kw: 90", "rated_kw: 94", "rated_kw: 93"),
        ("two-providers", "inference: 0.75", "inference: 0.56", "inference: 0.57"),
        ("max-share", "{provider: 0.45}", "{provider: 0.5}", "{provider: 0.49}"),
        ("residency", '["NO"]', '["NO", NL, US]', '["NO", NL]'),
    ],
)
def test_what_is_said_to_be_enough_is_and_one_less_is_not(
    name: str, said: str, enough: str, one_less: str, tmp_path: Path
) -> None:
    assert plan_capacity(edited(name, said, enough, tmp_path), CATALOG, None).scenarios
    assert not has_plan(Variant(edited(name, said, one_less, tmp_path)))


def edited(name: str, old: str, new: str, folder: Path) -> LoadedFleet:
    """The fleet with other words, in a folder of its own that stands where the others do."""
    text = (FOLDER / f"{name}.yaml").read_text(encoding="utf-8")
    assert 1 == text.count(old)
    file = folder / "tests" / "fixtures" / "infeasible" / f"{name}.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / "Pulumi.yaml", folder)
    shutil.copytree(ROOT / "stacks" / "fleets", folder / "stacks" / "fleets", dirs_exist_ok=True)
    file.write_text(text.replace(old, new), encoding="utf-8")
    return load_spec(str(file), folder)


def test_what_is_short_is_told_by_scenario_for_programs_too() -> None:
    error = told("two-providers")

    assert error.certain
    assert [("lose providers aws and gcp", "4h", "inference/assistant@eu")] == [
        (short.scenario, short.within, short.workload) for short in error.shortfalls
    ]


def metal(role: str, nodes: Any) -> dict[str, Any]:
    return {"role": role, "nodes": nodes, "server_type": "dgx-h200"}


def cloud(role: str, nodes: Any, zone: str = "z1", kind: str = "p5en.48xlarge") -> dict[str, Any]:
    return {"role": role, "nodes": nodes, "instance_type": kind, "zone": zone}


def explained(made: World) -> InfeasiblePlanError:
    with pytest.raises(InfeasiblePlanError) as caught:
        made.plan()
    return caught.value


def test_a_service_that_nothing_left_may_serve_in_time_says_so(world: NewWorld) -> None:
    made = world().cloud("use1", serve=cloud("inference", 2)).hall("oslo", 2, serve=metal("inference", 2))
    made.serve("chat", 1).survive("aws", "1").survive("metal", "1").survive("uplink oslo/fibre-1", "1")
    made.sites["use1"]["node_pools"]["serve"]["capacity"] = {"type": "flex"}
    error = explained(made)

    assert str(error).endswith(
        "in short: lose provider metal: inference/chat needs 1 node; no pool that is left may serve it in "
        "time: look at accelerators, residency, `serves` and roles"
    )


def test_jobs_that_nothing_left_can_hold_in_all_say_so(world: NewWorld) -> None:
    made = world().cloud("use1", train=cloud("training", 4)).hall("oslo", 4, train=metal("training", 4))
    made.train("one", 4).train("two", 4).survive("any provider", training="1", within="4h")
    error = explained(made)

    assert "survive[0]: lose any provider, keep training 1 within 4h; enough: training 1 → 0.5" in str(error)
    assert str(error).endswith("jobs must keep 8 nodes in all; all pools left for them have at most 4 nodes")


def test_scenarios_that_fail_only_together_are_told_together(world: NewWorld) -> None:
    made = world()
    quota = {"name": "all", "limit": 4, "unit": "nodes", "pools": ["one", "two"]}
    some = {"min": 0, "max": 9}
    made.cloud(
        "use1", "aws", {"quotas": [quota]}, one=cloud("inference", some), two=cloud("inference", some, "z2")
    )
    made.serve("chat", 4).survive("zone aws/z1", "0.75").survive("zone aws/z2", "0.75")
    error = explained(made)

    assert (
        "each scenario could be survived, but not all of these: lose zone aws/z1; lose zone aws/z2"
    ) in str(error)


def test_a_floor_of_one_workload_is_lowered_by_itself(world: NewWorld) -> None:
    made = world().cloud("use1", serve=cloud("inference", 4)).hall("oslo", 2, serve=metal("inference", 2))
    made.serve("chat", 4).serve("batch", 2).survive("any provider", "0", chat="1")
    error = explained(made)

    assert any((statement.enough or "").startswith("chat 1 → 0.5") for statement in error.statements)


def test_a_pool_that_is_too_large_for_the_power_is_told_to_shrink(world: NewWorld) -> None:
    made = world().hall("oslo", 4, {"a": 20, "b": 20}, pue="1", serve=metal("inference", 4)).serve("chat", 1)
    error = explained(made)

    assert [
        ("sites.oslo.node_pools.serve.nodes", "nodes 4 → 3"),
        (
            "sites.oslo.power.feeds[0].rated_kw",
            "rated_kw 20 → 21, once sites.oslo.power.feeds[1].rated_kw is no longer in the way",
        ),
    ] == [(statement.path, statement.enough) for statement in error.statements]
    assert "feed a of oslo: 4 nodes that must be held draw 20.4 kW" in str(error)


def test_pools_that_no_workload_may_use_are_not_shown_where_they_take_no_part(world: NewWorld) -> None:
    made = world().cloud("use1", serve=cloud("inference", 2), idle=cloud("training", 3)).serve("chat", 3)

    assert ["sites.use1.node_pools.serve.nodes", "demand.inference[0].nodes"] == [
        statement.path for statement in explained(made).statements
    ]


def test_a_fleet_that_is_too_large_to_be_solved_whole_is_explained_by_the_linear_program(
    world: NewWorld,
) -> None:
    made = world()
    for number in range(50):
        provider, kind = ("aws", "p5.48xlarge") if number % 2 else ("gcp", "a3-megagpu-8g")
        made.cloud(f"site{number}", provider, serve=cloud("inference", {"min": 0, "max": 1}, "z1", kind))
    made.serve("chat", 26, "H100").survive("any provider", "1")
    error = explained(made)

    assert error.certain
    assert {"demand.inference[0].nodes", "survive[0]"} <= {statement.path for statement in error.statements}
    assert "lose provider aws: inference/chat needs 26 nodes, keeps 25 nodes" in str(error)
    assert "and so does what 15 more pools may hold: site" in str(error)
    assert 27 == len(error.statements)


def test_pools_that_are_alike_are_told_in_one_where_there_are_very_many(world: NewWorld) -> None:
    made = world()
    for number in range(140):
        provider, kind = ("aws", "p5.48xlarge") if number % 2 else ("gcp", "a3-megagpu-8g")
        made.cloud(f"site{number}", provider, serve=cloud("inference", {"min": 0, "max": 1}, "z1", kind))
    made.serve("chat", 71, "H100").survive("aws", "1")

    assert [
        ("sites", "1 more in each"),
        ("demand.inference[0].nodes", "nodes 71 → 70"),
        ("survive[0]", "inference 1 → 0.98"),
    ] == [(statement.path, statement.enough) for statement in explained(made).statements]


def test_a_search_that_failed_claims_nothing_for_certain(world: NewWorld) -> None:
    made = world().cloud("use1", train=cloud("training", 4)).train("pretrain", 4, protected=True)
    error = explain_conflict(made.fleet(), made.catalog, certain=False)

    assert not error.certain
    assert str(error).startswith("no plan was found that keeps these statements, which does not prove")
    assert "job pretrain takes 4 nodes of H200" in str(error)


def test_work_that_runs_out_is_said(world: NewWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    made = world().cloud("use1", serve=cloud("inference", 2)).serve("chat", 3)
    monkeypatch.setattr("argosy.planner.infeasible_oracle.MOST_CALLS", 2)
    error = explained(made)

    assert "perhaps not all of them are needed" in str(error).splitlines()[0]
    assert all(statement.enough is None for statement in error.statements)


def test_the_oracle_counts_its_calls(world: NewWorld) -> None:
    made = world().cloud("use1", serve=cloud("inference", 3)).serve("chat", 3)
    oracle = Oracle(made.catalog, small=True, most=1)

    assert oracle.possible(Variant(made.fleet()))
    assert 1 == oracle.calls


def test_leaving_out_a_job_never_asks_more_of_the_others(world: NewWorld) -> None:
    made = world().cloud("use1", a=cloud("training", 4), b=cloud("training", 4))
    made.train("one", 4).train("two", 4).survive("zone aws/z2", training="0.5", within="4h")
    made.sites["use1"]["node_pools"]["b"]["zone"] = "z2"
    whole, without = Variant(made.fleet()), Variant(made.fleet(), frozenset({"training/one"}))

    assert [8, 4] == [case.training for case in whole.problem(made.catalog).cases]
    # What `one` would have added counts as kept, and a scenario that asks for nothing more is gone.
    assert [4] == [case.training for case in without.problem(made.catalog).cases]
