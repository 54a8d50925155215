"""`PostgresqlClaimStore`: the tables, with leases timed by the database's clock."""

from __future__ import annotations

from argosy_metal.claims.postgresql.connection import Address
from argosy_metal.claims.postgresql.database import PostgresqlDatabase
from argosy_metal.claims.run import RunIdentity
from argosy_metal.claims.table_store import TableStore


class PostgresqlClaimStore(TableStore):
    """The claims in a database as one process uses them. Connects when first used; looking makes nothing."""

    def __init__(self, address: Address, run: RunIdentity) -> None:
        super().__init__(PostgresqlDatabase(address), run)
