"""How the database is reached, and what is said when it cannot be.

Facts of libpq's parameters and of the error classes: postgresql.org/docs/current/libpq-connect.html and
postgresql.org/docs/current/errcodes-appendix.html, read 2026-11.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg import errors

from argosy_metal.claims.claim import ClaimsUnavailableError

SCHEMA = "argosy"
"""Every table lies in this schema, so that a database may hold other things too."""
_CONNECT_SECONDS = 10
_STATEMENT_MILLISECONDS = 30_000
_RESTORE = (
    "restore it from a backup; do not drop it, since only it tells which machines are ours to take down"
)
_NEXT_STEPS: tuple[tuple[type[psycopg.Error], str], ...] = (
    (errors.InvalidPassword, "check the user and where its password is kept"),
    (errors.InvalidAuthorizationSpecification, "check the user, and the server's pg_hba.conf"),
    (errors.InvalidCatalogName, "check the database's name, or create it"),
    (errors.InsufficientPrivilege, "let the user create the schema `argosy`, or read and write its tables"),
    (errors.LockNotAvailable, "another run is writing; wait for it, then try again"),
    (errors.QueryCanceled, "another run is writing; wait for it, then try again"),
    (errors.DiskFull, "free some space on the server, then run again: every step already recorded is kept"),
    (errors.ReadOnlySqlTransaction, "name the primary server: this one takes no writes"),
    (errors.UndefinedTable, f"its tables are not as this argosy makes them: {_RESTORE}"),
    (errors.UndefinedColumn, f"its tables are not as this argosy makes them: {_RESTORE}"),
    (errors.TooManyConnections, "let the server take more connections, then run again"),
    (
        errors.OperationalError,
        "check that the server runs and that it is reached from here, then run again: what was recorded is"
        " kept, and whether the last step was, the next run looks up",
    ),
)


@dataclass(frozen=True)
class Address:
    """A database, the user, and how its identity is proven."""

    host: str
    """A host name or IP address; a path is the folder of the server's socket on this computer."""
    port: int
    database: str
    user: str
    password: Callable[[], str] = field(repr=False)
    """Finds the password when it is needed. Raises an ArgosyError that names where it was looked for."""
    sslmode: str = "verify-full"
    ca_certificate: Path | None = None
    """PEM file of the server's authority; None: those that this computer trusts."""

    @property
    def place(self) -> str:
        """What a message calls the database."""
        return f"postgresql {self.host}:{self.port}/{self.database}"

    def connect(self) -> psycopg.Connection[tuple[object, ...]]:
        """A new connection. Raises psycopg.Error, which never holds the password."""
        settings = (
            f"search_path={SCHEMA}",
            "synchronous_commit=on",
            f"statement_timeout={_STATEMENT_MILLISECONDS}",
            f"idle_in_transaction_session_timeout={_STATEMENT_MILLISECONDS}",
        )
        return psycopg.connect(
            host=self.host,
            port=self.port,
            dbname=self.database,
            user=self.user,
            password=self.password(),
            sslmode=self.sslmode,
            sslrootcert=self._authority(),
            # Or libpq would look for certificates and tickets of whoever runs it.
            sslcertmode="disable",
            gssencmode="disable",
            connect_timeout=_CONNECT_SECONDS,
            tcp_user_timeout=_STATEMENT_MILLISECONDS,
            application_name="argosy",
            options=" ".join(f"-c {setting}" for setting in settings),
            autocommit=True,
        )

    def _authority(self) -> str | None:
        if self.ca_certificate is not None:
            return str(self.ca_certificate)
        # libpq refuses the computer's own authorities with any weaker mode.
        return "system" if self.sslmode == "verify-full" else None


@contextmanager
def explained(place: str) -> Generator[None]:
    """Tell what goes wrong with the database as ClaimsUnavailableError, with the step that would help."""
    try:
        yield
    except psycopg.Error as error:
        told = " ".join(str(error).split()) or type(error).__name__
        raise ClaimsUnavailableError(
            f"{place}: the claims cannot be used: {told}; {_next_step(error)}"
        ) from None


def _next_step(error: psycopg.Error) -> str:
    told = str(error)
    if "password authentication failed" in told:
        return "check the user and where its password is kept"
    if "certificate" in told or "SSL" in told:
        return "check `sslmode`, `ca_certificate` and the host's name in the server's certificate"
    if "does not exist" in told and isinstance(error, psycopg.OperationalError):
        return "check the database's name and the user, or create them"
    return next((step for kind, step in _NEXT_STEPS if isinstance(error, kind)), _RESTORE)
