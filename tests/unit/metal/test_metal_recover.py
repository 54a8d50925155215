"""`argosy metal recover` in every situation it can find, with a `pulumi` that only plays its part."""

import json
import os
import shutil
import socket
import sys
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from argosy_metal.claims import Claim, ClaimStore, RunIdentity, StaleRunError
from argosy_metal.commands import locks
from argosy_metal.commands.recover import RecoveryError, recover_fleet

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
        self, *, pending: list[Any] | None = None, codes: dict[str, int] | None = None, backend: str = ""
    ) -> None:
        answers = {
            "pending": pending or [],
            "codes": codes or {},
            "backend": backend or f"file://{self.folder}/state?create_dir=true",
        }
        (self.bin / "script.json").write_text(json.dumps(answers))

    def lock(self, **changes: Any) -> None:
        folder = self.folder / "state" / ".pulumi" / "locks" / "organization" / "lab" / "metal"
        folder.mkdir(parents=True)
        holder = {"pid": 2**22 + 1, "username": "ada", "hostname": socket.gethostname(), **changes}
        (folder / "1.json").write_text(json.dumps(holder))

    def recover(self) -> list[str]:
        """Recover, and return the commands that changed something."""
        recover_fleet(str(self.folder / "stacks" / "fleets" / "metal.yaml"), None)
        return self.calls()

    def calls(self) -> list[str]:
        calls = (self.bin / "calls").read_text().splitlines()
        return [call.split()[0] for call in calls if call.split()[0] not in ("whoami", "stack")]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    made = Project(tmp_path)
    monkeypatch.setenv("PATH", str(made.bin), prepend=os.pathsep)
    monkeypatch.chdir(tmp_path)
    return made


def test_with_nothing_left_behind_it_only_brings_up(project: Project) -> None:
    assert ["up"] == project.recover()


def test_a_dead_runs_lock_is_released_and_its_pending_operations_are_cleared(project: Project) -> None:
    project.lock()
    project.script(pending=[PENDING])

    assert ["cancel", "up", "refresh"] == project.recover()


def test_a_lock_that_was_not_written_to_its_end_is_released(project: Project) -> None:
    project.lock()
    next((project.folder / "state").rglob("1.json")).write_text("{")

    assert ["cancel", "up"] == project.recover()


@pytest.mark.parametrize("holder", [{"hostname": "runner-7"}, {"pid": os.getpid()}])
def test_a_lock_whose_holder_may_live_is_not_released(
    project: Project, holder: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "_program", Mock(return_value="pulumi"))
    project.lock(**holder)

    with pytest.raises(RecoveryError, match=r"stack metal is locked by ada@.*pulumi cancel --stack metal"):
        project.recover()

    assert [] == project.calls()


def test_a_process_that_merely_has_the_dead_holders_number_does_not_count(project: Project) -> None:
    project.lock(pid=os.getpid())

    assert ["cancel", "up"] == project.recover()


def test_a_lock_on_a_shared_backend_is_left_to_people(project: Project) -> None:
    project.script(backend="s3://bucket")

    assert ["up"] == project.recover()
    assert locks.lock_holders("s3://bucket", "metal") is None


def test_what_stays_pending_is_named(project: Project) -> None:
    project.script(pending=[PENDING, PENDING])

    with pytest.raises(RecoveryError, match="still pending: creating machine-1"):
        project.recover()


def test_a_failing_up_is_told_and_the_state_is_cleaned_all_the_same(project: Project) -> None:
    project.script(pending=[PENDING], codes={"up": 255})

    with pytest.raises(RecoveryError, match=r"`pulumi up` has failed .* the state is clean"):
        project.recover()

    assert ["up", "refresh"] == project.calls()


def test_a_failing_refresh_is_told(project: Project) -> None:
    project.script(pending=[PENDING], codes={"refresh": 255})

    with pytest.raises(RecoveryError, match=r"refresh .* ended with 255"):
        project.recover()


def test_without_a_pulumi_it_says_where_to_get_one(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(project.folder))

    with pytest.raises(RecoveryError, match=r"no `pulumi` on PATH"):
        project.recover()


def test_beside_a_live_run_it_does_nothing(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("argosy_metal.commands.recover.live_runs", Mock(return_value=[Mock(pid=4711)]))

    with pytest.raises(RecoveryError, match=r"at work on stack metal \(pid 4711\)"):
        project.recover()

    assert not (project.bin / "calls").exists()


def test_earlier_runs_of_the_stack_are_fenced_off(project: Project) -> None:
    store = ClaimStore(project.folder / "claims.sqlite", RunIdentity("killed"))
    claim = store.claim(Claim("hall", "SN1", "s", "lab/metal", "urn", 0, {}))

    project.recover()

    with pytest.raises(StaleRunError):
        store.change(claim, attempts=1)
    store.close()
