from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest
from aiohttp import web

from argosy_metal.redfish import (
    BmcAuthError,
    BmcBusyError,
    BmcUnreachableError,
    Credentials,
    Patience,
    RedfishClient,
    SessionLostError,
)
from argosy_metal.simulator import FaultRule
from argosy_metal.simulator.in_process import RunningSimulator

SYSTEM = "/redfish/v1/Systems/DGX"


async def test_one_session_serves_all_requests_and_is_deleted_at_the_end(
    connect: Any, simulator: RunningSimulator
) -> None:
    async with connect() as bmc:
        await bmc.get(SYSTEM)
        await bmc.get(SYSTEM)
        assert 1 == len(simulator.bmc("SN1").sessions.live())

    counters = simulator.bmc("SN1").sessions.counters
    assert (1, 1) == (counters.opened, counters.closed)


async def test_the_session_is_deleted_when_the_work_fails(connect: Any, simulator: RunningSimulator) -> None:
    async def fail() -> None:
        async with connect() as bmc:
            await bmc.get(SYSTEM)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()

    assert () == simulator.bmc("SN1").sessions.live()


async def test_the_session_is_deleted_when_the_work_is_cancelled(
    connect: Any, simulator: RunningSimulator
) -> None:
    at_work = asyncio.Event()

    async def work() -> None:
        async with connect() as bmc:
            await bmc.get(SYSTEM)
            at_work.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(work())
    await at_work.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert () == simulator.bmc("SN1").sessions.live()


async def test_a_login_that_is_cancelled_half_way_leaves_no_session(
    scripted: Any, scripted_client: Any
) -> None:
    asked, may_answer = asyncio.Event(), asyncio.Event()

    async def slowly() -> web.Response:
        asked.set()
        await may_answer.wait()
        return web.json_response({}, status=201, headers={"X-Auth-Token": "t0k3n", "Location": "/sessions/1"})

    scripted.answers["POST /redfish/v1/SessionService/Sessions"] = [slowly]

    async def work() -> None:
        async with scripted_client:
            await scripted_client.get("/redfish/v1/Systems")

    task = asyncio.create_task(work())
    await asked.wait()
    task.cancel()
    may_answer.set()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert 1 == len(scripted.calls("DELETE /sessions/1"))


async def test_requests_that_start_together_share_one_login(
    connect: Any, simulator: RunningSimulator
) -> None:
    async with connect() as bmc:
        await asyncio.gather(*(bmc.get(SYSTEM) for _ in range(5)))

    assert 1 == simulator.bmc("SN1").sessions.counters.opened


async def test_a_session_lost_mid_way_is_opened_again(connect: Any, simulator: RunningSimulator) -> None:
    async with connect() as bmc:
        await bmc.get(SYSTEM)
        simulator.inject(FaultRule("drop-sessions", path=SYSTEM, times=1))
        answer = await bmc.get(SYSTEM)

    assert "SN1" == answer.body["SerialNumber"]
    assert 2 == simulator.bmc("SN1").sessions.counters.opened
    assert () == simulator.bmc("SN1").sessions.live()


async def test_a_bmc_that_drops_every_session_is_an_error_that_says_so(
    connect: Any, simulator: RunningSimulator
) -> None:
    simulator.inject(FaultRule("drop-sessions", path=SYSTEM))
    async with connect() as bmc:
        with pytest.raises(SessionLostError, match=r"bmc-1\.hall-north\.test: observe: .*next: run again"):
            await bmc.get(SYSTEM, "observe")


async def test_basic_authentication_is_used_only_where_there_are_no_sessions(connect: Any) -> None:
    async with connect("SN3") as bmc:
        answer = await bmc.get("/redfish/v1/Systems/1")

    assert "SN3" == answer.body["SerialNumber"]


async def test_a_wrong_password_is_an_error_without_the_password(connect: Any) -> None:
    async with connect(credentials=Credentials("argosy", "hunter2-wrong")) as bmc:
        with pytest.raises(BmcAuthError, match="credential reference") as caught:
            await bmc.get(SYSTEM)

    assert "hunter2" not in f"{caught.value} {caught.value!r}"


async def test_a_wrong_password_is_refused_by_basic_authentication_too(connect: Any) -> None:
    async with connect("SN3", credentials=Credentials("argosy", "hunter2-wrong")) as bmc:
        with pytest.raises(BmcAuthError):
            await bmc.get("/redfish/v1/Systems/1")


async def test_a_bmc_without_a_free_session_is_waited_for_and_then_reported(
    connect: Any, simulator: RunningSimulator, client_clock: Any
) -> None:
    taken = simulator.bmc("SN1").sessions
    for _ in range(8):
        taken.open("argosy", "somebody else", 0)

    async with connect() as bmc:
        with pytest.raises(BmcBusyError, match="no session is free"):
            await bmc.get(SYSTEM)

    assert [30, 30] == client_clock.waits
    assert 8 == len(taken.live())


async def test_a_session_that_becomes_free_while_waiting_is_used(
    connect: Any, simulator: RunningSimulator
) -> None:
    simulator.inject(FaultRule("status", method="POST", path="*/Sessions", status=503, times=1))
    async with connect() as bmc:
        answer = await bmc.get(SYSTEM)

    assert "SN1" == answer.body["SerialNumber"]


async def test_a_session_that_cannot_be_deleted_is_logged_and_hides_no_other_error(
    connect: Any, simulator: RunningSimulator, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail() -> None:
        async with connect(patience=Patience(close_seconds=0.05)) as bmc:
            await bmc.get(SYSTEM)
            simulator.inject(FaultRule("hang", method="DELETE"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()

    assert "a session is left on the BMC" in caplog.text


async def test_closing_twice_deletes_the_session_once(connect: Any, simulator: RunningSimulator) -> None:
    bmc = connect()
    await bmc.get(SYSTEM)
    await bmc.close()
    await bmc.close()

    assert 1 == simulator.bmc("SN1").sessions.counters.closed


async def test_neither_repr_nor_log_shows_password_or_token(
    scripted: Any, scripted_client: RedfishClient, caplog: pytest.LogCaptureFixture
) -> None:
    scripted.answers["GET /x"] = [web.json_response({"a": 1})]
    with caplog.at_level(logging.DEBUG):
        answer = await scripted_client.get("/x")
        await scripted_client.close()

    shown = f"{scripted_client!r} {Credentials('argosy', 'correct-horse-battery')!r} {answer!r} {caplog.text}"
    assert "GET /x" in caplog.text
    assert "t0k3n" not in shown
    assert "correct-horse" not in shown


async def test_a_secret_that_the_bmc_echoes_is_struck_out_of_the_error(
    scripted: Any, scripted_client: RedfishClient
) -> None:
    echo = {"error": {"message": "token t0k3n-1 of correct-horse-battery is bad"}}
    scripted.answers["GET /x"] = [web.json_response(echo, status=400)]
    with pytest.raises(Exception, match=r"token \*\*\* of \*\*\* is bad"):
        await scripted_client.get("/x")


async def test_a_login_whose_answer_is_lost_is_not_sent_again_since_it_may_have_opened_a_session(
    connect: Any, simulator: RunningSimulator
) -> None:
    simulator.inject(FaultRule("lose-answer", method="POST", path="*/Sessions"))
    async with connect() as bmc:
        with pytest.raises(BmcUnreachableError):
            await bmc.get(SYSTEM)

    assert 1 == simulator.bmc("SN1").sessions.counters.opened
