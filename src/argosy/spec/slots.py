"""What may stand at a path of a file, read from the models: the words for `expected …` in a fault."""

from __future__ import annotations

import datetime as dt
import operator
import re
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import AwareDatetime, BaseModel, Discriminator, Tag
from pydantic.fields import FieldInfo

from argosy.spec.places import Path
from argosy.spec.plain import as_list, as_mapping
from argosy.spec.words import listed

_BOUNDS = {"ge": operator.ge, "gt": operator.gt, "le": operator.le, "lt": operator.lt}
_WORDS = {
    int: "a whole number",
    Decimal: "a number",
    bool: "true or false",
    str: "text",
    dt.date: "a date, e.g. 2026-07-20",
}


@dataclass(frozen=True)
class Slot:
    """What may stand somewhere, as the models have it."""

    kind: Any
    """`int`, `str`, …; `dict` or `tuple`; a model; `Literal`."""
    metadata: tuple[Any, ...] = ()
    arguments: tuple[Any, ...] = ()

    @property
    def model(self) -> type[BaseModel] | None:
        """The model, when a mapping with known keys is wanted."""
        return self.kind if isinstance(self.kind, type) and issubclass(self.kind, BaseModel) else None

    @property
    def choices(self) -> tuple[str, ...]:
        """The words to choose from, when there is such a list."""
        return tuple(str(choice) for choice in self.arguments) if self.kind is Literal else ()

    @property
    def description(self) -> str | None:
        """What the type's author says one writes here."""
        found = [item.description for item in self.metadata if isinstance(item, FieldInfo)]
        return next((text for text in found if text), None)

    @property
    def is_container(self) -> bool:
        """Whether a mapping or a list is wanted."""
        return self.kind in (dict, tuple) or self.model is not None

    @property
    def is_datetime(self) -> bool:
        """Whether a date and time is wanted."""
        return self.kind in (dt.datetime, AwareDatetime)

    @property
    def is_date(self) -> bool:
        """Whether a date without a time is wanted."""
        return self.kind is dt.date

    def has(self, alias: Any) -> bool:
        """Whether this place was declared with one of the model's named types, such as `Share`."""
        return _metadata(alias) == self.metadata

    @property
    def words(self) -> str:
        """For people: `a whole number from 0 to 1,000,000`."""
        if self.choices:
            return listed(self.choices)
        if self.kind is dict or self.model is not None:
            return "a mapping" + self._least_words()
        if self.kind is tuple:
            return "a list" + self._least_words()
        if self.description:
            return self.description[0].lower() + self.description[1:].rstrip(".")
        return _WORDS.get(self.kind, "another value") + _range_words(self._bounds())

    def fits(self, text: str) -> bool:
        """Whether text has the form that is wanted here, as far as the type says one."""
        patterns = [item.pattern for item in _flat(self.metadata) if getattr(item, "pattern", None)]
        return all(re.search(pattern, text) for pattern in patterns)

    def admits(self, number: Decimal) -> bool:
        """Whether a number lies within the bounds, and is whole where it has to be."""
        if self.kind is int and number != number.to_integral_value():
            return False
        bounds = self._bounds()
        return all(holds(number, bounds[name]) for name, holds in _BOUNDS.items() if name in bounds)

    def _least_words(self) -> str:
        return " with at least one entry" if self._bounds().get("min_length") else ""

    def _bounds(self) -> dict[str, Any]:
        bounds: dict[str, Any] = {}
        for item in _flat(self.metadata):
            for name in (*_BOUNDS, "min_length"):
                if getattr(item, name, None) is not None:
                    bounds[name] = getattr(item, name)
        return bounds


def slot_at(model: type[BaseModel], value: object, path: Path) -> Slot | None:
    """What may stand at `path` of a file of this model; None where nothing is known to.

    `value` is the file's content, which decides between the shapes that a place may have.
    """
    slot: Slot | None = Slot(model)
    for step in path:
        value = _child(value, step)
        slot = _inner(slot, step, value) if slot else None
    return slot


def fields_of(model: type[BaseModel]) -> Mapping[str, Any]:
    """The keys of a model with their types, in the order in which they are declared."""
    return _hints(model)


@cache
def date_keys(model: type[BaseModel]) -> frozenset[str]:
    """The keys anywhere in `model` at which a date is wanted: few, so that most values are not looked up."""
    return frozenset(
        name
        for _, inner in walk_models(model)
        for name, hint in _hints(inner).items()
        if any(slot_of(branch).is_date for branch in _branches(hint))
    )


def walk_models(model: type[BaseModel], path: tuple[str, ...] = ()) -> Iterator[tuple[str, type[BaseModel]]]:
    """Every model inside `model` with the pattern of its path: `sites.NAME.power`."""
    yield ".".join(path).replace(".[]", "[]"), model
    for name, hint in _hints(model).items():
        for steps, inner in _models_in(hint):
            yield from walk_models(inner, (*path, name, *steps))


def _models_in(hint: Any) -> Iterator[tuple[tuple[str, ...], type[BaseModel]]]:
    for branch in _branches(hint):
        slot = slot_of(branch)
        if slot.model is not None:
            yield (), slot.model
        elif slot.kind is dict:
            yield from ((("NAME", *steps), inner) for steps, inner in _models_in(slot.arguments[1]))
        elif slot.kind is tuple:
            yield from ((("[]", *steps), inner) for steps, inner in _models_in(slot.arguments[0]))


@cache
def _hints(model: type[BaseModel]) -> dict[str, Any]:
    hints = get_type_hints(model, include_extras=True)
    return {name: hints[name] for name in model.model_fields}


def _child(value: object, step: str | int) -> object:
    mapping, items = as_mapping(value), as_list(value)
    if mapping is not None:
        return mapping.get(str(step))
    if items is not None and isinstance(step, int) and step < len(items):
        return items[step]
    return None


def _inner(slot: Slot, step: str | int, value: object) -> Slot | None:
    if slot.model is not None:
        hint = _hints(slot.model).get(str(step))
    elif slot.kind is dict:
        hint = slot.arguments[1]
    elif slot.kind is tuple:
        hint = slot.arguments[0]
    else:
        return None
    return None if hint is None else slot_of(_choose(hint, value))


def _choose(hint: Any, value: object) -> Any:
    """The branch of a union that this value is held against, exactly as pydantic chooses it."""
    discriminator = next((item for item in _metadata(hint) if isinstance(item, Discriminator)), None)
    branches = _branches(hint)
    if discriminator is None or not callable(discriminator.discriminator):
        return branches[0]
    tag = discriminator.discriminator(value)
    return next(branch for branch in branches if any(item == Tag(str(tag)) for item in _metadata(branch)))


def _branches(hint: Any) -> list[Any]:
    bare, outer = hint, _metadata(hint)
    if get_origin(hint) is Annotated:
        bare = get_args(hint)[0]
    if get_origin(bare) not in (Union, types.UnionType):
        return [hint]
    branches = [branch for branch in get_args(bare) if branch is not type(None)]
    if len(branches) == 1 and outer:
        return [Annotated[branches[0], *outer]]
    return branches


def _metadata(hint: Any) -> tuple[Any, ...]:
    return hint.__metadata__ if get_origin(hint) is Annotated else ()


def slot_of(hint: Any) -> Slot:
    """What a type, as the models write it, allows."""
    metadata = _metadata(hint)
    bare = get_args(hint)[0] if metadata else hint
    origin = get_origin(bare)
    return Slot(origin or bare, metadata, get_args(bare))


def _flat(metadata: tuple[Any, ...]) -> Iterator[Any]:
    for item in metadata:
        if isinstance(item, FieldInfo):
            yield from item.metadata
        else:
            yield item


def _range_words(bounds: Mapping[str, Any]) -> str:
    low, high = bounds.get("ge"), bounds.get("le")
    if low is not None and high is not None:
        return f" from {low:,} to {high:,}"
    if low is not None:
        return f" of at least {low:,}"
    return f" above {bounds['gt']:,}" if "gt" in bounds else ""
