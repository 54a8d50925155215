"""Only what is proven to be an orphan of this project is ever ended."""

import contextlib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
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


class Started:
    """What a test started. All of it is ended with the test, however that ends."""

    def __init__(self) -> None:
        self.pids: list[int] = []
        self.children: list[subprocess.Popen[bytes]] = []

    def add(self, pid: int) -> int:
        """Note a process, and return when it can be seen: just after exec its command line is empty."""
        self.pids.append(pid)
        until(lambda: is_gone(pid) or command_of(pid))
        return pid

    def end(self) -> None:
        for pid in self.pids:
            with contextlib.suppress(psutil.NoSuchProcess):
                psutil.Process(pid).kill()
        for child in self.children:
            child.communicate(timeout=10)


def until(reached: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture
def started() -> Iterator[Started]:
    made = Started()
    yield made
    made.end()


def orphan(command: list[str], folder: Path, started: Started, *, wait: bool = False) -> int:
    """A process whose parent has ended."""
    program = (
        f"import subprocess, sys; p = subprocess.Popen({command!r}, stdout=subprocess.PIPE,"
        " stderr=subprocess.DEVNULL);"
        f" {'p.stdout.readline();' if wait else ''} print(p.pid)"
    )
    parent = subprocess.run(
        [sys.executable, "-c", program], cwd=folder, check=True, stdout=subprocess.PIPE, text=True, timeout=20
    )
    return started.add(int(parent.stdout))


def run_as_pulumi(command: str, folder: Path, started: Started, *arguments: str) -> int:
    """A process that looks like the CLI, and runs `command`."""
    process = subprocess.Popen(
        ["pulumi", "-c", command, *arguments], executable="/bin/sh", cwd=folder, stdin=subprocess.PIPE
    )
    started.children.append(process)
    return started.add(process.pid)


def command_of(pid: int) -> list[str]:
    try:
        return psutil.Process(pid).cmdline()
    except psutil.NoSuchProcess:
        return []


def is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_a_plugin_of_this_project_whose_cli_is_gone_is_an_orphan(tmp_path: Path, started: Started) -> None:
    pid = orphan(PLUGIN, tmp_path, started)

    assert [pid] == [process.pid for process in orphans(tmp_path)]


def test_a_plugin_of_another_project_is_left_alone(tmp_path: Path, started: Started) -> None:
    (tmp_path / "ours").mkdir()
    (tmp_path / "theirs").mkdir()
    pid = orphan(PLUGIN, tmp_path / "theirs", started)

    assert [] == end_orphans(tmp_path / "ours", patience_seconds=0)
    assert not is_gone(pid)


def test_another_program_of_this_project_is_left_alone(tmp_path: Path, started: Started) -> None:
    pid = orphan([sys.executable, "-c", SLEEPER, "an editor"], tmp_path, started)

    assert [] == end_orphans(tmp_path, patience_seconds=0)
    assert not is_gone(pid)


def test_a_plugin_that_a_live_cli_started_is_no_orphan(tmp_path: Path, started: Started) -> None:
    quoted = f"'{sys.executable}' -c '{SLEEPER}' argosy_metal.provider.main & echo $! > pid; wait"
    run_as_pulumi(quoted, tmp_path, started, "up")
    told = tmp_path / "pid"
    until(lambda: told.exists() and told.read_text())
    plugin = started.add(int(told.read_text()))
    # Until then it is a copy of the shell.
    until(lambda: "argosy_metal.provider.main" in command_of(plugin))

    assert [] == orphans(tmp_path)


def test_orphans_are_asked_to_end_and_then_made_to(tmp_path: Path, started: Started) -> None:
    willing = orphan(PLUGIN, tmp_path, started)
    stubborn = orphan(STUBBORN, tmp_path, started, wait=True)

    ended = end_orphans(tmp_path, patience_seconds=0, grace_seconds=0.3)

    assert {willing, stubborn} == {process.pid for process in ended}
    assert is_gone(willing)
    assert is_gone(stubborn)


def test_orphans_that_end_by_themselves_are_not_touched(tmp_path: Path, started: Started) -> None:
    brief = [sys.executable, "-c", "import time; time.sleep(0.3)", "argosy_metal.provider.main"]
    orphan(brief, tmp_path, started)

    assert [] == end_orphans(tmp_path, patience_seconds=5)


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (("up",), True),
        (("destroy", "--stack", "local"), True),
        (("up", "--stack=local"), True),
        (("down", "-s", "local"), True),
        (("dn",), True),
        (("up", "-s", "organization/argosy/local"), True),
        (("up", "-s", "prod"), False),
        (("preview",), False),
        (("stack", "export"), False),
    ],
)
def test_a_cli_that_changes_the_stack_is_a_live_run(
    tmp_path: Path, started: Started, arguments: tuple[str, ...], found: bool
) -> None:
    pid = run_as_pulumi("read forever", tmp_path, started, *arguments)

    assert found == (pid in [run.pid for run in live_runs(tmp_path, "local")])
