"""`settings.bios` of a pool: BIOS attributes of its servers. Shapes, and what they come to."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StrictBool, StrictInt, StrictStr

from argosy.spec.values import SpecModel, Text

Value = StrictBool | StrictInt | StrictStr


class BiosPoolSettings(SpecModel):
    """What every server's BIOS is set to."""

    attributes: Annotated[dict[Text, Value], Field(min_length=1, max_length=500)]
    """Attributes by the BIOS's own names, checked against the server's registry before any is written."""
    apply_on: Literal["next_reboot", "now"] = "next_reboot"
    """`next_reboot`: whatever resets a server next brings them about; `now`: it is reset for them."""
    allow_reboot: StrictBool = False
    """With `now`, reset a server even if it runs a machine."""
    restore_on_delete: StrictBool = False
    """Go back to the values that were there before, once the pool has none of these settings any more."""


def bios_arguments(bios: BiosPoolSettings) -> dict[str, Any]:
    """Arguments of `argosy_metal.resources.BiosSettings` beside its server."""
    arguments: dict[str, Any] = {"attributes": dict(sorted(bios.attributes.items()))}
    # What the provider takes for granted is left out, so that the state says only what was meant.
    if bios.apply_on == "now":
        arguments["apply_on"] = "now"
    if bios.allow_reboot:
        arguments["allow_reboot"] = True
    if bios.restore_on_delete:
        arguments["restore_on_delete"] = True
    return arguments
