"""Which file is a BMC's: by what its service root, and its system, say of themselves."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from argosy_metal.redfish.messages import Json, object_at, text_at
from argosy_metal.redfish.quirks.files import quirk_files
from argosy_metal.redfish.quirks.model import GENERIC, Match, Quirks


@dataclass(frozen=True)
class Identity:
    """What a BMC says of itself; empty where it says nothing."""

    vendor: str = ""
    product: str = ""
    redfish_version: str = ""
    oem: tuple[str, ...] = ()
    manufacturer: str = ""
    model: str = ""


def identity_of(root: Json, system: Json | None = None) -> Identity:
    """From the service root, and from the system once it is known."""
    told = system or {}
    return Identity(
        vendor=text_at(root, "Vendor") or "",
        product=text_at(root, "Product") or "",
        redfish_version=text_at(root, "RedfishVersion") or "",
        oem=tuple(sorted(object_at(root, "Oem"))),
        manufacturer=text_at(told, "Manufacturer") or "",
        model=text_at(told, "Model") or "",
    )


@cache
def quirks_for(identity: Identity) -> Quirks:
    """The quirks of the file that fits best: whose rule asks most; the generic ones if none fits."""
    generic = quirk_files()[GENERIC].quirks
    # Sorting is stable, so of two that ask equally much the first by name counts.
    ranked = sorted(quirk_files(), key=lambda name: -_rank(name, identity))
    best = ranked[0]
    if _rank(best, identity) == 0:
        return generic
    own = quirk_files()[best].quirks
    return own.model_copy(update={"busy_messages": (*generic.busy_messages, *own.busy_messages)})


def _rank(name: str, identity: Identity) -> int:
    """How many patterns of the file's best rule fit; 0 if no rule fits as a whole."""
    return max((_fits(rule, identity) for rule in quirk_files()[name].matches), default=0)


def _fits(rule: Match, identity: Identity) -> int:
    patterns = {field: pattern for field, pattern in rule.model_dump().items() if pattern is not None}
    for field, pattern in patterns.items():
        told: str | tuple[str, ...] = getattr(identity, field)
        values = (told,) if isinstance(told, str) else told
        if not any(re.fullmatch(pattern, value, re.IGNORECASE) for value in values):
            return 0
    return len(patterns)
