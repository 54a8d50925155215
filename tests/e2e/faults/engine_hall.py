"""Four simulated servers through a real engine, whose processes are killed, stopped, or kept from writing."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from argosy_metal.claims import Phase
from argosy_metal.simulator import PASSWORD_FILE, FaultRule, stop
from argosy_metal.simulator.fault_rules import FaultKind

from ...claims_files import claims_in
from ..test_bare_metal_up import SERIALS, UP, Hall, start_hall
from .invariants import (
    Sight,
    assert_claims_file_is_sound,
    assert_keeps_secrets,
    assert_nothing_is_lost,
    assert_one_owner,
    assert_state_is_valid,
)

if TYPE_CHECKING:
    from ..conftest import Engine

STACK = "hall-trial/local"
_PATIENCE_SECONDS = 120.0
_LANGUAGE_HOST = "pulumi-language-python-exec"


@dataclass(frozen=True)
class EngineHall:
    """The hall, and runs of the CLI that come one after another."""

    hall: Hall

    @property
    def folder(self) -> Path:
        return self.hall.folder

    @property
    def stack_file(self) -> Path:
        (found,) = self.folder.glob("home/state/.pulumi/stacks/*/local.json")
        return found

    def start(self) -> subprocess.Popen[str]:
        """Begin an `up`."""
        return self.hall.project.start(*UP)

    def start_and_hang(self, kind: FaultKind, requests: int) -> subprocess.Popen[str]:
        """Begin an `up`, and come back when its request of this number hangs."""
        control = self.hall.control
        control.inject([FaultRule(kind, request=control.requests()[0] + requests)])
        up = self.start()
        self._until(lambda: control.requests()[1] > 0 or up.poll() is not None, "no request hangs")
        assert up.poll() is None, f"the run ended before its request {requests}: {up.communicate()[0]}"
        return up

    def processes(self, up: subprocess.Popen[str]) -> dict[str, psutil.Process]:
        """Two of the run's processes, as `engine` and `provider`."""
        return {"engine": psutil.Process(up.pid), "provider": self.hall.plugins()[0]}

    def program(self, up: subprocess.Popen[str]) -> psutil.Process:
        """The process in which the program runs, as soon as it is there."""
        found: list[psutil.Process] = []

        def look() -> bool:
            children = psutil.Process(up.pid).children(recursive=True)
            found.extend(child for child in children if _is_program(child))
            return bool(found)

        self._until(look, "the program was never started")
        return found[0]

    def end(self, up: subprocess.Popen[str], patience_seconds: float = _PATIENCE_SECONDS) -> tuple[int, str]:
        """Let what hangs end, and wait for the run and for what it has started; its exit code and output."""
        self.hall.control.release_held()
        output, _ = up.communicate(timeout=patience_seconds)
        self.hall.wait_for_plugins_to_end()
        self.hall.control.clear_faults()
        return up.returncode, output

    def unlock(self) -> None:
        """What a person, or `argosy metal recover`, does after a kill of the engine."""
        self.hall.ok("cancel", "--yes")

    def wait_for(self, phase: Phase) -> None:
        self.hall.wait_for_phase(phase)

    def assert_safe(self) -> None:
        """I1, I2 and I5 of the claims."""
        claims = claims_in(self.folder / "claims.sqlite")
        writers: dict[str, list[str]] = {}
        for write in self.hall.control.writes():
            writers.setdefault(f"hall/{write['serial']}", []).append(write["user_agent"])
        powers = {f"hall/{serial}": shown["power"] for serial, shown in self.hall.control.servers().items()}
        sight = Sight(claims, powers, writers, {STACK: frozenset()})
        assert_one_owner(sight)
        assert_nothing_is_lost(sight)
        if (self.folder / "claims.sqlite").exists():
            assert_claims_file_is_sound(self.folder / "claims.sqlite")

    def assert_whole(self) -> None:
        """I1 to I6: one `up` more, and everything runs, installed once, and the state is the engine's own."""
        output = self.hall.ok(*UP)
        self.hall.ok("refresh", "--yes", "--skip-preview", "--clear-pending-creates")
        self.hall.ok("refresh", "--preview-only", "--expect-no-changes")
        deployment = self.hall.deployment()
        assert_state_is_valid(deployment)
        kinds = [resource["type"] for resource in deployment["resources"]]
        assert len(SERIALS) == kinds.count("baremetal:index:Machine")
        self.assert_safe()
        assert [Phase.RUNNING] * len(SERIALS) == self.hall.phases()
        assert [1] * len(SERIALS) == self.hall.installs()
        password = (self.folder / "simulator" / PASSWORD_FILE).read_text().strip()
        state = [path.read_text(errors="replace") for path in (self.folder / "home").rglob("*.json*")]
        assert_keeps_secrets([output, *state], [password])

    def _until(self, reached: Callable[[], bool], otherwise: str) -> None:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not reached():
            assert time.monotonic() < deadline, otherwise
            time.sleep(0.05)


@contextmanager
def engine_hall(engine: Engine, folder: Path, time_scale: int = 60) -> Generator[EngineHall]:
    """A hall whose installations take about eight real seconds."""
    started = start_hall(engine, folder, time_scale)
    started.select("local")
    try:
        yield EngineHall(started)
    finally:
        stop(folder / "simulator")


def kill(process: psutil.Process) -> None:
    """SIGKILL."""
    process.send_signal(signal.SIGKILL)


def _is_program(process: psutil.Process) -> bool:
    try:
        return any(_LANGUAGE_HOST in word for word in process.cmdline())
    except psutil.Error:
        return False
