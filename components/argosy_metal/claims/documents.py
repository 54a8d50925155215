"""What a claims store needs of a place that keeps whole objects and swaps one at a time.

Everything about one server is one object: its claim, how often it was granted, and its installations. So one
compare-and-swap covers what must change together. Everything about a stack's runs is another object, and one
for every physical server says under which name it was last granted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

Kind = Literal["server", "hardware", "run", "store"]
Body = Mapping[str, Any]
"""JSON values."""


@dataclass(frozen=True)
class Key:
    """Names one object."""

    kind: Kind
    name: str
    """`site/serial` of a server, the digest of hardware, `project/stack` of runs, empty for the store."""


@dataclass(frozen=True)
class Stored:
    """An object as it was read."""

    body: Body
    tag: str
    """Changes with every write of the object."""


class ConflictError(Exception):
    """The object is not what it was when it was read: read it again."""


class Documents(Protocol):
    """Objects that are read and swapped whole. Raises ClaimsUnavailableError for what cannot be done."""

    @property
    def place(self) -> str:
        """What a message calls it."""
        ...

    @property
    def restore(self) -> str:
        """What to do about a damaged object."""
        ...

    def read(self, key: Key) -> Stored | None:
        """The object as it is now, or None if it was never written; never an older state of it."""
        ...

    def create(self, key: Key, body: Body) -> None:
        """Write an object that does not exist. Raises ConflictError if it does."""
        ...

    def replace(self, key: Key, body: Body, tag: str) -> None:
        """Write an object that still has this tag. Raises ConflictError if it has not."""
        ...

    def every(self, kind: Kind) -> Sequence[Stored]:
        """Every object of a kind."""
        ...

    def now(self) -> float:
        """Seconds since the epoch by the store's own clock, as its last answer told."""
        ...

    def close(self) -> None:
        """Close what is open; it is opened again when needed."""
        ...
