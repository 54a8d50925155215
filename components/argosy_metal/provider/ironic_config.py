"""The provider's input `ironic`: the hall's Ironic, where it is the engine. References, never secrets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from argosy_metal.ironic import BmcAccess, IronicAccess
from argosy_metal.provider.checks import SECRET_REFERENCE, Failure, Rule, check_inputs, text, unshown_text
from argosy_metal.provider.properties import STRING, WireType
from argosy_metal.provider.secrets import resolve_secret
from argosy_metal.redfish import Credentials

IRONIC_TYPE = "baremetal:index:Ironic"
_PATH = text(r"[^\s]+", "a path")
_NEEDED: Mapping[str, Rule] = {
    "url": unshown_text(r"https?://[^\s/@]+(/[^\s@]*)?", "the URL of Ironic's API, without an account")
}
_TAKEN: Mapping[str, Rule] = {
    "usernameRef": SECRET_REFERENCE,
    "passwordRef": SECRET_REFERENCE,
    "caCertificate": _PATH,
    "bmcCaCertificate": _PATH,
    "systemId": text(r"/redfish/v1/Systems/[^\s/]+", "a path such as /redfish/v1/Systems/1"),
}
IRONIC_SCHEMA: WireType = {
    "type": "object",
    "description": "Ironic as the hall's engine: machines are deployed through it instead of over Redfish.",
    "properties": dict.fromkeys((*_NEEDED, *_TAKEN), STRING),
    "required": sorted(_NEEDED),
}


@dataclass(frozen=True)
class IronicConfig:
    """A hall's Ironic, as the provider is told about it."""

    url: str
    username_ref: str | None
    password_ref: str | None
    ca_certificate: Path | None
    bmc_ca_certificate: str | None
    """On the conductor's computer."""
    system_id: str | None
    root: Path

    def access(self) -> IronicAccess:
        """Where Ironic is, and who we are to it. Raises NotPossibleError for a secret that is not there."""
        account = None
        if self.username_ref is not None and self.password_ref is not None:
            account = Credentials(
                resolve_secret(self.username_ref, self.root), resolve_secret(self.password_ref, self.root)
            )
        return IronicAccess(self.url, account, self.ca_certificate)

    def bmc(self, address: str, account: Credentials) -> BmcAccess:
        """How Ironic reaches a BMC."""
        return BmcAccess(address, account, self.bmc_ca_certificate or True, self.system_id)


def check_ironic(value: Any) -> list[Failure]:
    """Every failure inside the input."""
    if not isinstance(value, dict):
        return [("ironic", f"given {type(value).__name__}; expected an object")]
    inputs = cast("dict[str, Any]", value)
    failures = list(check_inputs(inputs, _NEEDED, _TAKEN, prefix="ironic."))
    if ("usernameRef" in inputs) != ("passwordRef" in inputs):
        failures.append(("ironic.usernameRef", "give it together with passwordRef, or neither"))
    return failures


def ironic_config(value: Mapping[str, Any] | None, root: Path) -> IronicConfig | None:
    """The input with its paths made absolute; None for a hall whose engine is Redfish."""
    if value is None:
        return None
    authority = value.get("caCertificate")
    return IronicConfig(
        url=value["url"],
        username_ref=value.get("usernameRef"),
        password_ref=value.get("passwordRef"),
        ca_certificate=root / authority if authority else None,
        bmc_ca_certificate=value.get("bmcCaCertificate"),
        system_id=value.get("systemId"),
        root=root,
    )
