"""Query parameters of a read: `$expand` where the BMC has it. Source: DSP0266 "Query parameters"."""

from __future__ import annotations

import re
from typing import cast
from urllib.parse import parse_qsl

from argosy_metal.simulator.bmc import Bmc
from argosy_metal.simulator.replies import Json, error
from argosy_metal.simulator.resources import resource

_EXPAND = re.compile(r"[.*~](\(\$levels=[1-9][0-9]*\))?")
_REQUIRED = ("Id", "Name")
"""What a lossy BMC drops from what it expands."""


def queried(bmc: Bmc, body: Json, query: str) -> Json:
    """The resource as the query wants it.

    Raises RedfishFaultError for a query that this BMC does not have (501) or cannot read (400). Parameters
    without a `$` that are not known are ignored.
    """
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name == "$expand" and bmc.profile.expand != "none":
            if not _EXPAND.fullmatch(value):
                raise error(400, "QueryParameterValueFormatError", value, name)
            body = _expanded(bmc, body)
        elif name.startswith("$") or name in ("only", "excerpt"):
            raise error(501, "QueryParameterUnsupported", name)
    return body


def _expanded(bmc: Bmc, body: Json) -> Json:
    """Every link to a resource under this one is replaced by what it leads to, one level deep."""
    members = body.get("Members")
    if isinstance(members, list):
        links = cast("list[Json]", members)
        return body | {"Members": [_member(bmc, link["@odata.id"]) for link in links]}
    below = f"{body['@odata.id'].rstrip('/')}/"
    return {
        name: _member(bmc, link) if (link := _link(value)).startswith(below) else value
        for name, value in body.items()
    }


def _link(value: object) -> str:
    return str(cast(Json, value).get("@odata.id", "")) if isinstance(value, dict) else ""


def _member(bmc: Bmc, path: str) -> Json:
    member = resource(bmc, path)
    if bmc.profile.expand == "lossy":
        return {name: value for name, value in member.items() if name not in _REQUIRED}
    return member
