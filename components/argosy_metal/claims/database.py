"""The SQLite file under the claims store: its tables, how it is opened, and what is said when it cannot be.

SQLite's rollback journal with full synchronisation is kept on purpose: one file, nothing beside it when idle,
and what was committed survives a kill at any moment.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path

from argosy_metal.claims.claim import ClaimsUnavailableError

_VERSION = 2
_WRITER_WAITS_SECONDS = 30.0
_READER_WAITS_SECONDS = 2.0
"""A person waits for the answer, and asks again."""
_TABLES = """
CREATE TABLE store (id TEXT NOT NULL) STRICT;
INSERT INTO store VALUES (lower(hex(randomblob(16))));
CREATE TABLE claims (
  site TEXT NOT NULL, serial TEXT NOT NULL, slot TEXT NOT NULL, owner TEXT NOT NULL, holder TEXT NOT NULL,
  generation INTEGER NOT NULL, record TEXT NOT NULL, phase TEXT NOT NULL, machine_number INTEGER NOT NULL,
  image_url TEXT, image_sha256 TEXT, attempts INTEGER NOT NULL, install_id TEXT, version INTEGER NOT NULL,
  PRIMARY KEY (site, serial)
) STRICT;
CREATE TABLE generations (
  site TEXT NOT NULL, serial TEXT NOT NULL, generation INTEGER NOT NULL, PRIMARY KEY (site, serial)
) STRICT;
CREATE TABLE installs (
  site TEXT NOT NULL, serial TEXT NOT NULL, install_id TEXT NOT NULL, made_here INTEGER NOT NULL,
  PRIMARY KEY (site, serial, install_id)
) STRICT;
CREATE TABLE runs (owner TEXT PRIMARY KEY, epoch INTEGER NOT NULL, run TEXT NOT NULL) STRICT;
"""
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


def open_to_write(path: Path) -> sqlite3.Connection:
    """The claims file, made if there is none. Raises ClaimsUnavailableError, sqlite3.Error or OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(
        path, timeout=_WRITER_WAITS_SECONDS, isolation_level=None, check_same_thread=False
    )
    try:
        connection.execute("PRAGMA synchronous = FULL")
        if not _has_tables(connection, path):
            _create_tables(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def opened_to_read(path: Path) -> Generator[sqlite3.Connection | None]:
    """The claims file, or None if there is none or nothing was ever written to it. Writes nothing.

    Raises ClaimsUnavailableError when the file cannot be used.
    """
    with explained(path):
        if not path.exists():
            yield None
            return
        address = f"{path.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(address, uri=True, timeout=_READER_WAITS_SECONDS)) as connection:
            yield connection if _has_tables(connection, path) else None


@contextmanager
def explained(path: Path) -> Generator[None]:
    """Tell what goes wrong with the file as ClaimsUnavailableError, with the step that would help."""
    try:
        yield
    except sqlite3.Error as error:
        raise ClaimsUnavailableError(
            f"{path}: the claims file cannot be used: {_told(path, error)}"
        ) from error
    except OSError as error:
        raise ClaimsUnavailableError(
            f"{path}: the claims file cannot be used: {error.strerror or error}; check the path, and that"
            " you may read and write it and its folder"
        ) from error


def _told(path: Path, error: sqlite3.Error) -> str:
    if path.is_dir():
        return "this is a folder; name a file in it"
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & _PRIMARY_CODE
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
        for statement in _TABLES.split(";\n"):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {_VERSION}")
    connection.execute("COMMIT")
