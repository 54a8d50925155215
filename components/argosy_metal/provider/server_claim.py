"""`baremetal:index:ServerClaim`: this stack owns this server. Takes seconds, before all slow work."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from argosy_metal.claims import Claim, ForeignClaimError, Phase
from argosy_metal.lifecycle import MachineNotReadyError, owes_wipe
from argosy_metal.lifecycle.abandonment import is_left_behind, leaving_behind
from argosy_metal.provider.checks import SECRET_REFERENCE, Failure, text, texts, unshown_text, watts
from argosy_metal.provider.cluster_membership import leave_cluster, noted_node
from argosy_metal.provider.failures import NotPossibleError
from argosy_metal.provider.hall import Hall
from argosy_metal.provider.properties import INTEGER, STRINGS, Input, Output, Properties
from argosy_metal.provider.requests import ResourceRequest
from argosy_metal.provider.resource import Change, Difference, Found, Outputs
from argosy_metal.provider.taking_down import (
    count_deletion,
    is_given_up,
    leave_cluster_unreached,
    tell_given_up,
    unreached,
)
from argosy_metal.provider.values import UNKNOWN, Unknown

SERVER_CLAIM = "baremetal:index:ServerClaim"
_PROPERTIES = Properties(
    description="A server that this stack owns.",
    inputs={
        "site": Input(
            "Site the server stands in.",
            text(r"[a-z][a-z0-9-]*", "the name of a site"),
            on_change=Change.REPLACE,
        ),
        "serial": Input(
            "The server's identity.",
            text(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", "a serial number"),
            on_change=Change.REPLACE,
        ),
        "slot": Input(
            "Slot that the lock pins to this serial.",
            text(r"[^\s]+", "the slot that the lock pins to this serial"),
        ),
        "bmc": Input(
            "Base URL of the BMC, https.",
            unshown_text(r"https://[^\s/@]+(/[^\s]*)?", "the https URL of the BMC, without an account"),
        ),
        "rack": Input("Rack the server stands in.", text(r"[^\s]+", "the name of a rack")),
        "feeds": Input(
            "Feeds its power supplies hang on.", texts("the names of the feeds, at least one"), STRINGS
        ),
        "startupWatts": Input(
            "What it draws while it starts, in watts; it waits for the feeds' budget if it is given.",
            watts,
            INTEGER,
            required=False,
        ),
        "usernameRef": Input("Reference to the BMC's user name: env:NAME or file:PATH.", SECRET_REFERENCE),
        "passwordRef": Input("Reference to the BMC's password: env:NAME or file:PATH.", SECRET_REFERENCE),
        "certificateSha256": Input(
            "SHA-256 of the BMC's own certificate (DER); no other one is accepted then.",
            text(r"[0-9a-f]{64}", "64 lower-case hex digits"),
            required=False,
        ),
    },
    outputs={
        "serverId": Output("`site/serial`, the id of what stands on this claim."),
        "generation": Output("Counts how often the server was claimed.", INTEGER),
    },
)
_RECORD = ("bmc", "rack", "feeds", "usernameRef", "passwordRef", "startupWatts", "certificateSha256")


class ServerClaims:
    """Grants, describes and releases servers."""

    properties = _PROPERTIES

    def __init__(self, hall: Callable[[], Hall]) -> None:
        self._hall = hall

    def check(self, news: Mapping[str, Any]) -> tuple[Mapping[str, Any], Sequence[Failure]]:
        """Shapes only."""
        return self.properties.check(news)

    def diff(self, request: ResourceRequest) -> Difference:
        """Another server is another claim; everything else is described anew."""
        return Difference(self.properties.changes(request))

    async def create(self, request: ResourceRequest) -> tuple[str, Outputs]:
        """Take the server, or take up the claim that an interrupted run of this stack left."""
        if request.preview:
            return "", {**request.news, "serverId": _server_id(request.news), "generation": UNKNOWN}
        granted = await asyncio.to_thread(self._hall().store.claim, _wanted(request))
        return granted.server_id, _outputs(granted)

    async def read(self, request: ResourceRequest) -> Found:
        """The claim as the store has it; gone if it is released, or someone else's by now."""
        claim = await self._hall().claim_of(request.resource_id)
        if claim is None:
            if request.olds:
                await self._hall().assert_known(request)
            return Found()
        if claim.owner != request.owner or is_left_behind(claim):
            if request.olds:
                return Found()
            raise ForeignClaimError(claim, f"stack {request.owner}")
        outputs = _outputs(claim)
        inputs = {name: outputs[name] for name in self.properties.inputs if name in outputs}
        return Found(claim.server_id, outputs, inputs)

    async def update(self, request: ResourceRequest) -> Outputs:
        """Describe the server anew: slot, BMC, rack, feeds, references."""
        if request.preview:
            return {**request.olds, **request.news}
        claim = await self._hall().own_claim(request.resource_id, request.owner)
        wanted = _wanted(request)
        record = _described(claim, wanted)
        changed = await asyncio.to_thread(
            self._hall().store.change, claim, slot=wanted.slot, holder=request.urn, record=record
        )
        return _outputs(changed)

    async def delete(self, request: ResourceRequest) -> None:
        """Give the server back. A machine that a killed run left on it is taken down first.

        A server with a machine that a person gave up, and whose BMC does not answer, stays claimed, and no
        resource holds it any more.

        Raises NotPossibleError if the claims store has never granted what the state describes.
        """
        claim = await self._hall().claim_of(request.resource_id)
        if claim is None or claim.owner != request.owner:
            await self._hall().assert_known(request)
            return
        # A claim that was released and granted anew, even to us, is not the one to delete.
        generation = request.olds.get("generation")
        if generation not in (None, claim.generation):
            return
        hall = self._hall()
        if claim.phase is not Phase.CLAIMED or owes_wipe(claim.wipe, claim.wipe_proof):
            try:
                claim = await self._take_down(hall, claim, request)
            except MachineNotReadyError as error:
                if not is_given_up(claim, error):
                    raise unreached(error) from error.__cause__
                await self._leave_behind(hall, claim, request)
                return
        if owes_wipe(claim.wipe, claim.wipe_proof):
            raise NotPossibleError(
                f"{claim.server_id} ({claim.slot}) is not given back: its machine demanded the wipe"
                f" {claim.wipe!r}, and nobody has seen it done; run `pulumi destroy` (or `up`) again"
            )
        await asyncio.to_thread(hall.store.release, claim)

    async def _take_down(self, hall: Hall, claim: Claim, request: ResourceRequest) -> Claim:
        leash = hall.leash(request)
        await count_deletion(hall, claim, leash)
        claim = await leave_cluster(hall, claim, leash, noted_node(claim))
        async with hall.machine(claim, leash) as (machine, journal):
            await machine.take_down()
            return journal.claim

    async def _leave_behind(self, hall: Hall, claim: Claim, request: ResourceRequest) -> None:
        """The state forgets the server; the claims store keeps it, and grants it to no slot."""
        claim = await hall.claim_of(claim.server_id) or claim
        claim = await leave_cluster_unreached(hall, claim, hall.leash(request), request)
        await asyncio.to_thread(hall.store.change, claim, **leaving_behind(claim))
        owed = ", which still owes a wipe" if owes_wipe(claim.wipe, claim.wipe_proof) else ""
        tell_given_up(
            hall,
            claim,
            request,
            f"keep it off the power; the claims store keeps its claim{owed}, and no slot gets it until"
            f" somebody takes it back: argosy metal abandon ENV {claim.server_id} --take-back",
        )


def _described(claim: Claim, wanted: Claim) -> dict[str, Any]:
    """The record as it is wanted; what others have noted beside it stays."""
    noted = {name: value for name, value in claim.record.items() if name not in _RECORD}
    return {**noted, **wanted.record}


def _wanted(request: ResourceRequest) -> Claim:
    news = request.news
    return Claim(
        site=news["site"],
        serial=news["serial"],
        slot=news["slot"],
        owner=request.owner,
        holder=request.urn,
        generation=0,
        record={name: news[name] for name in _RECORD if name in news},
    )


def _outputs(claim: Claim) -> dict[str, Any]:
    return {
        "site": claim.site,
        "serial": claim.serial,
        "slot": claim.slot,
        **{name: claim.recorded(name) for name in _RECORD if name in claim.record or _is_required(name)},
        "serverId": claim.server_id,
        "generation": claim.generation,
    }


def _is_required(name: str) -> bool:
    return _PROPERTIES.inputs[name].required


def _server_id(inputs: Mapping[str, Any]) -> str | Unknown:
    site, serial = inputs["site"], inputs["serial"]
    return UNKNOWN if isinstance(site, Unknown) or isinstance(serial, Unknown) else f"{site}/{serial}"
