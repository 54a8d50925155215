"""The inventory of a hall as types: which servers stand where, and how each is reached."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from argosy.spec.values import HttpsUrl, Name, SecretRef, Sha256, SpecModel, Text

Serial = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"),
    Field(description="A serial number: letters, digits, dots, dashes and underscores; at most 64."),
]


class CredentialsSpec(SpecModel):
    """References to a BMC's user name and password; never the values."""

    username: SecretRef
    password: SecretRef


class ServerSpec(SpecModel):
    """One server in its place. `serial` is its identity; everything else may change around it."""

    serial: Serial
    bmc: HttpsUrl
    """Base URL of the server's BMC, e.g. `https://bmc-r1-u01.oslo.example`."""
    rack: Name
    feeds: Annotated[tuple[Name, ...], Field(min_length=1)]
    """The feeds its power supplies hang on."""
    server_type: Text | None = None
    """The catalogue's name; left out: the inventory's own default."""
    credentials: CredentialsSpec | None = None
    """Left out: the inventory's own default."""
    certificate_sha256: Sha256 | None = None
    """Of the BMC's own certificate (DER), where no authority vouches for it: no other is accepted then."""


class OutOfServiceSpec(SpecModel):
    """Why a server is not to be used: it stands in its rack, and no plan takes it."""

    reason: Text
    slot: Text | None = None
    """The slot that it filled, `train/slot-02`, as `argosy metal replace` writes it."""


class InventorySpec(SpecModel):
    """All servers of one hall."""

    version: Literal[1]
    site: Name
    server_type: Text
    credentials: CredentialsSpec
    servers: Annotated[tuple[ServerSpec, ...], Field(min_length=1)]
    out_of_service: dict[Serial, OutOfServiceSpec] = Field(default={})
    """Servers among `servers` that no plan takes until they are taken off this list again."""

    @property
    def in_service(self) -> tuple[ServerSpec, ...]:
        """The servers that plans may take."""
        return tuple(server for server in self.servers if server.serial not in self.out_of_service)

    def out_of_type(self, server_type: str) -> int:
        """How many servers of a type are out of service."""
        return sum(
            server.serial in self.out_of_service and self.server_type_of(server) == server_type
            for server in self.servers
        )

    def server_type_of(self, server: ServerSpec) -> str:
        """The catalogue's name of a server of this inventory: its own, or the default."""
        return server.server_type or self.server_type

    def credentials_of(self, server: ServerSpec) -> CredentialsSpec:
        """The references to a server's BMC credentials: its own, or the default."""
        return server.credentials or self.credentials
