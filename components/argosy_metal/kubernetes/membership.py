"""A machine's way into its cluster and out again: joined and marked, drained and deleted.

Whoever is found under the machine's Node name must be the machine: its `bootID` is the one that the installed
system has reported to the hall. A Node that is somebody else's is never marked, drained or deleted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from argosy_metal.kubernetes.marks import cordoning, marking
from argosy_metal.kubernetes.nodes import OWNED, Node, NodeError, NodeGoneError, Nodes, Pod, Taint
from argosy_metal.lifecycle.leash import Leash
from argosy_metal.redfish import Clock

POLL_SECONDS = 5.0
GPUS = "nvidia.com/gpu"
BootId = Callable[[], Awaitable[str | None]]
"""Asks what the installed system has reported last; it changes when the machine boots again."""


@dataclass(frozen=True)
class Wish:
    """What a machine is to be in its cluster."""

    server_id: str
    node_name: str
    labels: Mapping[str, str]
    taints: Sequence[Taint]
    gpus: int
    """So many GPUs must be allocatable; 0: none is waited for."""


@dataclass(frozen=True)
class Member:
    """A machine that is, or may be, in its cluster."""

    server_id: str
    node_name: str
    node_uid: str = ""
    """Of the Node as it was when it was last seen; empty: it was never seen."""


@dataclass(frozen=True)
class Patience:
    """How long to wait, in seconds."""

    join_seconds: float = 1800.0
    """From the machine's report to a ready Node with its GPUs: drivers are loaded meanwhile. Our choice."""
    drain_seconds: float = 900.0
    """For pods to end. Our choice; the fleet file says otherwise."""


class Membership:
    """One machine and its cluster. Raises NodeError, or what the leash raises between two steps."""

    def __init__(self, nodes: Nodes, clock: Clock, leash: Leash, patience: Patience) -> None:
        self._nodes = nodes
        self._clock = clock
        self._leash = leash
        self._patience = patience

    async def join(self, wish: Wish, boot_id: BootId) -> Node:
        """Wait until the machine is a Node, mark it, and wait until it is ready."""
        started, marked = self._clock.now(), ""
        while True:
            node = await asyncio.to_thread(self._nodes.find, wish.node_name)
            waiting_for = await _missing(wish, node, boot_id)
            if node is not None and waiting_for is None and marked != node.uid:
                # Anew for a Node that a rebooted machine has registered anew.
                node = await self._marked(wish, node)
                marked = node.uid if node else ""
                waiting_for = None if node else f"node {wish.node_name} was exchanged meanwhile"
            if node is not None and waiting_for is None:
                waiting_for = _unready(wish, node)
                if waiting_for is None:
                    return node
            if self._clock.now() - started > self._patience.join_seconds:
                raise NodeError(
                    f"{wish.server_id}: {waiting_for} after {self._patience.join_seconds:.0f} s; look at the"
                    " kubelet's log on the machine, then run `pulumi up` again: it goes on waiting"
                )
            await self._leash.pause(POLL_SECONDS)

    async def leave(self, member: Member, boot_id: BootId) -> None:
        """Keep new pods away, move those that are there, and delete the Node. No error if it is gone.

        Raises NodeError with the pods that would not go: nothing is ever forced.
        """
        started = self._clock.now()
        while (node := await self._closed(member, boot_id)) is not None:
            pods = await asyncio.to_thread(self._nodes.pods_on, node.name)
            left = [pod for pod in pods if not pod.is_bound]
            if not left and await asyncio.to_thread(self._nodes.delete, node):
                return
            self._leash.check()
            blocked = await self._evict(left)
            if self._clock.now() - started > self._patience.drain_seconds:
                raise NodeError(_stuck(node, left, blocked, self._patience.drain_seconds))
            await self._leash.pause(POLL_SECONDS)

    async def _marked(self, wish: Wish, node: Node) -> Node | None:
        """The Node with our labels and taints, without what is ours no more; None if it is another by now."""

        def change(seen: Node) -> Mapping[str, object] | None:
            if not _is_same(seen, node):
                return None
            _assert_ours(seen, wish.server_id)
            return marking(seen, wish.server_id, wish.labels, wish.taints)

        return await self._changed(node, change)

    async def _closed(self, member: Member, boot_id: BootId) -> Node | None:
        """Our Node, to which no new pods come; None if there is none of ours."""
        while (node := await asyncio.to_thread(self._nodes.find, member.node_name)) is not None:
            if not await _is_ours(node, member, boot_id):
                return None
            if (closed := await self._changed(node, _closing(node))) is not None:
                return closed
            await self._leash.pause(POLL_SECONDS)
        return None

    async def _changed(
        self, node: Node, change: Callable[[Node], Mapping[str, object] | None]
    ) -> Node | None:
        """The Node after the change; None if it is gone, or is another by now."""
        try:
            changed = await asyncio.to_thread(self._nodes.change, node.name, change)
        except NodeGoneError:
            return None
        return changed if _is_same(changed, node) else None

    async def _evict(self, pods: Sequence[Pod]) -> Mapping[Pod, str]:
        """Ask for all that do not end already; who could not be granted yet, and why."""
        blocked: dict[Pod, str] = {}
        for pod in pods:
            if pod.is_ending:
                continue
            if pod.is_unmanaged:
                blocked[pod] = "no controller would start it anew; delete it yourself"
            elif refusal := await asyncio.to_thread(self._nodes.evict, pod):
                blocked[pod] = refusal
        return blocked


async def _missing(wish: Wish, node: Node | None, boot_id: BootId) -> str | None:
    if node is None:
        return f"no node {wish.node_name} has registered"
    reported = await boot_id()
    if reported is None:
        return "the machine has not reported"
    if node.boot_id != reported.lower():
        return f"node {wish.node_name} is of another boot ({node.boot_id or 'none'}, not {reported})"
    return None


async def _is_ours(node: Node, member: Member, boot_id: BootId) -> bool:
    """By our mark; by what is known of it if the mark was taken away, was never made, or is somebody else's.

    Raises NodeError for the last: the machine would be taken down undrained.
    """
    marked_for = node.owned.server_id if node.owned else ""
    if marked_for == member.server_id:
        return True
    reported = None if node.uid == member.node_uid else await boot_id()
    is_known = node.uid == member.node_uid or (reported is not None and node.boot_id == reported.lower())
    if is_known and marked_for:
        raise NodeError(
            f"node {node.name} is server {member.server_id}, and its annotation {OWNED} says that it is"
            f" {marked_for}; find out who wrote that, and delete the annotation"
        )
    return is_known


def _is_same(seen: Node, node: Node) -> bool:
    return (seen.uid, seen.boot_id) == (node.uid, node.boot_id)


def _closing(node: Node) -> Callable[[Node], Mapping[str, object] | None]:
    return lambda seen: cordoning(seen) if _is_same(seen, node) else None


def _assert_ours(node: Node, server_id: str) -> None:
    if node.owned is not None and node.owned.server_id not in ("", server_id):
        raise NodeError(
            f"node {node.name} belongs to server {node.owned.server_id}, not {server_id}; give this machine"
            " another node name, or delete that node if its server is gone"
        )


def _unready(wish: Wish, node: Node) -> str | None:
    if not node.is_ready:
        return f"node {node.name} is not ready: {node.not_ready_reason}"
    if (gpus := node.count_of(GPUS)) < wish.gpus:
        return f"node {node.name} offers {gpus} of {wish.gpus} GPUs"
    return None


def _stuck(node: Node, left: Sequence[Pod], blocked: Mapping[Pod, str], seconds: float) -> str:
    told = [f"{pod}: {blocked[pod]}" if pod in blocked else f"{pod}: still ending" for pod in left[:10]]
    more = f"; and {len(left) - 10} more" if len(left) > 10 else ""
    return (
        f"node {node.name} is cordoned, and {len(left)} pods are left after {seconds:.0f} s:"
        f" {'; '.join(told)}{more}; give them time or change their disruption budget, then run again: nothing"
        " was forced"
    )
