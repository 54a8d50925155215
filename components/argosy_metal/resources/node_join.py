"""`NodeJoin`: a machine as a Node of its hall's cluster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi

from argosy_metal.resources.base import BareMetalResource


class NodeJoin(BareMetalResource):
    """A machine as a Node of its hall's Kubernetes cluster. Deleting it drains the Node, by force never."""

    token = "baremetal:index:NodeJoin"  # noqa: S105 - a type token
    outputs = ("ready", "gpu_count", "node_uid")

    ready: pulumi.Output[bool]
    """Whether the Node was ready with all its GPUs when last seen."""
    gpu_count: pulumi.Output[int]
    """GPUs that pods could be given when last seen."""
    node_uid: pulumi.Output[str]
    """The Node object's uid."""

    def __init__(
        self,
        name: str,
        *,
        server_id: pulumi.Input[str],
        install_id: pulumi.Input[str],
        kubeconfig: pulumi.Input[str],
        node_name: pulumi.Input[str],
        context: pulumi.Input[str] | None = None,
        labels: pulumi.Input[Mapping[str, pulumi.Input[str]]] | None = None,
        taints: pulumi.Input[Sequence[pulumi.Input[Mapping[str, str]]]] | None = None,
        gpus: pulumi.Input[int] = 0,
        drain_seconds: pulumi.Input[int] = 900,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        inputs = {
            "server_id": server_id,
            "install_id": install_id,
            "kubeconfig": kubeconfig,
            "context": context,
            "node_name": node_name,
            "labels": labels,
            "taints": taints,
            "gpus": gpus,
            "drain_seconds": drain_seconds,
        }
        super().__init__(name, inputs, opts)
