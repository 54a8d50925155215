"""ETags and the headers of a request.

Source: DSP0266 "Request headers", "ETags"; RFC 9110 "Conditional requests".
"""

from __future__ import annotations

from collections.abc import Mapping

from argosy_metal.simulator.bmc import Bmc
from argosy_metal.simulator.replies import Json, Reply, error, etag_of


def assert_headers(headers: Mapping[str, str]) -> None:
    """Refuse another OData version than ours (412)."""
    if headers.get("OData-Version", "4.0") != "4.0":
        raise error(412, "HeaderInvalid", "OData-Version")


def assert_may_write(bmc: Bmc, headers: Mapping[str, str], path: str, body: Json, *, patches: bool) -> None:
    """Refuse a write whose precondition does not hold (412), or that has none where one is demanded (428)."""
    wanted = headers.get("If-Match")
    if wanted is None:
        if patches and bmc.profile.demands_if_match:
            raise error(428, "Ami.1.0.PreconditionHeaderMissing")
        return
    if bmc.profile.stale_etag_once and path not in bmc.service.precondition_failed:
        bmc.service.precondition_failed.add(path)
        raise error(412, "PreconditionFailed")
    if wanted != "*" and _etag(bmc, body) not in _listed(wanted):
        raise error(412, "PreconditionFailed")


def is_known_already(bmc: Bmc, headers: Mapping[str, str], body: Json) -> bool:
    """True if the client has this very state of the resource."""
    known = headers.get("If-None-Match")
    if known is None:
        return False
    weak = [tag.removeprefix("W/") for tag in _listed(known)]
    return known.strip() == "*" or _etag(bmc, body).removeprefix("W/") in weak


def shown(bmc: Bmc, body: Json, headers: Mapping[str, str]) -> Reply:
    """The resource with its ETag."""
    etag = _etag(bmc, body)
    return Reply(200, body | {"@odata.etag": etag}, {"ETag": etag, **headers})


def _etag(bmc: Bmc, body: Json) -> str:
    strong = etag_of({name: value for name, value in body.items() if name not in _MOVING})
    return f"W/{strong}" if bmc.profile.weak_etags else strong


_MOVING = ("DateTime",)
"""Properties that change by themselves, so that they would make every ETag stale."""


def _listed(header: str) -> list[str]:
    return [tag.strip() for tag in header.split(",")]
