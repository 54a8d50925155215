"""BIOS settings, their registry, firmware and update tasks, as BMCs of all kinds answer."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from aiohttp import web

from argosy_metal.redfish import (
    BmcRefusedError,
    BmcUnreachableError,
    Credentials,
    Patience,
    RedfishClient,
    Trust,
)
from argosy_metal.redfish.ac_cycle import find_ac_cycle
from argosy_metal.redfish.bios import Bios, find_bios
from argosy_metal.redfish.bios_rules import AttributeRule, faults_in, rules_of
from argosy_metal.redfish.firmware import Component, Firmware

from .conftest import PASSWORD, Connect, RecordingClock, ScriptedBmc

BIOS, SETTINGS = "/redfish/v1/Systems/1/Bios", "/redfish/v1/Systems/1/Bios/Settings"
INVENTORY = "/redfish/v1/UpdateService/FirmwareInventory"
COMPONENT = Component("BIOS", f"{INVENTORY}/BIOS", "1", updateable=True, health="OK")
NO_REGISTRY: Mapping[str, Any] = {"Name": "x", "Count": 3, "On": True, "Empty": None}


def answers(scripted: ScriptedBmc, path: str, body: Any = None, status: int = 200, **headers: str) -> None:
    scripted.answers[path] = [web.json_response({} if body is None else body, status=status, headers=headers)]


def shows_a_bios(scripted: ScriptedBmc, **more: Any) -> None:
    body = {
        "Attributes": {"A": "old", "B": 1},
        "@Redfish.Settings": {"SettingsObject": {"@odata.id": SETTINGS}, **more},
    }
    answers(scripted, f"GET {BIOS}", body, ETag='"of the bios"')
    answers(scripted, f"GET {SETTINGS}", {"Attributes": {"A": "new", "B": 1}}, ETag='"of the settings"')
    answers(scripted, f"PATCH {SETTINGS}", status=200)


async def test_a_write_carries_the_etag_of_the_settings_object(
    scripted: ScriptedBmc, scripted_client: RedfishClient
) -> None:
    shows_a_bios(scripted)
    bios = Bios(scripted_client, BIOS)

    await bios.set_pending(await bios.observe(), {"A": "x"})

    assert ['"of the settings"'] == [h["If-Match"] for h in scripted.calls(f"PATCH {SETTINGS}")]


async def test_only_what_differs_from_what_is_in_force_is_pending(
    scripted: ScriptedBmc, scripted_client: RedfishClient
) -> None:
    shows_a_bios(scripted)

    state = await Bios(scripted_client, BIOS).observe()

    assert ({"A": "old", "B": 1}, {"A": "new"}) == (state.attributes, state.pending)


async def test_a_job_that_waits_for_a_reset_is_not_waited_for(
    scripted: ScriptedBmc, scripted_client: RedfishClient, client_clock: RecordingClock
) -> None:
    shows_a_bios(scripted, SupportedApplyTimes=["OnReset"])
    answers(scripted, f"PATCH {SETTINGS}", status=202, Location="/redfish/v1/TaskService/Tasks/JID_1")
    bios = Bios(scripted_client, BIOS)

    await bios.set_pending(await bios.observe(), {"A": "x"})

    assert [] == client_clock.waits


async def test_a_bios_without_attributes_or_without_settings_is_refused(
    scripted: ScriptedBmc, scripted_client: RedfishClient
) -> None:
    answers(scripted, f"GET {BIOS}", {"Attributes": {"A": 1}})
    with pytest.raises(BmcRefusedError, match="offers no BIOS attributes to set"):
        await Bios(scripted_client, BIOS).observe()

    answers(scripted, "GET /redfish/v1/Systems/1", {"Id": "1"})
    with pytest.raises(BmcRefusedError, match="the system shows no BIOS settings"):
        await find_bios(scripted_client, "/redfish/v1/Systems/1", with_jobs=False)


async def test_a_reset_to_defaults_waits_for_the_self_test(connect: Connect) -> None:
    client = connect("SN2")
    bios = await find_bios(client, "/redfish/v1/Systems/1", with_jobs=False)
    await bios.reset_to_defaults()

    assert (await client.get(BIOS)).body["ResetBiosToDefaultsPending"]


async def test_a_bmc_that_cannot_reset_its_bios_says_so(
    scripted: ScriptedBmc, scripted_client: RedfishClient
) -> None:
    answers(scripted, f"GET {BIOS}", {"Attributes": {}})

    with pytest.raises(BmcRefusedError, match=r"offers no Bios\.ResetBios"):
        await Bios(scripted_client, BIOS).reset_to_defaults()


@pytest.mark.parametrize(
    ("named", "file"),
    [
        ("Setup.v1_0_0", {"Id": "Setup.v1_0_0"}),
        ("Setup.v1_0_0", {"Id": "7", "Registry": "Setup.1.0"}),
        ("Setup", {"Id": "Setup.1.0.4"}),
    ],
)
async def test_the_registry_is_found_however_the_bmc_writes_its_version(
    scripted: ScriptedBmc, scripted_client: RedfishClient, named: str, file: dict[str, str]
) -> None:
    root = {"Links": {"Sessions": {"@odata.id": "/redfish/v1/SessionService/Sessions"}}}
    answers(scripted, "GET /redfish/v1/", root | {"Registries": {"@odata.id": "/registries"}})
    answers(scripted, "GET /registries", {"Members": [{"@odata.id": "/r/Base"}, {"@odata.id": "/r/S"}]})
    answers(scripted, "GET /r/Base", {"Id": "Base", "Location": [{"Language": "en", "Uri": "/base.json"}]})
    location = [{"Language": "de", "Uri": "/de.json"}, {"Language": "en", "Uri": "https://bmc/en.json"}]
    answers(scripted, "GET /r/S", {**file, "Location": location})
    registry = {"RegistryEntries": {"Attributes": [{"AttributeName": "A", "Type": "String"}, {"Type": "x"}]}}
    answers(scripted, "GET /en.json", registry)

    rules = await Bios(scripted_client, BIOS).rules(named)

    assert {"A": AttributeRule("A", "String")} == rules


async def test_a_registry_that_is_not_offered_is_none(
    scripted: ScriptedBmc, scripted_client: RedfishClient
) -> None:
    assert await Bios(scripted_client, BIOS).rules("Setup") is None


def test_without_a_registry_names_and_kinds_are_compared_with_what_is_there() -> None:
    wanted = {"Name": "y", "Count": 4, "On": False, "Empty": "z", "Nam": 1}
    assert ("Nam: this BIOS has no such attribute; closest: 'Name'",) == faults_in(wanted, NO_REGISTRY, None)

    assert (
        "Count: given '4'; it is 3 now, which is of another kind",
        "On: given 1; it is True now, which is of another kind",
    ) == faults_in({"Count": "4", "On": 1}, NO_REGISTRY, None)


@pytest.mark.parametrize(
    ("entry", "value", "reason"),
    [
        ({"Type": "Integer", "LowerBound": 5}, 4, "given 4; expected 5 to any"),
        ({"Type": "Integer"}, True, "given True; expected a whole number"),
        ({"Type": "Integer"}, 1.5, "given 1.5; expected a whole number"),
        ({"Type": "String", "MinLength": 2}, "x", "given 1 characters; expected 2 at least"),
        ({"Type": "String"}, 2, "given 2; expected text"),
        ({"Type": "Boolean"}, 1, "given 1; expected true or false"),
        ({"Type": "Enumeration", "Value": [{"ValueName": "On"}]}, True, "given True; expected one of On"),
        ({"Type": "Integer", "Immutable": True}, 1, "it is read-only"),
    ],
)
def test_what_a_registry_forbids_is_told(entry: dict[str, Any], value: Any, reason: str) -> None:
    rules = rules_of({"RegistryEntries": {"Attributes": [{"AttributeName": "A", **entry}]}})

    assert (f"A: {reason}",) == faults_in({"A": value}, {"A": value}, rules)


async def test_an_inventory_that_takes_longer_than_any_other_answer_is_waited_for(
    scripted: ScriptedBmc, client_clock: RecordingClock
) -> None:
    async def slowly() -> web.Response:
        await asyncio.sleep(0.3)
        return web.json_response({"Members": []})

    answers(scripted, "GET /redfish/v1/UpdateService", {"FirmwareInventory": {"@odata.id": INVENTORY}})
    scripted.answers[f"GET {INVENTORY}"] = [slowly]
    client = RedfishClient(
        scripted.url,
        Credentials("argosy", PASSWORD),
        trust=Trust(ca_file=scripted.ca_file),
        user_agent="argosy-test",
        clock=client_clock,
        patience=Patience(read_seconds=0.1, total_seconds=0.1, attempts=1),
    )
    async with client:
        assert {} == await Firmware(client).inventory()
        with pytest.raises(BmcUnreachableError):
            await client.get(INVENTORY)


@pytest.mark.parametrize(
    ("status", "body", "state"),
    [
        (202, {}, "Running"),
        (202, {"TaskState": "Pending"}, "Pending"),
        (204, None, "Completed"),
        (200, {"TaskState": "Exception"}, "Exception"),
        (400, {"error": {"message": "wrong image"}}, "Exception"),
    ],
)
async def test_a_task_and_its_monitor_are_both_understood(
    scripted: ScriptedBmc, scripted_client: RedfishClient, status: int, body: Any, state: str
) -> None:
    scripted.answers["GET /monitor"] = [
        web.Response(status=204) if body is None else web.json_response(body, status=status)
    ]

    task = await Firmware(scripted_client).task("/monitor")

    assert task is not None
    assert state == task.state


async def test_a_task_that_the_bmc_has_forgotten_is_none(scripted_client: RedfishClient) -> None:
    assert await Firmware(scripted_client).task("/gone") is None
    assert () == await Firmware(scripted_client).tasks()


async def test_a_task_service_that_names_a_list_it_does_not_have_has_no_tasks(
    scripted: ScriptedBmc, scripted_client: RedfishClient
) -> None:
    answers(
        scripted, "GET /redfish/v1/TaskService", {"Tasks": {"@odata.id": "/redfish/v1/TaskService/Tasks"}}
    )

    assert () == await Firmware(scripted_client).tasks()


async def test_a_task_that_is_forgotten_while_the_list_is_read_does_not_hide_the_others(
    scripted: ScriptedBmc, scripted_client: RedfishClient
) -> None:
    tasks = "/redfish/v1/TaskService/Tasks"
    old, living = {"@odata.id": f"{tasks}/1"}, {"@odata.id": f"{tasks}/2"}
    answers(scripted, "GET /redfish/v1/TaskService", {"Tasks": {"@odata.id": tasks}})
    scripted.answers[f"GET {tasks}"] = [
        web.json_response({"Members": members}) for members in ([old, living], [old, living], [living])
    ]
    answers(scripted, f"GET {tasks}/2", {"TaskState": "Running"})

    assert [f"{tasks}/2"] == [task.path for task in await Firmware(scripted_client).tasks()]


async def test_an_update_is_sent_once_and_followed_by_its_task_rather_than_its_monitor(
    scripted: ScriptedBmc, scripted_client: RedfishClient
) -> None:
    action = {"target": "/update"}
    answers(scripted, "GET /redfish/v1/UpdateService", {"Actions": {"#UpdateService.SimpleUpdate": action}})
    answers(scripted, "POST /update", {"@odata.id": "/tasks/1"}, status=202, Location="/monitors/1")
    firmware = Firmware(scripted_client)

    assert "/tasks/1" == await firmware.start("https://cache/x.bin", COMPONENT)
    answers(scripted, "POST /update", status=202, Location="https://bmc/monitors/2")
    assert "/monitors/2" == await firmware.start("https://cache/x.bin", COMPONENT)
    assert 2 == len(scripted.calls("POST /update"))


async def test_a_bmc_without_inventory_or_simple_update_says_so(
    scripted: ScriptedBmc, scripted_client: RedfishClient
) -> None:
    answers(scripted, "GET /redfish/v1/UpdateService", {"Id": "UpdateService"})
    firmware = Firmware(scripted_client)

    with pytest.raises(BmcRefusedError, match="shows no firmware inventory"):
        await firmware.inventory()
    with pytest.raises(BmcRefusedError, match="offers no SimpleUpdate"):
        await firmware.start("https://cache/x.bin", COMPONENT)


async def test_a_bmc_without_an_ac_cycle_offers_none(connect: Connect) -> None:
    assert await find_ac_cycle(connect("SN2"), "/redfish/v1/Systems/1") is None
