"""Only what is proven to be an orphan of this project is ever ended."""

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from argosy_metal.commands.processes import end_orphans, live_runs, orphans

SLEEPER = "import sys, time; time.sleep(60)"
PLUGIN = [sys.executable, "-c", SLEEPER, "argosy_metal.provider.main"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(60)",
    "argosy_metal.provider.main",
]


@pytest.fixture
def started() -> Iterator[list[int]]:
    """Process ids of what a test started; whatever still runs is ended."""
    pids: list[int] = []
    yield pids
    for pid in pids:
        with contextlib.suppress(psutil.NoSuchProcess):
            psutil.Process(pid).kill()


def orphan(command: list[str], folder: Path, started: list[int], *, wait: bool = False) -> int:
    """A process whose parent has ended."""
    program = (
        f"import subprocess, sys; p = subprocess.Popen({command!r}, stdout=subprocess.PIPE,"
        " stderr=subprocess.DEVNULL);"
        f" {'p.stdout.readline();' if wait else ''} print(p.pid)"
    )
    parent = subprocess.run(
        [sys.executable, "-c", program], cwd=folder, check=True, stdout=subprocess.PIPE, text=True, timeout=10
    )
    started.append(int(parent.stdout))
    return started[-1]


def run_as_pulumi(
    command: str, folder: Path, started: list[int], *arguments: str
) -> "subprocess.Popen[bytes]":
    """A process that looks like the CLI, and runs `command`."""
    process = subprocess.Popen(["pulumi", "-c", command, *arguments], executable="/bin/sh", cwd=folder)
    started.append(process.pid)
    return process


def is_alive(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def test_a_plugin_of_this_project_whose_cli_is_gone_is_an_orphan(tmp_path: Path, started: list[int]) -> None:
    pid = orphan(PLUGIN, tmp_path, started)

    assert [pid] == [process.pid for process in orphans(tmp_path)]


def test_a_plugin_of_another_project_is_left_alone(tmp_path: Path, started: list[int]) -> None:
    (tmp_path / "ours").mkdir()
    (tmp_path / "theirs").mkdir()
    pid = orphan(PLUGIN, tmp_path / "theirs", started)

    assert [] == end_orphans(tmp_path / "ours", patience_seconds=0)
    assert is_alive(pid)


def test_another_program_of_this_project_is_left_alone(tmp_path: Path, started: list[int]) -> None:
    pid = orphan([sys.executable, "-c", SLEEPER, "an editor"], tmp_path, started)

    assert [] == end_orphans(tmp_path, patience_seconds=0)
    assert is_alive(pid)


def test_a_plugin_that_a_live_cli_started_is_no_orphan(tmp_path: Path, started: list[int]) -> None:
    quoted = f"'{sys.executable}' -c '{SLEEPER}' argosy_metal.provider.main & echo $! > pid; wait"
    cli = run_as_pulumi(quoted, tmp_path, started, "up")
    while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
        time.sleep(0.01)
    started.append(int((tmp_path / "pid").read_text()))

    assert [] == orphans(tmp_path)
    cli.kill()
    cli.wait()


def test_orphans_are_asked_to_end_and_then_made_to(tmp_path: Path, started: list[int]) -> None:
    willing = orphan(PLUGIN, tmp_path, started)
    stubborn = orphan(STUBBORN, tmp_path, started, wait=True)

    ended = end_orphans(tmp_path, patience_seconds=0, grace_seconds=0.3)

    assert {willing, stubborn} == {process.pid for process in ended}
    assert not is_alive(willing)
    assert not is_alive(stubborn)


def test_orphans_that_end_by_themselves_are_not_touched(tmp_path: Path, started: list[int]) -> None:
    brief = [sys.executable, "-c", "import time; time.sleep(0.3)", "argosy_metal.provider.main"]
    orphan(brief, tmp_path, started)

    assert [] == end_orphans(tmp_path, patience_seconds=5)


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (("up",), True),
        (("destroy", "--stack", "local"), True),
        (("up", "--stack=local"), True),
        (("up", "-s", "prod"), False),
        (("preview",), False),
        (("stack", "export"), False),
    ],
)
def test_a_cli_that_changes_the_stack_is_a_live_run(
    tmp_path: Path, started: list[int], arguments: tuple[str, ...], found: bool
) -> None:
    process = run_as_pulumi("sleep 60; true", tmp_path, started, *arguments)

    assert found == (process.pid in [run.pid for run in live_runs(tmp_path, "local")])
    process.kill()
    process.wait()
