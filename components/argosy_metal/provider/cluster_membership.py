"""Which Node a server is, noted with its claim, so that whoever takes its machine down drains it first.

The engine deletes a NodeJoin before its Machine. That order alone is not relied upon: a state may have lost
the NodeJoin, and a rollout must not drain a whole pool before the first machine of it is replaced.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, closing
from typing import Any, cast

from argosy_metal.claims import Claim
from argosy_metal.kubernetes.kubeconfig import KubeconfigError, read_kubeconfig
from argosy_metal.kubernetes.membership import BootId, Member, Membership, Patience
from argosy_metal.kubernetes.nodes import Node, NodeError, Nodes, cluster_error
from argosy_metal.lifecycle import Journal, Leash
from argosy_metal.lifecycle.explained import explained
from argosy_metal.lifecycle.notes import Notes
from argosy_metal.provider.failures import NotPossibleError
from argosy_metal.provider.hall import Hall
from argosy_metal.rest import Rest

UNDRAINED_VARIABLE = "ARGOSY_METAL_UNDRAINED"
"""Environment variable: server ids, with commas between, whose machines this run takes down undrained."""
_NOTES = "node"
_NOTED = ("kubeconfig", "context", "nodeName", "drainSeconds", "installId")


@asynccontextmanager
async def opened_cluster(hall: Hall, inputs: Mapping[str, Any]) -> AsyncGenerator[Nodes]:
    """The cluster of a NodeJoin; its connections are closed at the end.

    Raises NotPossibleError, which holds no token, for a kubeconfig that cannot be used.
    """
    path = hall.config.root / str(inputs["kubeconfig"])
    place = f"the cluster of {inputs['kubeconfig']}"
    try:
        cluster = await asyncio.to_thread(read_kubeconfig, path, inputs.get("context"))
        rest = Rest(cluster.server, cluster_error(place), cluster.headers, cluster.context)
        with closing(rest):
            yield Nodes(rest)
    except KubeconfigError as error:
        raise NotPossibleError(str(error)) from None


@asynccontextmanager
async def boot_ids(hall: Hall, claim: Claim, install_id: str | None) -> AsyncGenerator[BootId]:
    """What the machine of an installation has reported as its boot."""
    async with hall.reports() as reports:

        async def boot_id() -> str | None:
            report = await reports.find(claim.serial)
            return report.boot_id if report is not None and report.install_id == install_id else None

        yield boot_id


async def note_node(journal: Journal, nodes: Nodes, holder: str, inputs: Mapping[str, Any]) -> None:
    """Note, before anything is done in the cluster, which Node the server is to be.

    Raises NodeError if it is a Node of another cluster: that one would be forgotten, and never drained.
    """
    await _assert_same_cluster(noted_node(journal.claim), nodes, inputs)
    noted = {name: inputs.get(name) for name in _NOTED}
    await Notes(journal, _NOTES).write(**noted, holder=holder)


async def _assert_same_cluster(noted: Mapping[str, Any], nodes: Nodes, inputs: Mapping[str, Any]) -> None:
    uid, name = noted.get("nodeUid"), str(inputs["nodeName"])
    if not uid or all(noted.get(one) == inputs.get(one) for one in ("kubeconfig", "context")):
        return
    node = await asyncio.to_thread(nodes.find, name)
    if node is None or node.uid != uid:
        raise NodeError(
            f"{inputs['serverId']} is node {noted['nodeName']} of the cluster of {noted['kubeconfig']}, and"
            f" not of that of {inputs['kubeconfig']}; let it leave the one first: take `join` out of the"
            " pool, run `pulumi up`, then write it again with the other"
        )


async def note_seen(journal: Journal, node: Node) -> None:
    """Note the Node that the server is."""
    await Notes(journal, _NOTES).write(nodeUid=node.uid)


def noted_node(claim: Claim) -> Mapping[str, Any]:
    """What is noted of a server's Node; empty if it is none."""
    found = claim.record.get(_NOTES)
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


async def leave_cluster(hall: Hall, claim: Claim, leash: Leash, known: Mapping[str, Any]) -> Claim:
    """Drain the Node that `known` tells of and delete it, unless it is none of ours; the claim as it is now.

    Raises NodeError with the pods that would not go, and MachineError for what stops the work.
    """
    journal = Journal(hall.store, claim)
    if known and claim.server_id not in _undrained():
        await explained(journal, lambda: _leave(hall, claim, leash, known))
    return await forget_node(journal)


async def forget_node(journal: Journal) -> Claim:
    """Note that the server is no Node; the claim as it is now."""
    await Notes(journal, _NOTES).clear()
    return journal.claim


async def _leave(hall: Hall, claim: Claim, leash: Leash, known: Mapping[str, Any]) -> None:
    member = Member(claim.server_id, str(known["nodeName"]), str(known.get("nodeUid") or ""))
    patience = Patience(drain_seconds=float(known["drainSeconds"]))
    await _with_advice(claim, lambda: _left(hall, claim, leash, known, member, patience))


async def _left(
    hall: Hall, claim: Claim, leash: Leash, known: Mapping[str, Any], member: Member, patience: Patience
) -> None:
    async with opened_cluster(hall, known) as nodes, boot_ids(hall, claim, known.get("installId")) as boot_id:
        await Membership(nodes, hall.clock, leash, patience).leave(member, boot_id)


async def _with_advice(claim: Claim, work: Callable[[], Awaitable[None]]) -> None:
    try:
        await work()
    except (NodeError, NotPossibleError) as error:
        raise NodeError(
            f"{claim.server_id} ({claim.slot}) stays as it is, since its node is not drained: {error}; if"
            f" what runs on it may be lost: {UNDRAINED_VARIABLE}={claim.server_id} before the same pulumi"
            " command"
        ) from error


def _undrained() -> frozenset[str]:
    return frozenset(one.strip() for one in os.environ.get(UNDRAINED_VARIABLE, "").split(","))
