"""Hosts that are managed elsewhere: claimed, so that two stacks never switch one, and without our machine."""

from __future__ import annotations

from argosy_metal.claims import Claim, Phase
from argosy_metal.provider.failures import NotPossibleError


def assert_bare(claim: Claim, kind: str) -> None:
    """Raise NotPossibleError if a Machine is on the server, or is being brought there or taken away."""
    if claim.phase is Phase.CLAIMED and claim.image_sha256 is None:
        return
    install = f", install {claim.install_id}" if claim.install_id else ""
    raise NotPossibleError(
        f"{claim.server_id} ({claim.slot}): a Machine stands on this server (phase"
        f" {claim.phase.value}{install}), which switches its power and drives itself; remove the {kind} from"
        f" the program, or the Machine: a {kind} is for hosts that are managed elsewhere"
    )
