"""The claims of a hall in an SQLite file: grants and refusals by compare-and-swap, fenced per run."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Generator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

from argosy_metal.claims import rows
from argosy_metal.claims.claim import Claim, ClaimsUnavailableError, ForeignClaimError, StaleRunError
from argosy_metal.claims.database import explained, open_to_write, opened_to_read
from argosy_metal.claims.run import RunIdentity


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
        if not self._exists():
            return None
        with self._cursor() as cursor:
            return rows.select(cursor, site, serial)

    def generation_of(self, site: str, serial: str) -> int:
        """How often this store has granted a server; 0 if it does not know it. Creates no file."""
        if not self._exists():
            return 0
        with self._cursor() as cursor:
            return rows.generation_of(cursor, site, serial)

    def identity(self) -> str:
        """Differs from any other claims file's; made with the file."""
        with self._cursor() as cursor:
            return str(cursor.execute("SELECT id FROM store").fetchone()[0])

    def note_install(self, claim: Claim, install_id: str, *, made_here: bool) -> None:
        """Remember an installation on a claimed server: one of ours, or one that is known to be over."""
        with self._write(claim.owner) as cursor:
            cursor.execute(
                "INSERT OR IGNORE INTO installs VALUES (?, ?, ?, ?)",
                (claim.site, claim.serial, install_id, int(made_here)),
            )

    def knows_install(self, site: str, serial: str, install_id: str, *, made_here: bool = False) -> bool:
        """Whether an installation was noted; with `made_here`, as one of this store's own."""
        if not self._exists():
            return False
        with self._cursor() as cursor:
            found = cursor.execute(
                "SELECT max(made_here) FROM installs WHERE site = ? AND serial = ? AND install_id = ?",
                (site, serial, install_id),
            ).fetchone()[0]
        return found is not None and found >= made_here

    def claim(self, wanted: Claim) -> Claim:
        """Grant the server, or give back the claim that the same owner's same resource already holds.

        Raises ForeignClaimError if anyone else holds it, StaleRunError if this run may no longer write.
        """
        with self._write(wanted.owner) as cursor:
            held = rows.select(cursor, wanted.site, wanted.serial)
            if held is None:
                granted = replace(wanted, generation=rows.next_generation(cursor, wanted))
                rows.insert(cursor, granted)
                return granted
            if (held.owner, held.holder) != (wanted.owner, wanted.holder):
                raise ForeignClaimError(held, f"slot {wanted.slot} of stack {wanted.owner}")
            return rows.swap(cursor, held, {"slot": wanted.slot, "record": wanted.record})

    def change(self, claim: Claim, **changes: object) -> Claim:
        """Write `changes` if the row is still exactly `claim`; the row as it is now.

        Raises LostClaimError if it is not, StaleRunError if this run may no longer write.
        """
        with self._write(claim.owner) as cursor:
            return rows.swap(cursor, claim, changes)

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
        with self._lock, _readable(self.path):
            if self._connection is None:
                self._connection = open_to_write(self.path)
            with closing(self._connection.cursor()) as cursor:
                yield cursor

    def _exists(self) -> bool:
        with explained(self.path):
            return self.path.exists()


def read_claims(path: Path) -> tuple[Claim, ...]:
    """Every claim in the file, by site and slot; none if there is no file. Writes nothing, waits 2 s at most.

    Raises ClaimsUnavailableError when the file cannot be used.
    """
    with _readable(path), opened_to_read(path) as database:
        return () if database is None else rows.select_all(database)


@contextmanager
def _readable(path: Path) -> Generator[None]:
    try:
        with explained(path):
            yield
    except rows.DamagedRowError as error:
        raise ClaimsUnavailableError(
            f"{path}: {error}; restore the file from a backup, or mend that row"
        ) from error


def _epoch(cursor: sqlite3.Cursor, owner: str) -> tuple[int, str]:
    row = cursor.execute("SELECT epoch, run FROM runs WHERE owner = ?", (owner,)).fetchone()
    return (0, "") if row is None else (int(row[0]), str(row[1]))


def _put_epoch(cursor: sqlite3.Cursor, owner: str, epoch: int, run: str) -> None:
    cursor.execute(
        "INSERT INTO runs VALUES (?, ?, ?)"
        " ON CONFLICT (owner) DO UPDATE SET epoch = excluded.epoch, run = excluded.run",
        (owner, epoch, run),
    )
