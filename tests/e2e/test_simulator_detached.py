"""The simulator as a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from argosy_metal.simulator import (
    SimulatedHall,
    SimulatedServer,
    SimulatorConfig,
    SimulatorControl,
    SimulatorError,
    running,
    start_detached,
    stop,
)

CONFIG = SimulatorConfig(
    halls=(
        SimulatedHall(
            "hall-north",
            "provision.hall-north.test",
            (SimulatedServer("bmc-1.hall-north.test", "SN1", "dgx-h200", "rack-1"),),
        ),
    ),
    time_scale=600,
)


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "simulator"
    stop(tmp_path / "simulator")


def test_a_detached_simulator_answers_when_the_start_returns_and_leaves_quietly(directory: Path) -> None:
    endpoint = start_detached(CONFIG, directory)
    assert ["SN1"] == list(SimulatorControl(directory).servers())
    assert endpoint.pid != os.getpid()

    assert stop(directory)
    assert not (directory / "endpoint.json").exists()
    assert "Traceback" not in (directory / "simulator.log").read_text()
    assert not stop(directory)


def test_starting_it_again_keeps_the_one_that_runs(directory: Path) -> None:
    assert start_detached(CONFIG, directory) == start_detached(CONFIG, directory)


def test_another_configuration_takes_its_place(directory: Path) -> None:
    first = start_detached(CONFIG, directory)
    second = start_detached(replace(CONFIG, time_scale=60), directory)

    assert first.pid != second.pid
    assert second == running(directory)


def test_a_killed_simulator_is_noticed_and_replaced(directory: Path) -> None:
    first = start_detached(CONFIG, directory)
    os.kill(first.pid, signal.SIGKILL)
    os.waitpid(first.pid, 0)
    assert running(directory) is None

    assert first.pid != start_detached(CONFIG, directory).pid


def test_a_second_process_in_the_same_directory_refuses_to_start(directory: Path) -> None:
    start_detached(CONFIG, directory)
    second = subprocess.run(
        [sys.executable, "-m", "argosy_metal.simulator", str(directory)],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )

    assert 1 == second.returncode
    assert "a simulator runs here already" in second.stderr
    assert "Traceback" not in second.stderr


def test_a_process_whose_pid_was_reused_is_not_killed(directory: Path) -> None:
    endpoint = start_detached(CONFIG, directory)
    stop(directory)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as bystander:
        replace(endpoint, pid=bystander.pid).write(directory)
        assert not stop(directory)
        assert bystander.poll() is None
        bystander.communicate(b"\n")

    assert not (directory / "endpoint.json").exists()


def test_a_simulator_that_does_not_answer_is_left_alone_and_named(directory: Path) -> None:
    endpoint = start_detached(CONFIG, directory)
    replace(endpoint, port=9).write(directory)
    with pytest.raises(SimulatorError, match="does not answer; end it yourself"):
        stop(directory)

    endpoint.write(directory)
    assert stop(directory)


def test_a_simulator_that_cannot_start_says_why(directory: Path) -> None:
    directory.mkdir()
    (directory / "simulator.sqlite").write_text("this is no database, and longer than a header " * 3)
    with pytest.raises(SimulatorError, match=r"ended at once: .*not a database"):
        start_detached(CONFIG, directory)
