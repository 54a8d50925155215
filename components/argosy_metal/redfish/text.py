"""Text that a BMC sent, as it may be shown and kept: on one line, bounded, nothing that a terminal obeys."""

from __future__ import annotations

LONGEST_TEXT = 1024
"""Characters; more than any name, serial number or path that hardware has."""
_UNSHOWN = "\N{REPLACEMENT CHARACTER}"


def clean(text: str, most: int = LONGEST_TEXT) -> str:
    """The first `most` characters, with a space for each other white space.

    What is no visible character (control characters and so escape sequences, what turns the direction of
    writing, lone surrogates) becomes U+FFFD.
    """
    cut = text[:most]
    return cut if cut.isprintable() else "".join(map(_visible, cut))


def _visible(char: str) -> str:
    if char.isprintable():
        return char
    return " " if char.isspace() else _UNSHOWN
