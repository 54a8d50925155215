"""What is remembered of a server beside its machine: with its claim, so that it survives a killed run."""

from __future__ import annotations

from typing import Any, cast

from argosy_metal.lifecycle.journal import Journal


class Notes:
    """One subject's notes in a claim's record. What is noted is no secret, and is gone with the claim."""

    def __init__(self, journal: Journal, subject: str) -> None:
        self._journal = journal
        self._subject = subject

    def read(self) -> dict[str, Any]:
        """What was noted; empty if nothing was."""
        found = self._journal.claim.record.get(self._subject)
        return dict(cast("dict[str, Any]", found)) if isinstance(found, dict) else {}

    async def write(self, **changes: object) -> None:
        """Note `changes` beside what is there. Raises LostClaimError or StaleRunError."""
        noted = {**self.read(), **changes}
        if noted != self.read():
            await self._journal.write(record={**self._journal.claim.record, self._subject: noted})

    async def clear(self) -> None:
        """Forget the subject."""
        record = dict(self._journal.claim.record)
        if record.pop(self._subject, None) is not None:
            await self._journal.write(record=record)
