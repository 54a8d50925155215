"""`argosy metal status` where the claims or the lock hold what nobody expects."""

import json
import re
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from argosy.planner.lock import load_lock, write_lock
from argosy_metal.claims import ClaimsUnavailableError, Phase, RunIdentity, SqliteClaimStore
from argosy_metal.commands.owners import claims_of
from argosy_metal.commands.status import NotAllRunningError, show_status, status_rows
from argosy_metal.lifecycle.abandonment import leaving_behind

from .test_metal_commands import Project


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.chdir(tmp_path)
    made = Project(tmp_path, {})
    made.plan()
    return made


def spoil(project: Project, **changes: str) -> None:
    with sqlite3.connect(project.folder / "claims.sqlite") as database:
        for name, value in changes.items():
            database.execute(f"UPDATE claims SET {name} = ? WHERE serial = 'H0001'", (value,))
    database.close()


@pytest.mark.parametrize("owner", ["[/nope]/local", "[red]lab[/red]/metal", "[link=https://x]lab/metal"])
def test_an_owner_that_looks_like_markup_is_shown_as_it_stands(
    project: Project, capsys: pytest.CaptureFixture[str], owner: str
) -> None:
    project.claim_all()
    spoil(project, owner=owner)

    told = project.refused()

    assert f" {owner}" in capsys.readouterr().out
    assert owner in told


def test_an_owner_with_control_characters_moves_no_cursor(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    project.claim_all()
    spoil(project, owner="lab\x1b[2J\u202e\n/metal")
    project.hold("H9999", "serve/slot-09", "gone\x1b[1A/metal")

    told = project.refused()

    shown = capsys.readouterr().out
    assert r"lab\x1b[2J\u202e\n/metal" in shown
    assert r"claimed by gone\x1b[1A/metal" in shown
    assert r"lab\x1b[2J\u202e\n" in told
    assert "\x1b" not in shown + told


def test_an_owner_without_end_is_cut(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    project.claim_all()
    spoil(project, owner="x" * 100_000)

    assert len(project.refused()) < 3000
    assert len(capsys.readouterr().out) < 3000


def test_a_program_gets_an_owner_as_it_stands(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    project.claim_all()
    spoil(project, owner="lab\x1b[2J/metal")

    with pytest.raises(NotAllRunningError):
        show_status("metal.yaml", as_json=True)

    assert "lab\x1b[2J/metal" in {row["owner"] for row in json.loads(capsys.readouterr().out)}


@pytest.mark.parametrize("record", ["[" * 100_000, '{"a": ' + "[" * 60 + "]" * 60 + "}"])
def test_a_record_that_is_nested_without_end_is_a_damaged_claim(project: Project, record: str) -> None:
    project.claim_all()
    spoil(project, record=record)

    with pytest.raises(ClaimsUnavailableError, match=r"hall/H0001 is damaged"):
        show_status("metal.yaml", as_json=False)


def twice(project: Project) -> None:
    """One serial in two slots."""
    lock = load_lock(project.fleet)
    plan = lock.pools["hall/serve"]
    first, *others = plan.slots
    slots = dict.fromkeys((first, *others), plan.slots[first])
    pool = plan.model_copy(update={"slots": slots})
    write_lock(lock.model_copy(update={"pools": lock.pools | {"hall/serve": pool}}), project.fleet.lock_path)


def another_fleet_file(project: Project) -> None:
    """A fleet file that was changed since it was planned."""
    text = project.path.read_text()
    assert "nodes: 2" in text
    project.path.write_text(text.replace("nodes: 2", "nodes: 1"))


@pytest.mark.parametrize(
    ("change", "said"), [(twice, "server H0001 fills 2 slots"), (another_fleet_file, "plan")]
)
def test_on_a_lock_that_check_refuses_it_says_what_check_says_and_advises_no_up(
    project: Project, capsys: pytest.CaptureFixture[str], change: Callable[[Project], None], said: str
) -> None:
    project.claim_all(Phase.INSTALLING)
    project.hold("H9999", "serve/slot-09", "lab/metal")
    change(project)

    told = project.refused()

    assert "servers are not ready, and `pulumi up` refuses this lock: metal.lock.json: " in told
    assert "argosy plan" in told
    assert "releases" not in told + (shown := capsys.readouterr().out)
    assert "claimed by lab/metal but not in this lock" in shown
    assert re.search(said, told)


def test_machines_that_run_are_well_and_a_refused_lock_is_told_beside_them(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    project.claim_all()
    lock = load_lock(project.fleet)
    write_lock(lock.model_copy(update={"fleet": "another"}), project.fleet.lock_path)

    show_status("metal.yaml", as_json=False)

    assert "`pulumi up` refuses this lock: metal.lock.json: " in capsys.readouterr().out


def test_a_pool_that_was_never_planned_has_no_rows(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    lock = load_lock(project.fleet)
    pools = {name: pool for name, pool in lock.pools.items() if name != "hall/train"}
    write_lock(lock.model_copy(update={"pools": pools}), project.fleet.lock_path)
    project.claim_all()

    show_status("metal.yaml", as_json=False)

    shown = capsys.readouterr().out
    assert "2 of 2 running" in shown
    assert "hall/train: the lock does not hold this pool" in shown


@pytest.mark.parametrize(("owner", "shown"), [("lab/metal", ""), ("lab/other", "lab/other")])
def test_a_server_that_is_held_for_another_slot_names_its_owner_only_if_that_is_not_ours(
    project: Project, owner: str, shown: str
) -> None:
    serial = load_lock(project.fleet).pools["hall/serve"].slots["slot-01"]
    project.hold(serial, "serve/spare-09", owner)

    (row,) = [
        row
        for row in status_rows(project.fleet, load_lock(project.fleet), claims_of(project.fleet))
        if row.slot == "serve/slot-01"
    ]

    assert ("unclaimed", shown) == (row.phase, row.owner)


def test_a_server_that_was_abandoned_is_shown_with_the_way_back_and_nobody_is_to_release_it(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    project.claim_all()
    project.hold("H9999", "serve/slot-09")
    store = SqliteClaimStore(project.folder / "claims.sqlite", RunIdentity("run"))
    claim = store.find("hall", "H9999")
    assert claim is not None
    store.change(claim, **leaving_behind(claim))
    store.close()

    show_status("metal.yaml", as_json=False)

    shown = capsys.readouterr().out
    assert "hall/H9999 was abandoned by lab/metal" in shown
    assert "argosy metal abandon metal.yaml hall/H9999 --take-back" in shown
    assert "no longer planned" not in shown
