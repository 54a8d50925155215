"""Whatever a BMC answers, it is read or refused by a RedfishError, and never ends in anything else."""

import asyncio
import contextlib
import json
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import pytest
from aiohttp import web
from hypothesis import example, given
from hypothesis import strategies as st
from multidict import CIMultiDict

from argosy_metal.redfish import RedfishClient, RedfishError, find_system
from argosy_metal.redfish.ac_cycle import find_ac_cycle
from argosy_metal.redfish.bios import find_bios
from argosy_metal.redfish.bios_rules import faults_in
from argosy_metal.redfish.drive_erase import EraseTask, look_at_erase, running_erase
from argosy_metal.redfish.firmware import Firmware
from argosy_metal.redfish.messages import (
    Json,
    Response,
    describe,
    has_message,
    json_at,
    moment_at,
    number_of,
    said_in,
    shown,
    text_at,
    texts_at,
)
from argosy_metal.redfish.power_limits import observe_power_limits, power_limit_faults
from argosy_metal.redfish.power_restore import observe_power_restore
from argosy_metal.redfish.quirks import identity_of, quirks_for
from argosy_metal.redfish.secure_boot import observe_secure_boot
from argosy_metal.redfish.storage import Drive, observe_drive, observe_storage
from argosy_metal.redfish.tasks import place_of
from argosy_metal.redfish.urls import local_path

from .conftest import ScriptedBmc
from .whole_resource import LINK, PATH, WHOLE, changed, names_in

SESSIONS = "POST /redfish/v1/SessionService/Sessions"
ODD = st.sampled_from(
    [
        *(1e999, -1e999, float("nan"), 10**400, -(10**400), 10**4000, True, "1e999", "0" * 5000),
        *("https://[evil/1", "//[", "\ud800", "\x00", "\x1b[2J", "0000-00-00T00:00:00Z", "[" * 5000),
        *("9999-12-31T23:59:59-23:59", "Wed, 01 Jan 99999999999999999999 00:00:00 GMT", PATH),
    ]
)
NAMES = st.sampled_from(sorted(names_in(WHOLE)))
LEAF = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | ODD | st.just(LINK)
VALUE = st.recursive(
    LEAF, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=8
)
CHANGES: st.SearchStrategy[Json] = st.dictionaries(NAMES, VALUE, max_size=4)
DRIVE = Drive(PATH, "d", "d", "S1", 1, "NVMe", "SSD", True, (), PATH, (), (PATH,))


class OddClient(RedfishClient):
    """Every resource is the same, whatever it is asked for."""

    def __init__(self, body: Json) -> None:
        self._body = body

    @property
    def host(self) -> str:
        return "odd.test"

    @property
    def quirks(self) -> Any:
        return quirks_for(identity_of(self._body))

    def redact(self, text: str) -> str:
        return text

    async def root(self) -> Json:
        return self._body

    async def learn(self, system: Json) -> None:
        identity_of(self._body, system)

    async def get(
        self, path: str, operation: str | None = None, *, total_seconds: float | None = None
    ) -> Response:
        return Response(200, CIMultiDict(), self._body)


async def _bios(client: RedfishClient) -> None:
    bios = await find_bios(client, PATH, with_jobs=True)
    state = await bios.observe()
    rules = await bios.rules(state.registry)
    faults_in(dict.fromkeys(state.attributes, 10**400), state.attributes, rules)
    await bios.waiting_job()


async def _power_limits(client: RedfishClient) -> None:
    limits = await observe_power_limits(client, PATH)
    power_limit_faults(limits, 1.0, 1e9)
    assert limits.node_watts is None or abs(limits.node_watts) >= 0


async def _system(client: RedfishClient) -> None:
    system = await find_system(client, str((await client.root()).get("SerialNumber")).strip())
    await system.observe()
    await (await system.optical_slot()).observe()


READERS: dict[str, Callable[[RedfishClient], Awaitable[object]]] = {
    "storage": lambda client: observe_storage(client, PATH),
    "drive": lambda client: observe_drive(client, PATH),
    "erase": lambda client: look_at_erase(client, EraseTask("S1", "BlockErase", PATH, "T")),
    "running erase": lambda client: running_erase(client, DRIVE),
    "power limits": _power_limits,
    "power restore": lambda client: observe_power_restore(client, PATH),
    "secure boot": lambda client: observe_secure_boot(client, PATH),
    "firmware": lambda client: Firmware(client).inventory(),
    "tasks": lambda client: Firmware(client).tasks(),
    "BIOS": _bios,
    "AC cycle": lambda client: find_ac_cycle(client, PATH),
    "system": _system,
}


@pytest.mark.parametrize("name", READERS)
@given(changes=CHANGES)
@example(changes={})
@example(changes={"CapacityBytes": 1e999, "PercentComplete": 1e999, "UpperBound": 10**400})
@example(changes={"JsonBody": "[" * 100_000, "AllowableMax": 10**400, "SetPoint": -(10**400)})
def test_every_reader_takes_any_json(name: str, changes: Json) -> None:
    client = OddClient(changed(WHOLE, changes))

    # Whatever else comes out of a reader would end a run without a word of what to do.
    with contextlib.suppress(RedfishError):
        asyncio.run(_awaited(READERS[name], client))


@pytest.mark.parametrize("name", READERS)
def test_every_reader_reads_the_whole_resource(name: str) -> None:
    asyncio.run(_awaited(READERS[name], OddClient(WHOLE)))


async def _awaited(read: Callable[[RedfishClient], Awaitable[object]], client: RedfishClient) -> None:
    await read(client)


@given(changes=CHANGES)
def test_every_small_reader_takes_any_json(changes: Json) -> None:
    body = changed(WHOLE, changes)

    assert describe(Response(400, CIMultiDict(), body)).isprintable()
    assert has_message(Response(400, CIMultiDict(), body), ()) is False
    assert said_in(body).isprintable()


@given(value=VALUE)
def test_any_value_is_of_the_kind_that_is_asked_for_or_nothing(value: object) -> None:
    body, number = {"x": value}, number_of(value)

    assert number is None or isinstance(round(number), int)
    assert isinstance(text_at(body, "x"), str | None)
    assert isinstance(moment_at(body, "x"), datetime | None)
    assert isinstance(json_at(body, "x"), dict)
    assert all(text.isprintable() for text in texts_at(body, "x"))
    assert 70 > len(shown(value))


HEADER = st.text(st.characters(max_codepoint=255)) | st.from_regex(
    r"[A-Z][a-z]{2}, [0-9]{1,30} [A-Z][a-z]{2} [0-9]{1,30} [0-9]{2}:[0-9]{2}:[0-9]{2} ([+-][0-9]{1,20}|GMT)"
)
NOON = "Thu, 01 Jan 1970 12:00:00"


@given(after=HEADER, date=HEADER)
@example(after="Mon, 01 Jan 99999999999999999999 00:00:00 GMT", date=f"{NOON} GMT")
@example(after=f"{NOON} -0000", date=f"{NOON} GMT")
@example(after=f"{NOON} +999999999999", date=f"{NOON} GMT")
@example(after="9" * 5000, date="")
def test_any_retry_after_is_seconds_or_none(after: str, date: str) -> None:
    seconds = Response(503, CIMultiDict({"Retry-After": after, "Date": date}), {}).retry_after

    assert seconds is None or seconds >= 0


def test_a_time_at_a_place_that_is_not_told_is_utc() -> None:
    headers = {"Retry-After": "Thu, 01 Jan 1970 12:00:30 -0000", "Date": f"{NOON} GMT"}

    assert 30 == Response(503, CIMultiDict(headers), {}).retry_after


@given(link=st.text() | st.text().map(lambda text: f"https://{text}"))
@example(link="https://[evil/1")
@example(link="//[::")
@example(link="https://bmc/a\x9bb")
def test_any_location_is_a_path_or_none(link: str) -> None:
    path = local_path(link)

    assert path is None or (path.startswith("/") and path.isprintable())
    assert place_of(Response(202, CIMultiDict({"Location": link}), {})) in (path, None)


@pytest.mark.parametrize(
    "place", [{"Location": "https://[evil/1"}, {"Location": ""}, {}], ids=["no URL", "empty", "none"]
)
async def test_a_session_whose_location_is_no_url_is_deleted_at_the_path_in_its_body(
    scripted: ScriptedBmc, scripted_client: RedfishClient, place: dict[str, str]
) -> None:
    headers = {"X-Auth-Token": "t0k3n", **place}
    scripted.answers[SESSIONS] = [
        web.json_response({"@odata.id": "/sessions/1"}, status=201, headers=headers)
    ]
    scripted.answers["GET /x"] = [web.json_response({"Id": "x"})]

    await scripted_client.get("/x")
    await scripted_client.close()

    assert 1 == len(scripted.calls("DELETE /sessions/1"))


async def test_a_session_that_does_not_say_where_it_is_is_told(
    scripted: ScriptedBmc, scripted_client: RedfishClient, caplog: pytest.LogCaptureFixture
) -> None:
    headers = {"X-Auth-Token": "t0k3n", "Location": "https://[evil/1"}
    scripted.answers[SESSIONS] = [web.json_response({}, status=201, headers=headers)]
    scripted.answers["GET /x"] = [web.json_response({"Id": "x"})]

    with caplog.at_level(logging.WARNING):
        await scripted_client.get("/x")
        await scripted_client.close()

    assert "a session is left on the BMC until its idle time ends" in caplog.text
    assert "t0k3n" not in caplog.text


async def test_a_capacity_that_no_number_holds_is_none(
    scripted: ScriptedBmc, scripted_client: RedfishClient
) -> None:
    text = json.dumps({"Id": "d"})[:-1] + ', "CapacityBytes": 1e999}'
    scripted.answers["GET /d/1"] = [web.Response(text=text, content_type="application/json")]

    assert 0 == (await observe_drive(scripted_client, "/d/1")).capacity_gb
