"""`settings.provisioning` of a hall: its own service, where installers ask what they are to do. Pure."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import StringConstraints

from argosy.spec.values import SecretRef, SpecModel


class ProvisioningSettings(SpecModel):
    """The hall's provisioning service (`argosy metal provision`)."""

    url: Annotated[str, StringConstraints(pattern=r"^https://[A-Za-z0-9.\[\]:-]+(/[^\s@?#]*)?$")]
    token: SecretRef
    """Reference to what Argosy proves itself by to the service."""


def provisioning_inputs(settings: ProvisioningSettings | None) -> dict[str, Any]:
    """Arguments of `argosy_metal.resources.BareMetalProvider`; none for a hall without the service."""
    if settings is None:
        return {}
    return {"provisioning": settings.url, "provisioning_token_ref": settings.token}
