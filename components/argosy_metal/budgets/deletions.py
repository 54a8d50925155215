"""How many machines one run may take down for good."""

from __future__ import annotations

from argosy.errors import ArgosyError

DELETIONS_VARIABLE = "ARGOSY_METAL_DELETIONS_PER_RUN"
"""Environment variable that raises the number for one run: a whole number, or `all`."""
ALL_DELETIONS = "all"


class TooManyDeletionsError(ArgosyError):
    """This run has taken down as many machines as a run may."""


class Deletions:
    """Counts the machines that a run takes down without a replacement; each once, however often asked."""

    def __init__(self, limit: int | None) -> None:
        self._limit = limit
        """None: as many as there are."""
        self._counted: set[str] = set()

    def count(self, server_id: str) -> None:
        """Count one more. Raises TooManyDeletionsError if that were too many; nothing was done then."""
        if self._limit is not None and len({*self._counted, server_id}) > self._limit:
            raise TooManyDeletionsError(
                f"{server_id} was left as it is: a run may take down {self._limit} machines of this hall"
                " (its budget `deletions_per_run`), and this one has; if more are meant, say how many for one"
                f" run: {DELETIONS_VARIABLE}=NUMBER (or `{ALL_DELETIONS}`) before the same pulumi command"
            )
        self._counted.add(server_id)


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
