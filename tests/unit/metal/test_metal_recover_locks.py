"""Files where Pulumi's locks lie that Pulumi has not written: nobody is known to be gone."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from argosy_metal.commands.locks import lock_holders
from argosy_metal.commands.pulumi_cli import RecoveryError

from .test_metal_recover import Project

STRANGE = [
    "[]",
    "{}",
    "null",
    "7",
    '{"pid": 7}',
    '{"pid": "x", "username": "ada", "hostname": "HERE"}',
    '{"pid": true, "username": "ada", "hostname": "HERE"}',
    '{"pid": 0, "username": "ada", "hostname": "HERE"}',
    '{"pid": -1, "username": "ada", "hostname": "HERE"}',
    '{"pid": 1e3, "username": "ada", "hostname": "HERE"}',
    '{"pid": 2147483648, "username": "ada", "hostname": "HERE"}',
    '{"pid": 99999999999999999999999999, "username": "ada", "hostname": "HERE"}',
    '{"pid": 7, "username": null, "hostname": "HERE"}',
    '{"pid": 7, "username": "ada", "hostname": ["HERE"]}',
    "[" * 100_000,
]

PLACES: dict[str, Callable[[Path], object]] = {
    "a pipe": os.mkfifo,
    "a folder": Path.mkdir,
    "a device": lambda path: path.symlink_to("/dev/zero"),
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    made = Project(tmp_path)
    monkeypatch.setenv("PATH", str(made.bin), prepend=os.pathsep)
    monkeypatch.chdir(tmp_path)
    return made


def lock_file(project: Project) -> Path:
    project.lock()
    (path,) = (project.folder / "state").rglob("1.json")
    return path


@pytest.mark.parametrize("text", STRANGE)
def test_a_lock_that_pulumi_has_not_written_is_not_released(project: Project, text: str) -> None:
    path = lock_file(project)
    path.write_text(text)

    with pytest.raises(
        RecoveryError, match=rf"locked by whoever wrote {path}, .* pulumi cancel --stack metal"
    ):
        project.recover()

    assert [] == project.calls()


@pytest.mark.parametrize("kind", PLACES)
def test_what_is_no_file_is_never_read(project: Project, kind: str) -> None:
    path = lock_file(project)
    path.unlink()
    PLACES[kind](path)

    holders = lock_holders(f"file://{project.folder}/state", "metal")

    assert [str(path)] == [holder.stranger for holder in holders or []]


@pytest.mark.parametrize("data", [b"", b"{", b"\xff\xfe"])
def test_a_file_without_an_end_is_that_of_a_process_that_was_killed_while_it_wrote(
    project: Project, data: bytes
) -> None:
    lock_file(project).write_bytes(data)

    assert ["cancel", "refresh", "up"] == project.recover()


def test_a_holder_s_name_moves_no_cursor_and_ends(project: Project) -> None:
    project.lock(hostname="runner\x1b[2J-7", username="x" * 10_000)

    with pytest.raises(RecoveryError, match=r"locked by x+…@runner\\x1b\[2J-7, pid") as error:
        project.recover()

    assert len(str(error.value)) < 1000
