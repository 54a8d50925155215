"""`settings.engine` and `settings.ironic` of a hall: who stands between us and the BMCs. Shapes. Pure."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import StringConstraints

from argosy.spec.values import SecretRef, SpecModel, Text

Engine = Literal["redfish", "ironic"]


class IronicSettings(SpecModel):
    """A hall's Ironic, where it is the engine."""

    url: Annotated[str, StringConstraints(pattern=r"^https?://[A-Za-z0-9.\[\]:-]+(/[^\s@?#]*)?$")]
    """Of its API, without /v1. Plain http is for this very computer: Ironic is told the BMCs' passwords."""
    auth: Literal["none", "http_basic"] = "none"
    username_ref: SecretRef | None = None
    """With `http_basic`: reference to the user's name."""
    password_ref: SecretRef | None = None
    ca_certificate: Text | None = None
    """PEM file of the authority of the API's certificate, relative to the project root; left out: the
    system's."""
    bmc_ca_certificate: Text | None = None
    """PEM file of the authority of the BMCs' certificates, by its path on the conductor's computer; left out:
    that computer's own authorities."""
    system_id: Annotated[str, StringConstraints(pattern=r"^/redfish/v1/Systems/[^\s/]+$")] | None = None
    """Where the BMCs list several systems, the one that is the server."""


def ironic_inputs(settings: IronicSettings | None) -> dict[str, Any] | None:
    """The provider's input `ironic`; None for a hall whose engine is Redfish."""
    if settings is None:
        return None
    inputs = {
        "url": settings.url,
        "usernameRef": settings.username_ref,
        "passwordRef": settings.password_ref,
        "caCertificate": settings.ca_certificate,
        "bmcCaCertificate": settings.bmc_ca_certificate,
        "systemId": settings.system_id,
    }
    return {name: value for name, value in inputs.items() if value is not None}
