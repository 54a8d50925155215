"""The claims of a hall in a PostgreSQL database, for runs on several computers."""

from __future__ import annotations

from argosy_metal.claims.postgresql.connection import Address
from argosy_metal.claims.postgresql.store import PostgresqlClaimStore

__all__ = ["Address", "PostgresqlClaimStore"]
