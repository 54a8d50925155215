"""The same lifecycle brings a machine up, and takes it down, on the simulated BMC of every vendor."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from argosy_metal.claims import Phase
from argosy_metal.lifecycle import Wanted
from argosy_metal.simulator.profiles import vendor_files

from .claimed_server import IMAGE, ClaimedServer, claimed_server

VENDORS = sorted(vendor_files())


@pytest.fixture
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[ClaimedServer]:
    async with claimed_server(tmp_path, vendor=request.param) as server:
        yield server


@pytest.mark.parametrize("world", VENDORS, indirect=True)
async def test_a_machine_comes_up_and_goes_down_on_the_bmc_of_every_vendor(world: ClaimedServer) -> None:
    async with world.machine() as machine:
        running = await machine.bring_up(Wanted(IMAGE), online=True)
    state = world.bmc.machine.state

    assert (Phase.RUNNING, "On", 1) == (world.claim.phase, running.power, state.counters.installs_completed)
    assert ({}, "Disabled") == (state.media, state.override.enabled)
    assert "UEFI" == state.override.mode

    async with world.machine() as machine:
        again = await machine.bring_up(Wanted(IMAGE), online=True)
    assert (running.boot_id, 1) == (again.boot_id, state.counters.installs_started), (
        "a second run does nothing"
    )

    async with world.machine() as machine:
        await machine.take_down()
    bmc = world.bmc
    bmc.advance()

    assert (Phase.CLAIMED, "Off") == (world.claim.phase, bmc.machine.state.power)
    assert 0 == len(bmc.sessions.live())
    assert 1 == bmc.traffic.peak_writers
    assert 2 >= bmc.traffic.peak_connections
