"""The leases of runs as rows. Every moment is the database's: no two computers need agree on the time."""

from __future__ import annotations

from argosy_metal.claims.contract import RunLease
from argosy_metal.claims.heartbeat import LEASE_SECONDS
from argosy_metal.claims.rows import Cursor, one
from argosy_metal.claims.run import RunIdentity


class RowLeases:
    """One row for every process of a run that writes; a run is at work while any of them is."""

    def renew(self, cursor: Cursor, owner: str, run: RunIdentity, process: str) -> None:
        """Say that one process of a run is at work from now on; other runs' leases end."""
        cursor.execute(
            "DELETE FROM leases WHERE owner = ? AND (run <> ? OR ends < clock_timestamp())", (owner, run.key)
        )
        cursor.execute(
            "INSERT INTO leases VALUES (?, ?, ?, ?, clock_timestamp() + make_interval(secs => ?))"
            " ON CONFLICT (owner, process) DO UPDATE SET ends = excluded.ends",
            (owner, process, run.key, run.host, LEASE_SECONDS),
        )

    def end(self, cursor: Cursor, owner: str, process: str | None = None) -> None:
        """Say that one process has ended, or every run of the stack."""
        cursor.execute(
            "DELETE FROM leases WHERE owner = ? AND process = coalesce(?, process)", (owner, process)
        )

    def find(self, cursor: Cursor, owner: str) -> RunLease | None:
        """The lease that lasts longest of a stack's newest run."""
        row = one(
            cursor,
            "SELECT run, host, extract(epoch FROM ends - clock_timestamp())::float8 FROM leases"
            " WHERE owner = ? ORDER BY ends DESC LIMIT 1",
            owner,
        )
        return None if row is None else RunLease(owner, str(row[0]), str(row[1]), float(row[2]))
