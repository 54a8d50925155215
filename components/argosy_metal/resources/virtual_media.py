"""`VirtualMedia`: an image in the virtual drive of a claimed host that is managed elsewhere."""

from __future__ import annotations

import pulumi

from argosy_metal.resources.base import BareMetalResource


class VirtualMedia(BareMetalResource):
    """An image in the virtual drive of a claimed host that is managed elsewhere. Never beside a Machine."""

    token = "baremetal:index:VirtualMedia"  # noqa: S105 - a type token
    outputs = ("observed", "drive")

    observed: pulumi.Output[bool]
    """Whether exactly this image was last seen in the drive."""
    drive: pulumi.Output[str]
    """Path of the virtual drive on the BMC."""

    def __init__(
        self,
        name: str,
        *,
        server_id: pulumi.Input[str],
        image: pulumi.Input[str],
        inserted: pulumi.Input[bool] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """The URL is kept as a secret: it may be pre-signed."""
        secret = pulumi.Output.secret(image)
        super().__init__(name, {"server_id": server_id, "image": secret, "inserted": inserted}, opts)
