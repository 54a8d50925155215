"""The claims of a hall in a real PostgreSQL: the contract, and what only a database can do to a run."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from argosy_metal.claims import (
    ClaimStore,
    ClaimsUnavailableError,
    LostClaimError,
    Phase,
    RunIdentity,
    StaleRunError,
    rows,
)
from argosy_metal.claims.postgresql import PostgresqlClaimStore

from ..claims_contract import WANTED, ClaimsContract, ClaimsWorld
from ..claims_model import ClaimsMachine
from .postgresql_server import PASSWORD, PostgresqlServer, running_server, write_certificate


@pytest.fixture(scope="module")
def server() -> Generator[PostgresqlServer]:
    with running_server() as running:
        yield running


@pytest.fixture(autouse=True)
def empty(server: PostgresqlServer) -> None:
    sql(server, "DROP SCHEMA IF EXISTS argosy CASCADE")


def sql(server: PostgresqlServer, statement: str) -> list[tuple[Any, ...]]:
    with server.connect() as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


class PostgresqlWorld:
    """A database."""

    leases = True

    def __init__(self, server: PostgresqlServer) -> None:
        self.server = server
        self.stores: list[PostgresqlClaimStore] = []
        address = server.address()
        self.prelude = (
            "from pathlib import Path\n"
            "from argosy_metal.claims import RunIdentity\n"
            "from argosy_metal.claims.postgresql import Address, PostgresqlClaimStore\n"
            f"address = Address('localhost', {address.port}, 'claims', 'argosy', lambda: {PASSWORD!r},"
            f" ca_certificate=Path({str(address.ca_certificate)!r}))\n"
            "def store(run): return PostgresqlClaimStore(address, RunIdentity(run))"
        )

    def open(self, run: RunIdentity) -> PostgresqlClaimStore:
        self.stores.append(PostgresqlClaimStore(self.server.address(), run))
        return self.stores[-1]

    def close(self) -> None:
        for store in self.stores:
            store.close()
        self.stores.clear()

    def spoil(self, serial: str, changes: Mapping[str, Any]) -> None:
        ((name, value),) = changes.items()
        sql(self.server, f"UPDATE argosy.claims SET {name} = '{value}' WHERE serial = '{serial}'")

    def lose(self, serial: str) -> None:
        for table in ("claims", "generations", "installs"):
            sql(self.server, f"DELETE FROM argosy.{table} WHERE serial = '{serial}'")

    def pass_time(self, seconds: float) -> None:
        """Nobody can turn the database's clock, so every lease is made older instead."""
        sql(self.server, f"UPDATE argosy.leases SET ends = ends - interval '{seconds} s'")

    @contextmanager
    def unreachable(self) -> Generator[None]:
        self.server.kill()
        try:
            yield
        finally:
            self.server.start()


class TestClaimsInPostgresql(ClaimsContract):
    @pytest.fixture
    def world(self, server: PostgresqlServer) -> ClaimsWorld:
        return PostgresqlWorld(server)


@pytest.fixture
def store_of(server: PostgresqlServer) -> Generator[Callable[[str], PostgresqlClaimStore]]:
    world = PostgresqlWorld(server)
    yield lambda run: world.open(RunIdentity(run))
    world.close()


StoreOf = Callable[[str], PostgresqlClaimStore]


def test_looking_makes_no_tables(server: PostgresqlServer, store_of: StoreOf) -> None:
    assert () == store_of("looks").read_all()
    store_of("looks").fence("lab/prod")

    assert [] == sql(server, "SELECT 1 FROM pg_namespace WHERE nspname = 'argosy'")


def test_runs_that_begin_at_once_make_the_tables_once(server: PostgresqlServer, store_of: StoreOf) -> None:
    begin, failures = threading.Barrier(6), list[Exception]()

    def first_write(number: int) -> None:
        store = store_of(f"run-{number}")
        begin.wait()
        try:
            store.claim(replace(WANTED, serial=f"SN{number}", owner=f"lab/{number}"))
        except ClaimsUnavailableError as error:
            failures.append(error)

    threads = [threading.Thread(target=first_write, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [] == failures
    assert 6 == len(store_of("looks").read_all())
    assert [(1,)] == sql(server, "SELECT count(*) FROM argosy.store")


def test_a_write_in_hand_is_finished_before_a_newer_run_takes_over(
    server: PostgresqlServer, store_of: StoreOf
) -> None:
    old = store_of("old")
    seen = old.claim(WANTED)
    with server.connect() as blocker:
        # Holds the claim's row, so that the old run's change waits inside its transaction.
        blocker.execute(b"BEGIN")
        blocker.execute(b"SELECT * FROM argosy.claims FOR UPDATE")
        changing = threading.Thread(target=lambda: old.change(seen, attempts=1))
        changing.start()
        _wait_for_a_lock(server, "UPDATE claims")
        taking = threading.Thread(target=lambda: store_of("new").claim(WANTED))
        taking.start()
        _wait_for_a_lock(server, "INSERT INTO runs")
        blocker.execute(b"COMMIT")
    changing.join()
    taking.join()

    (claim,) = store_of("looks").read_all()
    assert (1, 3) == (claim.attempts, claim.version), "the old run's change, then the new one's adoption"
    with pytest.raises(StaleRunError):
        old.change(claim, attempts=2)


def _wait_for_a_lock(server: PostgresqlServer, statement: str) -> None:
    """Until some session waits for a lock with that statement; fails the test's time limit otherwise."""
    waiting = f"SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '{statement}%'"
    while not sql(server, waiting):
        pass


def test_a_connection_that_broke_while_idle_is_opened_again(
    server: PostgresqlServer, store_of: StoreOf
) -> None:
    store = store_of("run")
    seen = store.claim(WANTED)
    sql(server, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'argosy'")

    assert 1 == store.change(seen, attempts=1).attempts


def test_a_connection_that_breaks_in_a_write_is_an_error_and_writes_nothing(
    server: PostgresqlServer, store_of: StoreOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = store_of("run")
    seen = store.claim(WANTED)
    swap = rows.swap

    def cut_off(cursor: Any, claim: Any, changes: Any) -> Any:
        sql(
            server, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'argosy'"
        )
        return swap(cursor, claim, changes)

    monkeypatch.setattr(rows, "swap", cut_off)
    with pytest.raises(ClaimsUnavailableError, match="run again"):
        store.change(seen, phase=Phase.PREPARING)
    monkeypatch.undo()

    assert seen == store.find("hall", "SN1")
    store.change(seen, phase=Phase.PREPARING)


def test_what_was_written_survives_a_power_cut(server: PostgresqlServer, store_of: StoreOf) -> None:
    claim = store_of("run").claim(WANTED)
    server.kill()
    server.start()

    assert (claim,) == store_of("after").read_all()


def test_a_store_that_was_put_back_from_a_backup_refuses_the_run_that_it_does_not_know(
    server: PostgresqlServer, store_of: StoreOf
) -> None:
    store = store_of("run")
    seen = store.claim(WANTED)
    sql(server, "DELETE FROM argosy.runs")

    with pytest.raises(ClaimsUnavailableError, match="put back from a backup"):
        store.change(seen, attempts=1)
    with pytest.raises(ClaimsUnavailableError, match="put back from a backup"):
        store.assert_may_write("lab/prod")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"password": lambda: "wr0ng-password"}, "check the user and where its password is kept"),
        ({"user": "nobody"}, "check the user"),
        ({"database": "missing"}, "check the database's name"),
        ({"port": 1}, "check that the server runs"),
        ({"ca_certificate": None}, "check `sslmode`, `ca_certificate`"),
        ({"host": "127.0.0.2"}, "check"),
    ],
)
def test_what_keeps_a_run_from_the_database_is_told_without_the_password(
    server: PostgresqlServer, changes: Mapping[str, Any], told: str
) -> None:
    address = server.address(**changes)
    store = PostgresqlClaimStore(address, RunIdentity("run"))

    with pytest.raises(ClaimsUnavailableError) as refusal:
        store.find("hall", "SN1")

    assert told in str(refusal.value)
    assert str(refusal.value).startswith(address.place)
    for secret in (PASSWORD, "wr0ng-password"):
        assert secret not in str(refusal.value)
        assert secret not in repr(address)
    assert refusal.value.__cause__ is None


def test_the_server_must_prove_who_it_is(server: PostgresqlServer, tmp_path: Path) -> None:
    write_certificate(tmp_path)
    address = server.address(ca_certificate=tmp_path / "server.crt")

    with pytest.raises(ClaimsUnavailableError, match="certificate verify failed"):
        PostgresqlClaimStore(address, RunIdentity("run")).find("hall", "SN1")


def test_a_socket_on_this_computer_needs_no_certificate(server: PostgresqlServer) -> None:
    address = server.address(host=str(server.folder), sslmode="disable", ca_certificate=None)
    store = PostgresqlClaimStore(address, RunIdentity("run"))

    assert store.claim(WANTED) == store.find("hall", "SN1")
    store.close()


def test_a_schema_of_somebody_elses_is_named_and_left_as_it_is(
    server: PostgresqlServer, store_of: StoreOf
) -> None:
    sql(server, "CREATE SCHEMA argosy")
    sql(server, "CREATE TABLE argosy.books (title TEXT)")

    for use in (lambda: store_of("run").claim(WANTED), lambda: store_of("run").read_all()):
        with pytest.raises(ClaimsUnavailableError, match="holds no claims, but books"):
            use()

    assert [("books",)] == sql(server, "SELECT tablename FROM pg_tables WHERE schemaname = 'argosy'")


@pytest.mark.parametrize("version", ["99", "NULL"])
def test_tables_of_another_version_are_refused(
    server: PostgresqlServer, store_of: StoreOf, version: str
) -> None:
    store_of("run").claim(WANTED)
    sql(server, "ALTER TABLE argosy.store ALTER version DROP NOT NULL")
    sql(server, f"UPDATE argosy.store SET version = {version}")

    with pytest.raises(ClaimsUnavailableError, match="use the argosy that made them"):
        store_of("other").find("hall", "SN1")


def test_a_missing_table_is_told_as_such(server: PostgresqlServer, store_of: StoreOf) -> None:
    store_of("run").claim(WANTED)
    sql(server, "DROP TABLE argosy.claims")

    with pytest.raises(ClaimsUnavailableError, match=r"not as this argosy makes them.*do not drop it"):
        store_of("other").find("hall", "SN1")


def test_a_user_without_the_right_to_make_tables_is_told_which_right_is_missing(
    server: PostgresqlServer,
) -> None:
    sql(server, "DROP ROLE IF EXISTS reader")
    sql(server, "CREATE ROLE reader LOGIN PASSWORD 'r'")
    store = PostgresqlClaimStore(server.address(user="reader", password=lambda: "r"), RunIdentity("run"))

    with pytest.raises(ClaimsUnavailableError, match="let the user create the schema `argosy`"):
        store.claim(WANTED)
    store.close()


def test_a_user_who_may_only_write_the_tables_works_with_them(
    server: PostgresqlServer, store_of: StoreOf
) -> None:
    store_of("first").claim(WANTED)
    sql(server, "DROP ROLE IF EXISTS worker")
    sql(server, "CREATE ROLE worker LOGIN PASSWORD 'w'")
    sql(server, "GRANT USAGE ON SCHEMA argosy TO worker")
    sql(server, "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA argosy TO worker")
    store = PostgresqlClaimStore(server.address(user="worker", password=lambda: "w"), RunIdentity("run"))

    store.change(store.claim(WANTED), attempts=1)

    store.close()
    sql(server, "DROP OWNED BY worker")


def test_a_server_that_takes_no_writes_is_told_as_such(server: PostgresqlServer, store_of: StoreOf) -> None:
    seen = store_of("run").claim(WANTED)
    sql(server, "ALTER DATABASE claims SET default_transaction_read_only = on")
    try:
        fresh = store_of("run")
        assert seen == fresh.find("hall", "SN1")
        with pytest.raises(ClaimsUnavailableError, match="name the primary server"):
            fresh.change(seen, attempts=1)
    finally:
        sql(server, "ALTER DATABASE claims RESET default_transaction_read_only")


def test_a_run_that_waits_too_long_for_another_is_told_to_try_again(
    server: PostgresqlServer, store_of: StoreOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    store_of("first").claim(WANTED)
    monkeypatch.setattr("argosy_metal.claims.postgresql.connection._STATEMENT_MILLISECONDS", 200)
    with server.connect() as blocker:
        blocker.execute(b"BEGIN")
        blocker.execute(b"SELECT * FROM argosy.runs FOR UPDATE")

        with pytest.raises(ClaimsUnavailableError, match="another run is writing; wait for it"):
            store_of("second").claim(WANTED)
        blocker.execute(b"ROLLBACK")


def test_two_connections_of_one_store_are_never_opened(server: PostgresqlServer, store_of: StoreOf) -> None:
    store = store_of("run")
    seen = store.claim(WANTED)

    def look() -> None:
        for _ in range(5):
            store.find("hall", "SN1")

    threads = [threading.Thread(target=look) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    connections = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'argosy'"
    assert [(1,)] == sql(server, connections)
    store.change(seen, attempts=1)


def test_a_refused_swap_leaves_the_connection_fit_for_use(store_of: StoreOf) -> None:
    store = store_of("run")
    seen = store.claim(WANTED)
    store.change(seen, attempts=1)

    with pytest.raises(LostClaimError):
        store.change(seen, attempts=2)

    assert 1 == len(store.read_all())


def test_the_password_is_in_no_activity_that_the_server_shows(
    server: PostgresqlServer, store_of: StoreOf
) -> None:
    store_of("run").claim(WANTED)

    assert PASSWORD not in str(sql(server, "SELECT * FROM pg_stat_activity"))


def test_the_database_keeps_to_the_model(server: PostgresqlServer) -> None:
    class DatabaseMachine(ClaimsMachine):
        def __init__(self) -> None:
            sql(server, "DROP SCHEMA IF EXISTS argosy CASCADE")
            super().__init__()

        def open(self, run: RunIdentity) -> ClaimStore:
            return PostgresqlClaimStore(server.address(), run)

    run_state_machine_as_test(DatabaseMachine, settings=settings(max_examples=8, deadline=None))
