"""Certificates for secure boot: by their PEM text, or by a file and its digest."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from argosy_metal.provider.checks import Failure, Rule, check_inputs, text
from argosy_metal.provider.failures import RefusedInputError
from argosy_metal.provider.properties import STRING
from argosy_metal.provider.values import Unknown
from argosy_metal.redfish.secure_boot import DATABASES, fingerprint_of

CERTIFICATE_TYPE = "baremetal:index:BootCertificate"
TYPES: Mapping[str, Mapping[str, Any]] = {
    CERTIFICATE_TYPE: {"type": "object", "properties": {"pem": STRING, "file": STRING, "sha256": STRING}}
}


def _pem(value: Any) -> str | None:
    try:
        fingerprint_of(str(value))
    except ValueError:
        return "it is no certificate in PEM form (-----BEGIN CERTIFICATE-----)"
    return None


_RULES: Mapping[str, Rule] = {
    "pem": _pem,
    "file": text(r"[^\s]+", "a path, relative to the project root"),
    "sha256": text(r"[0-9a-f]{64}", "64 lower-case hex digits, of the file"),
}


def is_databases(value: Any) -> str | None:
    """A map of the four databases."""
    if not isinstance(value, dict):
        return f"given {type(value).__name__}; expected certificates by database"
    unknown = sorted(set(cast("dict[str, Any]", value)) - set(DATABASES))
    return f"given {', '.join(unknown)}; expected some of {', '.join(DATABASES)}" if unknown else None


def check_certificates(value: Any) -> list[Failure]:
    """Every failure inside a map of databases."""
    if not isinstance(value, dict):
        return []
    failures: list[Failure] = []
    for name, entries in sorted(cast("dict[str, Any]", value).items()):
        if not isinstance(entries, list):
            failures.append((f"databases.{name}", f"given {type(entries).__name__}; expected a list"))
            continue
        for index, entry in enumerate(cast("list[Any]", entries)):
            failures += _check(entry, f"databases.{name}[{index}]")
    return failures


def resolve_certificates(
    databases: Mapping[str, Sequence[Mapping[str, Any]]], root: Path
) -> dict[str, dict[str, str]]:
    """Database to fingerprint to PEM. Takes inputs that `check_certificates` has accepted.

    Raises RefusedInputError, which names every file that is not there, or not the one that is meant.
    """
    found: dict[str, dict[str, str]] = {}
    faults: list[str] = []
    for name, entries in sorted(databases.items()):
        found[name] = {}
        for entry in entries:
            try:
                pem = entry["pem"] if "pem" in entry else _read(entry, root)
                found[name][fingerprint_of(pem)] = pem
            except (OSError, ValueError) as error:
                faults.append(f"databases.{name}: {entry.get('file', 'pem')}: {error}")
    if faults:
        raise RefusedInputError("; ".join(faults))
    return found


def _check(entry: Any, place: str) -> list[Failure]:
    if isinstance(entry, Unknown):
        return []
    if not isinstance(entry, dict):
        return [(place, f"given {type(entry).__name__}; expected pem, or file and sha256")]
    given = cast("dict[str, Any]", entry)
    failures = check_inputs(given, {}, _RULES, prefix=f"{place}.")
    if set(given) & set(_RULES) not in ({"pem"}, {"file", "sha256"}):
        failures.append((place, "give either pem, or file and sha256"))
    return failures


def _read(entry: Mapping[str, Any], root: Path) -> str:
    try:
        content = (root / entry["file"]).read_bytes()
    except OSError as error:
        raise OSError(error.strerror or "it cannot be read") from None
    digest = hashlib.sha256(content).hexdigest()
    if digest != entry["sha256"]:
        raise ValueError(f"its sha256 is {digest}, not {entry['sha256']}")
    try:
        pem = content.decode("ascii")
        fingerprint_of(pem)
    except ValueError:
        raise ValueError("it holds no single certificate in PEM form") from None
    return pem
