"""A server that a person has given up: its BMC will never answer again, and somebody took it off the power.

The word stands with the claim. It permits one thing only: where the BMC does not answer, what the state
describes of the server may go without it. The claim itself then stays, held by no resource, with its phase
and the wipe that it owes, so that no slot gets the server until a person takes it back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from argosy_metal.claims import Claim

_NOTES = "abandoned"
_HOLDER = "abandoned: "


def abandoned_because(claim: Claim) -> str | None:
    """Why a person has given the server up; None if nobody has."""
    noted = claim.record.get(_NOTES)
    if not isinstance(noted, Mapping):
        return None
    return str(cast("Mapping[str, object]", noted).get("reason", ""))


def is_left_behind(claim: Claim) -> bool:
    """Whether only the claim is left of the server; no state describes it any more."""
    return claim.holder.startswith(_HOLDER)


def abandoning(claim: Claim, reason: str) -> dict[str, object]:
    """The changes of a claim whose server is given up."""
    return {"record": {**claim.record, _NOTES: {"reason": reason}}}


def taking_back(claim: Claim) -> dict[str, object]:
    """The changes of a claim whose server is not given up any more, and that a resource still holds."""
    return {"record": {name: value for name, value in claim.record.items() if name != _NOTES}}


def leaving_behind(claim: Claim) -> dict[str, object]:
    """The changes of a claim that no resource holds any more. No `ServerClaim` has such a URN."""
    return {
        "holder": f"{_HOLDER}{abandoned_because(claim)}; taken back by:"
        f" argosy metal abandon ENV {claim.server_id} --take-back"
    }
