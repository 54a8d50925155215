"""The event stream of a simulated BMC: power and tasks, to whoever listens, until either side ends it."""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from argosy_metal.simulator import ManualClock, SimulatorConfig
from argosy_metal.simulator.in_process import RunningSimulator, simulate

ROOT = "/redfish/v1"
SUBSCRIPTIONS = f"{ROOT}/EventService/Subscriptions"
RESET = f"{ROOT}/Systems/DGX/Actions/ComputerSystem.Reset"


class Bmc:
    """SN1's BMC, past our client."""

    def __init__(self, simulator: RunningSimulator, http: aiohttp.ClientSession) -> None:
        self.simulator = simulator
        self._http = http
        self._url = f"https://127.0.0.1:{simulator.ports['bmc-1.hall-north.test']}"

    async def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        async with self._http.request(method, self._url + path, json=body) as answer:
            text = await answer.text()
            return answer.status, json.loads(text) if text else None

    @asynccontextmanager
    async def listen(self) -> AsyncGenerator[aiohttp.ClientResponse]:
        _, service = await self.ask("GET", f"{ROOT}/EventService")
        async with self._http.get(self._url + service["ServerSentEventUri"]) as stream:
            assert (200, "text/event-stream") == (stream.status, stream.content_type)
            yield stream


async def event(stream: aiohttp.ClientResponse) -> tuple[str, dict[str, Any]]:
    """Id and record of the next event."""
    async with asyncio.timeout(10):
        number, data, blank = [await stream.content.readline() for _ in range(3)]
    assert b"\n" == blank
    (record,) = json.loads(data.removeprefix(b"data: "))["Events"]
    return number.decode().removeprefix("id: ").strip(), record


@pytest.fixture
async def bmc(config: SimulatorConfig, clock: ManualClock, tmp_path: Path) -> AsyncIterator[Bmc]:
    async with simulate(config, tmp_path, clock=clock, ports="each") as simulator:
        pair = f"{simulator.username}:{simulator.password}".encode()
        headers = {"Authorization": "Basic " + base64.b64encode(pair).decode()}
        connector = aiohttp.TCPConnector(ssl=ssl.create_default_context(cafile=str(simulator.ca_file)))
        async with aiohttp.ClientSession(connector=connector, headers=headers) as http:
            yield Bmc(simulator, http)


async def test_changes_of_power_and_tasks_are_told_in_order(bmc: Bmc, clock: ManualClock) -> None:
    async with bmc.listen() as stream:
        await bmc.ask("POST", RESET, {"ResetType": "On"})
        started = [await event(stream) for _ in range(2)]
        clock.advance(10)
        ended = [await event(stream) for _ in range(2)]

    told = [(number, record["MessageId"].rpartition(".")[2]) for number, record in (*started, *ended)]
    assert [
        ("1", "ResourcePoweringOn"),
        ("2", "TaskStarted"),
        ("3", "ResourcePoweredOn"),
        ("4", "TaskCompletedOK"),
    ] == told
    assert "/redfish/v1/Systems/DGX" == started[0][1]["OriginOfCondition"]["@odata.id"]
    assert "/redfish/v1/TaskService/Tasks/1" == ended[1][1]["OriginOfCondition"]["@odata.id"]


async def test_only_what_happens_from_now_on_is_told(bmc: Bmc, clock: ManualClock) -> None:
    await bmc.ask("POST", RESET, {"ResetType": "On"})
    clock.advance(10)
    await bmc.ask("GET", f"{ROOT}/Systems/DGX")
    async with bmc.listen() as stream:
        await bmc.ask("POST", RESET, {"ResetType": "ForceOff"})
        _, record = await event(stream)

    assert "ResourcePoweringOff" == record["MessageId"].rpartition(".")[2]


async def test_a_listener_is_a_subscription_and_deleting_it_ends_the_stream(bmc: Bmc) -> None:
    async with bmc.listen() as stream:
        _, listed = await bmc.ask("GET", SUBSCRIPTIONS)
        (path,) = [member["@odata.id"] for member in listed["Members"]]
        _, shown = await bmc.ask("GET", path)
        deleted, _ = await bmc.ask("DELETE", path)
        async with asyncio.timeout(10):
            rest = await stream.content.read()

    assert ("SSE", 204, b"") == (shown["SubscriptionType"], deleted, rest)


async def test_a_listener_that_goes_away_leaves_no_subscription(bmc: Bmc) -> None:
    async with bmc.listen() as stream:
        stream.close()
    subscriptions = bmc.simulator.bmc("SN1").service.subscriptions
    async with asyncio.timeout(10):
        while subscriptions:
            await bmc.ask("POST", RESET, {"ResetType": "On"})
            await asyncio.sleep(0.02)

    assert {} == subscriptions


async def test_a_task_that_fails_is_told_as_such(bmc: Bmc, clock: ManualClock) -> None:
    tasks = bmc.simulator.bmc("SN1").tasks
    tasks.fate = "failed"
    async with bmc.listen() as stream:
        tasks.start("anything")
        await event(stream)
        clock.advance(10)
        _, record = await event(stream)

    assert "TaskAborted" == record["MessageId"].rpartition(".")[2]
