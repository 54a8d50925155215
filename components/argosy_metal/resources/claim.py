"""`ServerClaim`: a server that this stack owns."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi

from argosy_metal.resources.base import BareMetalResource


class ServerClaim(BareMetalResource):
    """A server that this stack owns. The claims store grants it, or refuses and names the owner."""

    token = "baremetal:index:ServerClaim"  # noqa: S105 - a type token
    outputs = ("generation",)

    site: pulumi.Output[str]
    serial: pulumi.Output[str]
    generation: pulumi.Output[int]
    """Counts how often the server was claimed."""

    def __init__(
        self,
        name: str,
        *,
        site: pulumi.Input[str],
        serial: pulumi.Input[str],
        slot: pulumi.Input[str],
        bmc: pulumi.Input[str],
        rack: pulumi.Input[str],
        feeds: pulumi.Input[Sequence[pulumi.Input[str]]],
        username_ref: pulumi.Input[str],
        password_ref: pulumi.Input[str],
        startup_watts: pulumi.Input[int] | None = None,
        certificate_sha256: pulumi.Input[str] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        inputs = {
            "site": site,
            "serial": serial,
            "slot": slot,
            "bmc": bmc,
            "rack": rack,
            "feeds": feeds,
            "username_ref": username_ref,
            "password_ref": password_ref,
            "startup_watts": startup_watts,
            "certificate_sha256": certificate_sha256,
        }
        super().__init__(name, inputs, opts)
        # Of the claim's own inputs, so that it is known in every preview, and depends on the claim.
        self.server_id = pulumi.Output.concat(self.site, "/", self.serial)
