"""The SQLite file under a claims store: its tables, how it is opened, and what is said when it cannot be.

SQLite's rollback journal with full synchronisation is kept on purpose: one file, nothing beside it when idle,
and what was committed survives a kill at any moment.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path

from argosy_metal.claims.claim import ClaimsUnavailableError
from argosy_metal.claims.rows import TABLES
from argosy_metal.claims.sqlite.file import exists, make_file, refuse_what_is_no_file
from argosy_metal.claims.table_store import Leases

_VERSION = 4
_WRITER_WAITS_SECONDS = 30.0
_READER_WAITS_SECONDS = 2.0
"""A person waits for the answer, and asks again."""
_TABLES = (
    "CREATE TABLE store (id TEXT NOT NULL) STRICT",
    "INSERT INTO store VALUES (lower(hex(randomblob(16))))",
    *(f"{table} STRICT" for table in TABLES),
)
_RESTORE = (
    "restore it from a backup; do not delete it, since only it tells which machines are ours to take down"
)
_NEXT_STEPS = {
    sqlite3.SQLITE_BUSY: "another run is writing; wait for it, then try again",
    sqlite3.SQLITE_LOCKED: "another run is writing; wait for it, then try again",
    sqlite3.SQLITE_CORRUPT: f"it is damaged: {_RESTORE}",
    sqlite3.SQLITE_NOTADB: f"it is no claims file, or damaged: check the path, or {_RESTORE}",
    sqlite3.SQLITE_CANTOPEN: "check that its folder exists and that you may read and write both",
    sqlite3.SQLITE_PERM: "check that you may read and write it",
    sqlite3.SQLITE_AUTH: "check that you may read and write it",
    sqlite3.SQLITE_READONLY: "check that you may write it and its folder",
    sqlite3.SQLITE_FULL: "free some space, then run again: every step already recorded is kept",
    sqlite3.SQLITE_IOERR: "check the disk and its free space, then run again: what was recorded is kept",
    sqlite3.SQLITE_ERROR: f"it is not as this argosy makes it: check the path, or {_RESTORE}",
}
_PRIMARY_CODE = 0xFF
"""SQLite's extended error codes hold the primary one in their lowest byte (sqlite.org/rescode.html)."""


class _Commit:
    """One commit, and what its writers wait for."""

    def __init__(self) -> None:
        self.is_over = threading.Event()
        self.error: sqlite3.Error | None = None

    def end(self, error: sqlite3.Error | None = None) -> None:
        """Let the writers come back; with `error`, nothing of theirs was written."""
        self.error = error
        self.is_over.set()


class SqliteFile:
    """The claims file as one process uses it: one thread at a time.

    Threads that write at the same moment share a transaction and its commit, which waits for the disk several
    times. A write that fails is undone alone, and none comes back before it is on the disk. Who looks has a
    connection of its own, and so neither sees what is not on the disk yet nor hurries it there.
    """

    epoch_lock = ""
    restore = "restore the file from a backup, or mend that row"
    leases: Leases | None = None

    def __init__(self, path: Path) -> None:
        self.path = path
        self.place = str(path)
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._onlooker: sqlite3.Connection | None = None
        """Looks, and never writes."""
        self._counting = threading.Lock()
        self._waiting = 0
        """Threads that want to write and have not had their turn."""
        self._commit: _Commit | None = None
        """Of what is written and not on the disk yet. The last of those who wait brings it there."""

    @contextmanager
    def looking(self) -> Generator[sqlite3.Cursor | None]:
        """A look at the file; None if there is none. Raises ClaimsUnavailableError."""
        with explained(self.path):
            is_there = exists(self.path)
        if not is_there:
            yield None
            return
        with self._turn_to_look() as cursor:
            yield cursor

    @contextmanager
    def writing(self) -> Generator[sqlite3.Cursor]:
        """A transaction. Makes the file if there is none. Raises ClaimsUnavailableError."""
        with self._turn() as cursor:
            if self._commit is None:
                cursor.execute("BEGIN IMMEDIATE")
                self._commit = _Commit()
            commit = self._commit
            cursor.execute("SAVEPOINT one")
            try:
                yield cursor
                cursor.execute("RELEASE one")
            except BaseException as error:
                self._undo(cursor, error)
                raise
            finally:
                if not self._waiting:
                    self._bring_to_disk(cursor)
        commit.is_over.wait()
        if commit.error is not None:
            with explained(self.path):
                raise commit.error

    def close(self) -> None:
        """Close the file; it is opened again when needed."""
        with self._lock:
            if self._connection is not None:
                self._bring_to_disk(self._connection.cursor())
                self._connection.close()
                self._connection = None
            if self._onlooker is not None:
                self._onlooker.close()
                self._onlooker = None

    @contextmanager
    def _turn_to_look(self) -> Generator[sqlite3.Cursor]:
        with self._cursor(), explained(self.path):
            # The file has its tables by now.
            if self._onlooker is None:
                self._onlooker = _connect(self.path)
            with closing(self._onlooker.cursor()) as cursor:
                yield cursor

    @contextmanager
    def _turn(self) -> Generator[sqlite3.Cursor]:
        """One's turn to write; whoever has it knows whether others wait."""
        self._count(1)
        is_waiting = True
        try:
            with self._cursor() as cursor:
                self._count(-1)
                is_waiting = False
                yield cursor
        finally:
            if is_waiting:
                self._count(-1)

    def _count(self, change: int) -> None:
        with self._counting:
            self._waiting += change

    def _undo(self, cursor: sqlite3.Cursor, error: BaseException) -> None:
        """Take one write back; the others of the same commit stay, if SQLite lets them."""
        if cursor.connection.in_transaction:
            cursor.execute("ROLLBACK TO one")
            cursor.execute("RELEASE one")
            return
        # A full disk makes SQLite end the transaction by itself (sqlite.org/lang_transaction.html).
        commit, self._commit = self._commit, None
        if commit is not None:
            commit.end(error if isinstance(error, sqlite3.Error) else sqlite3.OperationalError(str(error)))

    def _bring_to_disk(self, cursor: sqlite3.Cursor) -> None:
        """End the transaction if one is open. Its writers hear of an error, and nobody else."""
        commit, self._commit = self._commit, None
        if commit is None:
            return
        try:
            cursor.execute("COMMIT")
        except sqlite3.Error as error:
            if cursor.connection.in_transaction:
                cursor.execute("ROLLBACK")
            commit.end(error)
        else:
            commit.end()

    @contextmanager
    def _cursor(self) -> Generator[sqlite3.Cursor]:
        with self._lock, explained(self.path):
            if self._connection is None:
                self._connection = open_to_write(self.path)
            with closing(self._connection.cursor()) as cursor:
                yield cursor


def open_to_write(path: Path) -> sqlite3.Connection:
    """The claims file, made if there is none. Raises ClaimsUnavailableError, sqlite3.Error or OSError."""
    refuse_what_is_no_file(path)
    make_file(path)
    connection = _connect(path)
    try:
        connection.execute("PRAGMA synchronous = FULL")
        # A transaction larger than the cache would lock out who looks, and whom we would then wait for.
        connection.execute("PRAGMA cache_spill = OFF")
        if not _has_tables(connection, path):
            _create_tables(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=_WRITER_WAITS_SECONDS, isolation_level=None, check_same_thread=False)


@contextmanager
def opened_to_read(path: Path) -> Generator[sqlite3.Cursor | None]:
    """The claims file, or None if there is none or nothing was ever written to it. Writes nothing.

    What a killed run has left half-written is taken back, as SQLite does it for whoever looks next.
    Raises ClaimsUnavailableError when the file cannot be used.
    """
    with explained(path):
        if not exists(path):
            yield None
            return
        refuse_what_is_no_file(path)
        # Opened for writing where that is allowed: a reader may not take back what is half-written.
        address = f"{path.absolute().as_uri()}?mode=rw"
        with closing(sqlite3.connect(address, uri=True, timeout=_READER_WAITS_SECONDS)) as connection:
            connection.execute("PRAGMA query_only = ON")
            if not _has_tables(connection, path):
                yield None
                return
            with closing(connection.cursor()) as cursor:
                yield cursor


@contextmanager
def explained(path: Path) -> Generator[None]:
    """Tell what goes wrong with the file as ClaimsUnavailableError, with the step that would help."""
    try:
        yield
    except sqlite3.Error as error:
        raise ClaimsUnavailableError(f"{path}: the claims file cannot be used: {_told(error)}") from error
    except OSError as error:
        raise ClaimsUnavailableError(
            f"{path}: the claims file cannot be used: {error.strerror or error}; check the path, and that"
            " you may read and write it and its folder"
        ) from error


def _told(error: sqlite3.Error) -> str:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    if code == sqlite3.SQLITE_READONLY_ROLLBACK:
        return (
            "a run was killed while it wrote; the next look by somebody who may write it makes it whole again"
        )
    code &= _PRIMARY_CODE
    return f"{error}; {_NEXT_STEPS.get(code, _RESTORE)}"


def _has_tables(connection: sqlite3.Connection, path: Path) -> bool:
    """False for an empty file. Raises ClaimsUnavailableError for a file that is not ours to write to."""
    # In one look: between two, another run may make the tables, and the file would seem to be of no version.
    version, tables = connection.execute(
        "SELECT user_version, (SELECT count(*) FROM sqlite_master) FROM pragma_user_version"
    ).fetchone()
    if version > _VERSION:
        raise ClaimsUnavailableError(
            f"{path}: the claims file has version {version}, not {_VERSION}; use the newer argosy"
        )
    if version == _VERSION:
        return True
    if version or tables:
        raise ClaimsUnavailableError(
            f"{path}: this database has version {version}, a claims file {_VERSION}; check the path, and"
            " take down with the older argosy what it has brought up"
        )
    return False


def _create_tables(connection: sqlite3.Connection, path: Path) -> None:
    # Tables and version become visible together, or a killed process would leave a half-made file.
    connection.execute("BEGIN IMMEDIATE")
    if not _has_tables(connection, path):
        for statement in _TABLES:
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {_VERSION}")
    connection.execute("COMMIT")
