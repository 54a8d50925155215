"""What a plain (unquoted) YAML scalar means, and which ones are refused because readers disagree about them.

The fleet file is read as YAML 1.2, core schema, narrowed to what every reader understands alike:

| written | read as |
|---|---|
| `true`, `false` | boolean |
| `16`, `-3`, `2_000_000_000` | whole number; underscores between digits are fine, long counts need them |
| `0.5`, `1.0` | decimal number, kept exactly as written |
| `NO`, `ON`, `Y` (upper case) | text: a country code is written so, and YAML 1.2 has it as text |
| anything else | text |

Refused, because YAML 1.1 or another reader makes something else of them: `no`, `yes`, `on`, `off`, `y`, `n`,
also capitalised (a boolean); `010`, `0o10`, `0x1F`, `0b1`, `1:30` (other bases); `1e3`, `.5`, `5.` (text or
number); `.inf`, `.nan`; a date where none is expected; an empty value. Source: yaml.org/spec/1.2.2 §10.3
against yaml.org/type (1.1).
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from decimal import Decimal

Scalar = bool | int | Decimal | str | None

_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE_FALSE = {"true": True, "false": False}
_INT = re.compile(r"[-+]?(0|[1-9][0-9]*(_[0-9]+)*)")
_DECIMAL = re.compile(r"[-+]?(0|[1-9][0-9]*)\.[0-9]+")
LONGEST_NUMBER = 30
"""Characters of the longest plain text that is read as a number."""

_TRAPS = (
    (re.compile(r"yes|no|on|off|y|n|Yes|No|On|Off|True|False|TRUE|FALSE"), "a boolean or text"),
    (re.compile(r"[-+]?0[0-9_]+"), "octal, decimal or text"),
    (re.compile(r"[-+]?0o[0-7_]+"), "octal or text"),
    (re.compile(r"[-+]?0[xX][0-9a-fA-F_]+"), "hexadecimal or text"),
    (re.compile(r"[-+]?0b[01_]+"), "binary or text"),
    (re.compile(r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9]*)?"), "base 60 or text"),
    (re.compile(r"[-+]?([0-9][0-9_]*(\.[0-9_]*)?|\.[0-9]+)[eE][-+]?[0-9]+"), "a number or text"),
    (re.compile(r"[-+]?(\.[0-9_]+|[0-9][0-9_]*\.|[0-9][0-9_]*\.[0-9_]+)"), "a number or text"),
    (re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"), "a value that is no number"),
    (re.compile(r"[-+]?[0-9][0-9_]*"), "a number or text"),
)
_DATE = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt ].*)?")
_SOME_DATE = re.compile(r"([0-9]{4})-?([0-9]{1,2})-?([0-9]{1,2})(?:[Tt ].*)?")


@dataclass(frozen=True)
class Trap:
    """A plain scalar that readers disagree about."""

    text: str
    reading: str
    """What the readers make of it: `a boolean or text`."""
    is_date: bool = False
    """A date or time: harmless where one is expected."""

    @property
    def is_word(self) -> bool:
        """A word that some readers take for a boolean."""
        return self.text.isalpha()


def read_plain(text: str) -> tuple[Scalar, Trap | None]:
    """The value of a plain scalar, and the trap it is, if any. The value of a trap is its text."""
    if text in _NULL:
        return None, None
    if text in _TRUE_FALSE:
        return _TRUE_FALSE[text], None
    if len(text) <= LONGEST_NUMBER:
        if _INT.fullmatch(text):
            return int(text), None
        if _DECIMAL.fullmatch(text):
            return Decimal(text), None
    return text, find_trap(text)


def find_trap(text: str) -> Trap | None:
    """The trap that this plain text is, or None."""
    for pattern, reading in _TRAPS:
        if pattern.fullmatch(text):
            return Trap(text, reading)
    if _DATE.fullmatch(text):
        return Trap(text, "a date or text", is_date=True)
    return None


def meant_date(text: str) -> str | None:
    """The day that this text means, as ISO 8601 writes it; None when it means none.

    `2026-7-20`, `20260720` and `2026-07-20T09:00Z` mean 2026-07-20; 2026-02-30 is on no calendar.
    """
    parts = _SOME_DATE.fullmatch(text)
    if parts is None:
        return None
    try:
        return dt.date(*(int(part) for part in parts.groups())).isoformat()
    except ValueError:
        return None
