"""`argosy plan`, ended by a signal at any moment, leaves the lock before or the lock after, never a part."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Argosy = Callable[..., int]

MOMENTS = [
    "argosy.cli.plan.load_fleet",
    "argosy.cli.plan.plan_capacity",
    "argosy.cli.plan.verify_plan",
    "argosy.cli.plan.write_lock",
    "os.fsync",
    "os.chmod",
    "os.replace",
    "argosy.spec.whole_files._sync_folder",
]

# Each run is a process of its own, which sends itself the signal. All are forked from one that has imported
# everything: sixteen imports of the solver would take ten seconds.
PROGRAM = """
import importlib, json, os, signal, sys
from pathlib import Path
from types import SimpleNamespace
import argosy.cli.plan, highspy, numpy
from argosy.cli import main
from argosy.providers import Capability

agreeable = {
    name: SimpleNamespace(name=name, capabilities=frozenset(Capability), refusals=lambda *_: ())
    for name in ("aws", "gcp")
}
argosy.resolve.load_providers = lambda: agreeable

# A shell starts what it runs in the background deaf to SIGINT.
signal.signal(signal.SIGINT, signal.default_int_handler)
lock = Path("stacks/fleets/small.lock.json")
old = lock.read_bytes()

def run(moment, number):
    owner, _, name = moment.rpartition(".")
    owner = importlib.import_module(owner)
    original = getattr(owner, name)
    def struck(*args, **options):
        os.kill(os.getpid(), number)
        return original(*args, **options)
    setattr(owner, name, struck)
    sys.argv = ["argosy", "plan", "small"]
    main()

for moment in sys.argv[1:]:
    for number in (signal.SIGINT, signal.SIGKILL):
        child = os.fork()
        if child == 0:
            try:
                run(moment, number)
            except SystemExit as error:
                os._exit(error.code or 0)
            os._exit(99)
        _, status = os.waitpid(child, 0)
        left = sorted(path.name for path in lock.parent.iterdir() if path.suffix == ".tmp")
        print(json.dumps([moment, number, os.waitstatus_to_exitcode(status), lock.read_text(), len(left)]))
        lock.write_bytes(old)
        for name in left:
            (lock.parent / name).unlink()
"""


@pytest.fixture
def before_and_after(argosy: Argosy, project: Path) -> tuple[str, str]:
    """The lock that stands there, and the one that the next plan writes."""
    fleet, lock = (project / "stacks" / "fleets" / f"small.{suffix}" for suffix in ("yaml", "lock.json"))
    argosy("plan", "small")
    before = lock.read_text()
    fleet.write_text(fleet.read_text().replace("role: inference, nodes: 2", "role: inference, nodes: 3"))
    argosy("plan", "small")
    after = lock.read_text()
    lock.write_text(before)
    return before, after


def struck(*moments: str) -> list[list[Any]]:
    """What each run left: moment, signal, exit code, lock, and how many temporary files."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *moments], capture_output=True, text=True, check=True
    )
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("[")]


def test_a_plan_that_a_signal_ends_leaves_a_whole_lock(before_and_after: tuple[str, str]) -> None:
    before, after = before_and_after
    assert before != after
    runs = struck(*MOMENTS)

    assert [(moment, number) for moment in MOMENTS for number in (2, 9)] == [(r[0], r[1]) for r in runs]
    for moment, number, exit_code, lock, temporary in runs:
        assert {2: 130, 9: -9}[number] == exit_code, moment
        assert (after if moment == MOMENTS[-1] else before) == lock, moment
        assert temporary == (1 if number == 9 and moment in {"os.fsync", "os.chmod", "os.replace"} else 0)


def test_what_a_killed_plan_leaves_is_in_nobodys_way(
    argosy: Argosy, project: Path, before_and_after: tuple[str, str]
) -> None:
    _, after = before_and_after
    fleets = project / "stacks" / "fleets"
    (fleets / ".small.lock.json.x1y2z3.tmp").write_text('{"schema_version": 2, "fle')

    assert 0 == argosy("plan", "small")
    assert after == (fleets / "small.lock.json").read_text()
    assert 0 == argosy("check", "small")
