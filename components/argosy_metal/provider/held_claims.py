"""Whose the servers of a hall are by its claims store, and what is told where a state says otherwise."""

from __future__ import annotations

import asyncio

from argosy_metal.claims import Claim, ClaimStore, ForeignClaimError, LostClaimError
from argosy_metal.lifecycle.abandonment import is_left_behind
from argosy_metal.provider.failures import NotPossibleError
from argosy_metal.provider.requests import ResourceRequest


class HeldClaims:
    """The claims of a hall as its resources ask for them. Public methods raise ClaimsUnavailableError too."""

    def __init__(self, store: ClaimStore) -> None:
        self.store = store

    async def claim_of(self, server_id: str) -> Claim | None:
        """The claim on a server, whoever holds it. Raises NotPossibleError for an id of another shape."""
        site, _, serial = server_id.partition("/")
        if not site or not serial:
            raise NotPossibleError(f"{server_id!r} is no server id; give `site/serial`")
        return await asyncio.to_thread(self.store.find, site, serial)

    async def own_claim(self, server_id: str, owner: str) -> Claim:
        """The claim of `owner` on a server that this run is about to work on; older runs may not any more.

        A server that was given up is nobody's, until a person takes it back. Raises NotPossibleError,
        ForeignClaimError, and StaleRunError if a newer run has begun.
        """
        await self._own_claim(server_id, owner)
        # The word first, and then the look: between the two, an older run might have gone on.
        await asyncio.to_thread(self.store.assert_may_write, owner)
        return await self._own_claim(server_id, owner)

    async def _own_claim(self, server_id: str, owner: str) -> Claim:
        claim = await self.claim_of(server_id)
        if claim is None:
            raise NotPossibleError(
                f"server {server_id} is not claimed; run `pulumi refresh`, then `pulumi up`"
            )
        if claim.owner != owner or is_left_behind(claim):
            raise ForeignClaimError(claim, f"stack {owner}")
        return claim

    async def assert_known(self, request: ResourceRequest) -> None:
        """Raise NotPossibleError if the state describes what this claims store never granted or installed.

        What it did grant and no longer holds was released here: then there is nothing left to do.
        """
        site, _, serial = request.resource_id.partition("/")
        granted = await asyncio.to_thread(self.store.generation_of, site, serial)
        known = granted >= max(1, request.olds.get("generation", 1))
        if known and (install_id := request.olds.get("installId")):
            known = await asyncio.to_thread(
                self.store.knows_install, site, serial, install_id, made_here=True
            )
        if not known:
            raise NotPossibleError(
                f"the claims store {self.store.place} does not know server {request.resource_id} as the state"
                " describes it, so it was not touched; if the store was lost or moved, restore it or mend"
                " `claims`; if the server is known to be free:"
                f" `pulumi state delete '{request.urn}'`"
            )

    async def current(self, claim: Claim) -> Claim:
        """The same claim as it is now: whoever had the turn before may have written to it.

        Raises LostClaimError if it was released meanwhile.
        """
        now = await self.claim_of(claim.server_id)
        if now is None or (now.owner, now.generation) != (claim.owner, claim.generation):
            raise LostClaimError(claim)
        return now
