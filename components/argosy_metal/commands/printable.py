"""Text that others have written, as a command may show it: it moves no cursor, hides nothing, and ends."""

from __future__ import annotations

from argosy.spec.words import visible


def printable(text: str, most: int = 200) -> str:
    r"""The text in one line of at most `most` characters, with what is no visible character as `\x1b`.

    A longer text ends in `…`.
    """
    shown = visible(text[: most + 1])
    return shown if len(shown) <= most else shown[: most - 1] + "…"
