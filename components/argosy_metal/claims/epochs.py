"""Which run of a stack is the newest, as rows: each run has a number, and only the highest may write."""

from __future__ import annotations

from argosy_metal.claims.fencing import FENCED, taken_over
from argosy_metal.claims.rows import Cursor, one


def newest(cursor: Cursor, owner: str, lock: str = "") -> int:
    """The number of the newest run of a stack; 0 if none has written.

    `lock` ends the statement: it keeps the number as it is until this transaction ends.
    """
    row = one(cursor, f"SELECT epoch FROM runs WHERE owner = ?{lock}", owner)  # noqa: S608 - our own words
    return 0 if row is None else int(row[0])


def take(cursor: Cursor, owner: str, run: str) -> int:
    """The number of a run, which the runs before it lose by. Providers of one run share it.

    Raises StaleRunError for a run that has been overtaken: a provider that it starts late wins nothing back.
    """
    # First the row, so that of two runs the one that comes second sees the first one's word.
    cursor.execute(
        "INSERT INTO runs VALUES (?, 0, '') ON CONFLICT (owner) DO UPDATE SET epoch = runs.epoch", (owner,)
    )
    if one(cursor, "SELECT 1 FROM past_runs WHERE owner = ? AND run = ?", owner, run):
        raise taken_over(owner)
    epoch, holder = one(cursor, "SELECT epoch, run FROM runs WHERE owner = ?", owner)
    return int(epoch) if holder == run else _put(cursor, owner, int(epoch) + 1, run, str(holder))


def fence(cursor: Cursor, owner: str) -> bool:
    """Give the next number to nobody, so that every run so far loses; false if none has written."""
    # First the row, so that no run takes a number meanwhile.
    cursor.execute("UPDATE runs SET epoch = epoch WHERE owner = ?", (owner,))
    row = one(cursor, "SELECT epoch, run FROM runs WHERE owner = ?", owner)
    if row is not None:
        _put(cursor, owner, int(row[0]) + 1, FENCED, str(row[1]))
    return row is not None


def _put(cursor: Cursor, owner: str, epoch: int, run: str, before: str) -> int:
    if before not in ("", FENCED):
        cursor.execute("INSERT INTO past_runs VALUES (?, ?) ON CONFLICT DO NOTHING", (owner, before))
    cursor.execute("UPDATE runs SET epoch = ?, run = ? WHERE owner = ?", (epoch, run, owner))
    return epoch
