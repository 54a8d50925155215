"""What the shapes of a hall's claims cannot say: where their files may lie, and how a server is trusted."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from argosy.spec.claims import (
    IronicClaimsSpec,
    KubernetesClaimsSpec,
    PostgresqlClaimsSpec,
    SqliteClaimsSpec,
)
from argosy.spec.files import is_folder
from argosy.spec.path_words import LEAVINGS, wrong_anywhere, wrong_below_project
from argosy.spec.words import shown_text

if TYPE_CHECKING:
    from argosy.errors import Fault
    from argosy.spec.claims import ClaimsSpec, JournalSpec
    from argosy.spec.loader import LoadedFleet


def check_claims(fleet: LoadedFleet, at: str, claims: ClaimsSpec) -> Iterator[Fault]:
    """Faults of the claims that stand at a path of the fleet file."""
    match claims:
        case SqliteClaimsSpec():
            yield from _check_file(fleet, f"{at}.path", claims.path)
        case PostgresqlClaimsSpec():
            yield from _check_authority(fleet, at, claims.ca_certificate)
            yield from _check_trust(fleet, at, claims)
        case KubernetesClaimsSpec():
            yield from _check_kubeconfig(fleet, f"{at}.kubeconfig", claims.kubeconfig)
        case IronicClaimsSpec():
            yield from _check_authority(fleet, at, claims.ca_certificate)
            yield from _check_ironic(fleet, at, claims)
            yield from _check_journal(fleet, f"{at}.journal", claims.journal)


def _check_file(fleet: LoadedFleet, at: str, path: str) -> Iterator[Fault]:
    # In full it is the same on every run too, and operators keep the claims of a hall outside checkouts.
    wrong = wrong_anywhere(path) or ("is a folder" if is_folder(fleet.root / path) else None)
    if wrong:
        yield fleet.fault(
            at,
            given=f"{shown_text(path)}, which {wrong}",
            expected="the path of a file, below the project's root or in full",
            fix=f"write e.g. {LEAVINGS}/{fleet.name}/claims.sqlite",
        )


def _check_kubeconfig(fleet: LoadedFleet, at: str, path: str) -> Iterator[Fault]:
    if wrong := wrong_anywhere(path):
        yield fleet.fault(
            at,
            given=f"{shown_text(path)}, which {wrong}",
            expected="the path of a kubeconfig file, below the project's root or in full",
            fix=f"write e.g. {LEAVINGS}/{fleet.name}/kubeconfig",
        )


def _check_authority(fleet: LoadedFleet, at: str, path: str | None) -> Iterator[Fault]:
    if path is not None and (wrong := wrong_below_project(path)):
        yield fleet.fault(
            f"{at}.ca_certificate",
            given=f"{shown_text(path)}, which {wrong}",
            expected="the path of a file below the project's root, the same on every computer",
            fix=f"write e.g. {LEAVINGS}/{fleet.name}/claims-ca.pem",
        )


def _check_trust(fleet: LoadedFleet, at: str, claims: PostgresqlClaimsSpec) -> Iterator[Fault]:
    if claims.sslmode == "disable" and not _is_this_computer(claims.host):
        yield fleet.fault(
            f"{at}.sslmode",
            given=f"disable for a server on {claims.host}",
            expected="verify-full or verify-ca, since the password and every claim go over a network",
            fix="delete the line: verify-full is the default",
        )
    if claims.sslmode == "verify-ca" and claims.ca_certificate is None:
        yield fleet.fault(
            f"{at}.sslmode",
            given="verify-ca without an authority",
            expected="ca_certificate beside it: any certificate of a public authority would do otherwise",
            fix="add ca_certificate: PATH, or write sslmode: verify-full",
        )


def _check_ironic(fleet: LoadedFleet, at: str, claims: IronicClaimsSpec) -> Iterator[Fault]:
    parts = urlsplit(claims.url)
    if parts.scheme == "http" and not _is_this_computer(parts.hostname or ""):
        yield fleet.fault(
            f"{at}.url",
            given=claims.url,
            expected="an https URL, unless Ironic runs on this computer",
            fix=f"write https{claims.url.removeprefix('http')}",
        )
    if (claims.username is None) != (claims.password is None):
        missing = "username" if claims.username is None else "password"
        yield fleet.fault(
            f"{at}",
            given=f"no {missing}",
            expected="username and password together, or neither",
            fix=f"add {missing}: env:NAME",
        )


def _check_journal(fleet: LoadedFleet, at: str, journal: JournalSpec) -> Iterator[Fault]:
    if journal.backend == "ironic":
        yield fleet.fault(
            f"{at}.backend",
            given="ironic",
            expected="sqlite, postgresql or kubernetes, since Ironic itself can keep no journal",
            fix="write backend: postgresql",
        )
        return
    yield from check_claims(fleet, at, journal)


def _is_this_computer(host: str) -> bool:
    if host == "localhost" or host.startswith("/"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
