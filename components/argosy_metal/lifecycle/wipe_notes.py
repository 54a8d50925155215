"""What is remembered of a wipe that goes on: every drive that was ever seen, and the erase begun on it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from argosy_metal.lifecycle.journal import Journal
from argosy_metal.lifecycle.notes import Notes
from argosy_metal.lifecycle.wipe_drives import SeenDrive
from argosy_metal.redfish.drive_erase import EraseTask
from argosy_metal.redfish.storage import Drive

SUBJECT = "wipe"
_Noted = dict[str, dict[str, Any]]


class WipeNotes:
    """Kept with the claim, so that what a killed run saw and began is not forgotten.

    Notes from before another installation count for nothing. Methods that write raise LostClaimError or
    StaleRunError.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._notes = Notes(journal, SUBJECT)

    @property
    def seen(self) -> tuple[SeenDrive, ...]:
        """Every drive that was seen."""
        return tuple(SeenDrive.read(values) for values in self._read().values())

    @property
    def began(self) -> bool:
        """Whether any drive is being erased, or was."""
        return any("task" in values for values in self._read().values())

    async def see(self, drives: Iterable[Drive]) -> None:
        """Note the drives that are new."""
        found = map(SeenDrive.of, drives)
        await self._write({one.key: one.values() for one in found} | self._read())

    async def begin(self, drive: Drive, task: EraseTask) -> None:
        """Note the erase that runs on a drive, or has ended."""
        seen = SeenDrive.of(drive)
        await self._write(self._read() | {seen.key: {**task.values(), **seen.values()}})

    def task(self, drive: Drive) -> EraseTask | None:
        """The erase that was begun on a drive; None if none was."""
        values = self._read().get(SeenDrive.of(drive).key, {})
        return EraseTask.of(values) if "task" in values else None

    def is_of_another(self, drive: Drive, task: EraseTask) -> bool:
        """Whether the task is noted for another drive: it can prove only one of them."""
        own = SeenDrive.of(drive).key
        noted = (values for key, values in self._read().items() if key != own and "task" in values)
        others = map(EraseTask.of, noted)
        return any((task.task, task.started) == (other.task, other.started) for other in others)

    async def clear(self) -> None:
        """Forget all of it."""
        await self._notes.clear()

    def _read(self) -> _Noted:
        noted = self._notes.read()
        return cast(_Noted, noted["drives"]) if noted.get("machine") == self._mark() else {}

    async def _write(self, drives: _Noted) -> None:
        await self._notes.write(machine=self._mark(), drives=drives)

    def _mark(self) -> list[int]:
        claim = self._journal.claim
        return [claim.machine_number, claim.attempts]
