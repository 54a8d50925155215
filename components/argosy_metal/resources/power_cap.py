"""`PowerCap`: what a claimed server may draw, and how it comes back after an outage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import pulumi

from argosy_metal.resources.base import BareMetalResource


class PowerCap(BareMetalResource):
    """What a claimed server may draw, and how it comes back by itself after an outage. Changed in place."""

    token = "baremetal:index:PowerCap"  # noqa: S105 - a type token
    outputs = ("complete", "limits", "captured")

    complete: pulumi.Output[bool]
    """Whether everything is as the program says."""
    limits: pulumi.Output[Sequence[Mapping[str, Any]]]
    """Every limit of the server as last seen: part, watts, minWatts, maxWatts."""
    captured: pulumi.Output[Mapping[str, float]]
    """Watts before the first write, by path."""

    def __init__(
        self,
        name: str,
        *,
        server_id: pulumi.Input[str],
        watts_per_node: pulumi.Input[int] | None = None,
        watts_per_gpu: pulumi.Input[int] | None = None,
        restore_policy: Literal["AlwaysOff", "AlwaysOn", "LastState"] | None = None,
        power_on_delay_seconds: pulumi.Input[int] | None = None,
        restore_on_delete: pulumi.Input[bool] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """What is left out is not touched, or goes back to what it was before this resource set it."""
        inputs = {
            "server_id": server_id,
            "watts_per_node": watts_per_node,
            "watts_per_gpu": watts_per_gpu,
            "restore_policy": restore_policy,
            "power_on_delay_seconds": power_on_delay_seconds,
            "restore_on_delete": restore_on_delete,
        }
        super().__init__(name, inputs, opts)
