"""UEFI secure boot: its switch, key databases and certificates. All takes effect at the next boot."""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import Callable

from argosy_metal.simulator.bmc import Bmc
from argosy_metal.simulator.parts import SECURE_BOOT_DATABASES, KeyCertificate, factory_keys
from argosy_metal.simulator.paths import system_path
from argosy_metal.simulator.replies import Json, Reply, collection, error, only_known

Build = Callable[[], Json]
_RESETS = ("ResetAllKeysToDefault", "DeleteAllKeys", "DeletePK")
_DATABASE_RESETS = ("ResetAllKeysToDefault", "DeleteAllKeys")


def secure_boot_path(bmc: Bmc) -> str:
    """Of the server's own system; an HGX baseboard has none."""
    return f"{system_path(bmc)}/SecureBoot"


def secure_boot_resources(bmc: Bmc) -> dict[str, Build]:
    """Secure boot, its databases, their certificates."""
    path = secure_boot_path(bmc)
    top = f"{path}/SecureBootDatabases"
    found: dict[str, Build] = {
        path: lambda: _secure_boot(bmc, path),
        top: lambda: collection(
            top, "SecureBootDatabase", [f"{top}/{name}" for name in SECURE_BOOT_DATABASES]
        ),
    }
    for name in SECURE_BOOT_DATABASES:
        held, here = bmc.machine.state.parts.secure_boot.databases[name], f"{top}/{name}/Certificates"
        found[f"{top}/{name}"] = lambda name=name: _database(f"{top}/{name}", name)
        found[here] = lambda here=here, held=held: collection(
            here, "Certificate", [f"{here}/{key}" for key in held]
        )
        for key, certificate in held.items():
            found[f"{here}/{key}"] = lambda here=here, key=key, certificate=certificate: _certificate(
                f"{here}/{key}", certificate
            )
    return found


def write_secure_boot(bmc: Bmc, method: str, path: str, body: Json) -> Reply | None:
    """Carry out a write to secure boot; None if `path` is no such thing."""
    top = secure_boot_path(bmc)
    if method == "PATCH" and path == top:
        return _set_enabled(bmc, body)
    if method == "POST" and path == f"{top}/Actions/SecureBoot.ResetKeys":
        names = ("PK",) if body.get("ResetKeysType") == "DeletePK" else SECURE_BOOT_DATABASES
        return _reset(bmc, names, body, _RESETS)
    for name in SECURE_BOOT_DATABASES:
        database = f"{top}/SecureBootDatabases/{name}"
        if method == "POST" and path == f"{database}/Certificates":
            return _add(bmc, name, path, body)
        if method == "POST" and path == f"{database}/Actions/SecureBootDatabase.ResetKeys":
            return _reset(bmc, (name,), body, _DATABASE_RESETS)
        held = bmc.machine.state.parts.secure_boot.databases[name]
        key = path.removeprefix(f"{database}/Certificates/")
        if method == "DELETE" and key in held:
            del held[key]
            bmc.machine.changed = True
            return Reply(204)
    return None


def secure_boot_methods(bmc: Bmc, path: str) -> tuple[str, ...]:
    """How it may be written; `()` for what is no part of it."""
    top = secure_boot_path(bmc)
    if path == top:
        return ("PATCH",)
    if not path.startswith(f"{top}/"):
        return ()
    if path.endswith("/Certificates"):
        return ("POST",)
    return ("DELETE",) if "/Certificates/" in path else ()


def _secure_boot(bmc: Bmc, path: str) -> Json:
    state = bmc.machine.state.parts.secure_boot
    return {
        "@odata.id": path,
        "@odata.type": "#SecureBoot.v1_1_2.SecureBoot",
        "Id": "SecureBoot",
        "Name": "UEFI Secure Boot",
        "SecureBootEnable": state.enabled,
        "SecureBootCurrentBoot": "Enabled" if state.booted_enabled else "Disabled",
        "SecureBootMode": state.mode,
        "SecureBootDatabases": {"@odata.id": f"{path}/SecureBootDatabases"},
        "Actions": {
            "#SecureBoot.ResetKeys": {
                "target": f"{path}/Actions/SecureBoot.ResetKeys",
                "ResetKeysType@Redfish.AllowableValues": list(_RESETS),
            }
        },
    }


def _database(path: str, name: str) -> Json:
    return {
        "@odata.id": path,
        "@odata.type": "#SecureBootDatabase.v1_0_3.SecureBootDatabase",
        "Id": name,
        "Name": f"{name} database",
        "DatabaseId": name,
        "Certificates": {"@odata.id": f"{path}/Certificates"},
        "Actions": {
            "#SecureBootDatabase.ResetKeys": {
                "target": f"{path}/Actions/SecureBootDatabase.ResetKeys",
                "ResetKeysType@Redfish.AllowableValues": list(_DATABASE_RESETS),
            }
        },
    }


def _certificate(path: str, certificate: KeyCertificate) -> Json:
    digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(certificate.pem)).hexdigest().upper()
    return {
        "@odata.id": path,
        "@odata.type": "#Certificate.v1_8_2.Certificate",
        "Id": path.rpartition("/")[2],
        "Name": "Secure Boot certificate",
        "CertificateString": certificate.pem,
        "CertificateType": "PEM",
        "Fingerprint": ":".join(digest[place : place + 2] for place in range(0, len(digest), 2)),
        "FingerprintHashAlgorithm": "TPM_ALG_SHA256",
    }


def _set_enabled(bmc: Bmc, body: Json) -> Reply:
    for name, value in body.items():
        if name != "SecureBootEnable":
            raise error(400, "PropertyNotWritable", name)
        if not isinstance(value, bool):
            raise error(400, "PropertyValueTypeError", str(value), name)
    bmc.machine.state.parts.secure_boot.enabled = body.get(
        "SecureBootEnable", bmc.machine.state.parts.secure_boot.enabled
    )
    bmc.machine.changed = True
    return Reply(204)


def _add(bmc: Bmc, database: str, path: str, body: Json) -> Reply:
    only_known("Certificates", body, ("CertificateString", "CertificateType", "UefiSignatureOwner"))
    for name in ("CertificateString", "CertificateType"):
        if not isinstance(body.get(name), str):
            raise error(400, "PropertyMissing", name)
    try:
        ssl.PEM_cert_to_DER_cert(body["CertificateString"])
    except ValueError:
        raise error(400, "PropertyValueFormatError", "…", "CertificateString") from None
    key = bmc.machine.state.parts.secure_boot.add(database, body["CertificateString"])
    bmc.machine.changed = True
    return Reply(201, {}, {"Location": f"{path}/{key}"})


def _reset(bmc: Bmc, databases: tuple[str, ...], body: Json, allowed: tuple[str, ...]) -> Reply:
    only_known("ResetKeys", body, ("ResetKeysType",))
    how = body.get("ResetKeysType")
    if how not in allowed:
        raise error(400, "ActionParameterValueNotInList", str(how), "ResetKeysType", "ResetKeys")
    state = bmc.machine.state.parts.secure_boot
    for name in databases:
        state.databases[name] = factory_keys(name) if how == "ResetAllKeysToDefault" else {}
    bmc.machine.changed = True
    return Reply(204)
