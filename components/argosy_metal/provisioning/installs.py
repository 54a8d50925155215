"""What was offered to installers, in one SQLite file: handed out once, gone when its time is over.

The file holds secrets (user data, tokens) and is made readable for its owner alone.
"""

from __future__ import annotations

import json
import os
import secrets
import sqlite3
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from argosy_metal.provisioning.edge import SHA256, WORD, is_same
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
_PXE = "pxe"
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
    number: int = 0
    """Counts the offers of a hall, so that of two the newer one is known."""


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
        if not WORD.fullmatch(install_id):
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

    def to_boot_by_pxe(self, serial: str, at: float | None = None) -> Install | None:
        """The install that a server which boots by PXE is to begin, now or `at` another moment."""
        install = self.latest_of(serial, at)
        if install is None or install.offer["boot_method"] != _PXE or self.is_begun(install):
            return None
        return install

    def is_begun(self, install: Install) -> bool:
        """Whether its installer has what it needs: its user data was taken, or a report has come."""
        return install.user_data_taken or self._number_heard(install.serial) >= install.number

    def authorized(self, install_id: str, token: str) -> Install:
        """The install, if the token is its own. Raises NotForYouError."""
        install = self.find(install_id)
        if install is None or not is_same(token, install.token):
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
        """Keep what a machine or its installer says.

        Raises NotForYouError unless the install is its own, and the one whose system may be what runs.
        """
        install = self._reporting(serial, token, report)
        self._connection.execute(
            "INSERT OR REPLACE INTO reports VALUES (?, ?)", (serial, json.dumps(report, sort_keys=True))
        )
        return install

    def accept(self, serial: str, token: str, report: Mapping[str, Any]) -> None:
        """Keep what a machine's tests have shown. Raises NotForYouError as `report` does."""
        self._reporting(serial, token, report)
        self._connection.execute(
            "INSERT OR REPLACE INTO acceptances VALUES (?, ?)", (serial, json.dumps(report, sort_keys=True))
        )

    def acceptance_of(self, serial: str) -> dict[str, Any] | None:
        """What a server's tests have shown last."""
        return self._last("acceptances", serial)

    def _reporting(self, serial: str, token: str, report: Mapping[str, Any]) -> Install:
        install = self._row("install_id", str(report.get("install_id")))
        # A machine reports at every boot, long after its installation: its offer may be over.
        if install is None or install.serial != serial or not is_same(token, install.token):
            raise NotForYouError
        if self._is_superseded(install):
            raise NotForYouError
        return install

    def _is_superseded(self, install: Install) -> bool:
        """Whether its system cannot be what runs, whoever still knows its token.

        Until a newer install has reported, the system before it may still run and reboot, unless that was
        withdrawn, which is done once its server is off. The newest one may always report: a server that was
        taken down half-way only is switched on again as it is.
        """
        newest = self._row("serial", install.serial)
        if newest is None or newest.number == install.number:
            return False
        return install.withdrawn or self._number_heard(install.serial) > install.number

    def _number_heard(self, serial: str) -> int:
        """The number of the install that a server has reported last; 0 if it has reported none."""
        report = self.report_of(serial)
        install = None if report is None else self._row("install_id", report["install_id"])
        return 0 if install is None else install.number

    def report_of(self, serial: str) -> dict[str, Any] | None:
        """What was last heard of a server."""
        return self._last("reports", serial)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def _last(self, table: str, serial: str) -> dict[str, Any] | None:
        query = f"SELECT report FROM {table} WHERE serial = ?"  # noqa: S608
        row = self._connection.execute(query, (serial,)).fetchone()
        return None if row is None else json.loads(row[0])

    def _living(self, install: Install | None, at: float | None = None) -> Install | None:
        moment = self._now() if at is None else at
        if install is None or install.withdrawn or install.expires <= moment:
            return None
        return install

    def _row(self, column: str, value: str) -> Install | None:
        row = self._connection.execute(
            "SELECT install_id, serial, offer, token, expires, user_data_taken, withdrawn, rowid"  # noqa: S608
            f" FROM installs WHERE {column} = ? ORDER BY rowid DESC LIMIT 1",
            (value,),
        ).fetchone()
        if row is None:
            return None
        return Install(row[0], row[1], json.loads(row[2]), row[3], row[4], bool(row[5]), bool(row[6]), row[7])


def _checked(body: Mapping[str, Any]) -> tuple[dict[str, Any], bytes | None]:
    missing = [name for name in _OFFERED if name not in body]
    if missing:
        raise RefusedOfferError(f"{', '.join(missing)} missing")
    image = body["image"]
    if not isinstance(image, dict) or not isinstance(cast("dict[str, Any]", image).get("sha256"), str):
        raise RefusedOfferError("image: expected an object with url, sha256 and kind")
    if not SHA256.fullmatch(cast("dict[str, str]", image)["sha256"]):
        raise RefusedOfferError("image.sha256: expected 64 lower-case hex digits")
    serial = body["serial"]
    if (
        not isinstance(serial, str)
        or not WORD.fullmatch(serial)
        or not isinstance(body["root_device_hints"], dict)
    ):
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
        if isinstance(user_data, str):
            return b64decode(user_data, validate=True)
    except (Base64Error, ValueError):
        pass
    raise RefusedOfferError("user_data: expected base64")
