"""Which labels and taints a Node is to carry because of us, and the patch that makes it so. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from argosy_metal.kubernetes.nodes import DRAINING, OWNED, Node, Taint


def marking(
    node: Node, server_id: str, labels: Mapping[str, str], taints: Sequence[Taint]
) -> dict[str, Any] | None:
    """The merge patch that gives a Node our labels and taints, and takes those away that are ours no more.

    What others have put there stays, their cordon too; one that a drain of ours has left is opened. None if
    nothing is to be changed.
    """
    ours = node.owned
    dropped_labels = set(ours.labels if ours else ()) - set(labels)
    wanted_labels: dict[str, str | None] = {**labels, **dict.fromkeys(sorted(dropped_labels))}
    changed = {key: value for key, value in wanted_labels.items() if node.labels.get(key) != value}
    kept = _taints(node, taints)
    annotation = json.dumps(
        {
            "server_id": server_id,
            "labels": sorted(labels),
            "taints": sorted([taint.key, taint.effect] for taint in taints),
        },
        sort_keys=True,
    )
    is_marked = ours is not None and _shown(node) == annotation
    if not changed and kept == node.taints and is_marked and not node.is_draining:
        return None
    opened = {"unschedulable": None} if node.is_draining else {}
    drained = {DRAINING: None} if node.is_draining else {}
    return {
        "metadata": {"labels": changed, "annotations": {OWNED: annotation, **drained}},
        "spec": {"taints": [taint.body() for taint in kept], **opened},
    }


def cordoning(node: Node) -> dict[str, Any] | None:
    """The merge patch that keeps new pods away while we drain; None if somebody does so already.

    It says that the cordon is ours: one of somebody else's is never opened.
    """
    if node.is_cordoned:
        return None
    return {"metadata": {"annotations": {DRAINING: "true"}}, "spec": {"unschedulable": True}}


def _taints(node: Node, wanted: Sequence[Taint]) -> tuple[Taint, ...]:
    ours = set(node.owned.taints if node.owned else ()) | {(taint.key, taint.effect) for taint in wanted}
    others = tuple(taint for taint in node.taints if (taint.key, taint.effect) not in ours)
    kept = tuple(sorted(wanted, key=lambda taint: (taint.key, taint.effect)))
    together = others + kept
    # Their order has no meaning: what differs in it alone is no change.
    return node.taints if set(together) == set(node.taints) else together


def _shown(node: Node) -> str:
    owned = node.owned
    if owned is None:
        return ""
    shown = {
        "server_id": owned.server_id,
        "labels": sorted(owned.labels),
        "taints": sorted([key, effect] for key, effect in owned.taints),
    }
    return json.dumps(shown, sort_keys=True)
