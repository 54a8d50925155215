"""Where things stand in a file a person wrote, and the faults that point there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from argosy.errors import Fault
from argosy.spec.secrets import hides, hides_inside

Key = str | int
Path = tuple[Key, ...]

_LONGEST_KEY = 60
_REDACTED = "<redacted>"
_STEP = re.compile(r"[^.\[\]]+")


@dataclass(frozen=True)
class Place:
    """Line and column of a value and of its key, counted from 1, and the value as it is written."""

    line: int
    column: int
    key_line: int
    key_column: int
    text: str | None = None
    """The written text of a plain scalar; None for everything else."""


@dataclass(frozen=True)
class Places:
    """The places of everything in one file."""

    file: str
    """As the user would name it."""
    by_path: Mapping[Path, Place] = field(default_factory=dict[Path, Place])
    prefix: Path = ()
    """Where in the file these places begin; the paths that are asked for count from there."""

    def below(self, path: Path) -> Places:
        """The same places, asked for from `path` on."""
        return replace(self, prefix=(*self.prefix, *path))

    def at(self, path: Path) -> Place | None:
        """The place of what stands at `path`."""
        return self.by_path.get((*self.prefix, *path))

    def fault(self, path: Path, *, given: str, expected: str, fix: str, at_key: bool = False) -> Fault:
        """A fault at `path`, or at its nearest known ancestor when nothing stands there."""
        whole = (*self.prefix, *path)
        line, column = self._point(whole, at_key)
        return Fault(self.file, line, column, dotted(whole), given, expected, fix)

    def _point(self, path: Path, at_key: bool) -> tuple[int, int]:
        for length in range(len(path), -1, -1):
            place = self.by_path.get(path[:length])
            if place is not None:
                # A block is shown at its key, and so is what is missing inside it.
                if at_key or length < len(path) or place.line != place.key_line:
                    return place.key_line, place.key_column
                return place.line, place.column
        return 0, 0


def dotted(path: Iterable[Key]) -> str:
    """`sites.oslo.power.feeds[0].name`. A key that looks like a secret is not shown."""
    text, around = "", ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            shown = _REDACTED if hides_inside(around) else _shown(step)
            text += f".{shown}" if text else shown
            around = step
    return text


def _shown(key: str) -> str:
    if hides(key):
        return _REDACTED
    return key if key.isprintable() and len(key) <= _LONGEST_KEY else ascii(key[:_LONGEST_KEY])


def undotted(text: str) -> Path:
    """The path that `dotted` writes so; `a.0.b` is read like `a[0].b`."""
    return tuple(int(step) if step.isdecimal() else step for step in _STEP.findall(text))
