"""One hall as a provider process works on it: its claims, its servers, its provisioning service."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import cached_property

from argosy import __version__
from argosy_metal.claims import Claim, ClaimStore, ForeignClaimError, RunIdentity
from argosy_metal.lifecycle import (
    Journal,
    Leash,
    Limits,
    Machine,
    RedfishServer,
    ReportService,
    ServerAccess,
)
from argosy_metal.provider.config import HallConfig
from argosy_metal.provider.failures import NotPossibleError
from argosy_metal.provider.reach import Reach, find_reach
from argosy_metal.provider.requests import ResourceRequest
from argosy_metal.provider.secrets import resolve_secret
from argosy_metal.redfish import BmcGates, Clock, Credentials, RedfishClient, SystemClock


class Hall:
    """What the resources need. Opens nothing and reads no secret before the first use."""

    def __init__(
        self, config: HallConfig, run: RunIdentity, stop: asyncio.Event, clock: Clock | None = None
    ) -> None:
        self.config = config
        self.store = ClaimStore(config.claims_path, run)
        self._stop = stop
        self._clock = clock or SystemClock()
        self._gates = BmcGates()
        # Lets a BMC's log, and the simulator, tell the runs apart.
        self._user_agent = f"argosy/{__version__} run={hashlib.sha256(run.key.encode()).hexdigest()[:12]}"

    @cached_property
    def reach(self) -> Reach:
        """How the hall is reached; found once per process."""
        return find_reach(self.config)

    @cached_property
    def limits(self) -> Limits:
        """How long steps may take in this hall."""
        return Limits().scaled(self.reach.time_scale)

    async def claim_of(self, server_id: str) -> Claim | None:
        """The claim on a server, whoever holds it. Raises NotPossibleError for an id of another shape."""
        site, _, serial = server_id.partition("/")
        if not site or not serial:
            raise NotPossibleError(f"{server_id!r} is no server id; give `site/serial`")
        return await asyncio.to_thread(self.store.find, site, serial)

    async def own_claim(self, server_id: str, owner: str) -> Claim:
        """The claim of `owner` on a server. Raises NotPossibleError or ForeignClaimError."""
        claim = await self.claim_of(server_id)
        if claim is None:
            raise NotPossibleError(
                f"server {server_id} is not claimed; run `pulumi refresh`, then `pulumi up`"
            )
        if claim.owner != owner:
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
                f"the claims store {self.config.claims_path} does not know server {request.resource_id} as"
                " the state describes it, so it was not touched; if the file was lost or moved, restore it or"
                " mend the path; if the server is known to be free:"
                f" `pulumi state delete '{request.urn}'`"
            )

    @asynccontextmanager
    async def machine(self, claim: Claim, timeout_seconds: float) -> AsyncGenerator[tuple[Machine, Journal]]:
        """The machine on a claimed server; the BMC's session is closed at the end. 0 s: no time limit."""
        leash = Leash(self._clock, timeout_seconds or None, self._stop)
        journal = Journal(self.store, claim)
        reports = ReportService(
            self.config.phone_home,
            self.reach.trust,
            self.reach.patience,
            self.reach.resolve,
            self._user_agent,
        )
        try:
            async with self._client(claim) as client:
                server = RedfishServer(client, claim.serial)
                log = self.reach.console_log
                yield Machine(journal, server, reports, self.limits, self._clock, leash, log), journal
        finally:
            await reports.close()

    @asynccontextmanager
    async def server(self, claim: Claim, timeout_seconds: float) -> AsyncGenerator[ServerAccess]:
        """A claimed server's BMC; its session is closed at the end. 0 s: no time limit."""
        leash = Leash(self._clock, timeout_seconds or None, self._stop)
        async with self._client(claim) as client:
            yield ServerAccess(client, Journal(self.store, claim), leash, self.limits, self._clock)

    def _client(self, claim: Claim) -> RedfishClient:
        record, root = claim.record, self.config.root
        bmc = str(record["bmc"])
        try:
            account = Credentials(
                resolve_secret(str(record["usernameRef"]), root),
                resolve_secret(str(record["passwordRef"]), root),
            )
        except NotPossibleError as error:
            raise NotPossibleError(
                f"{claim.server_id} ({claim.slot}): phase {claim.phase.value}: {error}; it goes on from this"
                " phase"
            ) from error
        return RedfishClient(
            bmc,
            account,
            trust=self.reach.trust,
            user_agent=self._user_agent,
            patience=self.reach.patience,
            clock=self._clock,
            gate=self._gates.of(bmc),
            resolve=self.reach.resolve,
        )

    def close(self) -> None:
        """Close the claims file."""
        self.store.close()
