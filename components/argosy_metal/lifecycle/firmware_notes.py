"""What is remembered of a server's firmware with its claim: updates sent, versions staged, results."""

from __future__ import annotations

from typing import Any, cast

from argosy_metal.lifecycle.firmware_decide import FirmwareImage
from argosy_metal.lifecycle.journal import Journal
from argosy_metal.lifecycle.notes import Notes

SUBJECT = "firmware"
_KEPT = 20
"""Entries of the history: a claim is a row, not a log."""


class FirmwareNotes:
    """Survives a killed run: whoever comes after knows what was sent, and asks the BMC what became of it."""

    def __init__(self, journal: Journal) -> None:
        self._notes = Notes(journal, SUBJECT)

    def sent(self, name: str, image: FirmwareImage) -> list[str] | None:
        """Tasks that the BMC knew before this very update was sent; None if it was not sent."""
        noted = self._of("sent").get(name)
        if not isinstance(noted, dict):
            return None
        entry = cast("dict[str, Any]", noted)
        return list(entry["before"]) if entry.get("sha256") == image.sha256 else None

    @property
    def staged(self) -> dict[str, str]:
        """Versions that were flashed and have not shown yet, by component."""
        return dict(self._of("staged"))

    @property
    def history(self) -> list[dict[str, str]]:
        """The last updates, oldest first: component, version, result."""
        return list(self._notes.read().get("history", []))

    def concerns(self, name: str) -> bool:
        """Whether an update of the component was sent or staged, and not seen in effect."""
        return name in self._of("sent") or name in self._of("staged")

    async def note_sent(self, name: str, image: FirmwareImage, before: list[str]) -> None:
        """Written before an update is sent."""
        entry = {"version": image.version, "sha256": image.sha256, "before": before}
        staged = {key: value for key, value in self._of("staged").items() if key != name}
        await self._notes.write(sent={**self._of("sent"), name: entry}, staged=staged)

    async def note_staged(self, name: str, version: str) -> None:
        """The flash is done, and the version waits for a reset."""
        await self._end(name, version, "flashed, waits for a reset", staged=True)

    async def note_in_effect(self, name: str, version: str) -> None:
        """The version shows."""
        await self._end(name, version, "in effect", staged=False)

    async def note_failed(self, name: str, version: str, reason: str) -> None:
        """It came to nothing; the next run tries again."""
        await self._end(name, version, f"failed: {reason}", staged=False)

    async def clear(self) -> None:
        """Forget everything."""
        await self._notes.clear()

    def _of(self, kind: str) -> dict[str, Any]:
        return dict(self._notes.read().get(kind, {}))

    async def _end(self, name: str, version: str, result: str, *, staged: bool) -> None:
        sent = {key: value for key, value in self._of("sent").items() if key != name}
        waiting = {key: value for key, value in self._of("staged").items() if key != name}
        entry = {"component": name, "version": version, "result": result}
        await self._notes.write(
            sent=sent,
            staged={**waiting, name: version} if staged else waiting,
            history=[*self.history, entry][-_KEPT:],
        )
