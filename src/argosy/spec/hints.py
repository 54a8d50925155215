"""The smallest change that would mend a fault: the last words of its message."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from decimal import Decimal
from difflib import get_close_matches
from functools import cache
from typing import Any

from pydantic import BaseModel

from argosy.spec.models import CloudSiteSpec, HallSpec
from argosy.spec.scalars import LONGEST_NUMBER, Trap
from argosy.spec.slots import Slot, fields_of, walk_models
from argosy.spec.values import FIRST_YEAR, LAST_YEAR, Country, Name, Sha256, Share, is_in_range
from argosy.spec.words import listed, shortened

_OTHER_KIND_OF_SITE: dict[type[BaseModel], str] = {
    HallSpec: "a hall (`provider: metal`)",
    CloudSiteSpec: "a cloud's site",
}
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_HEX_SHA256 = re.compile(r"(sha256:)?[0-9a-fA-F]{64}")
_NUMBER_IN_RANGE = "write a number in that range"
_COUNTRIES_OFTEN_MISTAKEN = {"UK": "GB", "EN": "GB", "EL": "GR"}


_MOST_COMPARED = 200
"""Words among which the nearest is sought; among thousands it takes seconds for a file of many slips."""


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that `word` was probably meant to be."""
    words = {candidate.lower(): candidate for candidate in sorted(known)}
    if len(words) > _MOST_COMPARED:
        return None
    close = get_close_matches(word.lower(), list(words), n=1, cutoff=0.6)
    return words[close[0]] if close else None


def key_fix(root: type[BaseModel], model: type[BaseModel], key: str) -> str:
    """What to do with a key that `model` does not know: rename it, move it, or delete it."""
    homes = [(path, other) for path, other in _models_of(root) if key in fields_of(other)]
    for _, other in homes:
        if other in _OTHER_KIND_OF_SITE and model in _OTHER_KIND_OF_SITE:
            return f"delete it, or make this {_OTHER_KIND_OF_SITE[other]}, which has it"
    if homes:
        return f"move it to {listed(sorted({path or 'the top level' for path, _ in homes}))}"
    close = nearest(key, fields_of(model))
    return f"rename it to `{close}`" if close else "delete it"


@cache
def _models_of(root: type[BaseModel]) -> tuple[tuple[str, type[BaseModel]], ...]:
    # Walked once: for each of 60,000 unknown keys it took 20 s.
    return tuple(walk_models(root))


def trap_fix(slot: Slot, trap: Trap) -> str:
    """How to write what a trap was probably meant to be."""
    if slot.kind is bool:
        meant = {"y": "true", "yes": "true", "on": "true", "true": "true"}
        return f"write {meant.get(trap.text.lower(), 'false')}"
    if slot.has(Country):
        return f'write "{trap.text.upper()}" in quotes' if trap.is_word else "look up the code"
    if slot.kind in (int, Decimal):
        return _number_fix(slot, trap.text)
    return _quoted(slot, trap.text)


def _number_fix(slot: Slot, text: str) -> str:
    bare = text.replace("_", "").lower()
    if len(bare) > LONGEST_NUMBER:
        return _NUMBER_IN_RANGE
    if re.fullmatch(r"0(x[0-9a-f]+|o[0-7]+|b[01]+)", bare):
        return _number_or_range(slot, Decimal(int(bare, 0)))
    if re.fullmatch(r"0+[0-7]+", bare) and slot.admits(Decimal(bare)):
        return f"write {int(bare)}, or {int(bare, 8)} if octal was meant"
    if re.fullmatch(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[-+]?[0-9]{1,2})?", bare):
        return _number_or_range(slot, Decimal(bare))
    return "write it as a plain decimal number"


def _number_or_range(slot: Slot, number: Decimal) -> str:
    written = str(int(number)) if number == int(number) else f"{number:f}"
    return f"write {written}" if slot.admits(number) and len(written) <= LONGEST_NUMBER else _NUMBER_IN_RANGE


def smallest_fix(slot: Slot, value: Any, text: str | None) -> str:
    """What to write instead of `value`, which does not fit `slot`. `text` is the plain scalar as written."""
    if isinstance(value, (dict, list)) or slot.is_container:
        return _shape_fix(slot, value)
    if slot.choices:
        return _choice_fix(slot, value)
    if slot.kind is str:
        return _text_fix(slot, value, text)
    if slot.is_datetime:
        return _datetime_fix(value)
    if isinstance(value, str) and _NUMBER.fullmatch(value) and slot.kind in (int, Decimal):
        return f"write it without quotes: {shortened(value)}"
    if slot.kind is int and isinstance(value, Decimal) and value == value.to_integral_value():
        return f"write {value:.0f}"
    if slot.has(Share) and isinstance(value, (int, Decimal)) and 1 < value <= 100:
        # Small numbers are rather meant as "more than enough" than as a percentage.
        return "write 1.0 for all of it" if value < 10 else f"write {Decimal(value) / 100}"
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        return f"write {slot.words}"
    return _NUMBER_IN_RANGE if slot.kind is Decimal or isinstance(value, int) else "round it"


def _shape_fix(slot: Slot, value: Any) -> str:
    if slot.kind is tuple and not isinstance(value, (dict, list)):
        return f"put it in brackets: [{shortened(str(value))}]"
    if slot.is_container and value in ([], {}):
        return "add an entry"
    if slot.is_container and slot.kind is not tuple and isinstance(value, list):
        return "write `NAME: …` lines instead of `- …`"
    if slot.is_container:
        return "write `- …` items below it" if slot.kind is tuple else "write `key: value` lines below it"
    if isinstance(value, list) and len(value) == 1:  # pyright: ignore[reportUnknownArgumentType]
        return "remove the brackets"
    return "write a single value"


def _choice_fix(slot: Slot, value: Any) -> str:
    if str(value) in slot.choices:
        return "write it without quotes" if isinstance(value, str) else f'quote it: "{value}"'
    begins_with = next((choice for choice in slot.choices if str(value).startswith(choice)), None)
    close = begins_with if begins_with and len(begins_with) > 1 else nearest(str(value), slot.choices)
    if close:
        return f"write {close}"
    return f"write {slot.choices[0]}" if len(slot.choices) == 1 else "pick one of them"


def _quoted(slot: Slot, text: str) -> str:
    if slot.choices and text not in slot.choices:
        return f"write {listed(slot.choices)}"
    if not slot.fits(text):
        return "write one, in quotes"
    return f'quote it: "{shortened(text)}"'


def _text_fix(slot: Slot, value: Any, text: str | None) -> str:
    if not isinstance(value, str):
        return _quoted(slot, text or str(value))
    if slot.has(Country):
        upper = value.upper()
        code = _COUNTRIES_OFTEN_MISTAKEN.get(upper, upper)
        return f'write "{code}"' if re.fullmatch("[A-Z]{2}", code) else "look up the code"
    if value.startswith("http://"):
        return f"write {shortened('https://' + value.removeprefix('http://'))}"
    if _HEX_SHA256.fullmatch(value):
        return f"write {value.removeprefix('sha256:').lower()}"
    name = re.sub(r"[^a-z0-9]+", "-", value.lower()).strip("-")
    if slot.has(Name) and name != value and re.match("[a-z]", name) and len(name) <= 40:
        return f"write {name}"
    if slot.has(Sha256):
        return "copy it from the output of sha256sum"
    return "begin it with a letter" if slot.has(Name) and name[:1].isdigit() else "correct it"


def _datetime_fix(value: Any) -> str:
    try:
        moment = dt.datetime.fromisoformat(str(value))
    except ValueError:
        return "write a date and time"
    if moment.tzinfo is None:
        return "add `Z`, or an offset such as `+01:00`"
    return (
        "write a date and time" if is_in_range(moment) else f"write a year from {FIRST_YEAR} to {LAST_YEAR}"
    )
