"""The claims of a hall in an SQLite file: grants and refusals by compare-and-swap, fenced per run.

SQLite's rollback journal with full synchronisation is kept on purpose: one file, nothing beside it when idle,
and what was committed survives a kill at any moment.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Generator, Mapping
from contextlib import closing, contextmanager
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from argosy_metal.claims.claim import (
    Claim,
    ClaimsUnavailableError,
    ForeignClaimError,
    LostClaimError,
    Phase,
    StaleRunError,
)
from argosy_metal.claims.run import RunIdentity

_VERSION = 1
_BUSY_SECONDS = 30.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS claims (
  site TEXT NOT NULL, serial TEXT NOT NULL, slot TEXT NOT NULL, owner TEXT NOT NULL, holder TEXT NOT NULL,
  generation INTEGER NOT NULL, record TEXT NOT NULL, phase TEXT NOT NULL, machine_number INTEGER NOT NULL,
  image_url TEXT, image_sha256 TEXT, attempts INTEGER NOT NULL, install_id TEXT, version INTEGER NOT NULL,
  PRIMARY KEY (site, serial)
) STRICT;
CREATE TABLE IF NOT EXISTS generations (
  site TEXT NOT NULL, serial TEXT NOT NULL, generation INTEGER NOT NULL, PRIMARY KEY (site, serial)
) STRICT;
CREATE TABLE IF NOT EXISTS runs (owner TEXT PRIMARY KEY, epoch INTEGER NOT NULL, run TEXT NOT NULL) STRICT;
"""
_COLUMNS = tuple(field.name for field in fields(Claim))
_SELECT = f"SELECT {', '.join(_COLUMNS)} FROM claims"  # noqa: S608 - our own names


class ClaimStore:
    """The claims file as one process uses it. Safe to use from several threads.

    Every method raises ClaimsUnavailableError when the file cannot be used.
    """

    def __init__(self, path: Path, run: RunIdentity) -> None:
        self.path = path
        self._run = run
        self._epochs: dict[str, int] = {}
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None

    def find(self, site: str, serial: str) -> Claim | None:
        """The claim on a server, whoever holds it. Creates no file."""
        if not self.path.exists():
            return None
        with self._cursor() as cursor:
            return _select(cursor, site, serial)

    def claim(self, wanted: Claim) -> Claim:
        """Grant the server, or give back the claim that the same owner's same resource already holds.

        Raises ForeignClaimError if anyone else holds it, StaleRunError if this run may no longer write.
        """
        with self._write(wanted.owner) as cursor:
            held = _select(cursor, wanted.site, wanted.serial)
            if held is None:
                granted = replace(wanted, generation=_next_generation(cursor, wanted))
                _insert(cursor, granted)
                return granted
            if (held.owner, held.holder) != (wanted.owner, wanted.holder):
                raise ForeignClaimError(held, f"slot {wanted.slot} of stack {wanted.owner}")
            return _swap(cursor, held, {"slot": wanted.slot, "record": wanted.record})

    def change(self, claim: Claim, **changes: object) -> Claim:
        """Write `changes` if the row is still exactly `claim`; the row as it is now.

        Raises LostClaimError if it is not, StaleRunError if this run may no longer write.
        """
        with self._write(claim.owner) as cursor:
            return _swap(cursor, claim, changes)

    def release(self, claim: Claim) -> None:
        """Give the server back. No error if this very claim is gone already; others' claims stay."""
        with self._write(claim.owner) as cursor:
            cursor.execute(
                "DELETE FROM claims WHERE site = ? AND serial = ? AND owner = ? AND generation = ?",
                (claim.site, claim.serial, claim.owner, claim.generation),
            )

    def assert_may_write(self, owner: str) -> None:
        """Raise StaleRunError unless this run is the newest of `owner`. Asked before a BMC is changed."""
        if owner not in self._epochs:
            with self._write(owner):
                return
        with self._cursor() as cursor:
            self._assert_newest(cursor, owner)

    def fence(self, owner: str) -> None:
        """From now on refuse every run of `owner` that has written so far, except one that starts anew."""
        with self._transaction() as cursor:
            epoch = _epoch(cursor, owner)[0] + 1
            _put_epoch(cursor, owner, epoch, "fenced")

    def close(self) -> None:
        """Close the file. The store may be used again; it opens the file when needed."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    @contextmanager
    def _write(self, owner: str) -> Generator[sqlite3.Cursor]:
        """A transaction that only the newest run of `owner` gets."""
        with self._transaction() as cursor:
            epoch = self._enter(cursor, owner)
            yield cursor
        self._epochs[owner] = epoch

    def _enter(self, cursor: sqlite3.Cursor, owner: str) -> int:
        """The epoch of this run; a run gets its epoch with its first write, so a preview has none."""
        if owner in self._epochs:
            return self._assert_newest(cursor, owner)
        self._assert_alive()
        newest, run = _epoch(cursor, owner)
        if run == self._run.key:
            return newest
        _put_epoch(cursor, owner, newest + 1, self._run.key)
        return newest + 1

    def _assert_newest(self, cursor: sqlite3.Cursor, owner: str) -> int:
        self._assert_alive()
        newest, _ = _epoch(cursor, owner)
        if newest != self._epochs[owner]:
            raise StaleRunError(
                f"a newer run of stack {owner} has taken over, so this one changes nothing more;"
                " wait for it, then run `pulumi up` again"
            )
        return newest

    def _assert_alive(self) -> None:
        if not self._run.is_alive():
            raise StaleRunError(
                "the pulumi command of this run has ended, so its provider changes nothing more"
            )

    @contextmanager
    def _transaction(self) -> Generator[sqlite3.Cursor]:
        with self._cursor() as cursor:
            cursor.execute("BEGIN IMMEDIATE")
            try:
                yield cursor
            except BaseException:
                cursor.execute("ROLLBACK")
                raise
            cursor.execute("COMMIT")

    @contextmanager
    def _cursor(self) -> Generator[sqlite3.Cursor]:
        with self._lock:
            try:
                if self._connection is None:
                    self._connection = _connect(self.path)
                with closing(self._connection.cursor()) as cursor:
                    yield cursor
            except (sqlite3.Error, OSError) as error:
                raise _unavailable(self.path, error) from error


def read_claims(path: Path) -> tuple[Claim, ...]:
    """Every claim in the file, by site and slot; none if there is no file. Writes nothing."""
    if not path.exists():
        return ()
    try:
        address = f"{path.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(address, uri=True, timeout=_BUSY_SECONDS)) as database:
            rows = database.execute(f"{_SELECT} ORDER BY site, slot, serial").fetchall()
    except (sqlite3.Error, OSError) as error:
        raise _unavailable(path, error) from error
    return tuple(_claim(row) for row in rows)


def _connect(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA synchronous = FULL")
        _create_tables(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _create_tables(connection: sqlite3.Connection, path: Path) -> None:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > _VERSION:
        raise ClaimsUnavailableError(
            f"{path}: the claims file has version {version}, not {_VERSION}; use the newer argosy"
        )
    if version < _VERSION:
        # Tables and version become visible together, or a killed process would leave a half-made file.
        connection.executescript(f"BEGIN IMMEDIATE;{_SCHEMA}PRAGMA user_version = {_VERSION};COMMIT;")


def _select(cursor: sqlite3.Cursor, site: str, serial: str) -> Claim | None:
    row = cursor.execute(f"{_SELECT} WHERE site = ? AND serial = ?", (site, serial)).fetchone()
    return None if row is None else _claim(row)


def _claim(row: tuple[Any, ...]) -> Claim:
    values: dict[str, Any] = dict(zip(_COLUMNS, row, strict=True))
    values |= {"record": json.loads(values["record"]), "phase": Phase(values["phase"])}
    return Claim(**values)


def _insert(cursor: sqlite3.Cursor, claim: Claim) -> None:
    marks = ", ".join("?" * len(_COLUMNS))
    values = [_stored(getattr(claim, column)) for column in _COLUMNS]
    cursor.execute(f"INSERT INTO claims ({', '.join(_COLUMNS)}) VALUES ({marks})", values)  # noqa: S608


def _swap(cursor: sqlite3.Cursor, seen: Claim, changes: Mapping[str, object]) -> Claim:
    after = replace(seen, **dict(changes), version=seen.version + 1)  # pyright: ignore[reportArgumentType]
    settings = ", ".join(f"{column} = ?" for column in _COLUMNS)
    cursor.execute(
        f"UPDATE claims SET {settings} WHERE site = ? AND serial = ? AND generation = ? AND version = ?",  # noqa: S608
        [
            *(_stored(getattr(after, column)) for column in _COLUMNS),
            *(seen.site, seen.serial, seen.generation, seen.version),
        ],
    )
    if cursor.rowcount != 1:
        raise LostClaimError(seen)
    return after


def _stored(value: object) -> object:
    return json.dumps(dict(value), sort_keys=True) if isinstance(value, Mapping) else value  # pyright: ignore[reportUnknownArgumentType]


def _next_generation(cursor: sqlite3.Cursor, claim: Claim) -> int:
    """Counts on over releases, so that no two claims of a server share an install id."""
    cursor.execute(
        "INSERT INTO generations VALUES (?, ?, 1)"
        " ON CONFLICT (site, serial) DO UPDATE SET generation = generation + 1",
        (claim.site, claim.serial),
    )
    found = cursor.execute(
        "SELECT generation FROM generations WHERE site = ? AND serial = ?", (claim.site, claim.serial)
    )
    return int(found.fetchone()[0])


def _epoch(cursor: sqlite3.Cursor, owner: str) -> tuple[int, str]:
    row = cursor.execute("SELECT epoch, run FROM runs WHERE owner = ?", (owner,)).fetchone()
    return (0, "") if row is None else (int(row[0]), str(row[1]))


def _put_epoch(cursor: sqlite3.Cursor, owner: str, epoch: int, run: str) -> None:
    cursor.execute(
        "INSERT INTO runs VALUES (?, ?, ?)"
        " ON CONFLICT (owner) DO UPDATE SET epoch = excluded.epoch, run = excluded.run",
        (owner, epoch, run),
    )


def _unavailable(path: Path, error: Exception) -> ClaimsUnavailableError:
    return ClaimsUnavailableError(
        f"{path}: the claims file cannot be used ({error}); check its folder, free space and rights,"
        " then run again: every step already recorded is kept"
    )
