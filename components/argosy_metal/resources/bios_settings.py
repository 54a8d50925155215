"""`BiosSettings`: BIOS attributes of a claimed server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import pulumi

from argosy_metal.resources.base import BareMetalResource


class BiosSettings(BareMetalResource):
    """BIOS attributes of a claimed server: pending for its next reset, or applied by one of their own."""

    token = "baremetal:index:BiosSettings"  # noqa: S105 - a type token
    outputs = ("applied", "pending", "registry", "captured")

    applied: pulumi.Output[Mapping[str, Any]]
    """The attributes as they are in force."""
    pending: pulumi.Output[Mapping[str, Any]]
    """The attributes that wait for the next reset."""
    registry: pulumi.Output[str]
    """Name of the attribute registry that they were checked against."""
    captured: pulumi.Output[Mapping[str, Any]]
    """The values before the first write."""

    def __init__(
        self,
        name: str,
        *,
        server_id: pulumi.Input[str],
        attributes: pulumi.Input[Mapping[str, pulumi.Input[str | int | bool]]],
        apply_on: Literal["nextReboot", "now"] | None = None,
        allow_reboot: pulumi.Input[bool] | None = None,
        restore_on_delete: pulumi.Input[bool] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """What is left out: nothing is reset for it, and nothing is restored."""
        inputs = {
            "server_id": server_id,
            "attributes": attributes,
            "apply_on": apply_on,
            "allow_reboot": allow_reboot,
            "restore_on_delete": restore_on_delete,
        }
        super().__init__(name, inputs, opts)
