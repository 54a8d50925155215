"""`FirmwareBaseline`: firmware versions of a claimed server's components."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, TypedDict

import pulumi

from argosy_metal.resources.base import BareMetalResource


class FirmwareImage(TypedDict):
    """What a component is to run."""

    version: str
    """As the inventory shows it once it is in effect."""
    url: str
    """In the hall's own cache."""
    sha256: str


class FirmwareBaseline(BareMetalResource):
    """Firmware versions of a claimed server's components. They are flashed one after another, never cut."""

    token = "baremetal:index:FirmwareBaseline"  # noqa: S105 - a type token
    outputs = ("versions", "staged", "history")

    versions: pulumi.Output[Mapping[str, str]]
    """Versions in effect."""
    staged: pulumi.Output[Mapping[str, str]]
    """Versions that are flashed and wait for a reset."""
    history: pulumi.Output[Sequence[Mapping[str, str]]]
    """The last updates, oldest first: component, version, result."""

    def __init__(
        self,
        name: str,
        *,
        server_id: pulumi.Input[str],
        components: pulumi.Input[Mapping[str, FirmwareImage]],
        allow_downgrade: pulumi.Input[bool] | None = None,
        apply_on: Literal["nextReboot", "now"] | None = None,
        allow_reboot: pulumi.Input[bool] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """What is left out: nothing older is flashed, and nothing is reset for it."""
        inputs = {
            "server_id": server_id,
            "components": components,
            "allow_downgrade": allow_downgrade,
            "apply_on": apply_on,
            "allow_reboot": allow_reboot,
        }
        super().__init__(name, inputs, opts)
