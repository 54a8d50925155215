"""`argosy metal recover` in every situation it can find, with a `pulumi` that only plays its part."""

import json
import os
import shutil
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from typer.testing import CliRunner

from argosy_metal.budgets import DELETIONS_VARIABLE
from argosy_metal.claims import Claim, RunIdentity, SqliteClaimStore, StaleRunError
from argosy_metal.commands import app, locks
from argosy_metal.commands.live_runs import LiveRunError
from argosy_metal.commands.pulumi_cli import RecoveryError
from argosy_metal.commands.recover import recover_fleet

ROOT = Path(__file__).resolve().parents[3]
FAKE = f"""#!{sys.executable}
import json, os, sys
from pathlib import Path
here = Path(__file__).parent
script = json.loads((here / "script.json").read_text())
with (here / "calls").open("a") as calls:
    calls.write(" ".join(sys.argv[1:]) + "\\n")
if sys.argv[1] == "whoami":
    print(json.dumps({{"url": script["backend"]}}))
(here / "deletions").write_text(os.environ.get("ARGOSY_METAL_DELETIONS_PER_RUN", ""))
if sys.argv[1:3] == ["stack", "ls"]:
    print(json.dumps([{{"name": name}} for name in script["stacks"]]))
if sys.argv[1:3] == ["config", "get"]:
    print(script["scope"])
    sys.exit(not script["scope"])
if sys.argv[1:3] == ["stack", "export"]:
    pending = script["pending"].pop(0) if script["pending"] else []
    (here / "script.json").write_text(json.dumps(script))
    print(json.dumps({{"deployment": {{"pending_operations": pending}}}}))
sys.exit(script["codes"].get(sys.argv[1], 0))
"""
PENDING = [{"type": "creating", "resource": {"urn": "urn:pulumi:metal::lab::t::machine-1"}}]


class Project:
    """A project with one real hall, and a `pulumi` that plays its part."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        fleets = folder / "stacks" / "fleets"
        shutil.copytree(ROOT / "tests" / "conformance" / "inventories", fleets / "inventories")
        shutil.copy(ROOT / "tests" / "conformance" / "metal.yaml", fleets / "metal.yaml")
        (folder / "Pulumi.yaml").write_text("name: lab\n")
        self.bin = folder / "bin"
        self.bin.mkdir()
        (self.bin / "pulumi").write_text(FAKE)
        (self.bin / "pulumi").chmod(0o755)
        self.script()

    def script(
        self,
        *,
        pending: list[Any] | None = None,
        codes: dict[str, int] | None = None,
        backend: str = "",
        stacks: Sequence[str] = ("metal", "prod"),
        scope: str = "",
    ) -> None:
        answers = {
            "pending": pending or [],
            "codes": codes or {},
            "backend": backend or f"file://{self.folder}/state?create_dir=true",
            "stacks": stacks,
            "scope": scope,
        }
        (self.bin / "script.json").write_text(json.dumps(answers))

    def lock(self, **changes: Any) -> None:
        folder = self.folder / "state" / ".pulumi" / "locks" / "organization" / "lab" / "metal"
        folder.mkdir(parents=True)
        holder = {"pid": 2**22 + 1, "username": "ada", "hostname": socket.gethostname(), **changes}
        (folder / "1.json").write_text(json.dumps(holder))

    def claim(self, owner: str) -> tuple[SqliteClaimStore, Claim]:
        store = SqliteClaimStore(self.folder / "claims.sqlite", RunIdentity("killed"))
        return store, store.claim(Claim("hall", "SN1", "s", owner, "urn", 0, {}))

    def recover(self, stack: str | None = None, policy_packs: Sequence[Path] = ()) -> list[str]:
        """Recover, and return the commands that changed something."""
        recover_fleet("metal", stack, policy_packs)
        return self.calls()

    def calls(self) -> list[str]:
        return [line.split()[0] for line in self.lines()]

    def lines(self) -> list[str]:
        """What was run, but for what only asks."""
        calls = (self.bin / "calls").read_text().splitlines()
        asking = ("whoami", "stack ls", "stack export", "config get")
        return [call for call in calls if not call.startswith(asking)]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    made = Project(tmp_path)
    monkeypatch.setenv("PATH", str(made.bin), prepend=os.pathsep)
    monkeypatch.chdir(tmp_path)
    return made


def test_with_nothing_left_behind_it_only_looks_and_brings_up(project: Project) -> None:
    assert ["refresh", "up"] == project.recover()


def test_a_dead_runs_lock_is_released_and_pending_operations_are_cleared(project: Project) -> None:
    project.lock()
    project.script(pending=[PENDING])

    assert ["cancel", "refresh", "up", "refresh"] == project.recover()
    assert (
        "refresh --yes --skip-preview --suppress-outputs --clear-pending-creates --stack metal"
        " --non-interactive" == project.lines()[-1]
    )


def test_a_lock_that_was_not_written_to_its_end_is_released(project: Project) -> None:
    project.lock()
    next((project.folder / "state").rglob("1.json")).write_text("{")

    assert ["cancel", "refresh", "up"] == project.recover()


@pytest.mark.parametrize("holder", [{"hostname": "runner-7"}, {"pid": os.getpid()}])
def test_a_lock_whose_holder_may_live_is_not_released(
    project: Project, holder: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "_program", Mock(return_value="pulumi"))
    project.lock(**holder)
    store, _ = project.claim("lab/metal")

    with pytest.raises(RecoveryError, match=r"stack metal is locked by ada@.*pulumi cancel --stack metal"):
        project.recover()

    assert [] == project.calls()
    store.assert_may_write("lab/metal")  # the run that holds the lock is not fenced off


@pytest.mark.parametrize(("down", "given", "allowed"), [(True, "", "all"), (True, "3", "3"), (False, "", "")])
def test_going_down_is_the_word_that_every_machine_may_go(
    project: Project, monkeypatch: pytest.MonkeyPatch, down: bool, given: str, allowed: str
) -> None:
    monkeypatch.delenv(DELETIONS_VARIABLE, raising=False)
    if given:
        monkeypatch.setenv(DELETIONS_VARIABLE, given)

    recover_fleet("metal", None, down=down)

    assert allowed == (project.bin / "deletions").read_text()


def test_going_down_it_destroys_where_it_would_bring_up(project: Project) -> None:
    project.lock()

    recover_fleet("metal", None, down=True)

    assert ["cancel", "refresh", "destroy"] == project.calls()


def test_a_failing_destroy_is_told_with_the_command_that_goes_on(project: Project) -> None:
    project.script(codes={"destroy": 1})

    with pytest.raises(RecoveryError, match=r"`pulumi destroy` has failed.*recover metal --down goes on"):
        recover_fleet("metal", None, down=True)


def test_a_process_that_merely_has_the_dead_holders_number_does_not_count(project: Project) -> None:
    project.lock(pid=os.getpid())

    assert ["cancel", "refresh", "up"] == project.recover()


def test_a_lock_on_a_shared_backend_is_left_to_people(project: Project) -> None:
    project.script(backend="s3://bucket")

    assert ["refresh", "up"] == project.recover()
    assert locks.lock_holders("s3://bucket", "metal") is None


def test_what_stays_pending_is_named(project: Project) -> None:
    project.script(pending=[PENDING, PENDING])

    with pytest.raises(RecoveryError, match="still pending: creating machine-1"):
        project.recover()


def test_a_failing_up_is_told_and_the_state_is_cleaned_all_the_same(project: Project) -> None:
    project.script(pending=[PENDING], codes={"up": 255})

    with pytest.raises(RecoveryError, match=r"`pulumi up` has failed .* the state is clean"):
        project.recover()

    assert ["refresh", "up", "refresh"] == project.calls()


def test_what_could_not_be_looked_at_keeps_nothing_from_coming_up_and_is_told(project: Project) -> None:
    project.script(codes={"refresh": 255})

    with pytest.raises(RecoveryError, match=r"not everything could be looked at.*metal recover metal$"):
        project.recover()

    assert ["refresh", "up"] == project.calls()


def test_without_a_pulumi_it_says_where_to_get_one(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(project.folder))

    with pytest.raises(RecoveryError, match=r"no `pulumi` on PATH"):
        project.recover()


def test_beside_a_live_run_it_does_nothing(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("argosy_metal.commands.live_runs.live_runs", Mock(return_value=[Mock(pid=4711)]))

    with pytest.raises(LiveRunError, match=r"at work on stack metal \(pid 4711\)"):
        project.recover()

    assert not (project.bin / "calls").exists()


def test_earlier_runs_of_the_stack_are_fenced_off(project: Project) -> None:
    store, claim = project.claim("lab/metal")

    project.recover()

    with pytest.raises(StaleRunError):
        store.change(claim, attempts=1)
    store.close()


def test_without_policies_it_brings_up_at_once_and_prints_no_outputs(project: Project) -> None:
    project.recover()

    assert (
        "up --yes --continue-on-error --suppress-outputs --skip-preview --stack metal --non-interactive"
        == project.lines()[-1]
    )


def test_with_policies_they_judge_the_preview_before_a_server_is_touched(project: Project) -> None:
    project.recover(policy_packs=(project.folder / "ours", project.folder / "theirs"))

    assert (
        "up --yes --continue-on-error --suppress-outputs"
        f" --policy-pack {project.folder}/ours --policy-pack {project.folder}/theirs"
        " --stack metal --non-interactive" == project.lines()[-1]
    )


def test_a_policy_pack_that_is_not_there_is_refused_as_bad_input(project: Project) -> None:
    refused = CliRunner().invoke(app, ["recover", "metal", "--policy-pack", "nowhere"])

    assert 2 == refused.exit_code
    assert "nowhere" in refused.output
    assert not (project.bin / "calls").exists()


def test_a_policy_pack_is_found_from_where_the_command_was_given(project: Project) -> None:
    (project.folder / "ours").mkdir()

    done = CliRunner().invoke(app, ["recover", "metal", "--policy-pack", "ours"])

    assert 0 == done.exit_code, done.output
    assert f"--policy-pack {project.folder}/ours" in project.lines()[-1]


def test_a_stack_that_does_not_exist_is_not_made(project: Project) -> None:
    project.script(stacks=["prod"])

    with pytest.raises(
        RecoveryError, match=r"stack metal does not exist.*select --create metal && pulumi up"
    ):
        project.recover()

    assert [] == project.lines()


def test_where_the_stack_does_not_exist_those_that_own_the_servers_are_named(project: Project) -> None:
    project.script(stacks=["metal-hall"])
    project.claim("lab/metal-hall")

    with pytest.raises(
        RecoveryError, match=r"metal does not exist.*\n  argosy metal recover metal --stack metal-hall$"
    ):
        project.recover()

    assert [] == project.lines()


@pytest.mark.parametrize("scope", ["", "hall"])
def test_a_stack_that_owns_no_server_is_refused_where_another_owns_them(project: Project, scope: str) -> None:
    project.script(scope=scope)
    store, claim = project.claim("lab/metal-hall")

    with pytest.raises(
        RecoveryError, match=r"stack metal owns no server.*\n  argosy metal recover metal --stack metal-hall$"
    ):
        project.recover()

    assert [] == project.lines()
    store.change(claim, attempts=1)
    store.close()


def test_a_stack_of_another_hall_that_was_killed_before_its_first_claim_is_recovered(
    project: Project,
) -> None:
    project.script(scope="cellar")
    store, _ = project.claim("lab/metal-hall")
    store.close()

    assert ["refresh", "up"] == project.recover()


def test_servers_of_another_project_are_no_reason_to_refuse(project: Project) -> None:
    store, _ = project.claim("elsewhere/metal")
    store.close()

    assert ["refresh", "up"] == project.recover()


def test_a_stack_is_known_by_its_name_within_the_organization(project: Project) -> None:
    store, claim = project.claim("lab/metal")

    project.recover("acme/metal")

    with pytest.raises(StaleRunError):
        store.change(claim, attempts=1)
    store.close()
