"""The claims file as a file: what may stand in its place, and who may read it."""

import os
import socket
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from argosy_metal.claims import ClaimsUnavailableError
from argosy_metal.claims.sqlite.database import SqliteFile

from ...claims_contract import WANTED
from .test_claims_sqlite import store_of, uses


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "claims" / "claims.sqlite"


def _bind(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(path))


PLACES: dict[str, Callable[[Path], object]] = {
    "a pipe": os.mkfifo,
    "a device": lambda path: path.symlink_to("/dev/zero"),
    "a socket": _bind,
    "a folder": Path.mkdir,
}


@pytest.mark.parametrize("end", ["", "-journal", "-wal"])
@pytest.mark.parametrize("kind", PLACES)
@pytest.mark.parametrize("use", range(3))
def test_what_is_no_file_is_named_and_never_opened(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, use: int, kind: str, end: str
) -> None:
    # A socket's path must be short.
    monkeypatch.chdir(tmp_path)
    path = Path("claims.sqlite")
    if end:
        path.touch()
    PLACES[kind](Path(f"claims.sqlite{end}"))

    with pytest.raises(
        ClaimsUnavailableError, match=rf"^claims\.sqlite{end}: .* this is {kind}; name a file"
    ):
        uses(path)[use]()


@pytest.mark.parametrize("use", range(3))
def test_a_link_that_leads_nowhere_but_to_itself_is_never_told_as_free(path: Path, use: int) -> None:
    path.parent.mkdir()
    path.symlink_to(path)

    with pytest.raises(ClaimsUnavailableError, match="check the path"):
        uses(path)[use]()


@pytest.mark.parametrize("is_there", [True, False])
def test_a_link_to_a_file_is_that_file(path: Path, tmp_path: Path, is_there: bool) -> None:
    path.parent.mkdir()
    path.symlink_to(tmp_path / "elsewhere.sqlite")
    if is_there:
        (tmp_path / "elsewhere.sqlite").touch()

    store_of(path).claim(WANTED)

    assert 1 == len(store_of(tmp_path / "elsewhere.sqlite").read_all())


@pytest.mark.parametrize("through_a_link", [True, False])
def test_a_claims_file_and_its_journal_are_for_their_owner_s_eyes_alone(
    path: Path, tmp_path: Path, through_a_link: bool
) -> None:
    path.parent.mkdir()
    file = tmp_path / "elsewhere.sqlite" if through_a_link else path
    if through_a_link:
        path.symlink_to(file)
    modes: dict[str, int] = {}

    before = os.umask(0)
    try:
        store = SqliteFile(path)
        with store.writing() as cursor:
            cursor.execute("INSERT INTO runs VALUES ('lab/prod', 1, 'run')")
            for name in (file, file.with_name(f"{file.name}-journal")):
                modes[name.suffix] = stat.S_IMODE(name.stat().st_mode)
        store.close()
    finally:
        os.umask(before)

    assert {".sqlite": 0o600, ".sqlite-journal": 0o600} == modes


def test_a_file_that_was_there_keeps_its_mode(path: Path) -> None:
    path.parent.mkdir()
    path.touch()
    path.chmod(0o660)

    store_of(path).claim(WANTED)

    assert 0o660 == stat.S_IMODE(path.stat().st_mode)


def test_a_file_under_a_file_is_never_told_as_free(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(ClaimsUnavailableError, match=r"claims\.sqlite: .*check the path"):
        store_of(tmp_path / "file" / "claims.sqlite").read_all()
