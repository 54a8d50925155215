"""One operation on one machine through Ironic: looking, ordering, waiting, proving whose the node is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from argosy_metal.ironic.decide import RAMDISK, Boot, Sight, Step
from argosy_metal.ironic.errors import IronicBusyError, IronicUnreachableError
from argosy_metal.ironic.fields import BmcAccess, Patch, describing, letting_go
from argosy_metal.ironic.node import Node, Whose, whose
from argosy_metal.ironic.server import IronicServer
from argosy_metal.lifecycle import Journal, MachineError
from argosy_metal.lifecycle.explained import GO_ON
from argosy_metal.lifecycle.work import Hands, Work

_ORDERS: Mapping[Step, str] = {
    Step.MANAGE: "manage",
    Step.INSPECT: "inspect",
    Step.PROVIDE: "provide",
    Step.UNDEPLOY: "undeploy",
}
_INSPECTED_IN = frozenset({"manageable", "available"})
"""States in which it matters whether the serial number was seen."""


class IronicWork(Work):
    """Looks and orders. Every order is looked for: neither an answer nor its absence is proof."""

    def __init__(self, journal: Journal, hands: Hands, server: IronicServer, bmc: BmcAccess) -> None:
        """`hands.server` is `server`, as the lifecycle sees it."""
        super().__init__(journal, hands)
        self.server = server
        self.bmc = bmc
        self._ordered: set[tuple[Step, str]] = set()
        """Steps ordered in this operation, and the states in which they were."""
        self._waited: tuple[str, float] | None = None
        """State and time of the first rest in it."""

    async def sight(self) -> Sight:
        """The node, whose it is, and what has been reported. Raises WrongServerError for another serial."""
        node = await self.server.node()
        if node is None:
            return Sight(None)
        owner = await self._whose(node)
        is_inspected = node.state in _INSPECTED_IN and await self.server.is_inspected()
        if owner is not Whose.OURS or node.state != "active" or not node.carries_iso:
            return Sight(node, owner, is_inspected)
        reported = await self.report() is not None
        if node.deploy_interface != RAMDISK:
            # Since its system has reported, drive and boot device are the system's.
            return Sight(node, owner, is_inspected, reported=reported)
        boot = await self.server.boot()
        # The drive is looked into when it has to be emptied only.
        inserted = reported and boot is Boot.OTHER and await self.server.media_inserted()
        return Sight(node, owner, is_inspected, boot, inserted, reported)

    async def drive(self, take: Callable[[], Awaitable[bool]]) -> None:
        """Step by step until `take` says that none is left; while Ironic is busy or away, wait.

        Every step is decided by a new look, so what was ordered is not ordered again because an answer was
        lost.
        """
        hands, busy_since = self.hands, None
        self._ordered.clear()
        while True:
            hands.leash.check()
            try:
                if await take():
                    return
                busy_since = None
            except (IronicBusyError, IronicUnreachableError):
                now = hands.clock.now()
                busy_since = now if busy_since is None else busy_since
                if now - busy_since > hands.limits.silence_seconds:
                    raise
                await hands.leash.pause(hands.limits.poll_seconds)

    async def do(
        self, act: Callable[[], Awaitable[None]], done: Callable[[Node], bool] | None = None
    ) -> None:
        """Do it once; where Ironic takes its time, look until it shows."""
        hands = self.hands
        hands.leash.check()
        await self.journal.assert_may_act()
        await act()
        started = hands.clock.now()
        while done is not None:
            node = await self.server.node()
            if node is None or done(node):
                return
            if hands.clock.now() - started > hands.limits.power_seconds:
                raise self.not_ready(
                    f"Ironic accepted it, but it does not show after {hands.limits.power_seconds:.0f} s:"
                    f" {node.last_error or 'no reason given'}",
                    f"look at the node in Ironic, then {GO_ON}",
                )
            await hands.leash.pause(hands.limits.poll_seconds)

    async def order(
        self, step: Step, node: Node, body: Mapping[str, Any], *, first: Patch | None = None
    ) -> None:
        """Change fields where there are any to change, then ask for another provision state.

        What came to nothing before is not ordered again: raises MachineNotReadyError if the same was ordered
        from the same state already.
        """
        if (step, node.state) in self._ordered:
            raise self.not_ready(
                f"{step.value}: Ironic went back to `{node.state}`: {node.last_error or 'no reason given'}",
                f"mend what it says, then {GO_ON}",
            )
        if first is not None:
            await self.do(lambda: self.server.patch(first, step.value))
        await self.do(lambda: self.server.provision(body, step.value))
        self._ordered.add((step, node.state))

    async def rest(self, node: Node) -> None:
        """Let Ironic go on. Raises MachineNotReadyError if it stays in one state for too long."""
        hands = self.hands
        if self._waited is None or self._waited[0] != node.state:
            self._waited = node.state, hands.clock.now()
        seconds = hands.clock.now() - self._waited[1]
        if seconds > hands.limits.install_seconds:
            raise self.not_ready(
                f"Ironic has been at `{node.state}` for {seconds:.0f} s",
                f"look at the node in Ironic, then {GO_ON}",
            )
        await hands.leash.pause(hands.limits.poll_seconds)

    async def common_step(self, step: Step, node: Node) -> None:
        """What bringing up and taking down have in common."""
        match step:
            case Step.MANAGE | Step.INSPECT | Step.PROVIDE:
                # What did not work before, an address or a password, may have been mended since.
                has_failed = step is Step.MANAGE and node.last_error is not None
                first = describing(self.bmc) if has_failed and node.is_by_us else None
                await self.order(step, node, {"target": _ORDERS[step]}, first=first)
            case Step.UNDEPLOY:
                if node.power != "Off":
                    await self.assert_ours()
                await self.order(step, node, {"target": _ORDERS[step]})
            case Step.LET_GO:
                await self.do(lambda: self.server.patch(letting_go(node), step.value))
            case Step.WAIT:
                await self.rest(node)
            case Step.LEAVE_ALONE:
                raise self.foreign(node)
            case Step.NOT_OFF:
                raise self.not_ours(await self.last_report())
            case _:
                raise self.stuck(node)

    async def store_id(self) -> str:
        """Identity of the claims store, as it stands on the node."""
        return await self.journal.store_id()

    def stuck(self, node: Node | None) -> MachineError:
        """What to raise about a node that takes no order."""
        if node is None:
            found = "Ironic does not know the node any more; the server was not touched"
            return self.not_ready(found, f"enrol it in Ironic again as it was, then {GO_ON}")
        found = node.trouble or f"it is `{node.state}`: {node.last_error or 'no reason given'}"
        if node.trouble is None and not node.is_by_us and node.instance_id is None:
            found = f"it is `{node.state}`, and we have not enrolled it"
            advice = "inspect it (`openstack baremetal node inspect`) and make it `available`"
        else:
            advice = "mend what it says in Ironic"
        return self.not_ready(f"Ironic's node {node.id} takes no order: {found}", f"{advice}, then {GO_ON}")

    def foreign(self, node: Node) -> MachineError:
        """What to raise about a node that is not ours."""
        holder = node.owner or (node.mark.owner if node.mark else None) or "nobody by name"
        return self.not_ready(
            f"Ironic's node {node.id} is not ours: owner {holder}, instance {node.instance_id or 'none'},"
            f" state `{node.state}`; it was left alone",
            "find out whose it is; if it is free, undeploy it in Ironic and clear its owner, then run"
            " `pulumi up` again",
        )

    async def _whose(self, node: Node) -> Whose:
        marked = node.mark.install_id if node.mark else None
        knows = marked is not None and await self.journal.knows(marked)
        return whose(node, self.journal.claim, await self.store_id(), knows_mark=knows)
