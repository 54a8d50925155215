"""Reading a resource's properties: each is known, absent or unknown, and none is ever printed by accident."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, cast

from pulumi_policy.proxy import UnknownValueError


class State(Enum):
    """What is known of a property before the engine has made the resource."""

    KNOWN = "known"
    ABSENT = "absent"
    """Not given, null, or below something that is no map."""
    UNKNOWN = "unknown"
    """Given, but decided only by the update: it hangs on a resource that is yet to be made."""


@dataclass(frozen=True)
class Value:
    """One property of a resource, and where it stands. Never shows what it holds.

    The SDK hands properties over with secrets in plain and unmarked, so that any of them may be one. Rules
    therefore say what they found in words of their own (`kind`), never by printing a value.
    """

    path: str
    """Dotted, e.g. `metadataOptions.httpTokens`; empty for all properties of a resource."""
    state: State
    _raw: Any = field(default=None, repr=False)

    @classmethod
    def of_properties(cls, properties: Mapping[str, Any]) -> Value:
        """All properties of a resource, as the policy SDK hands them over."""
        return cls("", State.KNOWN, properties)

    def __getitem__(self, key: str) -> Value:
        """The property `key`; absent if this is no map, unknown if this is."""
        path = f"{self.path}.{key}" if self.path else key
        if self.state is State.UNKNOWN:
            return Value(path, State.UNKNOWN)
        if not self.is_map:
            return Value(path, State.ABSENT)
        try:
            raw = self._raw[key]
        except KeyError:
            return Value(path, State.ABSENT)
        except UnknownValueError:
            return Value(path, State.UNKNOWN)
        return Value(path, State.ABSENT if raw is None else State.KNOWN, raw)

    def items(self) -> Iterator[tuple[str, Value]]:
        """The properties of a map, by key; none of anything else."""
        if self.is_map:
            # Keys only: the proxy's own items() stops at the first unknown value.
            for key in sorted(cast("Mapping[str, Any]", self._raw)):
                yield key, self[key]

    def elements(self) -> Iterator[Value]:
        """The values of a list, in its order; none of anything else."""
        if self.is_list:
            raw = cast("Sequence[Any]", self._raw)
            for index in range(len(raw)):
                path = f"{self.path}[{index}]"
                try:
                    element = raw[index]
                except UnknownValueError:
                    yield Value(path, State.UNKNOWN)
                else:
                    yield Value(path, State.ABSENT if element is None else State.KNOWN, element)

    @property
    def is_list(self) -> bool:
        """Whether this is known to have elements."""
        raw: object = self._raw
        return self.state is State.KNOWN and isinstance(raw, Sequence) and not isinstance(raw, str | bytes)

    @property
    def is_map(self) -> bool:
        """Whether this is known to have properties of its own."""
        return self.state is State.KNOWN and isinstance(self._raw, Mapping)

    @property
    def unknown(self) -> bool:
        """Whether the update decides it."""
        return self.state is State.UNKNOWN

    @property
    def absent(self) -> bool:
        """Whether it is not given."""
        return self.state is State.ABSENT

    @property
    def text(self) -> str | None:
        """The text it is known to be, or None."""
        return self._raw if self.state is State.KNOWN and isinstance(self._raw, str) else None

    @property
    def number(self) -> float | None:
        """The number it is known to be, or None. All arrive as floats; a truth value is no number."""
        number = isinstance(self._raw, int | float) and not isinstance(self._raw, bool)
        return self._raw if self.state is State.KNOWN and number else None

    @property
    def kind(self) -> str:
        """What it is, in words that give nothing away: `text`, `a number`, `a map` …"""
        if self.state is not State.KNOWN:
            return "not set" if self.absent else "not known yet"
        return next(word for types, word in _KINDS if isinstance(self._raw, types))


_KINDS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (str, "text"),
    (bool, "a truth value"),
    ((int, float), "a number"),
    (Mapping, "a map"),
    (Sequence, "a list"),
    (object, "a file or archive"),
)


@dataclass(frozen=True)
class Resource:
    """A resource that a rule judges. A component's `properties` are the outputs that it registered."""

    type: str
    name: str
    urn: str
    properties: Value
    protected: bool = False
    """Whether the engine refuses to delete or replace it (the option `protect`)."""

    @property
    def project(self) -> str:
        """The Pulumi project that declares it, from the URN."""
        return self.urn.split("::")[1]
