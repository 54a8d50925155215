"""The claims of a hall in an SQLite file, for runs on one computer."""

from __future__ import annotations

from pathlib import Path

from argosy_metal.claims import rows
from argosy_metal.claims.claim import Claim
from argosy_metal.claims.run import RunIdentity
from argosy_metal.claims.sqlite.database import SqliteFile, opened_to_read
from argosy_metal.claims.table_store import TableStore


class SqliteClaimStore(TableStore):
    """The claims file as one process uses it. Looking makes no file."""

    def __init__(self, path: Path, run: RunIdentity) -> None:
        super().__init__(SqliteFile(path), run)
        self.path = path

    def read_all(self) -> tuple[Claim, ...]:
        """Every claim, by site and slot; none if there is no file. Writes nothing, waits 2 s at most."""
        with self._told(), opened_to_read(self.path) as cursor:
            return () if cursor is None else rows.select_all(cursor)
