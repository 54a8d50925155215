"""The claims store that a hall's settings name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from argosy_metal.claims.claim import ClaimsUnavailableError
from argosy_metal.claims.contract import ClaimStore
from argosy_metal.claims.run import RunIdentity

Resolve = Callable[[str], str]
"""Finds the secret behind a reference when it is needed. Raises an ArgosyError that names the reference."""


def open_claims(settings: Mapping[str, Any], root: Path, run: RunIdentity, resolve: Resolve) -> ClaimStore:
    """The store behind the provider's input `claims`, which has been checked. Opens and reads nothing yet.

    Relative paths count from `root`. A backend's driver is imported only where it is used.
    Raises ClaimsUnavailableError for a backend that there is not.
    """
    match settings["backend"]:
        case "sqlite":
            from argosy_metal.claims.sqlite import SqliteClaimStore

            return SqliteClaimStore(root / settings["path"], run)
        case "postgresql":
            return _open_postgresql(settings, root, run, resolve)
        case "kubernetes":
            from argosy_metal.claims.kubernetes import KubernetesClaimStore

            kubeconfig = root / settings["kubeconfig"]
            return KubernetesClaimStore(kubeconfig, settings.get("context"), settings["namespace"], run)
        case "ironic":
            return _open_ironic(settings, root, run, resolve)
        case other:
            raise ClaimsUnavailableError(
                f"claims.backend: given {other!r}; expected sqlite, postgresql, kubernetes or ironic"
            )


def _open_postgresql(
    settings: Mapping[str, Any], root: Path, run: RunIdentity, resolve: Resolve
) -> ClaimStore:
    from argosy_metal.claims.postgresql import Address, PostgresqlClaimStore

    address = Address(
        host=settings["host"],
        port=settings.get("port", 5432),
        database=settings["database"],
        user=settings["user"],
        password=lambda: resolve(settings["passwordRef"]),
        sslmode=settings.get("sslmode", "verify-full"),
        ca_certificate=_path(settings, root),
    )
    return PostgresqlClaimStore(address, run)


def _open_ironic(settings: Mapping[str, Any], root: Path, run: RunIdentity, resolve: Resolve) -> ClaimStore:
    from argosy_metal.claims.ironic import IronicApi, IronicClaimStore

    references = settings.get("usernameRef"), settings.get("passwordRef")

    def account() -> tuple[str, str] | None:
        username, password = references
        return (resolve(username), resolve(password)) if username and password else None

    journal = open_claims(settings["journal"], root, run, resolve)
    return IronicClaimStore(IronicApi(settings["url"], account, _path(settings, root)), journal)


def _path(settings: Mapping[str, Any], root: Path) -> Path | None:
    return root / settings["caCertificate"] if settings.get("caCertificate") else None
