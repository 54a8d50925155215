from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiohttp import web

from argosy_metal.redfish import (
    BmcBusyError,
    BmcGates,
    BmcInternalError,
    BmcRefusedError,
    BmcTaskError,
    BmcUnreachableError,
    Patience,
    RedfishClient,
    TaskUnfinishedError,
)
from argosy_metal.simulator import FaultRule
from argosy_metal.simulator.in_process import RunningSimulator

SYSTEM = "/redfish/v1/Systems/DGX"
RESET = f"{SYSTEM}/Actions/ComputerSystem.Reset"
PATCH = f"PATCH {SYSTEM}"
ON = {"ResetType": "On"}


def etag(value: str, status: int = 200) -> web.Response:
    return web.json_response({"a": 1}, status=status, headers={"ETag": value})


async def test_a_change_names_the_version_it_was_made_for(
    scripted: Any, scripted_client: RedfishClient
) -> None:
    scripted.answers |= {f"GET {SYSTEM}": [etag('"1"')], PATCH: [web.Response(status=204)]}
    await scripted_client.patch(SYSTEM, {"b": 2}, "change b")

    assert ['"1"'] == [headers["If-Match"] for headers in scripted.calls(PATCH)]


async def test_a_resource_that_changed_meanwhile_is_read_again(
    scripted: Any, scripted_client: RedfishClient
) -> None:
    scripted.answers |= {
        f"GET {SYSTEM}": [etag('"1"'), etag('"2"')],
        PATCH: [web.Response(status=412), web.Response(status=204)],
    }
    await scripted_client.patch(SYSTEM, {"b": 2}, "change b")

    assert ['"1"', '"2"'] == [headers["If-Match"] for headers in scripted.calls(PATCH)]


async def test_a_weak_etag_is_tried_strong_and_then_left_out(
    scripted: Any, scripted_client: RedfishClient
) -> None:
    scripted.answers |= {
        f"GET {SYSTEM}": [etag('W/"1"')],
        PATCH: [web.Response(status=412), web.Response(status=412), web.Response(status=204)],
    }
    await scripted_client.patch(SYSTEM, {"b": 2}, "change b")

    assert ['W/"1"', '"1"', None] == [headers.get("If-Match") for headers in scripted.calls(PATCH)]


async def test_a_resource_that_never_stops_changing_is_reported(
    scripted: Any, scripted_client: RedfishClient
) -> None:
    scripted.answers |= {
        f"GET {SYSTEM}": [etag(f'"{number}"') for number in range(9)],
        PATCH: [web.Response(status=412)],
    }
    with pytest.raises(BmcBusyError, match="kept changing"):
        await scripted_client.patch(SYSTEM, {"b": 2}, "change b")


async def test_the_simulator_refuses_a_change_for_an_old_version_and_the_client_copes(
    connect: Any, simulator: RunningSimulator
) -> None:
    simulator.inject(FaultRule("status", method="PATCH", status=412, times=1))
    async with connect("SN2") as bmc:
        boot = {"BootSourceOverrideTarget": "Cd", "BootSourceOverrideEnabled": "Once"}
        await bmc.patch("/redfish/v1/Systems/1", {"Boot": boot}, "set the boot override")

    assert "Cd" == simulator.bmc("SN2").machine.state.override.target


@pytest.mark.parametrize("status", [500, 502, 503])
async def test_an_action_is_never_sent_again_by_itself(
    connect: Any, simulator: RunningSimulator, client_clock: Any, status: int
) -> None:
    simulator.inject(FaultRule("status", path=RESET, status=status, times=1))
    async with connect() as bmc:
        with pytest.raises((BmcInternalError, BmcBusyError)):
            await bmc.post(RESET, ON, "power on")

    assert 0 == simulator.bmc("SN1").machine.state.counters.resets
    assert [] == client_clock.waits


async def test_an_action_whose_answer_is_lost_is_done_once_and_its_outcome_is_unknown(
    connect: Any, simulator: RunningSimulator
) -> None:
    simulator.inject(FaultRule("lose-answer", path=RESET))
    async with connect() as bmc:
        with pytest.raises(BmcUnreachableError) as caught:
            await bmc.post(RESET, ON, "power on")

    assert caught.value.outcome_unknown
    assert 1 == simulator.bmc("SN1").machine.state.counters.resets


async def test_an_action_that_hangs_is_reported_in_time(connect: Any, simulator: RunningSimulator) -> None:
    async with connect(patience=Patience(read_seconds=0.05, close_seconds=0.05)) as bmc:
        await bmc.get(SYSTEM)
        simulator.inject(FaultRule("hang", path=RESET))
        with pytest.raises(BmcUnreachableError, match="power on: no answer in time"):
            await bmc.post(RESET, ON, "power on")
        simulator.clear_faults()


async def test_an_action_that_never_left_is_known_not_to_be_done(connect: Any) -> None:
    where = [("127.0.0.1", 9)]
    async with connect(resolve=lambda _host: where[0], patience=Patience(attempts=1)) as bmc:  # pyright: ignore[reportUnknownLambdaType]
        with pytest.raises(BmcUnreachableError) as caught:
            await bmc.post(RESET, ON, "power on")

    assert not caught.value.outcome_unknown


async def test_an_action_is_repeated_after_a_lost_session_since_it_was_not_carried_out(
    connect: Any, simulator: RunningSimulator
) -> None:
    async with connect() as bmc:
        await bmc.get(SYSTEM)
        simulator.inject(FaultRule("drop-sessions", path=RESET, times=1))
        await bmc.post(RESET, ON, "power on")

    assert 1 == simulator.bmc("SN1").machine.state.counters.resets


async def test_a_refusal_carries_the_words_of_the_bmc(connect: Any) -> None:
    async with connect() as bmc:
        with pytest.raises(BmcRefusedError, match="The value 'Explode' for the parameter 'ResetType'"):
            await bmc.post(RESET, {"ResetType": "Explode"}, "reset")


async def peaks_of_hanging_requests(
    clients: list[RedfishClient], simulator: RunningSimulator
) -> tuple[int, int]:
    """Peak of writers and of requests at once, when each client starts one write and three reads."""
    for bmc in clients:
        await bmc.get(SYSTEM)
    simulator.inject(FaultRule("hang", path=RESET, times=2), FaultRule("hang", path=SYSTEM))
    requests = [bmc.post(RESET, ON, "power on") for bmc in clients]
    reads = [bmc.get(SYSTEM) for bmc in clients for _ in range(3)]
    await asyncio.gather(*requests, *reads, return_exceptions=True)
    traffic = simulator.bmc("SN1").traffic
    return traffic.peak_writers, traffic.peak_in_flight


IMPATIENT = Patience(read_seconds=0.5, total_seconds=0.5, attempts=1, close_seconds=0.5)


async def test_two_clients_of_one_bmc_write_one_after_the_other_and_ask_little_at_once(
    connect: Any, simulator: RunningSimulator
) -> None:
    gates = BmcGates()
    clients = [connect(gate=gates.of(f"https://{name}.hall-north.test/")) for name in ("bmc-1", "BMC-1")]

    async def release_when_full() -> None:
        while simulator.bmc("SN1").traffic.in_flight < 2:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.005)
        await asyncio.sleep(0.02)  # A third would come in this time.
        simulator.clear_faults()

    peaks, _ = await asyncio.gather(peaks_of_hanging_requests(clients, simulator), release_when_full())

    assert (1, 2) == peaks


async def test_the_simulator_would_notice_two_writers(connect: Any, simulator: RunningSimulator) -> None:
    clients = [connect(patience=IMPATIENT) for _ in range(2)]
    peaks = await peaks_of_hanging_requests(clients, simulator)
    simulator.clear_faults()

    assert (2, 4) == peaks


async def test_a_task_is_followed_to_its_end(
    connect: Any, simulator: RunningSimulator, client_clock: Any
) -> None:
    async with connect() as bmc:
        answer = await bmc.post(RESET, ON, "power on")

    assert 204 == answer.status
    assert 4 <= sum(client_clock.waits) <= 6


TASK = "/redfish/v1/TaskService/Tasks/1"
ACCEPTED = web.json_response({}, status=202, headers={"Location": f"https://other-name{TASK}"})


def task_in(state: str, **more: Any) -> web.Response:
    return web.json_response({"TaskState": state, **more})


async def test_a_location_that_leads_to_the_task_itself_is_followed_too(
    scripted: Any, scripted_client: RedfishClient
) -> None:
    scripted.answers |= {
        f"POST {RESET}": [ACCEPTED],
        f"GET {TASK}": [task_in("Running"), task_in("Completed", TaskStatus="OK")],
    }
    answer = await scripted_client.post(RESET, ON, "power on")

    assert "Completed" == answer.body["TaskState"]


async def test_a_task_that_fails_is_an_error_with_its_messages(
    scripted: Any, scripted_client: RedfishClient
) -> None:
    failed = task_in("Exception", Messages=[{"Message": "The power supply is missing."}])
    scripted.answers |= {f"POST {RESET}": [ACCEPTED], f"GET {TASK}": [failed]}
    with pytest.raises(BmcTaskError, match="power on: the task ended as Exception: The power supply"):
        await scripted_client.post(RESET, ON, "power on")


async def test_a_task_that_does_not_end_is_given_up_and_may_be_taken_up_again(
    scripted: Any, scripted_client: RedfishClient, client_clock: Any
) -> None:
    scripted.answers |= {f"POST {RESET}": [ACCEPTED], f"GET {TASK}": [task_in("Running")]}
    with pytest.raises(TaskUnfinishedError, match="not done after 900 s; next: run again"):
        await scripted_client.post(RESET, ON, "power on")

    assert 900 == sum(client_clock.waits)


@pytest.mark.parametrize(
    "accepted", [ACCEPTED, web.Response(status=202)], ids=["forgotten task", "iLO 5: 202 with nothing"]
)
async def test_a_task_that_cannot_be_looked_at_is_left_to_the_caller_to_confirm(
    scripted: Any, scripted_client: RedfishClient, accepted: web.Response
) -> None:
    scripted.answers[f"POST {RESET}"] = [accepted]
    answer = await scripted_client.post(RESET, ON, "power on")

    assert 202 == answer.status
    assert 1 == len(scripted.calls(f"POST {RESET}"))
