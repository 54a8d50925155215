"""A machine and what is set up beside it take turns on a server, each with the claim as it is then."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from argosy_metal.claims import Claim, LostClaimError
from argosy_metal.lifecycle import Leash
from argosy_metal.lifecycle.notes import Notes
from argosy_metal.provider.hall import Hall

from .setup_halls import Setup, claimed_server


@pytest.fixture
async def setup(tmp_path: Path) -> AsyncGenerator[Setup]:
    async with claimed_server(tmp_path) as made:
        yield made


async def noted_by_machine(hall: Hall, claim: Claim, leash: Leash) -> None:
    async with hall.machine(claim, leash) as (_, journal):
        await Notes(journal, "machine").write(came="second")


async def test_a_machine_waits_for_who_works_on_its_server_and_goes_on_from_what_was_written(
    setup: Setup,
) -> None:
    hall = setup.provider.hall()
    claim = hall.store.find("hall", "SN1")
    assert claim is not None
    leash = Leash(setup.clock, None, asyncio.Event())

    async with hall.server(claim, 0) as access:
        waiting = asyncio.create_task(noted_by_machine(hall, claim, leash))
        done, _ = await asyncio.wait([waiting], timeout=0.05)
        assert set() == done
        await Notes(access.journal, "beside").write(came="first")
    await waiting

    record = setup.record()
    assert ({"came": "first"}, {"came": "second"}) == (record["beside"], record["machine"])


async def test_a_machine_whose_claim_was_released_while_it_waited_is_not_worked_on(setup: Setup) -> None:
    hall = setup.provider.hall()
    claim = hall.store.find("hall", "SN1")
    assert claim is not None
    hall.store.release(claim)
    await setup.claim()

    with pytest.raises(LostClaimError):
        await noted_by_machine(hall, claim, Leash(setup.clock, None, asyncio.Event()))

    assert [] == setup.writes()
    assert "machine" not in setup.record()
