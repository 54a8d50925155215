"""Jobs are followed as tasks are; one that waits for a reset is not waited for."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import web

from argosy_metal.redfish import BmcTaskError, RedfishClient, TaskUnfinishedError

JOB = "/redfish/v1/Managers/iDRAC.Embedded.1/Jobs/JID_471269252011"


def job(state: str, **more: Any) -> web.Response:
    return web.json_response({"@odata.id": JOB, "JobState": state, **more})


def accepted(status: int = 202) -> web.Response:
    return web.json_response({}, status=status, headers={"Location": JOB})


@pytest.mark.parametrize("status", [200, 202])
async def test_a_job_is_followed_whether_it_was_accepted_with_200_or_202(
    scripted: Any, scripted_client: RedfishClient, status: int
) -> None:
    scripted.answers |= {
        "POST /act": [accepted(status)],
        f"GET {JOB}": [job("New"), job("Downloading"), job("Running"), job("Completed")],
    }
    answer = await scripted_client.post("/act", {}, "act")

    assert ("Completed", 4) == (answer.body["JobState"], len(scripted.calls(f"GET {JOB}")))


@pytest.mark.parametrize("state", ["Failed", "CompletedWithErrors", "RebootFailed", "Exception", "Cancelled"])
async def test_a_job_that_fails_is_an_error_with_its_message(
    scripted: Any, scripted_client: RedfishClient, state: str
) -> None:
    said = {"Message": "Lifecycle Controller in use.", "MessageId": "SUP024"}
    scripted.answers |= {"POST /act": [accepted()], f"GET {JOB}": [job(state, **said)]}
    with pytest.raises(BmcTaskError, match=f"act: the job ended as {state}: Lifecycle Controller in use"):
        await scripted_client.post("/act", {}, "act")


@pytest.mark.parametrize("state", ["Scheduled", "RebootPending", "UserIntervention"])
async def test_a_job_that_waits_for_a_reset_is_not_waited_for(
    scripted: Any, scripted_client: RedfishClient, state: str
) -> None:
    scripted.answers |= {"POST /act": [accepted()], f"GET {JOB}": [job(state)]}
    answer = await scripted_client.post("/act", {}, "act")

    assert state == answer.body["JobState"]


async def test_a_job_that_does_not_end_is_given_up_after_the_time_for_it(
    scripted: Any, scripted_client: RedfishClient
) -> None:
    scripted.answers |= {"POST /act": [accepted()], f"GET {JOB}": [job("Running")]}
    with pytest.raises(TaskUnfinishedError, match="act: not done after 900 s"):
        await scripted_client.post("/act", {}, "act")


async def test_a_job_may_be_left_to_run(scripted: Any, scripted_client: RedfishClient) -> None:
    scripted.answers["POST /act"] = [accepted()]
    answer = await scripted_client.post("/act", {}, "act", follow=False)

    assert (JOB, []) == (answer.headers["Location"], scripted.calls(f"GET {JOB}"))


async def test_a_location_of_something_created_is_no_task(
    scripted: Any, scripted_client: RedfishClient
) -> None:
    scripted.answers["POST /things"] = [
        web.json_response({}, status=201, headers={"Location": "/things/1"}),
    ]
    answer = await scripted_client.post("/things", {}, "create")

    assert (201, []) == (answer.status, scripted.calls("GET /things/1"))


async def test_a_thing_is_deleted_once(scripted: Any, scripted_client: RedfishClient) -> None:
    scripted.answers["DELETE /things/1"] = [web.Response(status=204)]
    await scripted_client.delete("/things/1", "delete")

    assert 1 == len(scripted.calls("DELETE /things/1"))


async def test_a_bmc_whose_sessions_cannot_be_opened_gets_basic_authentication(
    scripted: Any, scripted_client: RedfishClient
) -> None:
    scripted.answers |= {
        "POST /redfish/v1/SessionService/Sessions": [web.Response(status=405)],
        "GET /x": [web.json_response({"a": 1})],
    }
    await scripted_client.get("/x")

    assert scripted.calls("GET /x")[0]["Authorization"].startswith("Basic ")
