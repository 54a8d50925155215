"""The vendor's model of its API, as botocore ships it: which members exist, and what values they take."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, cast

import botocore.loaders  # pyright: ignore[reportMissingTypeStubs]

Token = str | int
Kind = Literal["structure", "list", "map", "text", "whole number", "number", "boolean"]

_KINDS: dict[str, Kind] = {
    "structure": "structure",
    "list": "list",
    "map": "map",
    "string": "text",
    "blob": "text",
    "timestamp": "text",
    "integer": "whole number",
    "long": "whole number",
    "float": "number",
    "double": "number",
    "boolean": "boolean",
}


@dataclass(frozen=True)
class Shape:
    """One shape of a service's model."""

    name: str
    content: Mapping[str, Any]
    """As the model writes it."""
    shapes: Mapping[str, Mapping[str, Any]]
    """All shapes of the model, by name."""
    said: tuple[str, ...] = ()
    """What the model's documentation says of it and of what it stands in, the outermost first."""

    @property
    def kind(self) -> Kind:
        """What its values are. Raises KeyError for a kind that no call above takes."""
        return _KINDS[self.content["type"]]

    @property
    def members(self) -> Mapping[str, Mapping[str, Any]]:
        """Members of a structure; none of anything else."""
        return self.content.get("members", {})

    @property
    def required(self) -> tuple[str, ...]:
        """Members of a structure that may not be left out."""
        return tuple(self.content.get("required", ()))

    @property
    def legal(self) -> tuple[str, ...]:
        """All values of text, where the model lists them."""
        return tuple(self.content.get("enum", ()))

    def below(self, token: Token) -> Shape | None:
        """The shape one step down: of a member, of an item, or of a map's value. None where there is none."""
        reference: Mapping[str, Any] | None = None
        if self.kind == "structure" and isinstance(token, str):
            reference = self.members.get(token)
        elif self.kind == "list" and isinstance(token, int):
            reference = self.content["member"]
        elif self.kind == "map" and isinstance(token, str):
            reference = self.content["value"]
        return self._named(reference) if reference is not None else None

    @property
    def key(self) -> Shape:
        """The shape of a map's keys."""
        return self._named(self.content["key"])

    def _named(self, reference: Mapping[str, Any]) -> Shape:
        name = reference["shape"]
        content = self.shapes[name]
        said = f"{reference.get('documentation', '')} {content.get('documentation', '')}"
        return Shape(name, content, self.shapes, (*self.said, said))


@cache
def _model(service: str) -> dict[str, Any]:
    loader: Any = botocore.loaders.Loader()
    return cast("dict[str, Any]", loader.load_service_model(service, "service-2"))


def operations(service: str) -> frozenset[str]:
    """Names of a service's operations. Raises botocore's UnknownServiceError."""
    return frozenset(_model(service)["operations"])


def input_of(call: str) -> Shape:
    """What a call such as `ec2.CreateVpc` takes. Raises KeyError for an operation that does not exist."""
    service, _, name = call.partition(".")
    model = _model(service)
    shape = model["operations"][name]["input"]["shape"]
    return Shape(shape, model["shapes"][shape], model["shapes"])


def nearest(name: str, names: Iterable[str]) -> str:
    """The names most like `name`, or all there are where none is like it."""
    by_lower = {known.lower(): known for known in names}
    found = difflib.get_close_matches(name.lower(), by_lower, n=3, cutoff=0.5)
    return ", ".join(by_lower[one] for one in found) or ", ".join(sorted(by_lower.values())) or "nothing"


def fault_of_leaf(shape: Shape, value: Any, legal: tuple[str, ...], made_up: bool) -> str | None:
    """What the API would say of a value, None if it takes it.

    `legal` are its legal values where the model lists none. A value that was made up for a resource that
    does not exist yet (`made_up`) is held against types and legal values, and not against patterns.
    """
    if not _is(shape.kind, value):
        return f"{value!r} is given where a {shape.kind} stands"
    known = shape.legal or legal
    if known and str(value) not in known:
        return f"{value!r} is not a legal value of {shape.name}; legal: {_some_of(known, str(value))}"
    if made_up or shape.kind == "boolean":
        return None
    if shape.kind != "text":
        return _out_of_bounds(shape, value, "")
    pattern = shape.content.get("pattern")
    if pattern is not None and not _matches(pattern, value):
        return f"{value!r} does not match {pattern} of {shape.name}"
    return _out_of_bounds(shape, len(value), " characters")


def fault_of_length(shape: Shape, length: int) -> str | None:
    """What the API would say of a list or map of this length."""
    return _out_of_bounds(shape, length, " items")


def _is(kind: Kind, value: Any) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    if isinstance(value, str):
        return kind == "text"
    return isinstance(value, int if kind == "whole number" else (int, float)) and "number" in kind


_MOST_SHOWN = 24


def _some_of(known: tuple[str, ...], value: str) -> str:
    few = known if len(known) <= _MOST_SHOWN else difflib.get_close_matches(value, known, n=3, cutoff=0.5)
    return ", ".join(few) or f"{len(known)} others"


_JAVA = {
    r"\p{L}": r"\w",
    r"\p{LD}": r"\w",
    r"\p{N}": r"\d",
    r"\p{Z}": r"\s",
    r"\p{ASCII}": r"\x00-\x7f",
    r"\p{M}": "",
    r"\p{S}": "",
    r"\p{P}": "",
    r"\p{C}": "",
    r"\uD800\uDC00-\uDBFF\uDFFF": "\U00010000-\U0010ffff",
}
"""The models write patterns in the dialect of Java, which knows classes that Python does not."""


def _matches(pattern: str, value: str) -> bool:
    for java, python in _JAVA.items():
        pattern = pattern.replace(java, python)
    return re.fullmatch(pattern, value) is not None


def _out_of_bounds(shape: Shape, number: float, unit: str) -> str | None:
    least, most = shape.content.get("min"), shape.content.get("max")
    if least is not None and number < least:
        return f"{number}{unit} is less than {least} of {shape.name}"
    if most is not None and number > most:
        return f"{number}{unit} is more than {most} of {shape.name}"
    return None
