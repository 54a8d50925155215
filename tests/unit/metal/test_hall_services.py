"""What all machines of a hall share in one provider process: the connections to where systems report."""

import asyncio
from collections.abc import Generator
from pathlib import Path

import pytest

from argosy_metal.claims import RunIdentity
from argosy_metal.provider.config import HallConfig
from argosy_metal.provider.hall import Hall


@pytest.fixture
def hall(tmp_path: Path) -> Generator[Hall]:
    config = HallConfig(
        claims={"backend": "sqlite", "path": "claims.sqlite"},
        phone_home="https://provision.hall.test/phone-home",
        ca_certificate=None,
        simulator_directory=None,
        root=tmp_path,
    )
    made = Hall(config, RunIdentity("run"), asyncio.Event())
    yield made
    made.close()


async def test_machines_at_work_at_once_ask_for_reports_over_the_same_connections(hall: Hall) -> None:
    async with hall.reports() as one, hall.reports() as other:
        assert one is other


async def test_the_connections_are_kept_until_the_last_machine_is_done_with_them(hall: Hall) -> None:
    async with hall.reports() as one:
        async with hall.reports():
            pass
        async with hall.reports() as later:
            assert one is later
    async with hall.reports() as fresh:
        assert one is not fresh
