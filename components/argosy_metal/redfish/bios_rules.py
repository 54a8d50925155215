"""What a BIOS accepts, from its attribute registry. Pure.

Source: DSP8010, schema AttributeRegistry; a BMC refuses a whole write for one wrong attribute, often without
saying which, so everything is checked before anything is sent.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from argosy_metal.redfish.messages import Json, as_list, as_object, number_at, object_at, shown, text_at

AttributeValue = str | int | float | bool
_SHOWN = 8
"""So many names or members a message lists at most."""


@dataclass(frozen=True)
class AttributeRule:
    """What the registry says of one attribute."""

    name: str
    type: str
    """`Enumeration`, `String`, `Integer`, `Boolean`, `Password`; empty if the registry does not say."""
    members: tuple[str, ...] = ()
    read_only: bool = False
    lower: float | None = None
    upper: float | None = None
    shortest: int | None = None
    longest: int | None = None
    default: object = None


def rules_of(registry: Json) -> Mapping[str, AttributeRule]:
    """The rules of an attribute registry, by name of the attribute."""
    entries = (
        as_object(entry) for entry in as_list(object_at(registry, "RegistryEntries").get("Attributes"))
    )
    rules = (_rule(entry) for entry in entries)
    return {rule.name: rule for rule in rules if rule.name}


def faults_in(
    wanted: Mapping[str, Any], present: Mapping[str, Any], rules: Mapping[str, AttributeRule] | None
) -> tuple[str, ...]:
    """Why attributes cannot be set as wanted, one line each, by name; `present`: what the BIOS shows.

    Without a registry (None), names and JSON types are compared with what is there.
    """
    return tuple(line for name in sorted(wanted) for line in _faults(name, wanted[name], present, rules))


def _faults(
    name: str, value: Any, present: Mapping[str, Any], rules: Mapping[str, AttributeRule] | None
) -> Iterator[str]:
    known = present if rules is None else rules
    if name not in known:
        close = difflib.get_close_matches(name, known, n=1)
        hint = f"; closest: {close[0]!r}" if close else ""
        yield f"{name}: this BIOS has no such attribute{hint}"
        return
    rule = AttributeRule(name, "") if rules is None else rules[name]
    if reason := _against(rule, value) or _against_type_of(present.get(name), value, rule):
        yield f"{name}: {reason}"


def _against(rule: AttributeRule, value: Any) -> str | None:
    if rule.type == "Password":
        return "it is a password, which no settings hold; set it by hand"
    if rule.read_only:
        return "it is read-only"
    match rule.type:
        case "Enumeration" if value not in rule.members or not isinstance(value, str):
            shown = ", ".join(rule.members[:_SHOWN]) + (", …" if len(rule.members) > _SHOWN else "")
            return f"given {value!r}; expected one of {shown}"
        case "Boolean" if not isinstance(value, bool):
            return f"given {value!r}; expected true or false"
        case "Integer":
            return _against_bounds(rule, value)
        case "String":
            return _against_length(rule, value)
        case _:
            return None


def _against_bounds(rule: AttributeRule, value: Any) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int):
        return f"given {value!r}; expected a whole number"
    if (rule.lower is not None and value < rule.lower) or (rule.upper is not None and value > rule.upper):
        lower, upper = ("any" if bound is None else f"{bound:g}" for bound in (rule.lower, rule.upper))
        return f"given {value}; expected {lower} to {upper}"
    return None


def _against_length(rule: AttributeRule, value: Any) -> str | None:
    if not isinstance(value, str):
        return f"given {value!r}; expected text"
    if rule.longest is not None and len(value) > rule.longest:
        return f"given {len(value)} characters; expected {rule.longest} at most"
    if rule.shortest is not None and len(value) < rule.shortest:
        return f"given {len(value)} characters; expected {rule.shortest} at least"
    return None


def _against_type_of(now: Any, value: Any, rule: AttributeRule) -> str | None:
    """Where the registry says nothing of the type, a value must be of the kind that is there."""
    if rule.type or now is None or type(value) is type(now):
        return None
    return f"given {value!r}; it is {shown(now)} now, which is of another kind"


def _rule(entry: Json) -> AttributeRule:
    members = (text_at(as_object(value), "ValueName") for value in as_list(entry.get("Value")))
    return AttributeRule(
        name=text_at(entry, "AttributeName") or "",
        type=text_at(entry, "Type") or "",
        members=tuple(member for member in members if member is not None),
        read_only=entry.get("ReadOnly") is True or entry.get("Immutable") is True,
        lower=number_at(entry, "LowerBound"),
        upper=number_at(entry, "UpperBound"),
        shortest=_whole(entry, "MinLength"),
        longest=_whole(entry, "MaxLength"),
        default=entry.get("DefaultValue"),
    )


def _whole(entry: Json, name: str) -> int | None:
    value = number_at(entry, name)
    return int(value) if value is not None and value.is_integer() else None
