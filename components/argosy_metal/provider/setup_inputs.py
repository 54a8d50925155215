"""What the resources that may reset a server for themselves share: inputs, and whose the server is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from argosy_metal.claims import Claim, ForeignClaimError
from argosy_metal.provider.checks import Failure, flag, text
from argosy_metal.provider.hall import Hall
from argosy_metal.provider.properties import BOOLEAN, Input
from argosy_metal.provider.requests import ResourceRequest
from argosy_metal.provider.resource import Change

NEXT_REBOOT = "nextReboot"
NOW = "now"
SERVER_ID = Input(
    "The claim's `serverId`.",
    text(r"[^\s/]+/[^\s/]+", "`site/serial`, as a ServerClaim gives it"),
    on_change=Change.REPLACE,
)
APPLY_ON = Input(
    "`nextReboot`: whatever resets the server next brings it about; `now`: it is reset for it.",
    text(f"{NEXT_REBOOT}|{NOW}", f"`{NEXT_REBOOT}` or `{NOW}`"),
    required=False,
    default=NEXT_REBOOT,
)
ALLOW_REBOOT = Input(
    "With `applyOn: now`, reset the server even if it runs a machine. Nothing drains it before.",
    flag,
    BOOLEAN,
    required=False,
    default=False,
)


def reboot_failures(inputs: Mapping[str, Any]) -> Sequence[Failure]:
    """What cannot work together."""
    if inputs.get("allowReboot") is True and inputs.get("applyOn") == NEXT_REBOOT:
        return [("allowReboot", f"nothing is reset with `applyOn: {NEXT_REBOOT}`; set `applyOn: {NOW}`")]
    return ()


def is_now(inputs: Mapping[str, Any]) -> bool:
    """Whether the server is to be reset for it."""
    return inputs.get("applyOn") == NOW


def as_map(value: Any) -> Mapping[str, Any]:
    """A map as it is; empty for what is not known yet, or is none."""
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else {}


async def readable_claim(hall: Hall, request: ResourceRequest) -> Claim | None:
    """The claim of a server that is read; None if it is not this stack's any more.

    Raises ForeignClaimError if another stack's server is imported, NotPossibleError if the claims store does
    not know what the state describes.
    """
    claim = await hall.claim_of(request.resource_id)
    if claim is None:
        if request.olds:
            await hall.assert_known(request)
        return None
    if claim.owner == request.owner:
        return claim
    if request.olds:
        return None
    raise ForeignClaimError(claim, f"stack {request.owner}")


async def deletable_claim(hall: Hall, request: ResourceRequest) -> Claim | None:
    """The claim of a server that is left; None if there is nothing of ours on it any more.

    Raises NotPossibleError if the claims store does not know what the state describes.
    """
    claim = await hall.claim_of(request.resource_id)
    if claim is not None and claim.owner == request.owner:
        return claim
    await hall.assert_known(request)
    return None
