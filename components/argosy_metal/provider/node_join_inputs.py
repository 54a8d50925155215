"""What a `NodeJoin` takes and gives: its properties and their rules. Pure.

What labels, taints and Nodes may be called: kubernetes.io/docs/concepts/overview/working-with-objects/labels/
and …/names/, read 2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from argosy_metal.kubernetes.membership import GPUS, Patience
from argosy_metal.provider.checks import Rule, check_inputs, text
from argosy_metal.provider.properties import (
    BOOLEAN,
    INTEGER,
    STRING,
    Input,
    Output,
    Properties,
    mapping_of,
    reference,
)
from argosy_metal.provider.resource import Change
from argosy_metal.provider.values import Unknown

_TAINT_TYPE = "baremetal:index:Taint"
_SUBDOMAIN = r"(?=.{1,253}(/|$))[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*"
_KEY = rf"({_SUBDOMAIN}/)?[A-Za-z0-9]([A-Za-z0-9._-]{{0,61}}[A-Za-z0-9])?"
_VALUE = r"([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?"
_TAINT: Mapping[str, Rule] = {
    "key": text(_KEY, "a key such as nvidia.com/gpu"),
    "effect": text("NoSchedule|PreferNoSchedule|NoExecute", "NoSchedule, PreferNoSchedule or NoExecute"),
}


def _labels(value: Any) -> str | None:
    if not isinstance(value, dict):
        return "expected labels as a map"
    rules = (
        text(_KEY, "a label's key"),
        text(_VALUE, "a label's value: at most 63 letters, digits, `.`, `_`, `-`"),
    )
    pairs = cast("dict[str, Any]", value).items()
    told = [
        reason
        for pair in pairs
        for rule, part in zip(rules, pair, strict=True)
        if not isinstance(part, Unknown) and (reason := rule(part))
    ]
    return "; ".join(told) or None


def _taints(value: Any) -> str | None:
    if not isinstance(value, list):
        return "expected a list of taints"
    told: list[str] = []
    seen: list[tuple[Any, Any]] = []
    for number, item in enumerate(cast("list[Any]", value)):
        if isinstance(item, Unknown):
            continue
        if not isinstance(item, dict):
            told.append(f"[{number}]: expected key, value and effect")
            continue
        optional = {"value": text(_VALUE, "a taint's value")}
        found = check_inputs(cast("dict[str, Any]", item), _TAINT, optional, prefix=f"[{number}].")
        told += [f"{name}: {reason}" for name, reason in found]
        given = cast("dict[str, Any]", item)
        pair = (given.get("key"), given.get("effect"))
        if pair in seen:
            told.append(f"[{number}]: {pair[0]} with {pair[1]} is there already; a Node has it once")
        seen.append(pair)
    return "; ".join(told) or None


def _count(value: Any) -> str | None:
    good = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 1024
    return None if good else f"given {value!r}; expected a whole number from 0 to 1024"


def _seconds(value: Any) -> str | None:
    good = isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 86_400
    return None if good else f"given {value!r}; expected whole seconds from 1 to 86400"


_DEFAULTS = Patience()
PROPERTIES = Properties(
    description="A machine as a Node of its hall's Kubernetes cluster; deleting it drains the Node first.",
    inputs={
        "serverId": Input(
            "The claim's `serverId`.",
            text(r"[^\s/]+/[^\s/]+", "`site/serial`, as a ServerClaim gives it"),
            on_change=Change.REPLACE,
        ),
        "installId": Input(
            "The machine's `installId`: another installation is another Node.",
            text(r"[A-Za-z0-9._-]+", "the install id of a Machine"),
            on_change=Change.REPLACE,
        ),
        "kubeconfig": Input(
            "Path of the cluster's kubeconfig file, relative to the project root.",
            text(r"[^\s]+", "a path, relative to the project root"),
        ),
        "context": Input(
            "Context of the kubeconfig; left out: its current one.",
            text(r"[^\s]+", "the name of a context"),
            required=False,
        ),
        "nodeName": Input(
            "The name under which the machine's kubelet registers.",
            text(_SUBDOMAIN, "a Node's name: lower-case letters, digits, `-`, `.`"),
            on_change=Change.REPLACE,
        ),
        "labels": Input(
            "Labels of the Node; others' labels stay.", _labels, mapping_of(STRING), required=False
        ),
        "taints": Input(
            "Taints of the Node; others' taints stay.",
            _taints,
            {"type": "array", "items": reference(_TAINT_TYPE)},
            required=False,
        ),
        "gpus": Input(
            f"GPUs (`{GPUS}`) that must be allocatable before the Node counts as ready.",
            _count,
            INTEGER,
            required=False,
            default=0,
        ),
        "drainSeconds": Input(
            "How long pods are given to leave when the Node is drained.",
            _seconds,
            INTEGER,
            required=False,
            default=int(_DEFAULTS.drain_seconds),
        ),
    },
    outputs={
        "ready": Output("Whether the Node was ready with all its GPUs when last seen.", BOOLEAN),
        "gpuCount": Output("GPUs that pods could be given when last seen.", INTEGER),
        "nodeUid": Output("The Node object's uid."),
    },
    types={
        _TAINT_TYPE: {
            "type": "object",
            "properties": {"key": STRING, "value": STRING, "effect": STRING},
            "required": ["effect", "key"],
        }
    },
)
OBSERVED = tuple(PROPERTIES.outputs)
"""Outputs that only a look at the cluster gives."""
