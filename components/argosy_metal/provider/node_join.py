"""`baremetal:index:NodeJoin`: a machine as a Node of its hall's cluster. Drains before anything is wiped.

It hangs on the machine's install id, not on its boot id: a reboot is no reason to drain a Node, and another
installation is. The engine takes a Machine's dependents down before it only if their own comparison demands
it, with what comes from the Machine unknown: an unknown install id is another one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from argosy_metal.claims import Claim
from argosy_metal.kubernetes.membership import GPUS, Membership, Patience, Wish
from argosy_metal.kubernetes.nodes import Node, NodeError, Taint
from argosy_metal.lifecycle import InterruptedMachineError, Journal, MachineNotReadyError
from argosy_metal.lifecycle.explained import explained
from argosy_metal.provider.checks import Failure
from argosy_metal.provider.cluster_membership import (
    boot_ids,
    leave_cluster,
    note_node,
    note_seen,
    noted_node,
    opened_cluster,
)
from argosy_metal.provider.failures import NotPossibleError, PartialFailureError
from argosy_metal.provider.hall import Hall
from argosy_metal.provider.node_join_inputs import OBSERVED, PROPERTIES
from argosy_metal.provider.requests import ResourceRequest
from argosy_metal.provider.resource import Change, Difference, Found, Outputs
from argosy_metal.provider.taking_down import (
    count_deletion,
    is_given_up,
    leave_cluster_unreached,
    unreached,
)
from argosy_metal.provider.values import UNKNOWN

NODE_JOIN = "baremetal:index:NodeJoin"


class NodeJoins:
    """Joins, marks, observes and drains."""

    properties = PROPERTIES

    def __init__(self, hall: Callable[[], Hall]) -> None:
        self._hall = hall
        self._replaced: set[str] = set()
        """URNs of those that a comparison has found to be replaced."""
        self._left: dict[str, tuple[Outputs, str]] = {}
        """By URN: those that were to be replaced and could not be drained, and why."""

    def check(self, news: Mapping[str, Any]) -> tuple[Mapping[str, Any], Sequence[Failure]]:
        """Shapes only."""
        return self.properties.check(news)

    def diff(self, request: ResourceRequest) -> Difference:
        """Labels, taints and limits change in place; so does a Node that is not ready yet."""
        changes = self.properties.changes(request)
        if Change.REPLACE in changes.values():
            self._replaced.add(request.urn)
        if request.olds.get("ready") is True:
            return Difference(changes)
        return Difference(changes | {"ready": Change.UPDATE}, frozenset({"ready"}))

    async def create(self, request: ResourceRequest) -> tuple[str, Outputs]:
        """Wait for the Node, mark it, and wait until it is ready."""
        if request.preview:
            return "", {**request.news, **dict.fromkeys(OBSERVED, UNKNOWN)}
        server_id = str(request.news["serverId"])
        olds, reason = self._left.pop(request.urn, ({}, ""))
        if all(olds.get(name) == request.news[name] for name in ("serverId", "installId")):
            raise PartialFailureError(server_id, olds, [reason])
        return server_id, await self._join(request)

    async def update(self, request: ResourceRequest) -> Outputs:
        """Mark it anew, and wait until it is ready."""
        if request.preview:
            return {**request.olds, **request.news}
        return await self._join(request)

    async def read(self, request: ResourceRequest) -> Found:
        """The Node as it is; gone if there is none of ours. A cluster that does not answer is an error."""
        if not request.olds:
            raise NotPossibleError("a NodeJoin is not imported: declare it, and `pulumi up` adopts its Node")
        olds = request.olds
        async with opened_cluster(self._hall(), olds) as nodes:
            node = await asyncio.to_thread(nodes.find, str(olds["nodeName"]))
        if node is None or node.owned is None or node.owned.server_id != request.resource_id:
            return Found()
        return Found(request.resource_id, _as_found(olds, node), dict(request.old_inputs))

    async def delete(self, request: ResourceRequest) -> None:
        """Drain the Node and delete it; one that is not ours is left alone.

        If its machine is replaced, taking that down drains it, when the pool's rollout has come to it.
        """
        hall = self._hall()
        claim = await hall.claim_of(request.resource_id)
        if claim is None or claim.owner != request.owner:
            await hall.assert_known(request)
            return
        noted = noted_node(claim)
        if hall.rollouts.is_expected(claim.server_id) or noted.get("holder", request.urn) != request.urn:
            return
        leash = hall.leash(request)
        try:
            if request.urn not in self._replaced:
                await count_deletion(hall, claim, leash)
            await leave_cluster(hall, claim, leash, noted or request.olds)
        except (NodeError, MachineNotReadyError) as error:
            comes_back = request.urn in self._replaced
            if is_given_up(claim, error) and not comes_back:
                await leave_cluster_unreached(hall, claim, leash, request)
                return
            if isinstance(error, InterruptedMachineError) or not comes_back:
                raise unreached(error) from error.__cause__
            # Told when the engine asks for the successor, which it does at once: a replacement whose deletion
            # fails would leave the CLI waiting without end (pulumi issue 16373).
            self._left[request.urn] = {**request.olds, "ready": False}, str(error)

    async def _join(self, request: ResourceRequest) -> Outputs:
        hall, news = self._hall(), request.news
        server_id = str(news["serverId"])
        claim = await hall.own_claim(server_id, request.owner)
        if claim.install_id != news["installId"]:
            raise NotPossibleError(
                f"{server_id} carries install {claim.install_id or 'none'}, not {news['installId']}; run"
                " `pulumi refresh`, then `pulumi up`"
            )
        journal = Journal(hall.store, claim)
        try:
            node = await explained(journal, lambda: self._joined(hall, journal, request))
        except (NodeError, MachineNotReadyError) as error:
            # The machine is there and may have joined half-way: the engine records it, and goes on.
            outputs = {**news, "ready": False, "gpuCount": 0, "nodeUid": ""}
            raise PartialFailureError(server_id, outputs, [str(error)]) from error
        return {**news, **_observed(node, news["gpus"])}

    async def _joined(self, hall: Hall, journal: Journal, request: ResourceRequest) -> Node:
        claim: Claim = journal.claim
        async with opened_cluster(hall, request.news) as nodes:
            await note_node(journal, nodes, request.urn, request.news)
            async with boot_ids(hall, claim, claim.install_id) as boot_id:
                member = Membership(nodes, hall.clock, hall.leash(request), Patience())
                node = await member.join(_wish(request.news), boot_id)
        await note_seen(journal, node)
        return node


def _wish(news: Mapping[str, Any]) -> Wish:
    taints = [Taint(one["key"], one.get("value", ""), one["effect"]) for one in news.get("taints") or ()]
    return Wish(news["serverId"], news["nodeName"], news.get("labels") or {}, taints, news["gpus"])


def _observed(node: Node, gpus: int) -> dict[str, Any]:
    count = node.count_of(GPUS)
    return {"ready": node.is_ready and count >= gpus, "gpuCount": count, "nodeUid": node.uid}


def _as_found(olds: Outputs, node: Node) -> dict[str, Any]:
    """What the state knew, with what of our labels and taints is there still, and as it is there."""
    outputs = {**olds, **_observed(node, olds.get("gpus", 0))}
    if "labels" in olds:
        ours = cast("Mapping[str, str]", olds["labels"])
        outputs["labels"] = {name: node.labels[name] for name in sorted(ours) if name in node.labels}
    if "taints" in olds:
        found = {(taint.key, taint.effect): taint for taint in node.taints}
        given = cast("Sequence[Mapping[str, str]]", olds["taints"])
        outputs["taints"] = [
            one if found[key].value == one.get("value", "") else dict(found[key].body())
            for one in given
            if (key := (one["key"], one["effect"])) in found
        ]
    return outputs
