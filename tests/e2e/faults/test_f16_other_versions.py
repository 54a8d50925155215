"""F16: a run is killed, and another version of the provider goes on."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest

from .engine_model import MACHINE_TYPE, urn_of
from .memory_hall import STACK, MemoryHall, NewHall

MACHINE_URN = urn_of(STACK, MACHINE_TYPE, "SN1")


def upgrade(monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on the provider says that it is of another version."""
    for module in ("hall", "servicer"):
        monkeypatch.setattr(f"argosy_metal.provider.{module}.__version__", "99.0.0")


@pytest.mark.parametrize("share", [0.05, 0.15, 0.25, 0.35, 0.45, 0.55, 0.65, 0.75])
def test_a_run_that_was_killed_is_gone_on_with_by_a_provider_of_another_version(
    new_hall: NewHall, monkeypatch: pytest.MonkeyPatch, share: float
) -> None:
    whole = new_hall(server_type="plain")
    whole.up()
    hall = new_hall(server_type="plain")
    assert hall.killed_up(int(share * len(whole.boundaries.names)))
    upgrade(monkeypatch)

    hall.assert_whole()

    assert any("argosy/99.0.0" in writer for writers in hall.sight.writers.values() for writer in writers)


@pytest.mark.parametrize("lacking", ["bootId", "installId", "imageDigest", "power", "phase"])
def test_a_state_that_lacks_what_a_later_version_records_is_filled_in_and_nothing_installed(
    hall: MemoryHall, lacking: str
) -> None:
    hall.up()
    entries = hall.states[STACK].entries
    outputs = {name: value for name, value in entries[MACHINE_URN].outputs.items() if name != lacking}
    entries[MACHINE_URN] = replace(entries[MACHINE_URN], outputs=outputs)

    hall.refresh()

    hall.assert_whole()


@pytest.mark.parametrize("version", [2, 99])
def test_claims_of_another_version_are_refused_and_no_server_is_touched(
    hall: MemoryHall, version: int
) -> None:
    assert hall.killed_up(200)
    with closing(sqlite3.connect(hall.claims_path)) as connection:
        kept = connection.execute("PRAGMA user_version").fetchone()[0]
        connection.execute(f"PRAGMA user_version = {version}")
    writes = hall.simulation.writes()

    failed = hall.up()

    assert failed
    assert all(f"has version {version}" in told and "argosy" in told for told in failed.values())
    assert writes == hall.simulation.writes()
    with closing(sqlite3.connect(hall.claims_path)) as connection:
        connection.execute(f"PRAGMA user_version = {kept}")
    hall.assert_whole()


def test_a_phase_that_this_version_does_not_know_is_told_and_no_server_is_touched(hall: MemoryHall) -> None:
    hall.up()
    with closing(sqlite3.connect(hall.claims_path)) as connection, connection:
        connection.execute("UPDATE claims SET phase = 'warming-up' WHERE serial = 'SN1'")
    writes = hall.simulation.writes()

    told = hall.refresh()

    assert MACHINE_URN in told
    assert "the claim on server hall/SN1 is damaged ('warming-up' is not a valid Phase)" in told[MACHINE_URN]
    assert writes == hall.simulation.writes()
    with closing(sqlite3.connect(hall.claims_path)) as connection, connection:
        connection.execute("UPDATE claims SET phase = 'running' WHERE serial = 'SN1'")
    hall.assert_whole()
