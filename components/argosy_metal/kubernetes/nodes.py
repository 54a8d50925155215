"""The Nodes of a cluster over its REST API: what is asked of them, and what may be changed about them.

A change names the `resourceVersion` it saw and is refused by the API server if the Node has changed since.
Sources: kubernetes.io/docs/reference/using-api/api-concepts/, …/kubernetes-api/cluster-resources/node-v1/,
…/concepts/scheduling-eviction/api-eviction/, read 2026-11.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import quote, urlencode

from argosy.errors import ArgosyError
from argosy_metal.rest import Reply, Rest

OWNED = "argosy.dev/owned"
"""Annotation: which labels and taints of the Node came from us, as JSON, and for which server."""
DRAINING = "argosy.dev/draining"
"""Annotation: the Node's cordon is ours."""
_MERGE = "application/merge-patch+json"
_TRIES = 5
_NOTHING: Mapping[str, Any] = {}
_NODES = "/api/v1/nodes"


class NodeError(ArgosyError):
    """The cluster does not do as asked, or a Node is not what it should be."""


class NodeGoneError(NodeError):
    """The API server itself says that there is no such Node any more."""


def cluster_error(place: str) -> Callable[[str, str], NodeError]:
    """What `Rest` makes of a cluster's refusals and silence; `place` says which cluster."""
    return lambda found, next_step: NodeError(f"{place}: {found}; {next_step}")


@dataclass(frozen=True)
class Taint:
    """A taint of a Node."""

    key: str
    value: str
    effect: str
    """`NoSchedule`, `PreferNoSchedule` or `NoExecute`."""

    def body(self) -> dict[str, str]:
        """As the API has it."""
        return {"key": self.key, "effect": self.effect} | ({"value": self.value} if self.value else {})


@dataclass(frozen=True)
class Owned:
    """What of a Node is ours."""

    server_id: str
    labels: tuple[str, ...] = ()
    taints: tuple[tuple[str, str], ...] = ()
    """Key and effect of each."""


@dataclass(frozen=True)
class Node:
    """A Node as it was when it was looked at."""

    name: str
    resource_version: str
    uid: str
    boot_id: str
    """`/proc/sys/kernel/random/boot_id` of the machine that last reported as this Node."""
    is_ready: bool
    not_ready_reason: str
    labels: Mapping[str, str]
    taints: tuple[Taint, ...]
    is_cordoned: bool
    is_draining: bool
    """The cordon is ours."""
    allocatable: Mapping[str, str]
    owned: Owned | None
    """None: we have never changed it."""

    def count_of(self, resource: str) -> int:
        """How many of an extended resource, such as `nvidia.com/gpu`, pods may be given here."""
        text = self.allocatable.get(resource, "0")
        return int(text) if text.isdigit() else 0


@dataclass(frozen=True)
class Pod:
    """A pod on a Node, as far as a drain needs it."""

    namespace: str
    name: str
    uid: str
    is_bound: bool
    """Belongs to the Node as such (DaemonSet, static pod), or has ended: no drain moves it."""
    is_ending: bool
    """Told to end already."""
    is_unmanaged: bool
    """Nobody would start it anew elsewhere."""

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


class Nodes:
    """One cluster. Raises NodeError when it does not answer, or refuses."""

    def __init__(self, rest: Rest) -> None:
        self._rest = rest

    def find(self, name: str) -> Node | None:
        """The Node of that name; None if the API server itself says that there is none."""
        reply = self._rest.ask("GET", f"{_NODES}/{quote(name)}", repeatable=True)
        if _is_gone(reply):
            return None
        return _node(self._found(reply))

    def change(self, name: str, change: Callable[[Node], Mapping[str, Any] | None]) -> Node:
        """Patch the Node with what `change` makes of it; None: it is as it should be.

        Raises NodeGoneError, or NodeError if it keeps changing in between.
        """
        for _ in range(_TRIES):
            node = self.find(name)
            if node is None:
                raise NodeGoneError(f"node {name} is gone; run `pulumi refresh`, then `pulumi up`")
            patch = change(node)
            if patch is None:
                return node
            body = _with_version(patch, node.resource_version)
            reply = self._rest.ask(
                "PATCH", f"{_NODES}/{quote(name)}", body, repeatable=False, content_type=_MERGE
            )
            if reply.status != 409:
                return _node(self._found(reply))
        raise NodeError(f"node {name} keeps changing while it is written; run `pulumi up` again")

    def delete(self, node: Node) -> bool:
        """Delete exactly this Node; False if there is another of its name by now, which is left alone."""
        preconditions = {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": {"uid": node.uid}}
        reply = self._rest.ask("DELETE", f"{_NODES}/{quote(node.name)}", preconditions, repeatable=True)
        if reply.status == 409:
            return False
        if not _is_gone(reply):
            self._found(reply)
        return True

    def pods_on(self, name: str) -> tuple[Pod, ...]:
        """Every pod on the Node, by namespace and name."""
        query = urlencode({"fieldSelector": f"spec.nodeName={name}"})
        body = self._found(self._rest.ask("GET", f"/api/v1/pods?{query}", repeatable=True))
        items = cast("Sequence[Mapping[str, Any]]", body.get("items") or ())
        return tuple(sorted((_pod(item) for item in items), key=str))

    def evict(self, pod: Pod) -> str | None:
        """Ask for an eviction, which honours disruption budgets; None if granted, else why not yet."""
        path = f"/api/v1/namespaces/{quote(pod.namespace)}/pods/{quote(pod.name)}/eviction"
        body = {
            "apiVersion": "policy/v1",
            "kind": "Eviction",
            "metadata": {"name": pod.name, "namespace": pod.namespace},
            "deleteOptions": {"preconditions": {"uid": pod.uid}},
        }
        # 429: a disruption budget forbids it now; 500: two budgets cover the pod; 409: it is another pod by
        # now, or is being changed. None is our error, and each may be over at the next look.
        reply = self._rest.ask_once("POST", path, body)
        if reply.status in (409, 429, 500):
            return reply.told
        if not _is_gone(reply):
            self._found(reply)
        return None

    def _found(self, reply: Reply) -> Mapping[str, Any]:
        body: object = reply.body
        if reply.status in (200, 201, 202) and isinstance(body, dict):
            return cast("Mapping[str, Any]", body)
        step = {
            401: "check the kubeconfig's token or certificate",
            403: "let the account get, patch and delete nodes, list pods and create pods/eviction",
        }.get(reply.status, "see what the API server says, then run again")
        raise self._rest.unavailable(reply.told, step)


def _is_gone(reply: Reply) -> bool:
    """Whether the API server itself says so; a proxy's 404 says nothing."""
    body: Any = reply.body
    return reply.status == 404 and isinstance(body, dict) and cast("Any", body).get("reason") == "NotFound"


def _with_version(patch: Mapping[str, Any], version: str) -> dict[str, Any]:
    metadata = {**cast("Mapping[str, Any]", patch.get("metadata") or {}), "resourceVersion": version}
    return {**patch, "metadata": metadata}


def _node(body: Mapping[str, Any]) -> Node:
    metadata, spec, status = (_at(body, name) for name in ("metadata", "spec", "status"))
    ready = _condition(status, "Ready")
    taints = cast("Sequence[Mapping[str, str]]", spec.get("taints") or ())
    return Node(
        name=str(metadata.get("name")),
        resource_version=str(metadata.get("resourceVersion")),
        uid=str(metadata.get("uid")),
        boot_id=str(_at(status, "nodeInfo").get("bootID") or "").lower(),
        is_ready=ready.get("status") == "True",
        not_ready_reason=str(ready.get("message") or ready.get("reason") or "it has not reported yet"),
        labels=cast("Mapping[str, str]", _at(metadata, "labels")),
        taints=tuple(Taint(one["key"], one.get("value", ""), one["effect"]) for one in taints),
        is_cordoned=bool(spec.get("unschedulable")),
        is_draining=DRAINING in _at(metadata, "annotations"),
        allocatable=cast("Mapping[str, str]", _at(status, "allocatable")),
        owned=_owned(_at(metadata, "annotations").get(OWNED)),
    )


def _owned(text: object) -> Owned | None:
    if not isinstance(text, str):
        return None
    try:
        held: Any = json.loads(text)
        return Owned(
            str(held["server_id"]),
            tuple(held["labels"]),
            tuple((key, effect) for key, effect in held["taints"]),
        )
    except (ValueError, KeyError, TypeError):
        return Owned("")


def _condition(status: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    conditions = cast("Sequence[Mapping[str, Any]]", status.get("conditions") or ())
    return next((one for one in conditions if one.get("type") == kind), _NOTHING)


def _pod(body: Mapping[str, Any]) -> Pod:
    metadata, status = _at(body, "metadata"), _at(body, "status")
    owners = cast("Sequence[Mapping[str, Any]]", metadata.get("ownerReferences") or ())
    is_daemon = any(owner.get("kind") == "DaemonSet" and owner.get("controller") for owner in owners)
    is_static = "kubernetes.io/config.mirror" in _at(metadata, "annotations")
    has_ended = status.get("phase") in ("Succeeded", "Failed")
    return Pod(
        str(metadata.get("namespace")),
        str(metadata.get("name")),
        str(metadata.get("uid")),
        is_bound=is_daemon or is_static or has_ended,
        is_ending=bool(metadata.get("deletionTimestamp")),
        is_unmanaged=not any(owner.get("controller") for owner in owners),
    )


def _at(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = body.get(name)
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else {}
