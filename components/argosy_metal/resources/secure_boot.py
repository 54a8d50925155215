"""`SecureBoot`: UEFI secure boot of a claimed server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import pulumi

from argosy_metal.resources.base import BareMetalResource


@dataclass(frozen=True)
class BootCertificate:
    """A certificate: its text, or a file and the file's digest."""

    pem: str | None = None
    file: str | None = None
    """Path relative to the project root, where the provider reads it."""
    sha256: str | None = None
    """Of the file, in lower-case hex."""

    def wire(self) -> dict[str, str]:
        """As the provider takes it."""
        given = {"pem": self.pem, "file": self.file, "sha256": self.sha256}
        return {name: value for name, value in given.items() if value is not None}


class SecureBoot(BareMetalResource):
    """UEFI secure boot of a claimed server. Whatever is written takes effect at its next boot."""

    token = "baremetal:index:SecureBoot"  # noqa: S105 - a type token
    outputs = ("complete", "applied", "current_boot", "current_mode", "certificates")

    complete: pulumi.Output[bool]
    """Whether everything is written."""
    applied: pulumi.Output[bool]
    """Whether the last boot took it over; false: it waits for the next one."""
    current_boot: pulumi.Output[str]
    """`Enabled` or `Disabled`: what the last boot made of it."""
    current_mode: pulumi.Output[str]
    """Redfish's SecureBootMode as last seen."""
    certificates: pulumi.Output[Mapping[str, Sequence[str]]]
    """sha256 of every certificate's DER form that is there, by database."""

    def __init__(
        self,
        name: str,
        *,
        server_id: pulumi.Input[str],
        enabled: pulumi.Input[bool],
        mode: Literal["SetupMode", "UserMode", "AuditMode", "DeployedMode"] | None = None,
        databases: Mapping[str, Sequence[BootCertificate]] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """`databases`: certificates for PK, KEK, db and dbx, beside those that are there already."""
        inputs = {
            "server_id": server_id,
            "enabled": enabled,
            "mode": mode,
            "databases": (
                None
                if databases is None
                else {key: [one.wire() for one in certificates] for key, certificates in databases.items()}
            ),
        }
        super().__init__(name, inputs, opts)
