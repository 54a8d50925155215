"""Drives one machine through Ironic: looks, decides, orders, confirms. Keeps `MachineDriver`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from typing import Any, TypeVar

from argosy.errors import ArgosyError
from argosy_metal.claims import Phase
from argosy_metal.ironic.decide import DIRECT, RAMDISK, Step, bring_up_step
from argosy_metal.ironic.departure import drop, take_down
from argosy_metal.ironic.fields import BmcAccess, deploying, new_node, taking
from argosy_metal.ironic.node import Node, Whose, instance_id_of
from argosy_metal.ironic.server import IronicServer
from argosy_metal.ironic.work import IronicWork
from argosy_metal.lifecycle import Journal, MachineError, Running, Seen, Wanted
from argosy_metal.lifecycle.decide import OFF, ON, Observation
from argosy_metal.lifecycle.driver import BootMethod
from argosy_metal.lifecycle.explained import GO_ON, explained
from argosy_metal.lifecycle.image import ImageKind
from argosy_metal.lifecycle.installation import (
    begin_attempt,
    end_attempt,
    offer,
    quarantined,
    wait_for_report,
)
from argosy_metal.lifecycle.work import Hands

_T = TypeVar("_T")


class IronicMachine:
    """One machine on one claimed server. Public methods raise MachineError, or what the journal raises."""

    def __init__(self, journal: Journal, hands: Hands, server: IronicServer, bmc: BmcAccess) -> None:
        """`hands.server` is `server`, as the lifecycle sees it; `bmc` is handed to Ironic."""
        self._work = IronicWork(journal, hands, server, bmc)
        self._reading = AsyncExitStack()
        """Holds the place among those that read the image."""
        self._reads = False

    async def bring_up(self, wanted: Wanted, *, online: bool) -> Running:
        """Deploy what is wanted unless it is there, then see to its power."""
        return await self._explained(lambda: self._bring_up(wanted, online=online))

    async def take_down(self) -> None:
        """Undeploy, wipe as the claim demands, forget the machine. The node stays in Ironic, `available`.

        A node that is not ours is not touched.
        """
        await self._explained(self._take_down)

    async def look(self) -> Seen:
        """What is there now. Changes nothing."""
        return await self._explained(self._look)

    async def _bring_up(self, wanted: Wanted, *, online: bool) -> Running:
        self._refuse_what_ironic_has_not(wanted)
        await self._agree(wanted)
        work = self._work
        if work.journal.claim.phase is not Phase.RUNNING:
            async with work.hands.budgets.machines.one(work.hands.leash), self._reading:
                await work.drive(lambda: self._step(wanted))
        await work.drive(lambda: self._see_to_power(online=online))
        seen = await self._look()
        if seen.boot_id is None:
            raise seen.doubt or work.not_ready(
                "what was installed is not there any more", "run `pulumi refresh`, then `pulumi up`"
            )
        return Running(seen.boot_id, seen.power)

    def _refuse_what_ironic_has_not(self, wanted: Wanted) -> None:
        """`argosy check` says so before; this guards programs that ask the provider directly."""
        claim = self._work.journal.claim
        if fault := self._work.hands.wiper.fault(wanted.wipe):
            raise MachineError(claim, f"wipe: {fault}", "mend `wipe`, then run `pulumi up`")
        if wanted.boot is not BootMethod.VIRTUAL_MEDIA:
            found, instead = f"boot method {wanted.boot.value}", BootMethod.VIRTUAL_MEDIA.value
        elif wanted.image.kind is ImageKind.EFI:
            found, instead = "images of kind efi", "iso, raw or qcow2"
        else:
            return
        raise MachineError(claim, f"engine ironic cannot do {found}", f"write {instead}, or engine: redfish")

    async def _agree(self, wanted: Wanted) -> None:
        """Drop what an interrupted run began otherwise; never a machine that runs."""
        journal = self._work.journal
        claim = journal.claim
        if claim.install_id is None:
            return
        same = await journal.is_for(wanted)
        if claim.phase is Phase.RUNNING and not same:
            raise MachineError(
                claim,
                f"it runs another image already (sha256 {claim.image_sha256}), or the same with other user"
                " data or root device hints",
                f"`pulumi import` it as {claim.server_id}, and the next `pulumi up` replaces it",
            )
        if not same and claim.phase not in (Phase.LEAVING, Phase.WIPING):
            await drop(self._work)
            return
        await journal.demand_wipe(wanted.wipe)

    async def _step(self, wanted: Wanted) -> bool:
        """One step; True if none is left."""
        work = self._work
        sight = await work.sight()
        claim = work.journal.claim
        step = bring_up_step(
            claim.phase,
            sight,
            is_iso=wanted.image.kind is ImageKind.ISO,
            may_be_on_by_us=claim.may_be_on_by_us,
        )
        if step is Step.NOTHING:
            return True
        await self._take(step, sight.node, wanted)
        return False

    async def _take(self, step: Step, node: Node | None, wanted: Wanted) -> None:
        work = self._work
        journal, server = work.journal, work.server
        match step:
            case Step.BEGIN_ATTEMPT:
                power = node.power if node else OFF
                await begin_attempt(work, wanted, Observation(power, False, False, False))
            case Step.ENROL:
                body = new_node(journal.claim, await work.store_id(), work.bmc)
                await work.do(lambda: server.enrol(body))
            case Step.OFFER:
                if wanted.image.kind is ImageKind.ISO:
                    await offer(work, wanted)
                await journal.write(phase=Phase.BOOTING)
            case Step.NOTE_INSTALLING:
                await journal.write(phase=Phase.INSTALLING)
            case Step.WAIT_FOR_REPORT:
                await self._read_image(must_wait=False)
                await wait_for_report(work)
            case Step.END_ATTEMPT:
                await self._end_attempt(node)
            case Step.FINISH:
                await journal.write(phase=Phase.RUNNING)
                await self._reading.aclose()
            case Step.TAKE_DOWN:
                await take_down(work)
            case Step.REFUSE:
                raise quarantined(work)
            case _ if node is not None:
                await self._change(step, node, wanted)
            case _:
                raise work.stuck(node)

    async def _change(self, step: Step, node: Node, wanted: Wanted) -> None:
        """What is done to a node that is there."""
        work = self._work
        claim, server = work.journal.claim, work.server
        match step:
            case Step.DEPLOY:
                await self._read_image(must_wait=True)
                async with work.starting():
                    await work.order(step, node, self._deployment(wanted))
            case Step.TAKE:
                key = work.hands.provisioning.image_key(claim.install_id or "")
                patch = taking(node, claim, await work.store_id(), wanted, work.bmc, key)
                await work.do(lambda: server.patch(patch, step.value))
            case Step.POWER_OFF:
                await work.do(server.power_off, lambda seen: seen.power == OFF)
            case Step.POWER_ON:
                async with work.starting():
                    await work.do(server.power_on, lambda seen: seen.power != OFF)
            case Step.BOOT_ONCE:
                await work.do(server.boot_from_drive_once)
            case Step.BOOT_DISK:
                await work.do(server.boot_normally)
            case Step.EJECT_INSTALLER:
                await work.do(server.eject)
            case Step.SETTLE:
                await self._settle(node)
            case _:
                await work.common_step(step, node)

    def _deployment(self, wanted: Wanted) -> Mapping[str, Any]:
        try:
            return deploying(self._work.journal.claim, wanted)
        except (ArgosyError, UnicodeDecodeError) as error:
            found = str(error) if isinstance(error, ArgosyError) else "Ironic takes text, and it is none"
            raise self._work.not_ready(f"user data: {found}", GO_ON) from None

    async def _settle(self, node: Node) -> None:
        """Ironic changes the deploy interface of a deployed node in maintenance only."""
        work = self._work
        server = work.server
        if node.deploy_interface == RAMDISK:
            patch = [{"op": "add", "path": "/deploy_interface", "value": DIRECT}]
            if not node.settling:
                await work.do(lambda: server.maintain(on=True))
            await work.do(lambda: server.patch(patch, Step.SETTLE.value))
        await work.do(lambda: server.maintain(on=False))

    async def _end_attempt(self, node: Node | None) -> None:
        """Count the attempt as failed, unless the server is only off for a moment."""
        work = self._work
        if node is not None and node.state == "active":
            await end_attempt(work)
            return
        # Ironic writes the state first, and why a moment later.
        await work.hands.leash.pause(work.hands.limits.poll_seconds)
        node = await work.server.node()
        found = "the node carries no installation any more; someone else has undeployed it"
        if node is not None and node.instance_id is not None:
            found = f"Ironic says `{node.state}`: {await work.server.why(node)}"
        failure = work.not_ready(found, "mend what it says; `pulumi up` begins the next attempt")
        await work.journal.write(phase=Phase.FAILED)
        raise failure

    async def _read_image(self, *, must_wait: bool) -> None:
        """From here until it runs this machine is one of those that read the image; it counts once."""
        if self._reads:
            return
        hands = self._work.hands
        await self._reading.enter_async_context(
            hands.budgets.image_readers.one(hands.leash, must_wait=must_wait)
        )
        self._reads = True

    async def _see_to_power(self, *, online: bool) -> bool:
        """One step towards the wanted power; True once it is there."""
        work = self._work
        server = work.server
        node = (await work.sight()).node
        is_changing = node is not None and node.power in ("PoweringOn", "PoweringOff")
        if node is not None and not is_changing and (node.power != OFF) == online:
            return True
        if node is None or node.trouble is not None:
            raise work.stuck(node)
        if is_changing:
            await work.rest(node)
        elif online:
            async with work.starting():
                await work.do(server.power_on, lambda seen: seen.power == ON)
        else:
            await work.do(server.shut_down, lambda seen: seen.power == OFF)
        return False

    async def _take_down(self) -> None:
        hands = self._work.hands
        async with hands.budgets.machines.one(hands.leash):
            await take_down(self._work)

    async def _look(self) -> Seen:
        work = self._work
        sight = await work.sight()
        claim = work.journal.claim
        if sight.node is None:
            if claim.phase in (Phase.CLAIMED, Phase.PREPARING):
                return Seen("Unknown", None)
            raise work.stuck(None)
        node = sight.node
        if sight.whose is not Whose.OURS or node.state != "active":
            return Seen(node.power, None)
        if not node.carries_iso:
            return Seen(node.power, instance_id_of(claim.install_id or ""))
        report = await work.report()
        return Seen(node.power, report.boot_id if report else None, await work.doubt(report))

    async def _explained(self, work: Callable[[], Awaitable[_T]]) -> _T:
        return await explained(self._work.journal, work)
