"""The lock file: written whole or not at all, and refused when it is not what Argosy wrote."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from argosy.errors import LockError
from argosy.planner.lock import load_lock, render_lock, write_lock
from argosy.spec.loader import LoadedFleet

if TYPE_CHECKING:
    from conftest import World


@pytest.fixture
def made(world: Callable[[], World], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    (tmp_path / "Pulumi.yaml").write_text("name: argosy\n")
    monkeypatch.chdir(tmp_path)
    serve = {"role": "inference", "nodes": 2, "server_type": "dgx-h200"}
    built = world().hall("oslo", 4, serve=serve).serve("assistant", 2)
    built.path = tmp_path / "stacks" / "fleets" / "test.yaml"
    built.path.parent.mkdir(parents=True)
    return built


@pytest.fixture
def fleet(made: World) -> LoadedFleet:
    loaded = made.fleet()
    write_lock(made.plan(), loaded.lock_path)
    return loaded


def refusal(fleet: LoadedFleet) -> str:
    with pytest.raises(LockError) as caught:
        load_lock(fleet)
    return str(caught.value)


def edit(fleet: LoadedFleet, **changes: object) -> None:
    content = json.loads(fleet.lock_path.read_text())
    fleet.lock_path.write_text(json.dumps(content | changes))


def test_a_written_lock_reads_back_equal(made: World, fleet: LoadedFleet) -> None:
    assert made.plan() == load_lock(fleet)


def test_a_written_lock_is_canonical_and_readable_by_others(made: World, fleet: LoadedFleet) -> None:
    assert render_lock(made.plan()) == fleet.lock_path.read_text()
    assert 0o644 == fleet.lock_path.stat().st_mode & 0o777


@pytest.mark.parametrize("step", ["fsync", "chmod", "replace"])
def test_an_interruption_at_any_step_leaves_the_old_lock_and_nothing_else(
    made: World, fleet: LoadedFleet, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    before = fleet.lock_path.read_bytes()

    def interrupt(*_args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, step, interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_lock(made.plan().model_copy(update={"fleet": "other"}), fleet.lock_path)

    assert before == fleet.lock_path.read_bytes()
    assert [fleet.lock_path] == list(fleet.lock_path.parent.iterdir())


def test_a_missing_lock_names_the_command(fleet: LoadedFleet) -> None:
    fleet.lock_path.unlink()

    assert refusal(fleet).endswith("there is no lock yet. Run: argosy plan test")


def test_a_lock_beside_a_fleet_file_elsewhere_names_the_file(made: World, tmp_path: Path) -> None:
    made.path = tmp_path / "odd" / "place" / "try.yaml"

    assert "odd/place/try.lock.json: there is no lock yet. Run: argosy plan odd/place/try.yaml" == refusal(
        made.fleet()
    )


@pytest.mark.parametrize(
    "content", ["", "{", "not json", '{"fleet": 1, "fleet": 2}', "[" * 100_000, '{"schema_version": 1e999x}']
)
def test_what_is_not_json_is_no_lock(fleet: LoadedFleet, content: str) -> None:
    fleet.lock_path.write_text(content)

    assert "is not a lock" in refusal(fleet)


def test_bytes_that_are_not_text_are_no_lock(fleet: LoadedFleet) -> None:
    fleet.lock_path.write_bytes(b"\xff\xfe\x00")

    assert "cannot be read (not UTF-8)" in refusal(fleet)


def test_a_folder_in_the_place_of_the_lock_is_said(fleet: LoadedFleet) -> None:
    fleet.lock_path.unlink()
    fleet.lock_path.mkdir()

    assert refusal(fleet) == (
        "stacks/fleets/test.lock.json: is a folder. Move it away, and run: argosy plan test"
    )


def test_a_pipe_in_the_place_of_the_lock_is_not_waited_for(fleet: LoadedFleet) -> None:
    fleet.lock_path.unlink()
    os.mkfifo(fleet.lock_path)

    assert "is not a file. Move it away, and run: argosy plan test" in refusal(fleet)


@pytest.mark.parametrize("version", [0, 1, 3, "2", None, True, 2.0])
def test_another_schema_is_refused(fleet: LoadedFleet, version: object) -> None:
    edit(fleet, schema_version=version)

    assert f"given schema version {version!r}; expected 2" in refusal(fleet)


def test_a_lock_of_schema_1_is_refused_with_the_command_that_makes_it_good(fleet: LoadedFleet) -> None:
    nominal = {
        "id": "nothing lost",
        "within": "0",
        "required": {"inference/assistant": 2},
        "witness": {"inference/assistant": {"oslo/serve": 2}},
    }
    content = json.loads(fleet.lock_path.read_text())
    del content["claim"]
    fleet.lock_path.write_text(json.dumps(content | {"schema_version": 1, "scenarios": [nominal]}))

    assert (
        "stacks/fleets/test.lock.json: given schema version 1; expected 2, which this Argosy writes. "
        "Run: argosy plan test"
    ) == refusal(fleet)


@pytest.mark.parametrize("content", ["[]", "null", '"lock"', "3"])
def test_json_that_is_no_object_is_refused(fleet: LoadedFleet, content: str) -> None:
    fleet.lock_path.write_text(content)

    assert "given schema version None; expected 2" in refusal(fleet)


def test_a_lock_edited_out_of_shape_names_the_places(fleet: LoadedFleet) -> None:
    edit(fleet, pools={"oslo/serve": {"nodes": -1}}, colour="blue")

    assert "was edited out of shape at colour, pools.oslo/serve.nodes. Run: argosy plan test" in refusal(
        fleet
    )


def test_a_lock_without_a_part_names_it(fleet: LoadedFleet) -> None:
    content = json.loads(fleet.lock_path.read_text())
    del content["claim"], content["scenarios"][0]["jobs"]
    fleet.lock_path.write_text(json.dumps(content))

    assert "was edited out of shape at claim, scenarios.0.jobs. Run: argosy plan test" in refusal(fleet)


@pytest.mark.parametrize("micro_nodes", [-1, 0.5, "1"])
def test_a_witness_holds_whole_numbers_only(fleet: LoadedFleet, micro_nodes: object) -> None:
    content = json.loads(fleet.lock_path.read_text())
    content["scenarios"][0]["serves"] = {"inference/assistant": {"kind": micro_nodes}}
    fleet.lock_path.write_text(json.dumps(content))

    assert "out of shape at scenarios.0.serves.inference/assistant.kind." in refusal(fleet)


@pytest.mark.parametrize("nodes", [2.0, "2", True])
def test_only_whole_numbers_are_counts(fleet: LoadedFleet, nodes: object) -> None:
    edit(fleet, pools={"oslo/serve": {"nodes": nodes}})

    assert "pools.oslo/serve.nodes" in refusal(fleet)


def test_edited_facts_are_found_by_their_hash(fleet: LoadedFleet) -> None:
    edit(fleet, facts={})

    assert "its facts were edited by hand" in refusal(fleet)


def test_a_merge_conflict_in_a_lock_is_called_one_and_says_what_keeps_the_slots(fleet: LoadedFleet) -> None:
    lines = fleet.lock_path.read_text().splitlines()
    torn = [*lines[:2], "<<<<<<< HEAD", lines[2], "=======", lines[2], ">>>>>>> theirs", *lines[3:]]
    fleet.lock_path.write_text("\n".join(torn))

    assert (
        "stacks/fleets/test.lock.json: holds a merge conflict (line 3). Take either side whole, whose slots "
        "then stay as they are, and run: argosy plan test"
    ) == refusal(fleet)


def test_a_command_can_be_pasted_whatever_the_path_holds(made: World, tmp_path: Path) -> None:
    made.path = tmp_path / "my fleets" / "it's.yaml"

    assert """Run: argosy plan 'my fleets/it'"'"'s.yaml'""" == refusal(made.fleet())[-42:]


def test_a_fleet_is_not_named_by_its_environment_where_no_project_would_find_it(
    made: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "Pulumi.yaml").unlink()

    assert refusal(made.fleet()).endswith("Run: argosy plan stacks/fleets/test.yaml")


def test_files_are_named_from_where_the_user_works_and_not_from_where_the_program_runs(
    made: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path / "stacks")
    at_the_root = dataclasses.replace(made.fleet(), start=tmp_path)

    assert refusal(made.fleet()).startswith("fleets/test.lock.json: ")
    assert refusal(at_the_root).startswith("stacks/fleets/test.lock.json: ")


@pytest.mark.parametrize("text", ["\\ud800", "\\u001b[2J", "\\n"])
def test_characters_that_cannot_be_shown_make_no_lock(fleet: LoadedFleet, text: str) -> None:
    fleet.lock_path.write_text(f'{{"schema_version": 2, "fleet": "{text}"}}')

    assert "characters that cannot be shown" in refusal(fleet)
