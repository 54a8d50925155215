"""Files that the settings of a hall's pools name, read when the fleet file is checked.

The one module of the refusals that opens anything, and only what lies below the project's root. What is
secret need not be there yet, and nothing of its content is told.
"""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from argosy.spec.files import read_start
from argosy.spec.models import HallSpec
from argosy.spec.path_words import wrong_below_project
from argosy.spec.words import shown_text
from argosy_metal.settings import PoolSettings
from argosy_metal.settings.machines import UserDataSettings
from argosy_metal.settings.secure_boot import CertificateFile, SecureBootPoolSettings

if TYPE_CHECKING:
    from argosy.errors import Fault
    from argosy.spec.loader import LoadedFleet

_MOST_BYTES = 1_000_000


def refuse_files(site: str, fleet: LoadedFleet, hall: HallSpec) -> Iterator[Fault]:
    """Every file of one hall's pools that is not there, or not the one that is meant."""
    for name in sorted(hall.node_pools):
        settings = fleet.pool_settings(site, name, PoolSettings)
        at = f"sites.{site}.node_pools.{name}.settings"
        if settings.secure_boot is not None:
            yield from _certificates(fleet, f"{at}.secure_boot.certificates", settings.secure_boot)
        if settings.install.user_data is not None:
            yield from _user_data(fleet, f"{at}.install.user_data", settings.install.user_data)


def _certificates(fleet: LoadedFleet, at: str, secure_boot: SecureBootPoolSettings) -> Iterator[Fault]:
    for database, files in sorted(secure_boot.certificates.items()):
        for index, one in enumerate(files):
            yield from _certificate(fleet, f"{at}.{database}[{index}]", one)


def _certificate(fleet: LoadedFleet, at: str, one: CertificateFile) -> Iterator[Fault]:
    wrong = wrong_below_project(one.file)
    content, unread = (None, f"which {wrong}") if wrong else _read(fleet.root, one.file)
    if content is None:
        yield fleet.fault(
            f"{at}.file",
            given=f"{shown_text(one.file)}, {unread}",
            expected="a certificate in PEM form, below the project's root",
            fix="put it there, or correct the path",
        )
    elif (digest := hashlib.sha256(content).hexdigest()) != one.sha256:
        yield _another_digest(fleet, at, expected=digest, fix="look at what changed, then write that")
    elif not _is_certificate(content):
        yield fleet.fault(
            f"{at}.file",
            given=f"{shown_text(one.file)}, which holds no single certificate in PEM form",
            expected="-----BEGIN CERTIFICATE----- and one certificate",
            fix="convert it: openssl x509 -in FILE -out FILE.pem",
        )


def _user_data(fleet: LoadedFleet, at: str, user_data: UserDataSettings) -> Iterator[Fault]:
    kind, _, path = user_data.ref.partition(":")
    if kind != "file" or wrong_below_project(path):
        return
    content, _ = _read(fleet.root, path)
    if content is not None and hashlib.sha256(content).hexdigest() != user_data.sha256:
        fix = f"look at what changed, then write what `sha256sum {shown_text(path)}` prints"
        yield _another_digest(fleet, at, expected="that of the content", fix=fix)


def _another_digest(fleet: LoadedFleet, at: str, *, expected: str, fix: str) -> Fault:
    given = "the digest of another content than the file has now"
    return fleet.fault(f"{at}.sha256", given=given, expected=expected, fix=fix)


def _read(root: Path, name: str) -> tuple[bytes | None, str]:
    """The content, or why there is none."""
    path = root / name
    try:
        if not path.resolve().is_relative_to(root.resolve()):
            return None, "which leads out of the project"
        content = read_start(path, _MOST_BYTES + 1)
    except FileNotFoundError:
        return None, "which does not exist"
    except (OSError, ValueError):
        return None, "which cannot be read"
    if content is None or len(content) > _MOST_BYTES:
        return None, "which is no file of 1 MB at the most"
    return content, ""


def _is_certificate(content: bytes) -> bool:
    try:
        ssl.PEM_cert_to_DER_cert(content.decode("ascii").strip() + "\n")
    except ValueError:
        return False
    return True
