"""`argosy plan` and `argosy check`: what they print, and their exit codes."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

Argosy = Callable[..., int]
Output = pytest.CaptureFixture[str]

PROVEN = "proven: every floor of small holds in 3 scenarios"
CLAIMED = "claimed: $126.60 an hour beyond what is paid for already, at most 0.000 % above the least"
"""Two nodes of p5en.48xlarge at the list price of the catalogue; gcp has no list price there."""

H200, H100 = "8xH200 inference anywhere for all", "8xH100 inference anywhere for all"


def rewrite(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.fixture
def fleet_file(project: Path) -> Path:
    return project / "stacks" / "fleets" / "small.yaml"


@pytest.fixture
def lock_file(project: Path) -> Path:
    return project / "stacks" / "fleets" / "small.lock.json"


def held(lock_file: Path) -> dict[str, int]:
    return {pool: plan["nodes"] for pool, plan in json.loads(lock_file.read_text())["pools"].items()}


def test_plan_writes_the_lock_and_says_what_is_in_it(argosy: Argosy, lock_file: Path, capsys: Output) -> None:
    assert 0 == argosy("plan", "small")
    assert [
        "+ one/serve: 2 nodes",
        "    + use1-az4: 2 nodes",
        "+ two/serve: 2 nodes",
        "    + europe-west4-b: 2 nodes",
        f"stacks/fleets/small.lock.json: written; {PROVEN}; {CLAIMED}",
    ] == capsys.readouterr().out.splitlines()
    assert "small" == json.loads(lock_file.read_text())["fleet"]


def test_planning_again_changes_nothing(argosy: Argosy, lock_file: Path, capsys: Output) -> None:
    argosy("plan", "small")
    before = lock_file.stat().st_mtime_ns
    capsys.readouterr()

    assert 0 == argosy("plan", "small")
    assert f"stacks/fleets/small.lock.json: unchanged; {CLAIMED}\n" == capsys.readouterr().out
    assert before == lock_file.stat().st_mtime_ns


def test_plan_says_what_changed(argosy: Argosy, fleet_file: Path, capsys: Output) -> None:
    argosy("plan", "small")
    rewrite(
        fleet_file, "zone: use1-az4, role: inference, nodes: 2", "zone: use1-az4, role: inference, nodes: 3"
    )
    capsys.readouterr()
    argosy("plan", "small")

    assert ["~ one/serve: 2 → 3 nodes", "    ~ use1-az4: 2 nodes → 3 nodes"] == (
        capsys.readouterr().out.splitlines()[:2]
    )


def test_plan_says_when_only_the_promises_changed(argosy: Argosy, fleet_file: Path, capsys: Output) -> None:
    argosy("plan", "small")
    rewrite(fleet_file, "inference: 1.0", "inference: 0.5")
    capsys.readouterr()
    argosy("plan", "small")

    assert [
        "fleet file: survive was changed since it was planned",
        f"stacks/fleets/small.lock.json: written; {PROVEN}; {CLAIMED}",
    ] == capsys.readouterr().out.splitlines()


def test_plan_says_that_only_witnesses_change(argosy: Argosy, lock_file: Path, capsys: Output) -> None:
    argosy("plan", "small")
    lock = json.loads(lock_file.read_text())
    lock["scenarios"][0]["serves"]["inference/assistant"] = {H200: 1_000_000, H100: 1_000_000}
    lock["argosy_version"] = "0.0.1"
    lock_file.write_text(json.dumps(lock))
    capsys.readouterr()
    argosy("plan", "small")

    version, witness, _ = capsys.readouterr().out.splitlines()
    assert version.startswith("argosy: 0.0.1 → ")
    assert "witness of nothing lost (within 0): was changed since it was planned" == witness


def test_plan_says_that_only_the_layout_changes(argosy: Argosy, lock_file: Path, capsys: Output) -> None:
    argosy("plan", "small")
    lock_file.write_text(json.dumps(json.loads(lock_file.read_text())))
    capsys.readouterr()
    argosy("plan", "small")

    assert "nothing but the layout of the lock" == capsys.readouterr().out.splitlines()[0]


def test_with_nothing_to_survive_no_more_is_claimed_than_that_the_fleet_serves(
    argosy: Argosy, fleet_file: Path, capsys: Output
) -> None:
    rewrite(fleet_file, "survive:\n  - {lose: any provider, keep: {inference: 1.0}, within: 15m}\n", "")
    argosy("plan", "small")
    argosy("check", "small")

    claim = "no contingency is declared: proven only that the fleet as it stands serves its demand"
    shown = capsys.readouterr().out.splitlines()
    assert f"stacks/fleets/small.lock.json: written; {claim}; {CLAIMED}" in shown
    assert f"stacks/fleets/small.lock.json: {claim}" == shown[-1]


def test_a_contingency_that_this_fleet_cannot_meet_proves_nothing_either(
    argosy: Argosy, fleet_file: Path, capsys: Output
) -> None:
    rewrite(fleet_file, "lose: any provider", "lose: any feed")
    argosy("plan", "small")

    assert (
        "stacks/fleets/small.lock.json: written; nothing that `survive` names is in this fleet: "
        f"proven only that the fleet as it stands serves its demand; {CLAIMED}"
    ) == capsys.readouterr().out.splitlines()[-1]


def test_a_fleet_without_a_plan_exits_1_names_the_floors_and_writes_nothing(
    argosy: Argosy, fleet_file: Path, lock_file: Path, capsys: Output
) -> None:
    rewrite(fleet_file, "nodes: 2}]", "nodes: 3}]")

    assert 1 == argosy("plan", "small")
    out, err = capsys.readouterr()
    assert out == ""
    assert "survive[0]" in err
    assert "Traceback" not in err
    assert not lock_file.exists()


def test_a_fleet_without_a_plan_leaves_the_lock_as_it_was(
    argosy: Argosy, fleet_file: Path, lock_file: Path
) -> None:
    argosy("plan", "small")
    before = lock_file.read_bytes()
    rewrite(fleet_file, "nodes: 2}]", "nodes: 3}]")

    assert 1 == argosy("plan", "small")
    assert before == lock_file.read_bytes()


def test_prices_that_are_old_are_warned_of_on_stderr(
    argosy: Argosy, lock_file: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("argosy.cli.plan._today", lambda: dt.date(2028, 1, 1))

    assert 0 == argosy("plan", "small")
    out, err = capsys.readouterr()
    assert err.startswith("warning: The list price of aws/p5en.48xlarge (on-demand) for one/serve is of ")
    assert "warning" not in out


def test_an_unreadable_lock_is_replaced_and_that_is_said(
    argosy: Argosy, lock_file: Path, capsys: Output
) -> None:
    lock_file.write_text("{")

    assert 0 == argosy("plan", "small")
    assert "Planning without it: slots are bound afresh." in capsys.readouterr().err
    assert 0 == argosy("check", "small")


def test_a_lock_of_schema_1_is_refused_by_check_and_made_good_by_plan(
    argosy: Argosy, lock_file: Path, capsys: Output
) -> None:
    argosy("plan", "small")
    lock_file.write_text(json.dumps(json.loads(lock_file.read_text()) | {"schema_version": 1}))
    capsys.readouterr()

    assert 2 == argosy("check", "small")
    assert (
        "stacks/fleets/small.lock.json: given schema version 1; expected 2, which this Argosy writes. "
        "Run: argosy plan small\n"
    ) == capsys.readouterr().err
    assert 0 == argosy("plan", "small")
    assert 0 == argosy("check", "small")


def test_a_pool_edited_by_hand_is_refused_by_check_and_made_good_by_plan(
    argosy: Argosy, lock_file: Path, capsys: Output
) -> None:
    argosy("plan", "small")
    planned = lock_file.read_bytes()
    lock = json.loads(planned)
    lock["pools"]["one/serve"] = {"nodes": 1, "by_zone": {"use1-az4": 1}}
    lock_file.write_text(json.dumps(lock))
    capsys.readouterr()

    assert 2 == argosy("check", "small")
    assert [
        "stacks/fleets/small.lock.json: cannot be used:",
        "  one/serve: holds 1 node; the fleet file wants 2",
        "Run: argosy plan small",
    ] == capsys.readouterr().err.splitlines()
    assert 0 == argosy("plan", "small")
    assert "~ one/serve: 1 → 2 nodes" == capsys.readouterr().out.splitlines()[0]
    assert planned == lock_file.read_bytes()


def test_a_claim_edited_by_hand_changes_no_proof_and_is_made_anew(
    argosy: Argosy, lock_file: Path, capsys: Output
) -> None:
    argosy("plan", "small")
    planned = lock_file.read_bytes()
    lock = json.loads(planned)
    lock["claim"]["cost_usd_per_hour"] = "0.01"
    lock_file.write_text(json.dumps(lock))
    capsys.readouterr()

    assert 0 == argosy("check", "small")
    assert 0 == argosy("plan", "small")
    assert capsys.readouterr().out.endswith(f"written; {PROVEN}; {CLAIMED}\n")
    assert planned == lock_file.read_bytes()


def test_sizes_that_still_do_stay_until_fresh_ones_are_asked_for(
    argosy: Argosy, fleet_file: Path, lock_file: Path, capsys: Output
) -> None:
    # Reserved nodes are paid for, so that holding more of them than are needed costs nothing.
    reserved = (
        "nodes: {min: 0, max: 4},\n              capacity: {type: reserved, reservation: cr-1, nodes: 4}"
    )
    rewrite(fleet_file, "nodes: 2,\n              capacity: {type: on-demand}", reserved)
    rewrite(fleet_file, "nodes: 2}]", "nodes: 3}]")
    argosy("plan", "small")
    rewrite(fleet_file, "nodes: 3}]", "nodes: 2}]")

    assert 0 == argosy("plan", "small")
    assert {"one/serve": 3, "two/serve": 3} == held(lock_file)
    assert 0 == argosy("plan", "small", "--fresh")
    assert {"one/serve": 2, "two/serve": 2} == held(lock_file)
    assert "~ one/serve: 3 → 2 nodes" in capsys.readouterr().out.splitlines()


def test_a_folder_in_the_place_of_the_lock_is_said_before_anything_is_planned(
    argosy: Argosy, lock_file: Path, capsys: Output
) -> None:
    lock_file.mkdir()

    assert 2 == argosy("plan", "small")
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "stacks/fleets/small.lock.json: is a folder. Move it away, and run: argosy plan small\n"


def test_check_proves_and_shows_every_scenario(argosy: Argosy, project: Path, capsys: Output) -> None:
    argosy("plan", "small")
    capsys.readouterr()

    assert 0 == argosy("check", "small")
    assert [
        "scenario           within  inference/assistant",
        "nothing lost       0       2/2",
        "lose provider aws  15m     2/2",
        "lose provider gcp  15m     2/2",
        "kept/required, kept at most what the floor asks for, in nodes or (services sized from requests) in "
        "requests/s; -: not required then; training: all its jobs together",
        f"stacks/fleets/small.lock.json: {PROVEN}",
    ] == capsys.readouterr().out.splitlines()


def test_the_help_of_check_explains_the_table(argosy: Argosy, capsys: Output) -> None:
    argosy("check", "--help")
    shown = " ".join(capsys.readouterr().out.split())

    assert "A cell is kept/required, in nodes, or in requests per second" in shown
    assert "`-` means that the workload is not required then" in shown
    assert "`training` is the sum of all jobs" in shown


def test_check_as_json_holds_the_same(argosy: Argosy, project: Path, capsys: Output) -> None:
    argosy("plan", "small")
    capsys.readouterr()
    argosy("check", "small", "--json")
    proof = json.loads(capsys.readouterr().out)

    assert (True, 3) == (proof["proven"], len(proof["scenarios"]))
    assert {
        "id": "lose provider aws",
        "within": "15m",
        "workloads": {"inference/assistant": {"required": 2.0, "kept": 2.0, "unit": "nodes"}},
    } == proof["scenarios"][1]
    assert ("126.60", "0.000") == (
        proof["claimed"]["cost_usd_per_hour"],
        proof["claimed"]["gap_percent"],
    )


def test_check_without_a_lock_exits_2_and_names_the_command(
    argosy: Argosy, project: Path, capsys: Output
) -> None:
    assert 2 == argosy("check", "small")
    assert "stacks/fleets/small.lock.json: there is no lock yet. Run: argosy plan small\n" == (
        capsys.readouterr().err
    )


def test_faults_of_the_file_come_first_and_alone(argosy: Argosy, fleet_file: Path, capsys: Output) -> None:
    rewrite(fleet_file, "use1-az4, role: inference, nodes: 2", "use1-az4, role: inference, nodes: two")

    assert 2 == argosy("check", "small")
    message = capsys.readouterr().err
    assert "sites.one.node_pools.serve.nodes" in message
    assert "lock" not in message


def test_faults_that_need_the_catalogue_exit_2(argosy: Argosy, fleet_file: Path, capsys: Output) -> None:
    rewrite(fleet_file, "p5en.48xlarge", "p5en.48xlrge")

    assert 2 == argosy("check", "small")
    assert "p5en.48xlarge" in capsys.readouterr().err


def test_a_stale_lock_exits_2_and_names_the_part(argosy: Argosy, fleet_file: Path, capsys: Output) -> None:
    argosy("plan", "small")
    rewrite(fleet_file, "nodes: 2}]", "nodes: 1}]")
    capsys.readouterr()

    assert 2 == argosy("check", "small")
    assert [
        "stacks/fleets/small.lock.json: cannot be used:",
        "  fleet file: demand.inference.assistant was changed since it was planned",
        "Run: argosy plan small",
    ] == capsys.readouterr().err.splitlines()


def test_a_lock_that_proves_too_little_exits_1_with_the_shortfall(
    argosy: Argosy, lock_file: Path, capsys: Output
) -> None:
    argosy("plan", "small")
    lock = json.loads(lock_file.read_text())
    lock["scenarios"][1]["serves"]["inference/assistant"] = {H100: 1_000_000}
    lock_file.write_text(json.dumps(lock))
    capsys.readouterr()

    assert 1 == argosy("check", "small", "--json")
    refusal = json.loads(capsys.readouterr().out)
    assert {
        "scenario": "lose provider aws",
        "within": "15m",
        "workload": "inference/assistant",
        "needed": "2 nodes",
        "kept": "1 node",
    } == refusal["shortfalls"][0]
    assert not refusal["proven"]


def test_faults_as_json_have_their_places(argosy: Argosy, fleet_file: Path, capsys: Output) -> None:
    rewrite(fleet_file, "version: 1", "version: 9")

    assert 2 == argosy("check", "small", "--json")
    (fault,) = json.loads(capsys.readouterr().out)["faults"]
    assert ("version", 1) == (fault["path"], fault["line"])


def test_the_path_of_a_fleet_file_works_like_its_name(
    argosy: Argosy, fleet_file: Path, project: Path, capsys: Output
) -> None:
    elsewhere = project / "elsewhere.yaml"
    elsewhere.write_text(fleet_file.read_text())

    assert 2 == argosy("check", "elsewhere.yaml")
    assert "elsewhere.lock.json: there is no lock yet. Run: argosy plan elsewhere.yaml\n" == (
        capsys.readouterr().err
    )
    assert 0 == argosy("plan", "elsewhere.yaml")
    assert 0 == argosy("check", str(elsewhere))


def test_the_remedy_for_a_path_with_blanks_can_be_pasted(
    argosy: Argosy, fleet_file: Path, project: Path, capsys: Output
) -> None:
    (project / "my fleet.yaml").write_text(fleet_file.read_text())

    argosy("check", "./my fleet.yaml")
    assert "my fleet.lock.json: there is no lock yet. Run: argosy plan 'my fleet.yaml'\n" == (
        capsys.readouterr().err
    )


def test_an_unknown_environment_exits_2(argosy: Argosy, project: Path, capsys: Output) -> None:
    assert 2 == argosy("plan", "smal")
    assert "small" in capsys.readouterr().err


def test_a_full_disk_is_one_sentence(
    argosy: Argosy, lock_file: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, "fsync", full)

    assert 2 == argosy("plan", "small")
    assert "No space left on device\n" == capsys.readouterr().err
    assert not lock_file.exists()


def test_an_interruption_exits_130_and_leaves_no_lock(
    argosy: Argosy, lock_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(_descriptor: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)

    assert 130 == argosy("plan", "small")
    assert not lock_file.exists()


def test_plan_as_json_says_what_was_written_proven_and_claimed(
    argosy: Argosy, project: Path, capsys: Output
) -> None:
    argosy("plan", "small", "--json")
    planned = json.loads(capsys.readouterr().out)

    assert (True, True) == (planned["written"], planned["proven"])
    assert {"one/serve": 2, "two/serve": 2} == planned["pools"]
    assert "+ one/serve: 2 nodes" == planned["changes"][0]
    assert {"solver", "cost_usd_per_hour", "bound_usd_per_hour", "gap_percent"} == planned["claimed"].keys()


def test_a_conflict_as_json_holds_its_statements(argosy: Argosy, fleet_file: Path, capsys: Output) -> None:
    rewrite(fleet_file, "nodes: 2}]", "nodes: 3}]")

    assert 1 == argosy("plan", "small", "--json")
    conflict = json.loads(capsys.readouterr().out)["conflict"]
    assert conflict["certain"]
    assert "survive[0]" in {statement["path"] for statement in conflict["statements"]}
