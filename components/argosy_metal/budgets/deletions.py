"""How many machines one run may take down for good."""

from __future__ import annotations

from argosy.errors import ArgosyError

DELETIONS_VARIABLE = "ARGOSY_METAL_DELETIONS_PER_RUN"
"""Environment variable that raises the number for one run: a whole number, or `all`."""
ALL_DELETIONS = "all"


class TooManyDeletionsError(ArgosyError):
    """This run has begun to take down as many machines as a run may."""


class Deletions:
    """Counts the machines that a run begins to take down without a replacement; each once.

    A server that was asked for and not reached is none of them: whoever counts has reached it before.
    """

    def __init__(self, limit: int | None) -> None:
        self._limit = limit
        """None: as many as there are."""
        self._begun: set[str] = set()

    def has_begun(self, server_id: str) -> bool:
        """Whether the server is counted already."""
        return server_id in self._begun

    def assert_place(self, server_id: str) -> None:
        """Raise TooManyDeletionsError if one more would be too many. Counts nothing."""
        if self._limit is None or len({*self._begun, server_id}) <= self._limit:
            return
        begun = f", and this one has begun with {', '.join(sorted(self._begun))}" if self._begun else ""
        machines = "1 machine" if self._limit == 1 else f"{self._limit} machines"
        raise TooManyDeletionsError(
            f"{server_id} was left as it is: a run may take down {machines} of this hall (its budget"
            f" `deletions_per_run`){begun}; if more are meant, say how many for one run:"
            f" {DELETIONS_VARIABLE}=NUMBER (or `{ALL_DELETIONS}`) before the same pulumi command"
        )

    def count(self, server_id: str) -> None:
        """Count one more. Raises TooManyDeletionsError if that were too many; nothing was done then."""
        self.assert_place(server_id)
        self._begun.add(server_id)


def deletions_allowed(configured: int | None, variable: str | None) -> int | None:
    """What one run may take down: the hall's own number, or the one that a person gave for this run.

    None: as many as there are. Raises ValueError for a variable that is neither a number nor `all`.
    """
    word = (variable or "").strip()
    if not word:
        return configured
    if word == ALL_DELETIONS:
        return None
    if not word.isdecimal():
        raise ValueError(
            f"{DELETIONS_VARIABLE}: given {word!r}; expected a whole number, or {ALL_DELETIONS!r}"
        )
    return int(word)
