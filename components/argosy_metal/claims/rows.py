"""Claims as rows of the claims file, inside a transaction that the store has opened."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from argosy_metal.claims.claim import Claim, LostClaimError, Phase

_COLUMNS = tuple(field.name for field in fields(Claim))
_SELECT = f"SELECT {', '.join(_COLUMNS)} FROM claims"  # noqa: S608 - our own names


class DamagedRowError(Exception):
    """A row that no argosy has written; names the server."""


def select(cursor: sqlite3.Cursor, site: str, serial: str) -> Claim | None:
    """The claim on a server."""
    row = cursor.execute(f"{_SELECT} WHERE site = ? AND serial = ?", (site, serial)).fetchone()
    return None if row is None else _claim(row)


def select_all(connection: sqlite3.Connection) -> tuple[Claim, ...]:
    """Every claim, by site and slot."""
    return tuple(_claim(row) for row in connection.execute(f"{_SELECT} ORDER BY site, slot, serial"))


def insert(cursor: sqlite3.Cursor, claim: Claim) -> None:
    """Write a new claim."""
    marks = ", ".join("?" * len(_COLUMNS))
    values = [_stored(getattr(claim, column)) for column in _COLUMNS]
    cursor.execute(f"INSERT INTO claims ({', '.join(_COLUMNS)}) VALUES ({marks})", values)  # noqa: S608


def swap(cursor: sqlite3.Cursor, seen: Claim, changes: Mapping[str, object]) -> Claim:
    """Write `changes` if the row is still `seen`. Raises LostClaimError if it is not."""
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


def generation_of(cursor: sqlite3.Cursor, site: str, serial: str) -> int:
    """How often a server was claimed so far."""
    row = cursor.execute(
        "SELECT generation FROM generations WHERE site = ? AND serial = ?", (site, serial)
    ).fetchone()
    return 0 if row is None else int(row[0])


def next_generation(cursor: sqlite3.Cursor, claim: Claim) -> int:
    """Counts on over releases, so that no two claims of a server share an install id."""
    cursor.execute(
        "INSERT INTO generations VALUES (?, ?, 1)"
        " ON CONFLICT (site, serial) DO UPDATE SET generation = generation + 1",
        (claim.site, claim.serial),
    )
    return generation_of(cursor, claim.site, claim.serial)


def _claim(row: tuple[Any, ...]) -> Claim:
    values: dict[str, Any] = dict(zip(_COLUMNS, row, strict=True))
    server = f"{values['site']}/{values['serial']}"
    try:
        values |= {"phase": Phase(values["phase"]), "record": json.loads(values["record"])}
    except ValueError as error:
        raise DamagedRowError(f"the claim on server {server} is damaged ({error})") from error
    if not isinstance(values["record"], dict):
        raise DamagedRowError(f"the claim on server {server} is damaged (its record is no object)")
    return Claim(**values)


def _stored(value: object) -> object:
    return json.dumps(dict(value), sort_keys=True) if isinstance(value, Mapping) else value  # pyright: ignore[reportUnknownArgumentType]
