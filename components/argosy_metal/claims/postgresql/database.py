"""The tables in PostgreSQL, made by whoever writes first, and a process's one connection to them."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg

from argosy_metal.claims.claim import ClaimsUnavailableError
from argosy_metal.claims.postgresql.connection import SCHEMA, Address, explained
from argosy_metal.claims.postgresql.leases import RowLeases
from argosy_metal.claims.rows import TABLES, Cursor, one
from argosy_metal.claims.table_store import Leases

_VERSION = 2
_TABLES = (
    "CREATE TABLE store (id TEXT NOT NULL, version INTEGER NOT NULL)",
    *TABLES,
    """CREATE TABLE leases (
      owner TEXT NOT NULL, process TEXT NOT NULL, run TEXT NOT NULL, host TEXT NOT NULL,
      ends TIMESTAMPTZ NOT NULL, PRIMARY KEY (owner, process)
    )""",
)
_MAKING = 0x6172676F7379  # "argosy" in ASCII: the number of the lock under which the tables are made


class PostgresqlDatabase:
    """One connection, kept open and used by one thread at a time; opened again after it was lost."""

    # A share lock: writers of one run go side by side, and who raises the number waits for them.
    epoch_lock = " FOR SHARE"
    restore = "restore the database from a backup, or mend that row"
    leases: Leases | None = RowLeases()

    def __init__(self, address: Address) -> None:
        self.place = address.place
        self._address = address
        self._lock = threading.Lock()
        self._connection: psycopg.Connection[tuple[object, ...]] | None = None
        self._has_tables = False

    @contextmanager
    def looking(self) -> Generator[Cursor | None]:
        """A look at one moment's tables; None if there are none. Raises ClaimsUnavailableError."""
        with self._transaction("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY") as cursor:
            yield cursor if self._found_tables(cursor) else None

    @contextmanager
    def writing(self) -> Generator[Cursor]:
        """A transaction. Makes the tables if there are none. Raises ClaimsUnavailableError."""
        with self._transaction("BEGIN") as cursor:
            if not self._found_tables(cursor):
                self._make_tables(cursor)
            yield cursor
        self._has_tables = True

    def close(self) -> None:
        """Close the connection; it is opened again when needed."""
        with self._lock:
            self._drop()

    @contextmanager
    def _transaction(self, begin: str) -> Generator[_Cursor]:
        with self._lock, explained(self.place):
            connection = self._begun(begin)
            try:
                with connection.cursor() as cursor:
                    yield _Cursor(cursor)
                connection.execute("COMMIT")
            except BaseException:
                self._roll_back(connection)
                raise

    def _begun(self, begin: str) -> psycopg.Connection[tuple[object, ...]]:
        """A connection with an open transaction. One that broke while idle is replaced."""
        if self._connection is not None:
            try:
                self._connection.execute(begin.encode())
            except psycopg.OperationalError:
                self._drop()
            else:
                return self._connection
        self._connection = self._address.connect()
        self._connection.execute(begin.encode())
        return self._connection

    def _roll_back(self, connection: psycopg.Connection[tuple[object, ...]]) -> None:
        try:
            connection.execute("ROLLBACK")
        except psycopg.Error:
            # The server ends the transaction of a lost connection by itself.
            self._drop()

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _found_tables(self, cursor: Cursor) -> bool:
        """Whether the tables are there. Raises ClaimsUnavailableError for a schema that is not ours."""
        if self._has_tables:
            return True
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = ?", (SCHEMA,))
        tables = {str(row[0]) for row in cursor.fetchall()}
        if not tables:
            return False
        if "store" not in tables:
            raise ClaimsUnavailableError(
                f"{self.place}: the schema `{SCHEMA}` holds no claims, but {', '.join(sorted(tables))}; check"
                " the database's name, or restore it from a backup"
            )
        cursor.execute("SELECT version FROM store")
        row = cursor.fetchone()
        if row is None or row[0] != _VERSION:
            found = None if row is None else row[0]
            raise ClaimsUnavailableError(
                f"{self.place}: the claims have version {found}, not {_VERSION}; use the argosy that made"
                " them"
            )
        self._has_tables = True
        return True

    def _make_tables(self, cursor: Cursor) -> None:
        # Of two runs that begin at once, the second waits here and then finds the tables.
        cursor.execute("SELECT pg_advisory_xact_lock(?)", (_MAKING,))
        if self._found_tables(cursor):
            return
        # Asked first: `IF NOT EXISTS` needs the right to create one even where it exists.
        if not one(cursor, "SELECT 1 FROM pg_namespace WHERE nspname = ?", SCHEMA):
            cursor.execute(f"CREATE SCHEMA {SCHEMA}")
        for statement in _TABLES:
            cursor.execute(statement)
        cursor.execute("INSERT INTO store VALUES (?, ?)", (uuid.uuid4().hex, _VERSION))


class _Cursor:
    """A cursor that takes `?` for a parameter, as the statements are written."""

    def __init__(self, cursor: psycopg.Cursor[tuple[object, ...]]) -> None:
        self._cursor = cursor

    @property
    def rowcount(self) -> int:
        """How many rows the last statement changed."""
        return self._cursor.rowcount

    def execute(self, statement: str, values: Sequence[object] = (), /) -> object:
        """Run one statement."""
        return self._cursor.execute(statement.replace("?", "%s").encode(), values)

    def fetchone(self) -> Any:
        """The next row, or None."""
        return self._cursor.fetchone()

    def fetchall(self) -> list[Any]:
        """The rows that are left."""
        return self._cursor.fetchall()
