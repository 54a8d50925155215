"""UEFI secure boot: its switch, what the last boot made of it, and the certificates in its databases.

Whatever is written takes effect at the next boot. Sources: DSP8010 schemas SecureBoot, SecureBootDatabase and
Certificate; UEFI 2.10 chapter 32: without a platform key (PK) a server is in setup mode and verifies nothing.
"""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field

from argosy_metal.redfish.client import RedfishClient
from argosy_metal.redfish.errors import BmcRefusedError
from argosy_metal.redfish.members import member_links
from argosy_metal.redfish.messages import Json, raw_text_at, text_at

DATABASES = ("PK", "KEK", "db", "dbx")
"""In the order in which they are written last: a platform key ends the time of free writing."""
_SHA256 = "TPM_ALG_SHA256"


@dataclass(frozen=True)
class KeyDatabase:
    """The certificates of one database."""

    name: str
    certificates_path: str
    certificates: Mapping[str, str] = field(default_factory=dict[str, str])
    """sha256 of the DER form, in lower-case hex, to path."""


@dataclass(frozen=True)
class SecureBootState:
    """What a look at secure boot showed."""

    path: str
    enabled: bool
    """For the next boot."""
    current_boot: str
    """What the last boot made of it: `Enabled` or `Disabled`; empty if the BMC does not tell."""
    mode: str
    """`SetupMode`, `UserMode`, `AuditMode`, `DeployedMode`."""
    desired_mode: str | None
    """`SecureBootDesiredMode`; None: the BMC has none."""
    databases: Mapping[str, KeyDatabase]
    """By name."""

    def holds(self, database: str, fingerprint: str) -> bool:
        """Whether a certificate is in a database."""
        found = self.databases.get(database)
        return found is not None and fingerprint in found.certificates


def fingerprint_of(pem: str) -> str:
    """sha256 of a certificate's DER form, in lower-case hex. Raises ValueError if it is no certificate."""
    der = ssl.PEM_cert_to_DER_cert(pem.strip() + "\n")
    return hashlib.sha256(der).hexdigest()


async def observe_secure_boot(client: RedfishClient, system_path: str) -> SecureBootState:
    """Look at secure boot and every certificate.

    Raises BmcRefusedError if the server has no such thing.
    """
    operation = "observe secure boot"
    path = text_at((await client.get(system_path, operation)).body, "SecureBoot", "@odata.id")
    if path is None:
        raise BmcRefusedError(client.host, operation, "the BMC shows no SecureBoot for this server")
    body = (await client.get(path, operation)).body
    top = text_at(body, "SecureBootDatabases", "@odata.id")
    found: list[KeyDatabase] = []
    if top is not None:
        for link in await member_links(client, top, operation):
            found.append(await _database(client, link))
    return SecureBootState(
        path=path,
        enabled=body.get("SecureBootEnable") is True,
        current_boot=text_at(body, "SecureBootCurrentBoot") or "",
        mode=text_at(body, "SecureBootMode") or "",
        desired_mode=text_at(body, "SecureBootDesiredMode"),
        databases={database.name: database for database in found},
    )


async def set_secure_boot(client: RedfishClient, state: SecureBootState, *, enabled: bool) -> None:
    """Switch it on or off for the next boot."""
    how = "on" if enabled else "off"
    await client.patch(state.path, {"SecureBootEnable": enabled}, f"switch secure boot {how}")


async def set_secure_boot_mode(client: RedfishClient, state: SecureBootState, mode: str) -> None:
    """Ask for a mode from the next boot on. Raises BmcRefusedError if the BMC offers no choice of modes."""
    operation = f"set the secure-boot mode to {mode}"
    if state.desired_mode is None:
        raise BmcRefusedError(client.host, operation, "the BMC has no SecureBootDesiredMode")
    await client.patch(state.path, {"SecureBootDesiredMode": mode}, operation)


async def add_certificate(client: RedfishClient, database: KeyDatabase, pem: str) -> None:
    """Put a certificate into a database."""
    body: Json = {"CertificateString": pem.strip() + "\n", "CertificateType": "PEM"}
    await client.post(database.certificates_path, body, f"add a certificate to {database.name}")


async def remove_certificate(client: RedfishClient, database: KeyDatabase, fingerprint: str) -> None:
    """Take a certificate out of a database that holds it."""
    await client.delete(database.certificates[fingerprint], f"remove a certificate from {database.name}")


async def _database(client: RedfishClient, path: str) -> KeyDatabase:
    operation = "observe the secure-boot databases"
    body = (await client.get(path, operation)).body
    name = text_at(body, "DatabaseId") or text_at(body, "Id") or path.rpartition("/")[2]
    top = text_at(body, "Certificates", "@odata.id")
    if top is None:
        return KeyDatabase(name, "")
    found: dict[str, str] = {}
    for link in await member_links(client, top, operation):
        fingerprint = _fingerprint((await client.get(link, operation)).body)
        if fingerprint is not None:
            found[fingerprint] = link
    return KeyDatabase(name, top, found)


def _fingerprint(certificate: Json) -> str | None:
    """From the certificate itself, or from what the BMC computed where it shows no more."""
    text = raw_text_at(certificate, "CertificateString")
    if text is not None:
        try:
            return fingerprint_of(text)
        except ValueError:
            pass
    told = text_at(certificate, "Fingerprint")
    if told is None or text_at(certificate, "FingerprintHashAlgorithm") != _SHA256:
        return None
    return told.replace(":", "").lower()
