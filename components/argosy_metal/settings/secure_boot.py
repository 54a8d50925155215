"""`settings.secure_boot` of a pool: UEFI secure boot of its servers. Shapes, and what they come to."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StrictBool, StringConstraints

from argosy.spec.values import SpecModel, Text

Database = Literal["PK", "KEK", "db", "dbx"]


class CertificateFile(SpecModel):
    """A certificate in PEM form, and the digest that it must have."""

    file: Text
    """Path relative to the project root."""
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    """Of the file."""


class SecureBootPoolSettings(SpecModel):
    """Secure boot of every server of the pool, from its next boot on."""

    enabled: StrictBool
    mode: Literal["setup", "user", "audit", "deployed"] | None = None
    """Where the BMC offers a choice; left out: as it is."""
    certificates: dict[Database, Annotated[list[CertificateFile], Field(min_length=1)]] = Field(default={})
    """Beside those that are there already."""


def secure_boot_arguments(secure_boot: SecureBootPoolSettings) -> dict[str, Any]:
    """Arguments of `argosy_metal.resources.SecureBoot` beside its server, with `BootCertificate`s."""
    arguments: dict[str, Any] = {"enabled": secure_boot.enabled}
    if secure_boot.mode is not None:
        arguments["mode"] = f"{secure_boot.mode.capitalize()}Mode"
    if secure_boot.certificates:
        arguments["databases"] = {
            name: [{"file": one.file, "sha256": one.sha256} for one in certificates]
            for name, certificates in sorted(secure_boot.certificates.items())
        }
    return arguments
