from __future__ import annotations

from typing import Any

import pytest
from aiohttp import web

from argosy_metal.redfish import (
    BmcInternalError,
    BmcMissingError,
    BmcRefusedError,
    BmcUnreachableError,
    Patience,
    RedfishClient,
)
from argosy_metal.redfish.errors import BmcBusyError
from argosy_metal.simulator import FaultRule
from argosy_metal.simulator.in_process import RunningSimulator

SYSTEM = "/redfish/v1/Systems/DGX"
QUICK = Patience(read_seconds=0.05, total_seconds=0.05, attempts=2)


async def test_a_read_is_repeated_after_an_internal_error(
    connect: Any, simulator: RunningSimulator, client_clock: Any
) -> None:
    simulator.inject(FaultRule("status", path=SYSTEM, status=500, times=2))
    async with connect() as bmc:
        answer = await bmc.get(SYSTEM)

    assert "SN1" == answer.body["SerialNumber"]
    assert [1, 2] == client_clock.waits


@pytest.mark.parametrize("status", [500, 502])
async def test_an_internal_error_that_stays_is_reported_after_the_allowed_attempts(
    connect: Any, simulator: RunningSimulator, client_clock: Any, status: int
) -> None:
    simulator.inject(FaultRule("status", path=SYSTEM, status=status))
    async with connect() as bmc:
        with pytest.raises(BmcInternalError, match=rf"observe: HTTP {status}.*restart the BMC"):
            await bmc.get(SYSTEM, "observe")

    assert [1, 2] == client_clock.waits


async def test_a_busy_bmc_says_how_long_to_wait_and_no_wait_is_longer_than_allowed(
    connect: Any, simulator: RunningSimulator, client_clock: Any
) -> None:
    simulator.inject(
        FaultRule("status", path=SYSTEM, status=503, retry_after=7, times=1),
        FaultRule("status", path=SYSTEM, status=503, retry_after=900, skip=1, times=1),
    )
    async with connect() as bmc:
        await bmc.get(SYSTEM)

    assert [7, 30] == client_clock.waits


async def test_a_bmc_that_stays_busy_is_reported_as_busy(connect: Any, simulator: RunningSimulator) -> None:
    simulator.inject(FaultRule("status", path=SYSTEM, status=503))
    async with connect() as bmc:
        with pytest.raises(BmcBusyError):
            await bmc.get(SYSTEM)


async def test_a_bmc_that_hangs_is_unreachable_and_not_gone(
    connect: Any, simulator: RunningSimulator
) -> None:
    async with connect(patience=QUICK) as bmc:
        await bmc.get(SYSTEM)
        simulator.inject(FaultRule("hang", path=SYSTEM))
        with pytest.raises(BmcUnreachableError, match=r"no answer in time.*not taken for gone") as caught:
            await bmc.get(SYSTEM)
        simulator.clear_faults()

    assert not caught.value.outcome_unknown


async def test_a_read_is_repeated_after_a_dropped_connection(
    connect: Any, simulator: RunningSimulator
) -> None:
    simulator.inject(FaultRule("disconnect", path=SYSTEM, times=1))
    async with connect() as bmc:
        answer = await bmc.get(SYSTEM)

    assert "SN1" == answer.body["SerialNumber"]


async def test_a_bmc_that_nobody_answers_for_is_unreachable_after_three_attempts(
    connect: Any, client_clock: Any
) -> None:
    async with connect(resolve=lambda _host: ("127.0.0.1", 9)) as bmc:  # pyright: ignore[reportUnknownLambdaType]
        with pytest.raises(BmcUnreachableError):
            await bmc.get(SYSTEM)

    assert [1, 2] == client_clock.waits


async def test_a_missing_resource_is_named(connect: Any) -> None:
    async with connect() as bmc:
        with pytest.raises(BmcMissingError, match="Systems/nowhere' was not found"):
            await bmc.get("/redfish/v1/Systems/nowhere")


async def test_an_answer_that_is_no_json_is_not_taken_for_an_empty_resource(
    scripted: Any, scripted_client: RedfishClient
) -> None:
    scripted.answers["GET /x"] = [web.Response(text="<html>login</html>")]
    with pytest.raises(BmcInternalError, match="no JSON object"):
        await scripted_client.get("/x")


async def test_a_redirect_is_not_followed(scripted: Any, scripted_client: RedfishClient) -> None:
    scripted.answers["GET /x"] = [
        web.Response(status=302, headers={"Location": "https://elsewhere.example/"})
    ]
    with pytest.raises(BmcRefusedError, match="HTTP 302"):
        await scripted_client.get("/x")


@pytest.mark.parametrize("link", ["https://elsewhere.example/x", "@elsewhere.example/x", ""])
async def test_a_link_to_another_host_is_refused(scripted_client: RedfishClient, link: str) -> None:
    with pytest.raises(BmcRefusedError, match="does not stay on this BMC"):
        await scripted_client.get(link)


async def test_an_endless_answer_is_cut_off(scripted: Any, scripted_client: RedfishClient) -> None:
    scripted.answers["GET /x"] = [web.Response(body=b" " * (9 << 20))]
    with pytest.raises(BmcUnreachableError, match="larger than"):
        await scripted_client.get("/x")


async def test_no_compression_is_asked_for_and_the_run_is_named(
    scripted: Any, scripted_client: RedfishClient
) -> None:
    scripted.answers["GET /x"] = [web.json_response({"a": 1})]
    await scripted_client.get("/x")

    headers = scripted.calls("GET /x")[0]
    assert ("identity", "argosy-test run=1") == (headers["Accept-Encoding"], headers["User-Agent"])
