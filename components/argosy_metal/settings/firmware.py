"""`settings.firmware` of a pool: firmware of its servers' components. Shapes, and what they come to."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StrictBool, StringConstraints

from argosy.spec.values import SpecModel, Text


class FirmwareImageSettings(SpecModel):
    """What a component is to run."""

    version: Text
    """As the BMC's inventory shows it once it is in effect."""
    url: Annotated[str, StringConstraints(pattern=r"^https://[^\s/@?#]+/[^\s@?#]+$")]
    """Where the BMCs fetch the image: a host of the hall's own domain, without an account or a query."""
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    """Of the image, which is read once per run and must have it before anything is flashed."""


class FirmwarePoolSettings(SpecModel):
    """What every server's components run."""

    components: Annotated[dict[Text, FirmwareImageSettings], Field(min_length=1, max_length=200)]
    """By the component's id in the BMC's firmware inventory."""
    allow_downgrade: StrictBool = False
    """Permit versions older than what is there."""
    apply_on: Literal["next_reboot", "now"] = "next_reboot"
    """`next_reboot`: whatever resets a server next lets them take effect; `now`: it is reset for them."""
    allow_reboot: StrictBool = False
    """With `now`, reset a server even if it runs a machine."""


def firmware_arguments(firmware: FirmwarePoolSettings) -> dict[str, Any]:
    """Arguments of `argosy_metal.resources.FirmwareBaseline` beside its server."""
    arguments: dict[str, Any] = {
        "components": {
            name: {"version": image.version, "url": image.url, "sha256": image.sha256}
            for name, image in sorted(firmware.components.items())
        }
    }
    # What the provider takes for granted is left out, so that the state says only what was meant.
    if firmware.allow_downgrade:
        arguments["allow_downgrade"] = True
    if firmware.apply_on == "now":
        arguments["apply_on"] = "now"
    if firmware.allow_reboot:
        arguments["allow_reboot"] = True
    return arguments
