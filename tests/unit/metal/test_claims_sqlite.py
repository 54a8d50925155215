"""The claims file: the contract of every claims store, and what is told about a file that cannot be used."""

import os
import shutil
import sqlite3
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from argosy_metal.claims import ClaimsUnavailableError, ForeignClaimError, RunIdentity, SqliteClaimStore
from argosy_metal.claims.run import start_ticks
from argosy_metal.claims.sqlite.database import explained

from ...claims_contract import WANTED, ClaimsContract, ClaimsWorld
from ...full_disk import largest_file


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "claims" / "claims.sqlite"


def store_of(path: Path, run: str = "run-1") -> SqliteClaimStore:
    return SqliteClaimStore(path, RunIdentity(run))


class SqliteWorld:
    """A claims file."""

    leases = False

    def __init__(self, path: Path) -> None:
        self.path = path
        self.stores: list[SqliteClaimStore] = []
        self.prelude = (
            "from pathlib import Path\n"
            "from argosy_metal.claims import RunIdentity, SqliteClaimStore\n"
            f"def store(run): return SqliteClaimStore(Path({str(path)!r}), RunIdentity(run))"
        )

    def open(self, run: RunIdentity) -> SqliteClaimStore:
        self.stores.append(SqliteClaimStore(self.path, run))
        return self.stores[-1]

    def close(self) -> None:
        for store in self.stores:
            store.close()
        self.stores.clear()

    def spoil(self, serial: str, changes: Mapping[str, Any]) -> None:
        ((name, value),) = changes.items()
        spoil(self.path, f"UPDATE claims SET {name} = '{value}' WHERE serial = '{serial}'")

    def lose(self, serial: str) -> None:
        for table in ("claims", "generations", "installs"):
            spoil(self.path, f"DELETE FROM {table} WHERE serial = '{serial}'")

    def pass_time(self, seconds: float) -> None:
        """A file keeps no time."""

    @contextmanager
    def unreachable(self) -> Generator[None]:
        for store in self.stores:
            store.close()
        aside = self.path.with_name("aside")
        self.path.rename(aside)
        self.path.mkdir()
        yield
        self.path.rmdir()
        aside.rename(self.path)


class TestClaimsFile(ClaimsContract):
    @pytest.fixture
    def world(self, path: Path) -> ClaimsWorld:
        return SqliteWorld(path)


def test_a_writer_killed_in_the_middle_leaves_a_whole_file(path: Path) -> None:
    killed = TestClaimsFile().test_a_writer_killed_in_the_middle_leaves_whole_claims
    killed(SqliteWorld(path), partial(store_of, path))

    with sqlite3.connect(path) as database:
        assert [("ok",)] == database.execute("PRAGMA integrity_check").fetchall()
    database.close()


def leave_half_written(path: Path, folder: Path) -> Path:
    """A copy of the file as a run leaves it that is killed while it brings a change to the disk."""
    copy = folder / path.name
    folder.mkdir()
    with sqlite3.connect(path, isolation_level=None) as database:
        # A cache of one page, so that SQLite writes into the file before the change is whole.
        database.execute("PRAGMA cache_size = 1")
        database.execute("BEGIN IMMEDIATE")
        database.execute("DELETE FROM claims")
        for number in range(200):
            database.execute("INSERT INTO runs VALUES (?, 1, ?)", (f"lab/{number}", "run" * 100))
        for name in (path, path.with_name(f"{path.name}-journal")):
            shutil.copy(name, folder)
        database.execute("ROLLBACK")
    database.close()
    return copy


@pytest.mark.parametrize("use", range(3))
def test_what_a_killed_run_has_left_half_written_is_taken_back_by_whoever_looks_next(
    path: Path, tmp_path: Path, use: int
) -> None:
    store_of(path).claim(WANTED)
    copy = leave_half_written(path, tmp_path / "killed")

    uses(copy)[use]()

    (claim,) = store_of(copy).read_all()
    assert WANTED.serial == claim.serial
    assert [copy.name] == [file.name for file in copy.parent.iterdir()]


def test_who_may_only_read_a_half_written_file_is_told_who_makes_it_whole(path: Path, tmp_path: Path) -> None:
    store_of(path).claim(WANTED)
    copy = leave_half_written(path, tmp_path / "killed")

    # As SQLite opens a file that is write-protected; a test that runs as root cannot protect one.
    database = sqlite3.connect(f"{copy.as_uri()}?mode=ro", uri=True)
    with pytest.raises(ClaimsUnavailableError, match="a run was killed while it wrote"), explained(copy):
        database.execute("SELECT * FROM claims")
    database.close()


def test_a_disk_that_is_full_is_told_as_such_and_the_file_is_used_again_later(
    path: Path,
) -> None:
    store = SqliteClaimStore(path, RunIdentity("run"))
    claim = store.claim(WANTED)

    with largest_file(0):
        for _ in range(2):
            with pytest.raises(ClaimsUnavailableError, match="free space, then run again"):
                store.change(claim, attempts=1)

    assert 1 == store.change(claim, attempts=1).attempts
    store.close()


def test_two_claims_files_are_told_apart_and_one_stays_itself(path: Path, tmp_path: Path) -> None:
    one, other = store_of(path), store_of(tmp_path / "other.sqlite")

    assert one.identity() == store_of(path).identity()
    assert one.identity() != other.identity()


def spoil(path: Path, *statements: str) -> None:
    path.parent.mkdir(exist_ok=True)
    with sqlite3.connect(path) as database:
        for statement in statements:
            database.execute(statement)
    database.close()


def uses(path: Path) -> list[Callable[[], object]]:
    return [
        lambda: store_of(path).claim(WANTED),
        lambda: store_of(path).find("hall", "SN1"),
        lambda: store_of(path).read_all(),
    ]


@pytest.mark.parametrize("use", range(3))
def test_someone_elses_database_is_named_and_left_as_it_is(path: Path, use: int) -> None:
    spoil(path, "CREATE TABLE books (title TEXT)")
    before = path.read_bytes()

    with pytest.raises(ClaimsUnavailableError, match="check the path"):
        uses(path)[use]()

    assert before == path.read_bytes()


@pytest.mark.parametrize("use", range(3))
@pytest.mark.parametrize("version", [2, 99])
def test_a_file_of_another_version_is_refused_by_every_use(path: Path, use: int, version: int) -> None:
    store_of(path).claim(WANTED)
    spoil(path, f"PRAGMA user_version = {version}")

    with pytest.raises(ClaimsUnavailableError, match=f"version {version}.*argosy"):
        uses(path)[use]()


@pytest.mark.parametrize("use", range(3))
def test_a_file_without_one_of_its_tables_is_told_as_such(path: Path, use: int) -> None:
    store_of(path).claim(WANTED)
    spoil(path, "DROP TABLE claims")

    with pytest.raises(ClaimsUnavailableError, match="not as this argosy makes it"):
        uses(path)[use]()


@pytest.mark.parametrize("use", range(3))
def test_a_folder_in_the_place_of_the_file_is_told_as_such(path: Path, use: int) -> None:
    path.mkdir(parents=True)

    with pytest.raises(ClaimsUnavailableError, match="this is a folder; name a file in it"):
        uses(path)[use]()


def test_a_file_under_a_file_cannot_be_made_and_its_place_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(ClaimsUnavailableError, match=r"claims\.sqlite: .*check the path"):
        store_of(tmp_path / "file" / "claims.sqlite").claim(WANTED)


def test_an_empty_file_holds_no_claims_and_is_made_a_claims_file(path: Path) -> None:
    path.parent.mkdir()
    path.touch()

    assert () == store_of(path).read_all()
    store_of(path).claim(WANTED)
    assert 1 == len(store_of(path).read_all())


@pytest.mark.parametrize("use", range(3))
def test_a_file_that_another_process_holds_is_told_as_such(
    path: Path, use: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    store_of(path).claim(WANTED)
    for who in ("READER", "WRITER"):
        monkeypatch.setattr(f"argosy_metal.claims.sqlite.database._{who}_WAITS_SECONDS", 0.0)
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")

    with pytest.raises(ClaimsUnavailableError, match="another run is writing; wait for it, then try again"):
        uses(path)[use]()
    holder.close()


def test_who_only_looks_waits_two_seconds_at_most(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store_of(path).claim(WANTED)
    waits: list[float] = []
    connect = sqlite3.connect

    def noted(*arguments: Any, timeout: float, **options: Any) -> sqlite3.Connection:
        waits.append(timeout)
        return connect(*arguments, timeout=timeout, **options)

    monkeypatch.setattr(sqlite3, "connect", noted)
    store_of(path).read_all()

    assert [2.0] == waits


def test_looking_creates_no_file(path: Path) -> None:
    assert store_of(path).find("hall", "SN1") is None
    assert () == store_of(path).read_all()
    assert not path.parent.exists()


def test_a_file_that_is_no_database_is_named_with_what_to_do(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("not a database, but long enough to be looked at as one" * 50)

    for use in (lambda: store_of(path).claim(WANTED), lambda: store_of(path).read_all()):
        with pytest.raises(ClaimsUnavailableError, match="cannot be used"):
            use()


def test_a_file_whose_tables_another_run_makes_meanwhile_is_no_stranger_s(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Overtaken(sqlite3.Connection):
        """Another run makes the tables right after the first look at the file's version."""

        def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
            answer = super().execute(sql, *values)
            if "user_version" in sql and not overtaken:
                overtaken.append(sql)
                rows = iter(answer.fetchall())
                store_of(path).claim(replace(WANTED, owner="lab/other"))
                answer = super().execute(f"VALUES ({', '.join(map(str, next(rows)))})")
            return answer

    overtaken: list[str] = []
    monkeypatch.setattr(sqlite3, "connect", partial(sqlite3.connect, factory=Overtaken))

    with pytest.raises(ForeignClaimError):
        store_of(path).claim(WANTED)
    assert 1 == len(overtaken)


def test_a_process_is_told_from_a_later_one_with_the_same_id() -> None:
    assert start_ticks(os.getpid()) == start_ticks(os.getpid())
    assert start_ticks(2**22 + 1) is None


def test_the_run_of_a_process_is_its_parent_and_ends_with_it() -> None:
    run = RunIdentity.of_parent()

    assert run.is_alive()
    assert f":{os.getppid()}:" in run.key
    assert run.key == RunIdentity.of_parent().key
