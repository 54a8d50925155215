"""One server as one object: pure functions from what is kept to what is kept next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from argosy_metal.claims.claim import Claim, ForeignClaimError, LostClaimError
from argosy_metal.claims.documents import Body, Key
from argosy_metal.claims.record import DamagedClaimError, claim_from, plain_claim


def server_key(site: str, serial: str) -> Key:
    """Where everything about a server is kept."""
    return Key("server", f"{site}/{serial}")


def claim_in(body: Body | None) -> Claim | None:
    """The claim on the object's server. Raises DamagedClaimError."""
    if body is None:
        return None
    site, serial = _server(body)
    claim = _part(body, "claim", (dict, type(None)))
    return None if claim is None else claim_from(cast("Mapping[str, Any]", claim), site, serial)


def generation_in(body: Body | None) -> int:
    """How often the server was claimed so far. Raises DamagedClaimError."""
    return 0 if body is None else int(_part(body, "generation", (int,)))


def knows_install_in(body: Body | None, install_id: str, *, made_here: bool) -> bool:
    """Whether an installation was noted; with `made_here`, as one of this store's own."""
    if body is None:
        return False
    installs = _part(body, "installs", (dict,))
    return install_id in installs and bool(installs[install_id]) >= made_here


def granted(body: Body | None, wanted: Claim) -> tuple[Body, Claim]:
    """The server claimed, or its claim adopted. Raises ForeignClaimError."""
    held = claim_in(body)
    if held is None:
        claim = replace(wanted, generation=generation_in(body) + 1)
        return _put(body, claim), claim
    if (held.owner, held.holder) != (wanted.owner, wanted.holder):
        raise ForeignClaimError.of(held, wanted)
    claim = replace(held, slot=wanted.slot, record={**held.record, **wanted.record}, version=held.version + 1)
    return _put(body, claim), claim


def changed(body: Body | None, seen: Claim, changes: Mapping[str, object]) -> tuple[Body, Claim]:
    """The claim with the changes. Raises LostClaimError if it is not `seen` any more."""
    held = claim_in(body)
    if held is None or (held.generation, held.version) != (seen.generation, seen.version):
        raise LostClaimError(seen)
    claim = replace(seen, **dict(changes), version=seen.version + 1)  # pyright: ignore[reportArgumentType]
    return _put(body, claim), claim


def newly_taken(before: Body | None, after: Body | None) -> Claim | None:
    """The claim that a write puts on hardware which the server's claim was not on before."""
    held, claim = claim_in(before), claim_in(after)
    if claim is None or claim.hardware is None or (held is not None and held.hardware == claim.hardware):
        return None
    return claim


def touched(body: Body | None, site: str, serial: str) -> Body:
    """The server as it is, or as one that was never granted: written anew, it fails every swap under way."""
    return body or {"site": site, "serial": serial, "installs": {}, "generation": 0, "claim": None}


def released(body: Body | None, claim: Claim) -> Body | None:
    """The server without this very claim; None if there is nothing to do."""
    held = claim_in(body)
    if body is None or held is None or (held.owner, held.generation) != (claim.owner, claim.generation):
        return None
    return {**body, "claim": None}


def noted(body: Body | None, claim: Claim, install_id: str, *, made_here: bool) -> Body | None:
    """The server with an installation remembered; the first word about it counts. None: nothing to do."""
    if body is None:
        raise LostClaimError(claim)
    installs = _part(body, "installs", (dict,))
    return None if install_id in installs else {**body, "installs": {**installs, install_id: made_here}}


def _put(body: Body | None, claim: Claim) -> Body:
    before = body or {"site": claim.site, "serial": claim.serial, "installs": {}}
    return {**before, "generation": claim.generation, "claim": plain_claim(claim)}


def _server(body: Body) -> tuple[str, str]:
    site, serial = body.get("site"), body.get("serial")
    if isinstance(site, str) and isinstance(serial, str):
        return site, serial
    raise DamagedClaimError("?", "?", "it does not name its server")


def _part(body: Body, name: str, kinds: tuple[type, ...]) -> Any:
    value = body.get(name)
    # What was never there is not the same as nothing: it would be told as free.
    if name not in body or type(value) not in kinds:
        raise DamagedClaimError(*_server(body), f"its {name} is missing or of another kind")
    return value
