"""The claims file is written to by several threads at a time, which share a commit and nothing else."""

import sqlite3
import threading
import time
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from argosy_metal.claims import ClaimsUnavailableError
from argosy_metal.claims.sqlite.database import SqliteFile

from ...full_disk import largest_file


class Watched(SqliteFile):
    """Counts commits, and can be told how many wait for their turn."""

    commits = 0

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        with self.writing() as cursor:
            cursor.connection.set_trace_callback(self._heard)
        self.commits = 0

    def _heard(self, statement: str) -> None:
        self.commits += statement == "COMMIT"

    def until_waiting(self, threads: int) -> None:
        deadline = time.monotonic() + 10
        while self._waiting != threads:
            assert time.monotonic() < deadline
            time.sleep(0.001)

    def until_due(self) -> None:
        """Until something is written and not on the disk."""
        deadline = time.monotonic() + 10
        while self._commit is None or self._lock.locked():
            assert time.monotonic() < deadline
            time.sleep(0.001)

    @contextmanager
    def another_writer_coming(self) -> Generator[None]:
        """So that whoever writes in the block leaves the commit to that one."""
        self._count(1)
        try:
            yield
        finally:
            self._count(-1)

    def note(self, owner: str) -> None:
        with self.writing() as cursor:
            cursor.execute("INSERT INTO runs VALUES (?, 1, 'run')", (owner,))


@pytest.fixture
def file(tmp_path: Path) -> Generator[Watched]:
    watched = Watched(tmp_path / "claims.sqlite")
    yield watched
    watched.close()


def owners(file: SqliteFile) -> list[str]:
    """As another process sees them."""
    reader = sqlite3.connect(file.path)
    found = [owner for (owner,) in reader.execute("SELECT owner FROM runs ORDER BY owner")]
    reader.close()
    return found


def all_at_once(file: Watched, *works: Callable[[], None]) -> list[Future[None]]:
    """A write of `first`, and every work begun while that one has the turn."""
    has_turn, others_wait = threading.Event(), threading.Event()

    def first() -> None:
        with file.writing() as cursor:
            cursor.execute("INSERT INTO runs VALUES ('first', 1, 'run')")
            has_turn.set()
            assert others_wait.wait(10)

    with ThreadPoolExecutor(len(works) + 1) as threads:
        futures = [threads.submit(first)]
        assert has_turn.wait(10)
        futures += [threads.submit(work) for work in works]
        file.until_waiting(len(works))
        others_wait.set()
    return futures


def test_writes_of_one_moment_share_one_commit_and_all_are_on_the_disk_then(file: Watched) -> None:
    futures = all_at_once(file, *(partial(file.note, f"owner-{n}") for n in range(4)))

    assert [None] * 5 == [future.result() for future in futures]
    assert 1 == file.commits
    assert ["first", "owner-0", "owner-1", "owner-2", "owner-3"] == owners(file)


def test_a_write_that_is_alone_is_committed_at_once(file: Watched) -> None:
    for n in range(3):
        file.note(f"owner-{n}")

    assert 3 == file.commits


def test_a_write_that_fails_is_undone_alone(file: Watched) -> None:
    def fail() -> None:
        with file.writing() as cursor:
            cursor.execute("INSERT INTO runs VALUES ('undone', 1, 'run')")
            raise KeyError("it failed")

    first, failed, other = all_at_once(file, fail, partial(file.note, "other"))

    assert isinstance(failed.exception(), KeyError)
    assert (None, None) == (first.result(), other.result())
    assert ["first", "other"] == owners(file)


def test_no_write_comes_back_before_it_is_on_the_disk(file: Watched) -> None:
    seen: list[tuple[bool, list[str]]] = []
    futures: list[Future[None]] = []

    def look() -> None:
        with file.writing():
            seen.append((futures[0].done(), owners(file)))

    with ThreadPoolExecutor(2) as threads, file.writing() as cursor:
        cursor.execute("INSERT INTO runs VALUES ('ours', 1, 'run')")
        futures.append(threads.submit(partial(file.note, "theirs")))
        file.until_waiting(1)
        futures.append(threads.submit(look))
        file.until_waiting(2)

    # Whichever of the two had its turn first: nothing was on the disk, and nobody had been told so.
    assert [(False, [])] == seen
    assert ["ours", "theirs"] == owners(file)


def test_who_looks_never_sees_what_is_not_on_the_disk(file: Watched) -> None:
    seen: list[list[str]] = []

    def look() -> None:
        with file.looking() as cursor:
            assert cursor is not None
            cursor.execute("SELECT owner FROM runs ORDER BY owner")
            found = [owner for (owner,) in cursor.fetchall()]
            # Nobody else has a turn meanwhile.
            assert found == owners(file)
        seen.append(found)

    with ThreadPoolExecutor(4) as threads:
        futures = [threads.submit(partial(file.note, f"owner-{n}")) for n in range(8)]
        futures += [threads.submit(look) for _ in range(8)]
    for future in futures:
        future.result()

    assert 8 == len(seen)


def test_who_looks_hurries_nothing_to_the_disk(file: Watched) -> None:
    with ThreadPoolExecutor(1) as threads:
        with file.another_writer_coming():
            ours = threads.submit(partial(file.note, "ours"))
            file.until_due()
            with file.looking() as cursor:
                assert cursor is not None
                assert [] == cursor.execute("SELECT owner FROM runs").fetchall()
            assert (0, False) == (file.commits, ours.done())
        file.note("theirs")
        ours.result()

    assert 1 == file.commits
    assert ["ours", "theirs"] == owners(file)


def test_a_disk_that_is_full_is_told_to_every_writer_of_the_commit(file: Watched) -> None:
    size = file.path.stat().st_size
    long = "long" * size
    with largest_file(2 * size):
        futures = all_at_once(file, partial(file.note, long))

    for future in futures:
        assert isinstance(future.exception(), ClaimsUnavailableError)
        assert "free" in str(future.exception())
    assert [] == owners(file)
    file.note("later")
    assert ["later"] == owners(file)


def test_a_file_that_is_closed_while_a_commit_is_due_has_it(file: Watched) -> None:
    with ThreadPoolExecutor(2) as threads, file.writing() as cursor:
        cursor.execute("INSERT INTO runs VALUES ('ours', 1, 'run')")
        other = threads.submit(partial(file.note, "theirs"))
        file.until_waiting(1)
        closed = threads.submit(file.close)
    other.result()
    closed.result()

    assert ["ours", "theirs"] == owners(file)
