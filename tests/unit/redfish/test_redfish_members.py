"""A list of a BMC is read whole, over all its pages, or not at all."""

from collections.abc import Sequence
from typing import Any

import pytest
from aiohttp import web

from argosy_metal.redfish import BmcInternalError, BmcRefusedError, RedfishClient
from argosy_metal.redfish.members import links, member_links, members
from argosy_metal.redfish.power_limits import observe_power_limits
from argosy_metal.redfish.secure_boot import observe_secure_boot
from argosy_metal.redfish.storage import observe_storage
from argosy_metal.simulator import FaultRule
from argosy_metal.simulator.in_process import RunningSimulator

from .conftest import ScriptedBmc

TOP = "/redfish/v1/Chassis"


def link(path: str) -> dict[str, str]:
    return {"@odata.id": path}


def shows(bmc: ScriptedBmc, path: str, paths: Sequence[str], **more: Any) -> None:
    body = {"@odata.id": path, "Members": [link(one) for one in paths], **more}
    bmc.answers[f"GET {path}"] = [web.json_response(body)]


def leads_to(path: object) -> dict[str, object]:
    return {"Members@odata.nextLink": path}


def counts(number: object) -> dict[str, object]:
    return {"Members@odata.count": number}


async def test_all_pages_of_a_collection_are_read_in_order(
    scripted: ScriptedBmc, scripted_client: RedfishClient
) -> None:
    shows(scripted, TOP, ["/c/1", "/c/2"], **counts(5), **leads_to("/page/2"))
    shows(scripted, "/page/2", [], **counts(5), **leads_to("/page/3"))
    shows(scripted, "/page/3", ["/c/3", "/c/4", "/c/5"], **counts(5))

    found = await member_links(scripted_client, TOP, "look")

    assert ("/c/1", "/c/2", "/c/3", "/c/4", "/c/5") == found


async def test_pages_of_a_list_inside_a_resource_are_read_too(
    scripted: ScriptedBmc, scripted_client: RedfishClient
) -> None:
    body = {"Links": {"Drives": [link("/d/1")], "Drives@odata.count": 2, "Drives@odata.nextLink": "/page/2"}}
    scripted.answers["GET /page/2"] = [web.json_response({"Links": {"Drives": [link("/d/2")]}})]

    assert ("/d/1", "/d/2") == await links(scripted_client, body, "look", "Links", "Drives")


@pytest.mark.parametrize("number", [2, "2", None, True, 1, 0])
async def test_a_count_that_agrees_says_nothing_or_is_too_low_is_no_fault(
    scripted: ScriptedBmc, scripted_client: RedfishClient, number: object
) -> None:
    shows(scripted, TOP, ["/c/1", "/c/2"], **counts(number))

    assert 2 == len(await member_links(scripted_client, TOP, "look"))


@pytest.mark.parametrize("number", [3, "3", 10**400])
async def test_a_count_of_more_than_is_shown_is_refused(
    scripted: ScriptedBmc, scripted_client: RedfishClient, number: object
) -> None:
    shows(scripted, TOP, ["/c/1", "/c/2"], **counts(number))

    with pytest.raises(BmcInternalError, match=r"look: Members: the BMC counts \d+ entries and shows 2"):
        await member_links(scripted_client, TOP, "look")


@pytest.mark.parametrize("entry", [{}, {"@odata.id": ""}, {"@odata.id": 7}, "/c/2", None])
async def test_an_entry_that_leads_nowhere_is_refused(
    scripted: ScriptedBmc, scripted_client: RedfishClient, entry: object
) -> None:
    scripted.answers[f"GET {TOP}"] = [web.json_response({"Members": [link("/c/1"), entry]})]

    with pytest.raises(BmcInternalError, match="an entry leads nowhere"):
        await member_links(scripted_client, TOP, "look")


@pytest.mark.parametrize("again", [TOP, "/page/2"])
async def test_pages_that_lead_back_to_one_another_are_refused(
    scripted: ScriptedBmc, scripted_client: RedfishClient, again: str
) -> None:
    shows(scripted, TOP, ["/c/1"], **leads_to("/page/2"))
    shows(scripted, "/page/2", ["/c/2"], **leads_to(again))

    with pytest.raises(BmcInternalError, match="the links from page to page do not end"):
        await member_links(scripted_client, TOP, "look")


async def test_pages_that_never_end_are_given_up(
    scripted: ScriptedBmc, scripted_client: RedfishClient
) -> None:
    shows(scripted, TOP, [], **leads_to("/page/1"))
    for number in range(1, 200):
        shows(scripted, f"/page/{number}", [], **leads_to(f"/page/{number + 1}"))

    with pytest.raises(BmcInternalError, match="the links from page to page do not end"):
        await member_links(scripted_client, TOP, "look")
    assert 140 > len(scripted.seen)


async def test_more_entries_than_any_server_has_are_refused(
    scripted: ScriptedBmc, scripted_client: RedfishClient
) -> None:
    shows(scripted, TOP, [f"/c/{number}" for number in range(4097)])

    with pytest.raises(BmcInternalError, match="more than 4096 entries"):
        await member_links(scripted_client, TOP, "look")


@pytest.mark.parametrize("page", ["https://evil.test/page/2", "page/2", "?$skip=1", ""])
async def test_a_page_elsewhere_is_not_followed(
    scripted: ScriptedBmc, scripted_client: RedfishClient, page: str
) -> None:
    shows(scripted, TOP, ["/c/1"], **leads_to(page))

    with pytest.raises(BmcRefusedError, match="does not stay on this BMC"):
        await member_links(scripted_client, TOP, "look")


@pytest.mark.parametrize("page", [7, True, ["/page/2"], {"@odata.id": "/page/2"}])
async def test_a_link_to_a_page_that_is_no_text_is_refused(
    scripted: ScriptedBmc, scripted_client: RedfishClient, page: object
) -> None:
    shows(scripted, TOP, ["/c/1"], **leads_to(page))

    with pytest.raises(BmcInternalError, match="do not end"):
        await member_links(scripted_client, TOP, "look")


async def test_members_that_a_later_page_does_not_expand_are_read_one_by_one(
    scripted: ScriptedBmc, scripted_client: RedfishClient
) -> None:
    features = {"ExpandQuery": {"NoLinks": True, "Levels": True}}
    root = {"Links": {"Sessions": link("/s")}, "ProtocolFeaturesSupported": features}
    scripted.answers["GET /redfish/v1/"] = [web.json_response(root)]
    scripted.answers["POST /s"] = scripted.answers["POST /redfish/v1/SessionService/Sessions"]
    first = {"@odata.id": "/c/1", "@odata.type": "#C.C", "Id": "1", "Name": "one"}
    body = {"Members": [first], **counts(2), **leads_to("/page/2")}
    scripted.answers[f"GET {TOP}"] = [web.json_response(body)]
    shows(scripted, "/page/2", ["/c/2"], **counts(2))
    scripted.answers["GET /c/2"] = [web.json_response({"Id": "2"})]

    assert (("/c/1", first), ("/c/2", {"Id": "2"})) == await members(scripted_client, TOP, "look")
    assert [] == scripted.calls("GET /c/1")


async def test_everything_that_is_read_of_a_server_is_the_same_in_pages(
    connect: Any, simulator: RunningSimulator
) -> None:
    async def seen() -> object:
        bmc, system = connect(), "/redfish/v1/Systems/DGX"
        return (
            await observe_storage(bmc, system),
            await observe_power_limits(bmc, system),
            await observe_secure_boot(bmc, system),
        )

    whole = await seen()
    simulator.inject(FaultRule("paged"))

    assert whole == await seen()
