"""A claim as plain values, and what is said of one that no argosy has written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any, cast

from argosy_metal.claims.claim import Claim, Phase

COLUMNS = tuple(field.name for field in fields(Claim))
TEXTS = tuple(field.name for field in fields(Claim) if field.type in ("str", "Phase"))
OPTIONAL_TEXTS = tuple(field.name for field in fields(Claim) if field.type == "str | None")
NUMBERS = tuple(field.name for field in fields(Claim) if field.type == "int")


_DEEPEST = 50
"""How deep a record may be nested. What copies it calls itself as deep, and Python ends that at 1,000."""


class DamagedError(Exception):
    """Something in a claims store that no argosy has written; the message says what."""


class DamagedClaimError(DamagedError):
    """A claim that no argosy has written; names the server."""

    def __init__(self, site: str, serial: str, reason: object) -> None:
        super().__init__(f"the claim on server {site}/{serial} is damaged ({reason})")


def plain_claim(claim: Claim) -> dict[str, Any]:
    """The claim as JSON values, by name."""
    return {**asdict(claim), "phase": claim.phase.value, "record": dict(claim.record)}


def claim_from(values: Mapping[str, Any], site: str, serial: str) -> Claim:
    """The claim behind plain values that were kept for a server.

    Raises DamagedClaimError for anything that `plain_claim` does not give.
    """
    if reason := _wrong(values, site, serial):
        raise DamagedClaimError(site, serial, reason)
    try:
        phase = Phase(values["phase"])
    except ValueError as error:
        raise DamagedClaimError(site, serial, error) from error
    known: dict[str, Any] = {name: values[name] for name in COLUMNS}
    known["phase"] = phase
    return Claim(**known)


def _wrong(values: Mapping[str, Any], site: str, serial: str) -> str | None:
    """What is wrong with the values' shapes."""
    if missing := [name for name in COLUMNS if name not in values]:
        return f"it has no {', '.join(missing)}"
    if (values["site"], values["serial"]) != (site, serial):
        return f"it names server {values['site']}/{values['serial']}"
    if not isinstance(values["record"], dict):
        return "its record is no object"
    if any(not isinstance(key, str) for key in cast("dict[object, object]", values["record"])):
        return "its record is no object"
    if _is_deep(cast("object", values["record"])):
        return f"its record is nested more than {_DEEPEST} deep"
    for name in TEXTS:
        if not isinstance(values[name], str):
            return f"its {name} is no text"
    for name in OPTIONAL_TEXTS:
        if not isinstance(values[name], (str, type(None))):
            return f"its {name} is no text"
    for name in NUMBERS:
        if type(values[name]) is not int:
            return f"its {name} is no whole number"
    return None


def _is_deep(record: object) -> bool:
    level = [record]
    for _ in range(_DEEPEST + 1):
        level = [inner for value in level for inner in _inner(value)]
    return bool(level)


def _inner(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(cast("dict[object, object]", value).values())
    return cast("list[object]", value) if isinstance(value, list) else []
