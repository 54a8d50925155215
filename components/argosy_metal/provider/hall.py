"""One hall as a provider process works on it: its claims, its servers, its provisioning service."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import cached_property, partial

from argosy import __version__
from argosy_metal.budgets import DELETIONS_VARIABLE, Deletions, HallBudgets, Rollouts, deletions_allowed
from argosy_metal.claims import Claim, RunIdentity, open_claims
from argosy_metal.ironic import AgentWiper, IronicClient, IronicMachine, IronicServer
from argosy_metal.lifecycle import (
    DriveWiper,
    Hands,
    Journal,
    Leash,
    Limits,
    Machine,
    MachineDriver,
    NoProvisioning,
    Provisioning,
    ProvisioningService,
    RedfishServer,
    ReportService,
    ServerAccess,
)
from argosy_metal.lifecycle.acceptance import AcceptanceService
from argosy_metal.lifecycle.firmware_driver import FirmwareHands
from argosy_metal.lifecycle.firmware_images import FirmwareImages
from argosy_metal.lifecycle.firmware_inventory import Inventories
from argosy_metal.lifecycle.flash_guard import assert_no_flash
from argosy_metal.lifecycle.self_test import SelfTest
from argosy_metal.provider.config import HallConfig
from argosy_metal.provider.engine_log import EngineLog
from argosy_metal.provider.failures import NotPossibleError, RefusedInputError
from argosy_metal.provider.held_claims import HeldClaims
from argosy_metal.provider.ironic_config import IronicConfig
from argosy_metal.provider.reach import Reach, find_reach
from argosy_metal.provider.requests import ResourceRequest
from argosy_metal.provider.secrets import resolve_secret
from argosy_metal.provider.silence import Silences
from argosy_metal.provider.turns import Turns
from argosy_metal.redfish import BmcGates, Clock, Credentials, RedfishClient, SystemClock, Trust
from argosy_metal.redfish.gate import Shared


class Hall(HeldClaims):
    """What the resources need. Opens nothing and reads no secret before the first use."""

    def __init__(
        self,
        config: HallConfig,
        run: RunIdentity,
        stop: asyncio.Event,
        clock: Clock | None = None,
        log: EngineLog | None = None,
    ) -> None:
        """Raises RefusedInputError if the environment says something else than a number of deletions."""
        self.config = config
        super().__init__(open_claims(config.claims, config.root, run, self._secret))
        self._stop = stop
        self._clock = clock or SystemClock()
        self._gates = BmcGates(config.budgets.bmc_connections)
        self.log = log or EngineLog()
        self._turns = Turns()
        self._silences = Silences(self._clock)
        self._services: Shared[ReportService] = Shared()
        self.rollouts = Rollouts(config.budgets.rollout, config.budgets.replacements_per_run)
        self.deletions = Deletions(_deletions(config))
        # Lets a BMC's log, and the simulator, tell the runs apart.
        self._user_agent = f"argosy/{__version__} run={hashlib.sha256(run.key.encode()).hexdigest()[:12]}"

    @cached_property
    def reach(self) -> Reach:
        """How the hall is reached; found once per process."""
        return find_reach(self.config)

    @cached_property
    def limits(self) -> Limits:
        """How long steps may take in this hall."""
        return Limits(attempts=self.config.budgets.attempts).scaled(self.reach.time_scale)

    @cached_property
    def budgets(self) -> HallBudgets:
        """What may happen at once in this hall."""
        return HallBudgets(self.config.budgets, self._clock, self.reach.time_scale)

    def leash(self, request: ResourceRequest) -> Leash:
        """What ends the work on one request between two steps, and tells people what it waits for."""
        tell = self.log.about(request.urn)
        return Leash(self._clock, request.timeout_seconds or None, self._stop, tell)

    @asynccontextmanager
    async def machine(self, claim: Claim, leash: Leash) -> AsyncGenerator[tuple[MachineDriver, Journal]]:
        """The machine on a claimed server, driven by the hall's engine; its session is closed at the end."""
        ironic = self.config.ironic
        async with self._turn(claim):
            journal = Journal(self.store, await self.current(claim))
            engine = (
                self._redfish_machine(journal, leash)
                if ironic is None
                else self._ironic_machine(journal, leash, ironic)
            )
            async with engine as driver:
                yield driver, journal

    @asynccontextmanager
    async def _turn(self, claim: Claim) -> AsyncGenerator[None]:
        """Work on a server alone. Raises MachineNotReadyError at once if its BMC has just not answered."""
        async with self._turns.of(claim.server_id):
            with self._silences.remembered(claim):
                yield

    @property
    def clock(self) -> Clock:
        """Where time comes from."""
        return self._clock

    @asynccontextmanager
    async def reports(self) -> AsyncGenerator[ReportService]:
        """Where the hall's installed systems report; connections are shared, and closed by the last user."""
        reach = self.reach

        def make() -> ReportService:
            return ReportService(
                self.config.phone_home, reach.trust, reach.patience, reach.resolve, self._user_agent
            )

        key = self.config.phone_home
        service = self._services.take(key, make)
        try:
            yield service
        finally:
            await self._services.give_back(key)

    @asynccontextmanager
    async def acceptance_reports(self) -> AsyncGenerator[AcceptanceService]:
        """Where machines report what their tests have shown; its connections are closed at the end.

        Raises NotPossibleError for a hall without the service.
        """
        if self.config.provisioning is None:
            raise NotPossibleError(
                "machines report their tests to the hall's provisioning service, and it has none; give the"
                " provider `provisioning` and `provisioningTokenRef`"
            )
        reach = self.reach
        service = AcceptanceService(
            self.config.provisioning, reach.trust, reach.patience, reach.resolve, self._user_agent
        )
        try:
            yield service
        finally:
            await service.close()

    @asynccontextmanager
    async def _redfish_machine(self, journal: Journal, leash: Leash) -> AsyncGenerator[MachineDriver]:
        claim, reach = journal.claim, self.reach
        async with AsyncExitStack() as stack:
            reports = await stack.enter_async_context(self.reports())
            provisioning = self._provisioning(stack)
            client = await stack.enter_async_context(self._client(claim))
            access = ServerAccess(client, journal, leash, self.limits, self._clock)
            hands = Hands(
                server=RedfishServer(client, claim.serial),
                reports=reports,
                provisioning=provisioning,
                wiper=DriveWiper(access, self.budgets.power_ons),
                guard=partial(assert_no_flash, access),
                budgets=self.budgets,
                limits=self.limits,
                clock=self._clock,
                leash=leash,
                console_log=reach.console_log,
            )
            yield Machine(journal, hands)

    @asynccontextmanager
    async def _ironic_machine(
        self, journal: Journal, leash: Leash, config: IronicConfig
    ) -> AsyncGenerator[MachineDriver]:
        claim = journal.claim
        async with AsyncExitStack() as stack:
            reports = await stack.enter_async_context(self.reports())
            provisioning = self._provisioning(stack)
            client = IronicClient(config.access(), self._user_agent, self._clock)
            stack.push_async_callback(client.close)
            server = IronicServer(client, claim)
            hands = Hands(
                server=server,
                reports=reports,
                provisioning=provisioning,
                wiper=AgentWiper(server, journal, self.limits, leash),
                budgets=self.budgets,
                limits=self.limits,
                clock=self._clock,
                leash=leash,
                console_log=self.reach.console_log,
            )
            bmc = config.bmc(str(claim.recorded("bmc")), self._account(claim))
            yield IronicMachine(journal, hands, server, bmc)

    def _provisioning(self, stack: AsyncExitStack) -> Provisioning:
        url, token = self.config.provisioning, self.config.provisioning_token_ref
        if url is None or token is None:
            return NoProvisioning()
        reach, root = self.reach, self.config.root
        service = ProvisioningService(
            url,
            lambda: resolve_secret(token, root),
            reach.trust,
            reach.patience,
            reach.resolve,
            self._user_agent,
        )
        stack.push_async_callback(service.close)
        return service

    @asynccontextmanager
    async def server(self, claim: Claim, timeout_seconds: float) -> AsyncGenerator[ServerAccess]:
        """A claimed server's BMC; its session is closed at the end. 0 s: no time limit."""
        leash = Leash(self._clock, timeout_seconds or None, self._stop)
        async with self._turn(claim), self._access(claim, leash) as access:
            yield access

    @asynccontextmanager
    async def setup(
        self, claim: Claim, leash: Leash
    ) -> AsyncGenerator[tuple[ServerAccess, SelfTest, FirmwareHands]]:
        """A claimed server's BMC, for what may take the server through its self-test."""
        async with self._turn(claim), AsyncExitStack() as stack:
            reports = await stack.enter_async_context(self.reports())
            access = await stack.enter_async_context(self._access(claim, leash))
            yield access, SelfTest(access, self.budgets.power_ons, reports), self._firmware

    @cached_property
    def _firmware(self) -> FirmwareHands:
        reach = self.reach
        images = FirmwareImages(reach.trust, reach.patience, reach.resolve, self._user_agent)
        return FirmwareHands(self.budgets.firmware_updates, images, Inventories(self._clock))

    @asynccontextmanager
    async def _access(self, claim: Claim, leash: Leash) -> AsyncGenerator[ServerAccess]:
        if self.config.ironic is not None:
            raise NotPossibleError(
                f"{claim.server_id}: the hall's engine is Ironic, and this is done over Redfish only; delete"
                " it from the pool's settings, or write `engine: redfish`"
            )
        claim = await self.current(claim)
        async with self._client(claim) as client:
            yield ServerAccess(client, Journal(self.store, claim), leash, self.limits, self._clock)

    def _account(self, claim: Claim) -> Credentials:
        try:
            return Credentials(
                self._secret(str(claim.recorded("usernameRef"))),
                self._secret(str(claim.recorded("passwordRef"))),
            )
        except NotPossibleError as error:
            raise NotPossibleError(
                f"{claim.server_id} ({claim.slot}): phase {claim.phase.value}: {error}; it goes on from this"
                " phase"
            ) from error

    def _client(self, claim: Claim) -> RedfishClient:
        bmc = str(claim.recorded("bmc"))
        return RedfishClient(
            bmc,
            self._account(claim),
            trust=self._trust(claim),
            user_agent=self._user_agent,
            patience=self.reach.patience,
            clock=self._clock,
            gate=self._gates.of(bmc),
            resolve=self.reach.resolve,
        )

    def _trust(self, claim: Claim) -> Trust:
        pinned = claim.record.get("certificateSha256")
        trust = self.reach.bmc_trust(str(pinned) if pinned else None)
        if trust is None:
            raise NotPossibleError(
                f"{claim.server_id} ({claim.slot}): nobody vouches for its BMC; add ca_certificate to the"
                " hall, or certificate_sha256 to the server in the inventory"
            )
        return trust

    def _secret(self, reference: str) -> str:
        return resolve_secret(reference, self.config.root)

    def close(self) -> None:
        """Close the claims store."""
        self.store.close()


def _deletions(config: HallConfig) -> int | None:
    try:
        return deletions_allowed(config.budgets.deletions_per_run, os.environ.get(DELETIONS_VARIABLE))
    except ValueError as error:
        raise RefusedInputError(str(error)) from None
