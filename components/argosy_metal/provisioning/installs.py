"""What was offered to installers, in one SQLite file: handed out once, gone when its time is over.

The file holds secrets (user data, tokens) and is made readable for its owner alone.
"""

from __future__ import annotations

import hmac
import json
import os
import re
import secrets
import sqlite3
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from argosy_metal.provisioning.join import RefusedJoinError, parse_join

_TABLES = """
CREATE TABLE IF NOT EXISTS installs (
  install_id TEXT PRIMARY KEY, serial TEXT NOT NULL, offer TEXT NOT NULL, user_data BLOB, token TEXT NOT NULL,
  expires REAL NOT NULL, user_data_taken INTEGER NOT NULL DEFAULT 0, withdrawn INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX IF NOT EXISTS installs_by_serial ON installs (serial);
CREATE INDEX IF NOT EXISTS installs_by_token ON installs (token);
CREATE TABLE IF NOT EXISTS reports (serial TEXT PRIMARY KEY, report TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS acceptances (serial TEXT PRIMARY KEY, report TEXT NOT NULL) STRICT;
"""
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
"""Ids and serial numbers: they come to stand in a shell script and in URLs."""
_SHA256 = re.compile(r"[0-9a-f]{64}")
_MAY_BE_OFFERED = ("join",)
_OFFERED = ("serial", "image", "boot_method", "root_device_hints")


class RefusedOfferError(Exception):
    """What was offered has the wrong shape; the message says where."""


class NotForYouError(Exception):
    """The token is not this install's, its time is over, or it was withdrawn."""


class GoneError(Exception):
    """It was handed out already, and is handed out once only."""


@dataclass(frozen=True)
class Install:
    """One installation as it was offered."""

    install_id: str
    serial: str
    offer: Mapping[str, Any]
    """Image, boot method, root device hints: no secrets."""
    token: str = field(repr=False)
    expires: float
    """Unix time; from then on nothing is handed out."""
    user_data_taken: bool
    withdrawn: bool


class Installs:
    """The installations of one hall. Used from one thread."""

    def __init__(self, path: Path, now: Callable[[], float], lifetime_seconds: float) -> None:
        self._now = now
        self._lifetime_seconds = lifetime_seconds
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.execute("PRAGMA secure_delete = ON")
        self._connection.executescript(_TABLES)

    def offer(self, install_id: str, body: Mapping[str, Any]) -> Install:
        """Take an offer. The same one again changes nothing; another one under its id is refused.

        Raises RefusedOfferError.
        """
        if not _WORD.fullmatch(install_id):
            raise RefusedOfferError("install id: expected letters, digits, `.`, `_`, `-`")
        offer, user_data = _checked(body)
        text = json.dumps(offer, sort_keys=True)
        held = self._row("install_id", install_id)
        if held is not None:
            if (json.dumps(held.offer, sort_keys=True), held.withdrawn) != (text, False):
                raise RefusedOfferError("another offer stands under this install id already")
            return held
        self._connection.execute(
            "INSERT INTO installs (install_id, serial, offer, user_data, token, expires)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (
                *(install_id, offer["serial"], text, user_data, secrets.token_urlsafe(24)),
                self._now() + self._lifetime_seconds,
            ),
        )
        found = self._row("install_id", install_id)
        assert found is not None, "it was written just now"  # noqa: S101
        return found

    def withdraw(self, install_id: str) -> bool:
        """Hand it out no more, and drop its user data; its machine may still phone home. False if unknown."""
        changed = self._connection.execute(
            "UPDATE installs SET withdrawn = 1, user_data = NULL WHERE install_id = ?", (install_id,)
        )
        return changed.rowcount == 1

    def find(self, install_id: str) -> Install | None:
        """The install that may still be handed out under this id."""
        return self._living(self._row("install_id", install_id))

    def latest_of(self, serial: str, at: float | None = None) -> Install | None:
        """The newest install of a server that may still be handed out, now or `at` another moment."""
        return self._living(self._row("serial", serial), at)

    def authorized(self, install_id: str, token: str) -> Install:
        """The install, if the token is its own. Raises NotForYouError."""
        install = self.find(install_id)
        if install is None or not _equal(token, install.token):
            raise NotForYouError
        return install

    def by_token(self, token: str) -> Install:
        """The install that a token belongs to. Raises NotForYouError."""
        install = self._living(self._row("token", token))
        if install is None:
            raise NotForYouError
        return install

    def assert_not_taken(self, install: Install) -> None:
        """Raise GoneError if its user data was handed out already."""
        held = self._row("install_id", install.install_id)
        if held is None or held.user_data_taken or held.withdrawn:
            raise GoneError

    def take_user_data(self, install: Install) -> bytes:
        """Its user data, once; empty if there is none. Raises GoneError the second time."""
        taken = self._connection.execute(
            "UPDATE installs SET user_data_taken = 1 WHERE install_id = ? AND user_data_taken = 0"
            " AND withdrawn = 0",
            (install.install_id,),
        )
        if taken.rowcount != 1:
            raise GoneError
        row = self._connection.execute(
            "SELECT user_data FROM installs WHERE install_id = ?", (install.install_id,)
        ).fetchone()
        # What was handed out need not be kept.
        self._connection.execute(
            "UPDATE installs SET user_data = NULL WHERE install_id = ?", (install.install_id,)
        )
        return row[0] or b""

    def report(self, serial: str, token: str, report: Mapping[str, Any]) -> Install:
        """Keep what a machine or its installer says. Raises NotForYouError unless the install is its own."""
        install = self._reporting(serial, token, report)
        self._connection.execute(
            "INSERT OR REPLACE INTO reports VALUES (?, ?)", (serial, json.dumps(report, sort_keys=True))
        )
        return install

    def accept(self, serial: str, token: str, report: Mapping[str, Any]) -> None:
        """Keep what a machine's tests have shown. Raises NotForYouError unless the install is its own."""
        self._reporting(serial, token, report)
        self._connection.execute(
            "INSERT OR REPLACE INTO acceptances VALUES (?, ?)", (serial, json.dumps(report, sort_keys=True))
        )

    def acceptance_of(self, serial: str) -> dict[str, Any] | None:
        """What a server's tests have shown last."""
        row = self._connection.execute(
            "SELECT report FROM acceptances WHERE serial = ?", (serial,)
        ).fetchone()
        return None if row is None else json.loads(row[0])

    def _reporting(self, serial: str, token: str, report: Mapping[str, Any]) -> Install:
        install = self._row("install_id", str(report.get("install_id")))
        # A machine reports at every boot, long after its installation: only the token and the serial count.
        if install is None or install.serial != serial or not _equal(token, install.token):
            raise NotForYouError
        return install

    def report_of(self, serial: str) -> dict[str, Any] | None:
        """What was last heard of a server."""
        row = self._connection.execute("SELECT report FROM reports WHERE serial = ?", (serial,)).fetchone()
        return None if row is None else json.loads(row[0])

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def _living(self, install: Install | None, at: float | None = None) -> Install | None:
        moment = self._now() if at is None else at
        if install is None or install.withdrawn or install.expires <= moment:
            return None
        return install

    def _row(self, column: str, value: str) -> Install | None:
        row = self._connection.execute(
            "SELECT install_id, serial, offer, token, expires, user_data_taken, withdrawn FROM installs"  # noqa: S608
            f" WHERE {column} = ? ORDER BY rowid DESC LIMIT 1",
            (value,),
        ).fetchone()
        if row is None:
            return None
        return Install(row[0], row[1], json.loads(row[2]), row[3], row[4], bool(row[5]), bool(row[6]))


def _checked(body: Mapping[str, Any]) -> tuple[dict[str, Any], bytes | None]:
    missing = [name for name in _OFFERED if name not in body]
    if missing:
        raise RefusedOfferError(f"{', '.join(missing)} missing")
    image = body["image"]
    if not isinstance(image, dict) or not isinstance(cast("dict[str, Any]", image).get("sha256"), str):
        raise RefusedOfferError("image: expected an object with url, sha256 and kind")
    if not _SHA256.fullmatch(cast("dict[str, str]", image)["sha256"]):
        raise RefusedOfferError("image.sha256: expected 64 lower-case hex digits")
    if not _WORD.fullmatch(str(body["serial"])) or not isinstance(body["root_device_hints"], dict):
        raise RefusedOfferError(
            "serial: expected letters, digits, `.`, `_`, `-`; root_device_hints: an object"
        )
    try:
        parse_join(body.get("join"))
    except RefusedJoinError as error:
        raise RefusedOfferError(str(error)) from None
    kept = {name: body[name] for name in (*_OFFERED, *_MAY_BE_OFFERED) if name in body}
    return kept, _decoded(body.get("user_data"))


def _decoded(user_data: object) -> bytes | None:
    if user_data is None:
        return None
    try:
        return b64decode(str(user_data), validate=True)
    except (Base64Error, ValueError):
        raise RefusedOfferError("user_data: expected base64") from None


def _equal(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(), expected.encode())
