"""What a damaged or forged `endpoint.json` does: nothing but say that no simulator is known."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from argosy_metal.simulator import (
    SimulatorControl,
    SimulatorError,
    SimulatorNotRunningError,
    read_endpoint,
    running,
    stop,
)
from argosy_metal.simulator.endpoint import ENDPOINT_FILE, Endpoint

GOOD = Endpoint(4711, 4712, "x", "y", ("hall-north.test",))


def changed(**changes: Any) -> bytes:
    return json.dumps(asdict(GOOD) | changes).encode()


BAD = {
    "empty": b"",
    "half-written": b"{",
    "a list": b"[]",
    "nothing": b"null",
    "incomplete": b'{"pid": 1}',
    "one key too many": changed(extra=1),
    "a huge key too many": changed(**{"\x1b[31m" * 100_000: 1}),
    "binary": b"\xff\xfe\x00\x80",
    "domains is a number": changed(domains=5),
    "domains is a word": changed(domains="hall-north.test"),
    "a domain is a number": changed(domains=[5]),
    "the pid is a word": changed(pid="4711"),
    "the pid is everybody": changed(pid=-1),
    "the pid is a group": changed(pid=0),
    "the pid is beyond all": changed(pid=10**400),
    "the port is none": changed(port=0),
    "the port is beyond all": changed(port=70_000),
    "the port is a truth": changed(port=True),
    "deeper than any parser goes": b"[" * 100_000,
}


@pytest.mark.parametrize("content", BAD.values(), ids=BAD.keys())
def test_a_damaged_endpoint_is_no_simulator_and_stopping_clears_it_away(
    tmp_path: Path, content: bytes
) -> None:
    (tmp_path / ENDPOINT_FILE).write_bytes(content)

    with pytest.raises(SimulatorNotRunningError, match="argosy metal simulate ENV --detach") as refused:
        read_endpoint(tmp_path)
    assert running(tmp_path) is None
    assert not stop(tmp_path)

    assert str(tmp_path / ENDPOINT_FILE) in str(refused.value)
    assert len(str(refused.value)) < 600
    assert "\x1b" not in str(refused.value)
    assert not (tmp_path / ENDPOINT_FILE).exists()


def test_a_whole_endpoint_is_read_as_it_was_written(tmp_path: Path) -> None:
    GOOD.write(tmp_path)

    assert GOOD == read_endpoint(tmp_path)


def test_an_endpoint_that_cannot_be_removed_is_named(tmp_path: Path) -> None:
    (tmp_path / ENDPOINT_FILE).mkdir()

    with pytest.raises(SimulatorNotRunningError, match="cannot be read"):
        read_endpoint(tmp_path)
    with pytest.raises(SimulatorError, match=r"endpoint\.json: cannot be removed .*; remove it"):
        stop(tmp_path)


def is_proven_by(answer: str, directory: Path, monkeypatch: pytest.MonkeyPatch) -> bool:
    control = SimulatorControl(directory)
    monkeypatch.setattr(control, "identity", Mock(side_effect=lambda: json.loads(answer)))
    return control.is_alive(GOOD)


@pytest.mark.parametrize(
    "answer", ["[]", "null", "<html>", '{"pid": 4711}', '{"pid": 4711, "instance": "another start"}']
)
def test_an_answer_that_no_simulator_gives_proves_nothing(
    tmp_path: Path, answer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not is_proven_by(answer, tmp_path, monkeypatch)


def test_the_answer_of_the_simulator_itself_proves_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert is_proven_by('{"pid": 4711, "instance": "x"}', tmp_path, monkeypatch)
