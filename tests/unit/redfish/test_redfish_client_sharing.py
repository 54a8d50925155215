"""All clients of one BMC in a process share one session and few connections."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from argosy_metal.redfish import BmcGate, BmcGates, Credentials
from argosy_metal.simulator.in_process import RunningSimulator

SYSTEM = "/redfish/v1/Systems/1"


async def test_clients_that_overlap_share_one_session_which_the_last_one_deletes(
    connect: Any, simulator: RunningSimulator
) -> None:
    gate, sessions = BmcGate(), simulator.bmc("SN2").sessions
    async with connect("SN2", gate=gate) as first:
        await first.get(SYSTEM)
        async with connect("SN2", gate=gate) as second:
            await asyncio.gather(first.get(SYSTEM), second.get(SYSTEM))
        assert 1 == len(sessions.live()), "the first one still needs it"
        await first.get(SYSTEM)

    assert (1, 1) == (sessions.counters.opened, sessions.counters.closed)


async def test_clients_one_after_the_other_have_a_session_each(
    connect: Any, simulator: RunningSimulator
) -> None:
    gate, counters = BmcGate(), simulator.bmc("SN2").sessions.counters
    for _ in range(2):
        async with connect("SN2", gate=gate) as bmc:
            await bmc.get(SYSTEM)

    assert (2, 2) == (counters.opened, counters.closed)


async def test_another_account_gets_a_session_of_its_own(connect: Any, simulator: RunningSimulator) -> None:
    gate, bmc = BmcGate(), simulator.bmc("SN2")
    bmc.accounts.add("auditor", "audit-only-please", "ReadOnly")
    async with (
        connect("SN2", gate=gate) as first,
        connect("SN2", gate=gate, credentials=Credentials("auditor", "audit-only-please")) as second,
    ):
        await first.get(SYSTEM)
        await second.get(SYSTEM)
        assert ["argosy", "auditor"] == [session.username for session in bmc.sessions.live()]

    assert () == bmc.sessions.live()


async def test_a_client_that_asked_nothing_leaves_nothing_behind(
    connect: Any, simulator: RunningSimulator
) -> None:
    async with connect("SN2", gate=BmcGate()):
        pass

    assert 0 == simulator.bmc("SN2").traffic.requests


async def test_a_client_may_be_used_again_after_it_was_closed(
    connect: Any, simulator: RunningSimulator
) -> None:
    bmc = connect("SN2", gate=BmcGate())
    await bmc.get(SYSTEM)
    await bmc.close()
    await bmc.get(SYSTEM)
    await bmc.close()

    counters = simulator.bmc("SN2").sessions.counters
    assert (2, 2) == (counters.opened, counters.closed)


async def test_a_shared_session_is_deleted_when_one_is_cancelled_and_the_other_fails(
    connect: Any, simulator: RunningSimulator
) -> None:
    gate, at_work = BmcGate(), asyncio.Event()

    async def work() -> None:
        async with connect("SN2", gate=gate) as bmc:
            await bmc.get(SYSTEM)
            at_work.set()
            await asyncio.Event().wait()

    async def fail() -> None:
        async with connect("SN2", gate=gate) as bmc:
            await bmc.get(SYSTEM)
            raise ZeroDivisionError

    task = asyncio.create_task(work())
    await at_work.wait()
    with pytest.raises(ZeroDivisionError):
        await fail()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    counters = simulator.bmc("SN2").sessions.counters
    assert (1, 1) == (counters.opened, counters.closed)


@pytest.mark.parametrize("connections", [1, 2, 3])
async def test_no_more_connections_are_open_to_a_bmc_than_are_configured(
    connect: Any, simulator: RunningSimulator, connections: int
) -> None:
    gate = BmcGates(connections).of("https://bmc-2.hall-north.test")
    clients = [connect("SN2", gate=gate) for _ in range(4)]
    await asyncio.gather(*(bmc.get(SYSTEM) for bmc in clients for _ in range(5)))
    traffic = simulator.bmc("SN2").traffic

    assert connections == traffic.peak_connections
    assert connections >= traffic.peak_in_flight


async def test_without_a_shared_gate_the_simulator_would_count_more(
    connect: Any, simulator: RunningSimulator
) -> None:
    clients = [connect("SN2") for _ in range(4)]
    await asyncio.gather(*(bmc.get(SYSTEM) for bmc in clients for _ in range(5)))

    assert 2 < simulator.bmc("SN2").traffic.peak_connections
