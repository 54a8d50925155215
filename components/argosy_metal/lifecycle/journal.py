"""The claim of one machine as its driver holds it: every change is written before it counts."""

from __future__ import annotations

import asyncio

from argosy_metal.claims import Claim, ClaimStore, Phase
from argosy_metal.lifecycle.driver import Wanted, Wipe
from argosy_metal.lifecycle.image import install_id_of


class Journal:
    """Writes one claim's progress. Raises StaleRunError or LostClaimError when this run must not go on."""

    def __init__(self, store: ClaimStore, claim: Claim) -> None:
        self.claim = claim
        self._store = store

    async def write(self, **changes: object) -> None:
        """Write `changes` if nobody else has changed the claim."""
        self.claim = await asyncio.to_thread(self._store.change, self.claim, **changes)

    async def assert_may_act(self) -> None:
        """Asked immediately before a BMC is changed."""
        await asyncio.to_thread(self._store.assert_may_write, self.claim.owner)

    async def begin_attempt(self, wanted: Wanted, last_report: str | None) -> None:
        """Name the next attempt; from now on the server may be given the image.

        `last_report`: the install id that was reported last, by a system that is known to be over.
        """
        attempt = self.claim.attempts + 1
        install_id = await self.install_id_of(wanted, attempt)
        if last_report is not None:
            await self._note(last_report, made_here=False)
        await self._note(install_id, made_here=True)
        await self.write(
            phase=Phase.PREPARING,
            attempts=attempt,
            install_id=install_id,
            image_url=wanted.image.url,
            image_sha256=wanted.image.sha256,
            boot_method=wanted.boot.value,
            wipe=wanted.wipe.stored,
            wipe_proof=None,
        )

    async def is_for(self, wanted: Wanted) -> bool:
        """Whether the attempt in hand installs what is wanted."""
        return self.claim.install_id == await self.install_id_of(wanted, self.claim.attempts)

    async def demand_wipe(self, wipe: Wipe) -> None:
        """Write what must have become of the drives at the end, if it is another demand than before."""
        if self.claim.wipe != wipe.stored:
            await self.write(wipe=wipe.stored)

    async def install_id_of(self, wanted: Wanted, attempt: int) -> str:
        """The name of an attempt."""
        return install_id_of(await self.store_id(), self.claim, wanted.content, attempt)

    async def store_id(self) -> str:
        """Identity of the claims store."""
        return await asyncio.to_thread(self._store.identity)

    async def knows(self, install_id: str) -> bool:
        """Whether an installation on this server is ours, or known to be over."""
        return await asyncio.to_thread(
            self._store.knows_install, self.claim.site, self.claim.serial, install_id
        )

    async def _note(self, install_id: str, *, made_here: bool) -> None:
        await asyncio.to_thread(self._store.note_install, self.claim, install_id, made_here=made_here)

    async def forget_machine(self) -> None:
        """Back to a bare claim; the next machine on it gets other install ids."""
        await self.write(
            phase=Phase.CLAIMED,
            machine_number=self.claim.machine_number + 1,
            attempts=0,
            install_id=None,
            image_url=None,
            image_sha256=None,
            boot_method=None,
        )
