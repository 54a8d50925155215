"""Four simulated servers through a real engine, with their claims in a real PostgreSQL."""

from __future__ import annotations

import time
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from argosy_metal.claims import Claim, Phase, RunIdentity
from argosy_metal.claims.postgresql import PostgresqlClaimStore
from argosy_metal.simulator import stop

from .postgresql_server import PASSWORD, PostgresqlServer, running_server
from .test_bare_metal_up import PROGRAM, UP, Hall, start_hall

if TYPE_CHECKING:
    from conftest import Engine

FILE = '{"backend": "sqlite", "path": "claims.sqlite"}'


@pytest.fixture
def server() -> Generator[PostgresqlServer]:
    with running_server() as running:
        yield running


def shared_hall(engine: Engine, folder: Path, server: PostgresqlServer, time_scale: int) -> Hall:
    hall = start_hall(engine, folder, time_scale)
    claims = {
        "backend": "postgresql",
        "host": "localhost",
        "port": server.port,
        "database": "claims",
        "user": "argosy",
        "passwordRef": "file:database-password",
        "caCertificate": "database-ca.pem",
    }
    assert FILE in PROGRAM
    (folder / "program" / "__main__.py").write_text(PROGRAM.replace(FILE, repr(claims)))
    (folder / "database-password").write_text(PASSWORD)
    (folder / "database-ca.pem").write_bytes(server.ca_certificate.read_bytes())
    hall.select("local")
    return hall


def claims_of(server: PostgresqlServer) -> tuple[Claim, ...]:
    store = PostgresqlClaimStore(server.address(), RunIdentity("looks only"))
    try:
        return store.read_all()
    finally:
        store.close()


def test_two_stacks_share_a_hall_through_a_database_and_its_password_is_nowhere(
    engine: Engine, tmp_path: Path, server: PostgresqlServer
) -> None:
    hall = shared_hall(engine, tmp_path, server, time_scale=600)
    try:
        log = hall.ok(*UP, "--logtostderr", "-v=9")
        assert {("hall-trial/local", Phase.RUNNING)} == {(c.owner, c.phase) for c in claims_of(server)}
        hall.ok("up", "--yes", "--skip-preview", "--expect-no-changes")
        state = "".join(path.read_text(errors="replace") for path in (tmp_path / "home").rglob("*.json*"))
        assert "file:database-password" in state, "the state was read"
        assert PASSWORD not in state
        assert PASSWORD not in log

        hall.select("other")
        refusal = hall.refused(*UP)
        assert "owned by stack hall-trial/local" in refusal
        assert {"hall-trial/local"} == {claim.owner for claim in claims_of(server)}

        hall.ok("stack", "select", "local")
        hall.ok("destroy", "--yes", "--skip-preview")
        assert () == claims_of(server)
    finally:
        stop(tmp_path / "simulator")


def test_a_run_that_is_killed_is_taken_up_by_the_next_and_nothing_is_installed_twice(
    engine: Engine, tmp_path: Path, server: PostgresqlServer
) -> None:
    hall = shared_hall(engine, tmp_path, server, time_scale=60)
    try:
        with hall.project.start(*UP) as killed:
            while Phase.INSTALLING not in {claim.phase for claim in claims_of(server)}:
                time.sleep(0.1)
            killed.kill()
            killed.communicate()
        hall.ok("cancel", "--yes")
        hall.ok("refresh", "--yes", "--skip-preview", "--clear-pending-creates")
        hall.ok(*UP)

        assert {Phase.RUNNING} == {claim.phase for claim in claims_of(server)}
        assert [1, 1, 1, 1] == hall.installs()
        hall.wait_for_plugins_to_end()
    finally:
        stop(tmp_path / "simulator")


def test_a_database_that_is_gone_fails_the_run_and_changes_no_server(
    engine: Engine, tmp_path: Path, server: PostgresqlServer
) -> None:
    hall = shared_hall(engine, tmp_path, server, time_scale=600)
    try:
        server.kill()

        output = hall.refused(*UP)

        assert "postgresql localhost:" in output
        assert "check that the server runs" in output
        assert [0, 0, 0, 0] == hall.installs()
    finally:
        stop(tmp_path / "simulator")
