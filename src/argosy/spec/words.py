"""How values that a person wrote are shown back: short, on one line, and never a secret."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from unicodedata import category

from argosy.spec.secrets import hides, looks_secret

_LONGEST_SHOWN = 60
_OBEYED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def shown(value: object, text: str | None = None) -> str:
    """A value for the words `given …`. `text` is what stands in the file, where that is known."""
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "a mapping" if value else "an empty mapping"
    if isinstance(value, (list, tuple)):
        return "a list" if value else "an empty list"
    if isinstance(value, str):
        return shown_text(value)
    if isinstance(value, bool):
        return str(value).lower()
    return text or (f"{value:f}" if isinstance(value, Decimal) else str(value))


def shown_text(text: str) -> str:
    """Text in quotes, cut when it is long; only its kind when it looks like a secret."""
    secret = looks_secret(text)
    if secret:
        return f"what looks like {secret} (not shown)"
    return repr(_cut(text))


def shortened(text: str) -> str:
    """Text without quotes, cut to what fits in a message, on one line."""
    return "".join(char if char.isprintable() else "�" for char in _cut(text))


def visible(text: str) -> str:
    r"""Text with what a terminal would obey instead of showing it as `\x1b`, on one line.

    That is every control character (C0, C1, and so escape sequences), what turns the direction of writing or
    has no width, lone surrogates, code points without a meaning, and separators of lines.
    Source: Unicode 16.0, chapter 4.5, general categories.
    """
    return "".join(
        char.encode("unicode_escape").decode("ascii") if category(char) in _OBEYED else char for char in text
    )


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 1] + "…"


def listed(words: Iterable[str]) -> str:
    """Words to choose from: `reserved, block or spot`."""
    *others, last = words
    return f"{', '.join(others)} or {last}" if others else last


def shown_key(key: str | int) -> str:
    """A key in quotes, unless it may be a secret."""
    return "(not shown: it looks like a password)" if hides(str(key)) else shown_text(str(key))


def counted(count: int, noun: str) -> str:
    """`1 node`, `2 nodes`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
