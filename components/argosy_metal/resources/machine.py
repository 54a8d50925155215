"""`Machine`: what runs on a claimed server."""

from __future__ import annotations

import pulumi

from argosy_metal.resources.base import BareMetalResource


class Machine(BareMetalResource):
    """What runs on a claimed server. A changed image replaces it on the same server."""

    token = "baremetal:index:Machine"  # noqa: S105 - a type token
    outputs = ("phase", "image_digest", "install_id", "boot_id", "power")

    phase: pulumi.Output[str]
    """How far it has come; `running` at the end."""
    image_digest: pulumi.Output[str]
    """`sha256:…` of what runs."""
    install_id: pulumi.Output[str]
    """Names the installation; it changes with every one."""
    boot_id: pulumi.Output[str]
    """What the installed system reported as its boot."""
    power: pulumi.Output[str]
    """Redfish's PowerState as last seen."""

    def __init__(
        self,
        name: str,
        *,
        server_id: pulumi.Input[str],
        image_url: pulumi.Input[str],
        image_sha256: pulumi.Input[str],
        online: pulumi.Input[bool] = True,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        image = {"url": image_url, "sha256": image_sha256}
        super().__init__(name, {"server_id": server_id, "image": image, "online": online}, opts)
