"""`PowerState`: whether a claimed host that is managed elsewhere is switched on."""

from __future__ import annotations

from typing import Literal

import pulumi

from argosy_metal.resources.base import BareMetalResource


class PowerState(BareMetalResource):
    """Whether a claimed host that is managed elsewhere is switched on. Never beside a Machine."""

    token = "baremetal:index:PowerState"  # noqa: S105 - a type token
    outputs = ("observed",)

    observed: pulumi.Output[str]
    """Redfish's PowerState as last seen."""

    def __init__(
        self,
        name: str,
        *,
        server_id: pulumi.Input[str],
        power: Literal["On", "Off"],
        graceful: pulumi.Input[bool] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Without a word on `graceful`, the operating system is asked, and the power never cut."""
        super().__init__(name, {"server_id": server_id, "power": power, "graceful": graceful}, opts)
