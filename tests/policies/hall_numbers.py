"""A hall as a `Fleet` registers it, and what one rule says of it."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from argosy_policies.testing import Declared, Diagnostic, Pack

Plain = dict[str, Any]

HALL: Plain = {
    "provider": "metal",
    "country": "NO",
    "pools": {},
    "power": {
        "loads": {"a": {"carriedWatts": 95.0, "roomWatts": 100, "lost": "feed b"}},
        "down": {},
        "autonomyMinutes": 30,
        "drainMinutes": 20,
    },
    "uplinks": [
        {
            "name": "fibre",
            "mbps": 1000,
            "rtt_ms": 18,
            "carrier": "one",
            "conduit": "duct",
            "entry": "wall",
            "usage": ["data", "control", "oob"],
        },
        {"name": "sky", "mbps": 200, "rtt_ms": 45, "carrier": "two", "usage": ["control", "oob"]},
    ],
    "traffic": {"controlMbps": 4.0, "oobMbps": 0.8},
    "install": {
        "hasCache": True,
        "sizeGib": 30.0,
        "nodes": 64,
        "mbps": 10000,
        "seconds": 1650.0,
        "withinMinutes": 60,
    },
}
"""A hall of which no rule complains."""


def hall(path: str = "", value: object = None) -> Plain:
    """The hall with another value at a dotted path, `uplinks.1.usage`; None: it is absent."""
    made = copy.deepcopy(HALL)
    if path:
        *way, last = path.split(".")
        at: Any = made
        for step in way:
            at = at[int(step) if isinstance(at, list) else step]
        at[int(last) if isinstance(at, list) else last] = value
    return made


def judge(rule: str, site: object, config: Mapping[str, Mapping[str, Any]] | None = None) -> list[Diagnostic]:
    """What one rule says of a fleet with one such site, `oslo`."""
    return judge_sites(rule, {"oslo": site}, config)


def judge_sites(
    rule: str, sites: object, config: Mapping[str, Mapping[str, Any]] | None = None
) -> list[Diagnostic]:
    """What one rule says of a fleet with these sites."""
    found = Pack(config).analyze_stack(Declared("argosy:index:Fleet", "lab", {"sites": sites}))
    return [one for one in found if f"{rule} " in one.message]


def only(found: list[Diagnostic]) -> Diagnostic:
    """The one thing that was said."""
    assert len(found) == 1, found
    return found[0]
