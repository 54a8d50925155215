"""The simulator as a process of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from argosy_metal.simulator import (
    CA_FILE,
    SimulatedHall,
    SimulatedServer,
    SimulatorConfig,
    SimulatorControl,
    SimulatorError,
    daemon,
    read_endpoint,
    running,
    start_detached,
    stop,
)
from argosy_metal.simulator.endpoint import ENDPOINT_FILE
from argosy_metal.simulator.holder import is_held, read_holder

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


def test_a_configuration_without_a_hall_in_use_is_refused_until_the_simulator_was_ended(
    directory: Path,
) -> None:
    south = replace(
        CONFIG.halls[0], name="hall-south", provision_host="provision.hall-south.test", servers=()
    )
    others = replace(CONFIG, halls=(south,))
    start_detached(others, directory)
    first = start_detached(CONFIG, directory)
    SimulatorControl(directory).restore("power SN1")

    with pytest.raises(
        SimulatorError, match=r"are installed: hall-north \(1 machine\); end it first .*--stop"
    ):
        start_detached(others, directory)
    assert first == running(directory)
    assert first.pid != start_detached(replace(CONFIG, halls=(*CONFIG.halls, south)), directory).pid

    assert stop(directory)
    assert start_detached(others, directory) == running(directory)


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


def lose_endpoint(directory: Path) -> None:
    (directory / ENDPOINT_FILE).unlink()


def halve_endpoint(directory: Path) -> None:
    (directory / ENDPOINT_FILE).write_text("{")


def forge_endpoint(directory: Path) -> None:
    replace(read_endpoint(directory), port=9).write(directory)


def lose_authority(directory: Path) -> None:
    (directory / CA_FILE).unlink()


def halve_authority(directory: Path) -> None:
    (directory / CA_FILE).write_bytes((directory / CA_FILE).read_bytes()[:100])


DAMAGES = [lose_endpoint, halve_endpoint, forge_endpoint, lose_authority, halve_authority]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_live_simulator_whose_files_are_damaged_is_ended(
    directory: Path, damage: Callable[[Path], None]
) -> None:
    pid = start_detached(CONFIG, directory).pid
    damage(directory)
    assert running(directory) is None

    assert stop(directory)
    assert not is_held(directory)
    assert not (directory / ENDPOINT_FILE).exists()
    with pytest.raises(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def test_a_live_simulator_whose_files_are_lost_is_replaced(directory: Path) -> None:
    first = start_detached(CONFIG, directory)
    lose_endpoint(directory)
    second = start_detached(CONFIG, directory)

    assert first.pid != second.pid
    assert second == running(directory)


def test_a_frozen_simulator_is_made_to_end(directory: Path) -> None:
    os.kill(start_detached(CONFIG, directory).pid, signal.SIGSTOP)

    assert stop(directory)
    assert not is_held(directory)


def test_only_the_directorys_own_detached_simulator_is_proven_to_be_it(directory: Path) -> None:
    endpoint = start_detached(CONFIG, directory)
    holder = read_holder(directory)

    assert holder is not None
    assert endpoint.pid == holder.pid
    assert holder.is_detached_in(directory)
    assert not holder.is_detached_in(directory.parent)
    assert not replace(holder, started=0).is_detached_in(directory)
    assert not replace(holder, started=None).is_detached_in(directory)


@contextmanager
def foreground(directory: Path) -> Generator[subprocess.Popen[bytes]]:
    """A simulator that belongs to its terminal; it holds its directory when the block begins."""
    directory.mkdir(exist_ok=True)
    CONFIG.write(directory / "its-own.json")
    program = (
        "import sys; from pathlib import Path; from argosy_metal.simulator import serve;"
        " from argosy_metal.simulator.world import read_config;"
        " folder = Path(sys.argv[1]); serve(read_config(folder / 'its-own.json'), folder, print)"
    )
    with subprocess.Popen([sys.executable, "-c", program, str(directory)]) as process:
        try:
            until(lambda: read_holder(directory) is not None)
            yield process
        finally:
            process.terminate()


def until(reached: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_simulator_in_a_foreground_that_does_not_answer_is_left_alone_and_named(directory: Path) -> None:
    with foreground(directory) as process:
        until(lambda: running(directory))
        lose_endpoint(directory)
        with pytest.raises(
            SimulatorError, match=rf"\(pid {process.pid}\) .* does not answer; end it yourself"
        ):
            stop(directory)

        assert process.poll() is None


def test_a_simulator_in_a_foreground_that_was_quicker_is_used(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ExitStack() as stack:
        quicker: list[int] = []

        def spawn_too_late(folder: Path) -> int:
            quicker.append(stack.enter_context(foreground(folder)).pid)
            with subprocess.Popen(["true"]) as refused:
                refused.wait()
            return refused.pid

        monkeypatch.setattr(daemon, "_spawn", spawn_too_late)

        assert start_detached(CONFIG, directory).pid == quicker[0]


def test_of_many_that_start_it_at_once_all_get_the_same_one(directory: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from argosy_metal.simulator import start_detached;"
        " from argosy_metal.simulator.world import read_config;"
        " print(start_detached(read_config(Path(sys.argv[1])), Path(sys.argv[2])).pid)"
    )
    config = directory.with_name("config.json")
    CONFIG.write(config)
    command = [sys.executable, "-c", program, str(config), str(directory)]
    with ExitStack() as stack:
        starters = [
            stack.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE))
            for _ in range(4)
        ]
        said = [starter.communicate(timeout=60) for starter in starters]

    found = running(directory)
    assert found is not None
    assert [(f"{found.pid}\n".encode(), b"")] * 4 == said


def test_a_listener_that_never_answers_does_not_hold_up_the_stop(directory: Path) -> None:
    endpoint = start_detached(CONFIG, directory)
    stop(directory)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        replace(endpoint, port=silent.getsockname()[1]).write(directory)
        began = time.monotonic()

        assert not stop(directory)
        assert time.monotonic() - began < 5


def test_a_simulator_that_cannot_start_says_why(directory: Path) -> None:
    directory.mkdir()
    (directory / "simulator.sqlite").write_text("this is no database, and longer than a header " * 3)
    with pytest.raises(SimulatorError, match=r"ended at once: .*not a database"):
        start_detached(CONFIG, directory)
