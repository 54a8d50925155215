"""Where it is recorded who owns which server of a hall, as types: one of four backends."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Discriminator, Field, StringConstraints, Tag, WithJsonSchema

from argosy.spec.values import Name, SecretRef, SpecModel, Text

_Host = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9.:-]+$|^/[^\s]+$", max_length=253),
    Field(description="A host name or IP address, or the path of the folder of the server's socket."),
]
_Url = Annotated[
    str,
    StringConstraints(pattern=r"^https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[^\s@]*)?$"),
    Field(description="A URL without an account, e.g. `https://ironic.oslo.example:6385`."),
]


class SqliteClaimsSpec(SpecModel):
    """A file: for a hall that is worked on from one computer."""

    # Every choice stands here, so that a misspelt one is told all; the others have models of their own.
    backend: Annotated[
        Literal["sqlite", "postgresql", "kubernetes", "ironic"],
        WithJsonSchema({"type": "string", "const": "sqlite"}),
    ] = "sqlite"
    path: Text
    """Path of the claims file: relative to the project root, or in full."""


class PostgresqlClaimsSpec(SpecModel):
    """A PostgreSQL database: for a hall that several computers work on."""

    backend: Literal["postgresql"]
    host: _Host
    port: Annotated[int, Field(strict=True, ge=1, le=65_535)] = 5432
    database: Text
    user: Text
    password: SecretRef
    sslmode: Literal["verify-full", "verify-ca", "disable"] = "verify-full"
    """libpq's word for how the server proves who it is; `disable` for a server on this computer alone."""
    ca_certificate: Text | None = None
    """PEM file of the authority of the server's certificate, relative to the project root; left out: those
    that the computer trusts."""


class KubernetesClaimsSpec(SpecModel):
    """Leases in a namespace of a Kubernetes cluster: for a hall that several computers work on."""

    backend: Literal["kubernetes"]
    kubeconfig: Text
    """Path of a kubeconfig file: relative to the project root, or in full."""
    context: Text | None = None
    """The context in it; left out: its current one."""
    namespace: Name


def _kind(value: object, kinds: tuple[str, ...]) -> str:
    """The backend that is named; `sqlite` where none is, or one that there is not."""
    backend: object = None
    if isinstance(value, dict):
        backend = value.get("backend")  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    elif isinstance(value, SpecModel):
        backend = getattr(value, "backend", None)
    return backend if isinstance(backend, str) and backend in kinds else "sqlite"


def _journal_kind(value: object) -> str:
    return _kind(value, ("sqlite", "postgresql", "kubernetes"))


def _claims_kind(value: object) -> str:
    return _kind(value, ("sqlite", "postgresql", "kubernetes", "ironic"))


JournalSpec = Annotated[
    Annotated[SqliteClaimsSpec, Tag("sqlite")]
    | Annotated[PostgresqlClaimsSpec, Tag("postgresql")]
    | Annotated[KubernetesClaimsSpec, Tag("kubernetes")],
    Discriminator(_journal_kind),
]


class IronicClaimsSpec(SpecModel):
    """Allocations of an Ironic, which keep a server from everyone else who asks that Ironic.

    Ironic grants a node to one, but has no conditional write; so how far an installation has come is kept
    in a journal beside it.
    """

    backend: Literal["ironic"]
    url: _Url
    """Of the API, without /v1."""
    username: SecretRef | None = None
    """With `password`, for HTTP basic authentication; left out: Ironic asks nobody."""
    password: SecretRef | None = None
    ca_certificate: Text | None = None
    """PEM file of the authority of the API's certificate, relative to the project root; left out: those that
    the computer trusts."""
    journal: JournalSpec
    """Where the rest is recorded: any of the other backends."""


ClaimsSpec = Annotated[
    Annotated[SqliteClaimsSpec, Tag("sqlite")]
    | Annotated[PostgresqlClaimsSpec, Tag("postgresql")]
    | Annotated[KubernetesClaimsSpec, Tag("kubernetes")]
    | Annotated[IronicClaimsSpec, Tag("ironic")],
    Discriminator(_claims_kind),
]
"""Who owns which server, and how far its machine has come."""
