"""Claims as rows, in SQL that SQLite and PostgreSQL both understand, inside a transaction that is open."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from argosy_metal.claims.claim import Claim, ForeignClaimError, LostClaimError
from argosy_metal.claims.record import COLUMNS, NUMBERS, OPTIONAL_TEXTS, DamagedClaimError, claim_from

_SELECT = f"SELECT {', '.join(COLUMNS)} FROM claims"  # noqa: S608 - our own names

_WRITTEN = (*COLUMNS, "hardware")
"""The columns, and what is worked out of them to be unique."""


def _declared(column: str) -> str:
    if column in NUMBERS:
        return f"{column} INTEGER NOT NULL"
    return f"{column} TEXT" if column in OPTIONAL_TEXTS else f"{column} TEXT NOT NULL"


TABLES = (
    f"CREATE TABLE claims ({', '.join(map(_declared, COLUMNS))}, hardware TEXT UNIQUE,"
    " PRIMARY KEY (site, serial))",
    "CREATE TABLE hardware (digest TEXT PRIMARY KEY)",
    """CREATE TABLE generations (
      site TEXT NOT NULL, serial TEXT NOT NULL, generation INTEGER NOT NULL, PRIMARY KEY (site, serial)
    )""",
    """CREATE TABLE installs (
      site TEXT NOT NULL, serial TEXT NOT NULL, install_id TEXT NOT NULL, made_here INTEGER NOT NULL,
      PRIMARY KEY (site, serial, install_id)
    )""",
    "CREATE TABLE runs (owner TEXT PRIMARY KEY, epoch INTEGER NOT NULL, run TEXT NOT NULL)",
    "CREATE TABLE past_runs (owner TEXT NOT NULL, run TEXT NOT NULL, PRIMARY KEY (owner, run))",
)
"""What every database has; beside them it keeps its own identity and version."""


class Cursor(Protocol):
    """One open transaction. A parameter's place is marked by `?`."""

    @property
    def rowcount(self) -> int:
        """How many rows the last statement changed."""
        ...

    def execute(self, statement: str, values: Sequence[object] = (), /) -> object:
        """Run one statement."""
        ...

    def fetchone(self) -> Any:
        """The next row of the last statement, or None."""
        ...

    def fetchall(self) -> list[Any]:
        """The rows of the last statement that are left."""
        ...


def one(cursor: Cursor, statement: str, *values: object) -> Any:
    """The first row of a statement, or None."""
    cursor.execute(statement, values)
    return cursor.fetchone()


def select(cursor: Cursor, site: str, serial: str) -> Claim | None:
    """The claim on a server. Raises DamagedClaimError."""
    row = one(cursor, f"{_SELECT} WHERE site = ? AND serial = ?", site, serial)
    return None if row is None else _claim(row)


def select_all(cursor: Cursor) -> tuple[Claim, ...]:
    """Every claim, by site and slot. Raises DamagedClaimError."""
    cursor.execute(_SELECT)
    claims = [_claim(row) for row in cursor.fetchall()]
    # Sorted here: databases differ in how they order text.
    return tuple(sorted(claims, key=lambda claim: (claim.site, claim.slot, claim.serial)))


def insert(cursor: Cursor, claim: Claim) -> None:
    """Write a new claim. Raises ForeignClaimError if its hardware is claimed under another name."""
    _assert_free(cursor, claim)
    marks = ", ".join("?" * len(_WRITTEN))
    values = [_stored(getattr(claim, column)) for column in _WRITTEN]
    cursor.execute(f"INSERT INTO claims ({', '.join(_WRITTEN)}) VALUES ({marks})", values)  # noqa: S608


def swap(cursor: Cursor, seen: Claim, changes: Mapping[str, object]) -> Claim:
    """Write `changes` if the row is still `seen`. Raises LostClaimError if it is not.

    Raises ForeignClaimError if it would be on hardware that is claimed under another name.
    """
    after = replace(seen, **dict(changes), version=seen.version + 1)  # pyright: ignore[reportArgumentType]
    if after.hardware != seen.hardware:
        _assert_free(cursor, after)
    settings = ", ".join(f"{column} = ?" for column in _WRITTEN)
    cursor.execute(
        f"UPDATE claims SET {settings} WHERE site = ? AND serial = ? AND generation = ? AND version = ?",  # noqa: S608
        [
            *(_stored(getattr(after, column)) for column in _WRITTEN),
            *(seen.site, seen.serial, seen.generation, seen.version),
        ],
    )
    if cursor.rowcount != 1:
        raise LostClaimError(seen)
    return after


def delete(cursor: Cursor, claim: Claim) -> None:
    """Remove this very claim; no error if it is gone."""
    cursor.execute(
        "DELETE FROM claims WHERE site = ? AND serial = ? AND owner = ? AND generation = ?",
        (claim.site, claim.serial, claim.owner, claim.generation),
    )


def generation_of(cursor: Cursor, site: str, serial: str) -> int:
    """How often a server was claimed so far."""
    row = one(cursor, "SELECT generation FROM generations WHERE site = ? AND serial = ?", site, serial)
    return 0 if row is None else int(row[0])


def lock_server(cursor: Cursor, site: str, serial: str) -> int:
    """Make other claimants of the server wait for this transaction's end; how often it was claimed so far."""
    cursor.execute(
        "INSERT INTO generations VALUES (?, ?, 0)"
        " ON CONFLICT (site, serial) DO UPDATE SET generation = generations.generation",
        (site, serial),
    )
    return generation_of(cursor, site, serial)


def put_generation(cursor: Cursor, claim: Claim) -> None:
    """Counts on over releases, so that no two claims of a server share an install id."""
    cursor.execute(
        "UPDATE generations SET generation = ? WHERE site = ? AND serial = ?",
        (claim.generation, claim.site, claim.serial),
    )


def note_install(cursor: Cursor, claim: Claim, install_id: str, made_here: bool) -> None:
    """Remember an installation; the first word about it counts."""
    cursor.execute(
        "INSERT INTO installs VALUES (?, ?, ?, ?) ON CONFLICT (site, serial, install_id) DO NOTHING",
        (claim.site, claim.serial, install_id, int(made_here)),
    )


def knows_install(cursor: Cursor, site: str, serial: str, install_id: str, made_here: bool) -> bool:
    """Whether an installation was noted; with `made_here`, as one of this store's own."""
    row = one(
        cursor,
        "SELECT made_here FROM installs WHERE site = ? AND serial = ? AND install_id = ?",
        *(site, serial, install_id),
    )
    return row is not None and int(row[0]) >= made_here


def _assert_free(cursor: Cursor, wanted: Claim) -> None:
    if wanted.hardware is None:
        return
    # First the row, so that of two claimants the second waits here and then sees the first one's claim.
    cursor.execute(
        "INSERT INTO hardware VALUES (?) ON CONFLICT (digest) DO UPDATE SET digest = hardware.digest",
        (wanted.hardware,),
    )
    row = one(
        cursor,
        f"{_SELECT} WHERE hardware = ? AND NOT (site = ? AND serial = ?)",
        *(wanted.hardware, wanted.site, wanted.serial),
    )
    if row is not None:
        raise ForeignClaimError.of(_claim(row), wanted)


def _claim(row: Sequence[Any]) -> Claim:
    values: dict[str, Any] = dict(zip(COLUMNS, row, strict=True))
    site, serial = str(values["site"]), str(values["serial"])
    try:
        values["record"] = json.loads(values["record"])
    except (ValueError, RecursionError) as error:
        raise DamagedClaimError(site, serial, error) from error
    return claim_from(values, site, serial)


def _stored(value: object) -> object:
    return json.dumps(dict(value), sort_keys=True) if isinstance(value, Mapping) else value  # pyright: ignore[reportUnknownArgumentType]
