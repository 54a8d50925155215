"""Who holds a simulator's directory, and what is said when it cannot be had or its holder cannot be ended."""

import os
from pathlib import Path
from unittest.mock import Mock

import pytest

from argosy_metal.claims.run import start_ticks
from argosy_metal.simulator import SimulatorConfig, SimulatorError, daemon, serve, start_detached, stop
from argosy_metal.simulator.endpoint import Endpoint
from argosy_metal.simulator.holder import LOCK_FILE, LockedError, is_held, locked, read_holder, sign

CONFIG = SimulatorConfig(halls=())


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daemon, "_GLANCE_SECONDS", 0.0)


def test_a_directory_is_held_as_long_as_the_lock_and_no_longer(tmp_path: Path) -> None:
    with locked(tmp_path / LOCK_FILE):
        assert is_held(tmp_path)
        with pytest.raises(LockedError, match="another process"), locked(tmp_path / LOCK_FILE):
            pass

    assert not is_held(tmp_path)


def test_looking_whether_a_directory_is_held_leaves_the_holders_record(tmp_path: Path) -> None:
    with locked(tmp_path / LOCK_FILE) as lock:
        sign(lock)
        assert is_held(tmp_path)
        holder = read_holder(tmp_path)

    assert holder is not None
    assert (os.getpid(), start_ticks(os.getpid())) == (holder.pid, holder.started)


def test_a_later_holders_record_takes_the_place_of_the_earlier_one(tmp_path: Path) -> None:
    (tmp_path / LOCK_FILE).write_text('{"pid": 4711, "started": 1}' + " " * 100)
    with locked(tmp_path / LOCK_FILE) as lock:
        sign(lock)
        holder = read_holder(tmp_path)

    assert holder is not None
    assert os.getpid() == holder.pid


@pytest.mark.parametrize(
    "record",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff",
        pytest.param(b"[" * 100_000, id="deep"),
        b'{"pid": 0, "started": null}',
        b'{"pid": -1, "started": null}',
        b'{"pid": true, "started": 1}',
        b'{"pid": OURS}',
        b'{"pid": OURS, "started": 1}',
    ],
)
def test_a_damaged_record_or_one_of_an_ended_process_names_nobody(tmp_path: Path, record: bytes) -> None:
    (tmp_path / LOCK_FILE).write_bytes(record.replace(b"OURS", str(os.getpid()).encode()))

    assert read_holder(tmp_path) is None


def test_a_holder_that_is_no_detached_simulator_is_named_and_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kill = Mock()
    monkeypatch.setattr(os, "kill", kill)
    with locked(tmp_path / LOCK_FILE) as lock:
        sign(lock)
        with pytest.raises(SimulatorError, match=rf"pid {os.getpid()}\).*does not answer; end it yourself"):
            stop(tmp_path)

    kill.assert_not_called()


def test_a_holder_without_a_record_is_left_alone_and_said_to_be_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kill = Mock()
    monkeypatch.setattr(os, "kill", kill)
    with (
        locked(tmp_path / LOCK_FILE),
        pytest.raises(SimulatorError, match=r"\(pid unknown\) .* end it yourself"),
    ):
        stop(tmp_path)

    kill.assert_not_called()


def test_a_second_simulator_is_refused_and_the_first_one_named(tmp_path: Path) -> None:
    with locked(tmp_path / LOCK_FILE) as lock:
        sign(lock)
        with pytest.raises(SimulatorError, match=rf"runs here already \(pid {os.getpid()}\)"):
            serve(CONFIG, tmp_path, print)


def test_a_start_that_another_command_holds_up_is_given_up_in_the_end(tmp_path: Path) -> None:
    with (
        locked(tmp_path / "start.lock"),
        pytest.raises(SimulatorError, match="another command has been starting a simulator here for 0 s"),
    ):
        start_detached(CONFIG, tmp_path, timeout_seconds=0)


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "simulator").touch()

    with pytest.raises(SimulatorError, match=r"simulator: cannot be made \(File exists\)"):
        start_detached(CONFIG, tmp_path / "simulator")


def test_a_lock_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    (tmp_path / LOCK_FILE).mkdir()

    with pytest.raises(SimulatorError, match=r"simulator\.lock: cannot be opened .*; remove it"):
        stop(tmp_path)


class Answering:
    """A simulator that answers, and is signalled in play only."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.kill = Mock()
        endpoint = Endpoint(4711, 4712, "x", "y", ())
        monkeypatch.setattr(daemon, "running", Mock(return_value=endpoint))
        monkeypatch.setattr(os, "kill", self.kill)


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> Answering:
    return Answering(monkeypatch)


def test_a_simulator_that_ends_while_it_is_asked_to_has_ended(tmp_path: Path, answering: Answering) -> None:
    answering.kill.side_effect = ProcessLookupError

    assert stop(tmp_path)


def test_another_users_simulator_is_theirs_to_end(tmp_path: Path, answering: Answering) -> None:
    answering.kill.side_effect = PermissionError

    with pytest.raises(SimulatorError, match=r"pid 4711\) is another user's"):
        stop(tmp_path)


def test_a_simulator_that_does_not_end_is_named(tmp_path: Path, answering: Answering) -> None:
    with pytest.raises(SimulatorError, match=r"pid 4711\) does not end; end it yourself"):
        stop(tmp_path, timeout_seconds=0)
