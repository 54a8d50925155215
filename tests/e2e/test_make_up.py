"""The README's own commands, in a copy of the project: up, up again, killed and recovered, down."""

import contextlib
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from argosy_metal.simulator.control import SimulatorControl
from argosy_metal.simulator.fault_rules import FaultRule
from argosy_metal.simulator.firmware_facts import firmware_sha256

ROOT = Path(__file__).resolve().parents[2]
MOMENTS = (0.3, 2.0, 4.5, 7.5, 11.0, 18.0)
"""Seconds after the CLI started at which it is killed: from before the state exists to after the end.

Every boundary of a smaller hall is in tests/e2e/faults (F1)."""


@dataclass(frozen=True)
class Copy:
    """A copy of the project as git sees it, with this interpreter's environment as its own."""

    folder: Path

    @property
    def local(self) -> Path:
        return self.folder / ".argosy" / "local"

    def start(self, *command: str) -> "subprocess.Popen[str]":
        kept = {key: value for key, value in os.environ.items() if not key.startswith("PULUMI_")}
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=kept,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def make(self, target: str) -> str:
        # `--old-file`: the environment is this test's own, whatever the dates of the copied files.
        return self.run("make", "--old-file=.venv/.installed", target)

    def run(self, *command: str, seconds: float = 240) -> str:
        """Run to the end; fails the test on a non-zero exit code, with all that was printed."""
        with self.start(*command) as process:
            output, _ = process.communicate(timeout=seconds)
        assert 0 == process.returncode, output
        return output

    def status(self) -> list[dict[str, Any]]:
        return json.loads(
            self.run(str(Path(sys.prefix, "bin", "argosy")), "metal", "status", "local", "--json")
        )

    def processes(self) -> dict[int, str]:
        """Every process that works in the copy or was started from it: id to command line."""
        found = {process.pid: self._told(process) for process in psutil.process_iter()}
        return {pid: command for pid, command in found.items() if command}

    def _told(self, process: psutil.Process) -> str:
        try:
            words = [process.cwd(), *process.cmdline()]
        except (psutil.NoSuchProcess, psutil.AccessDenied):  # a zombie is no process any more, either
            return ""
        return " ".join(words) if any(str(self.folder) in word for word in words) else ""


@pytest.fixture
def copy(tmp_path: Path) -> Iterator[Copy]:
    """A copy in which the environment is installed already; whatever a failed test left running is ended."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    for name in filter(None, names):
        if (ROOT / name).is_file():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tmp_path / name)
    (tmp_path / ".venv").symlink_to(sys.prefix)
    project = Copy(tmp_path)
    yield project
    for pid in project.processes():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def wait_for_cli(make: "subprocess.Popen[str]", command: str, seconds: float = 60) -> psutil.Process:
    """The `pulumi COMMAND` that make started, as soon as it runs."""
    for _ in range(int(seconds / 0.05)):
        for process in psutil.Process(make.pid).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                if process.name() == "pulumi" and [command] == process.cmdline()[1:2]:
                    return process
        assert make.poll() is None, "make ended before it started the engine"
        time.sleep(0.05)
    raise AssertionError(f"no `pulumi {command}` within {seconds} s")


def kill_cli(project: Copy, target: str, seconds: float) -> None:
    """Start `make TARGET` and kill its `pulumi` so many seconds after that began; its children end alone."""
    with project.start("make", "--old-file=.venv/.installed", target) as make:
        cli = wait_for_cli(make, {"up": "up", "down": "destroy"}[target])
        time.sleep(seconds)
        with contextlib.suppress(psutil.NoSuchProcess):
            cli.kill()
        make.communicate(timeout=60)
    assert_orphans_end(project)


def surviving_plugins(project: Copy) -> list[str]:
    """What a run starts, the simulator aside: it is the hall, and outlives runs."""
    return [command for command in project.processes().values() if "simulat" not in command]


def assert_orphans_end(project: Copy, seconds: float = 15) -> None:
    for _ in range(int(seconds / 0.1)):
        if not surviving_plugins(project):
            return
        time.sleep(0.1)
    raise AssertionError(f"still running: {surviving_plugins(project)}")


def assert_whole_fleet(project: Copy) -> None:
    """Sixteen machines run; each server has one claim and was installed once, the simulator counts."""
    machines = project.status()
    assert {"running": 16} == Counter(machine["phase"] for machine in machines)
    assert {"hall-north": 8, "hall-south": 8} == Counter(machine["hall"] for machine in machines)
    assert 16 == len({machine["serial"] for machine in machines})
    servers = SimulatorControl(project.local / "simulator").servers()
    assert {1: 16} == Counter(server["counters"]["installs_started"] for server in servers.values())
    assert {"On": 16} == Counter(server["power"] for server in servers.values())


def pending_operations(project: Copy) -> list[Any]:
    checkpoint = project.local / "state" / ".pulumi" / "stacks" / "argosy" / "local.json"
    return json.loads(checkpoint.read_text())["checkpoint"]["latest"].get("pending_operations", [])


def snapshot(folder: Path) -> dict[str, bytes]:
    """Every file of the copy, outside the environment and what Python caches."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not {".venv", "__pycache__"} & set(path.relative_to(folder).parts)
    }


def shown_on_pages(command: str) -> list[list[str]]:
    """Every line of the how-to pages that begins with the command, as words to run."""
    texts = [page.read_text(encoding="utf-8") for page in sorted((ROOT / "docs" / "how-to").glob("*.md"))]
    lines = [line.split() for text in texts for line in text.splitlines() if line.startswith(f"{command} ")]
    assert lines, command
    return [[str(Path(sys.prefix, "bin", name)), *arguments] for name, *arguments in lines]


def test_up_twice_then_down_leaves_nothing(copy: Copy) -> None:
    tracked = snapshot(copy.folder)

    copy.make("up")
    assert_whole_fleet(copy)

    for command in shown_on_pages("argosy metal show"):
        assert copy.run(*command).startswith("server:\n  id: hall-north/SIMN0001\n")

    second = copy.make("up")
    assert not re.search(r"[1-9]\d* (created|updated|replaced|deleted)", second), second
    assert "unchanged" in second

    copy.make("down")
    assert not (copy.folder / ".argosy").exists()
    assert {} == copy.processes()
    assert tracked == snapshot(copy.folder)


def test_make_env_prints_what_pulumi_needs_and_no_secret_of_the_shell(
    copy: Copy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary-of-the-shell")
    command = [
        "make",
        "--silent",
        "--old-file=.venv/.installed",
        "env",
        "PULUMI_ACCESS_TOKEN=canary-of-pulumi",
    ]

    printed = copy.run(*command)

    assert f'PULUMI_BACKEND_URL="file://{copy.local}/state' in printed
    assert "canary" not in printed


def test_a_server_of_another_stack_is_refused_in_a_line_and_the_others_come_up(copy: Copy) -> None:
    copy.make("up")
    shutil.rmtree(copy.local / "state")
    with contextlib.closing(sqlite3.connect(copy.local / "claims.sqlite", isolation_level=None)) as claims:
        claims.execute("UPDATE claims SET owner = 'argosy/other' WHERE serial = 'SIMN0001'")

    with copy.start("make", "--old-file=.venv/.installed", "up") as make:
        output, _ = make.communicate(timeout=120)

    assert 0 != make.returncode
    assert "server hall-north/SIMN0001 is owned by stack argosy/other" in output
    assert "Traceback" not in output
    assert 15 == len(set(re.findall(r"index:Machine (\S+) created", output))), output


def test_a_stack_that_a_killed_run_has_locked_is_told_with_make_recover(copy: Copy) -> None:
    locks = copy.local / "state" / ".pulumi" / "locks" / "organization" / "argosy" / "local"
    locks.mkdir(parents=True)
    holder = {"pid": 2**22 + 1, "username": "ada", "hostname": "here", "timestamp": "2026-11-01T00:00:00Z"}
    (locks / "killed.json").write_text(json.dumps(holder))

    with copy.start("make", "--old-file=.venv/.installed", "up") as make:
        output, _ = make.communicate(timeout=120)

    assert 0 != make.returncode
    assert "the stack is locked; if that run was killed: make recover" in output


@pytest.mark.parametrize("seconds", MOMENTS)
def test_killed_at_any_moment_and_recovered_each_server_is_installed_once(copy: Copy, seconds: float) -> None:
    kill_cli(copy, "up", seconds)

    copy.make("recover")

    assert_whole_fleet(copy)
    assert [] == pending_operations(copy)
    copy.make("down")
    assert {} == copy.processes()


@pytest.mark.parametrize("seconds", [0.8, 1.4])
def test_a_killed_down_is_brought_back_by_recover_and_finished_by_down(copy: Copy, seconds: float) -> None:
    copy.make("up")
    kill_cli(copy, "down", seconds)

    copy.make("recover")

    assert_whole_fleet(copy)
    kill_cli(copy, "down", seconds)
    copy.make("down")
    assert not (copy.folder / ".argosy").exists()
    assert {} == copy.processes()


def bios_sha256(version: str) -> str:
    return firmware_sha256("dgx-h200", "HostBIOS_0", version)


LOSSES = (
    (("hall-north",), ("hall hall-north",)),
    (("feed hall-north/a",), ("feed hall-north/a",)),
    # A generator stands behind both feeds, and a battery bridges its start.
    (("feed hall-north/a", "feed hall-north/b"), ("feed hall-north/a", "feed hall-north/b")),
    (("power unit hall-north/ups-a",), ("power unit hall-north/ups-a",)),
    (("power unit hall-north/pdu-b",), ("power unit hall-north/pdu-b",)),
    (("rack hall-south/r1",), ("rack hall-south/r1",)),
    (("uplink hall-north/fibre-1",), ("uplink hall-north/fibre-1",)),
    (
        ("uplink hall-north/fibre-1", "uplink hall-north/sky-1"),
        ("uplink hall-north/fibre-1", "uplink hall-north/sky-1"),
    ),
)
"""What a drill loses, and what is cut in the simulator for it."""


def drilled(project: Copy, losses: tuple[str, ...]) -> dict[str, int]:
    """Nodes that are left for serving and training, by the drill."""
    words = [word for loss in losses for word in ("--lose", loss)]
    argosy = str(Path(sys.prefix, "bin", "argosy"))
    told = json.loads(project.run(argosy, "drill", "local", *words, "--at", "15m", "--json"))
    hot = {workload["id"]: workload["hot"] for workload in told["workloads"]}
    return {"serve": hot["inference/assistant"], "train": hot["training"]}


def left_in_simulator(control: SimulatorControl, slots: dict[str, str]) -> dict[str, int]:
    """Nodes that run in halls that are reached; a hall left with its satellite alone serves nobody."""
    halls, servers = control.halls(), control.servers()
    left = Counter[str]()
    for serial, server in servers.items():
        hall, pool = halls[server["hall"]], slots[serial].partition("/")[0]
        has_fibre = f"uplink {server['hall']}/fibre-1" not in hall["cut"]
        if server["power"] == "On" and hall["reachable"] and (pool == "train" or has_fibre):
            left[pool] += 1
    return dict(left)


def all_run(control: SimulatorControl, seconds: float = 60) -> bool:
    for _ in range(int(seconds / 0.2)):
        servers = control.servers().values()
        if all(server["boot_progress"] == "OSRunning" for server in servers):
            return True
        time.sleep(0.2)
    return False


def test_a_drill_agrees_with_what_is_left_when_the_simulator_cuts_it(copy: Copy) -> None:
    copy.make("up")
    slots = {machine["serial"]: machine["slot"] for machine in copy.status()}
    control = SimulatorControl(copy.local / "simulator")

    for losses, cuts in LOSSES:
        for words in cuts:
            control.cut(words)
        assert drilled(copy, losses) == left_in_simulator(control, slots), losses
        for words in cuts:
            control.restore(words)
        # What lost its power comes back by itself: the fleet says `power_restore: last_state`.
        assert all_run(control), losses

    assert_whole_fleet(copy)
    copy.make("down")


def test_a_server_that_fails_keeps_its_machine_and_the_others_go_on(copy: Copy) -> None:
    """What comes after a failed resource is skipped, and not taken for no longer wanted."""
    copy.make("up")
    control = SimulatorControl(copy.local / "simulator")
    control.inject([FaultRule("status", host="bmc-r1-u01.hall-north.test", path="*/FirmwareInventory*")])
    fleet = copy.folder / "stacks" / "fleets" / "local.yaml"
    text = fleet.read_text(encoding="utf-8")
    for old, new in (("1.05.03", "1.06.00"), (bios_sha256("1.05.03"), bios_sha256("1.06.00"))):
        assert old in text
        text = text.replace(old, new)
    fleet.write_text(text, encoding="utf-8")

    with copy.start("make", "--old-file=.venv/.installed", "up") as make:
        output, _ = make.communicate(timeout=240)

    assert 0 != make.returncode
    assert "hall-north/SIMN0001 (serve/slot-01)" in output
    assert 15 == len(set(re.findall(r"index:FirmwareBaseline (\S+) updated", output))), output
    assert not re.search(r"[1-9]\d* deleted", output), output
    assert_whole_fleet(copy)
    control.clear_faults()
