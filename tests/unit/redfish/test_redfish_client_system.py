from __future__ import annotations

from typing import Any

import pytest
from aiohttp import web

from argosy_metal.redfish import BmcBusyError, BmcRefusedError, RedfishClient, WrongServerError, find_system
from argosy_metal.simulator import FaultRule
from argosy_metal.simulator.in_process import RunningSimulator

IMAGE = "https://provision.hall-north.test/images/node.iso?install=I1"


async def test_the_system_is_found_by_serial_among_several(connect: Any) -> None:
    async with connect("SN1") as bmc:
        system = await find_system(bmc, "SN1")

    assert "/redfish/v1/Systems/DGX" == system.path


async def test_another_server_at_the_address_is_refused_before_anything_is_written(
    connect: Any, simulator: RunningSimulator
) -> None:
    async with connect("SN1") as bmc:
        with pytest.raises(WrongServerError, match=r"expected serial SN9, found SN1, GPU-SN1; next: mend"):
            await find_system(bmc, "SN9")

    assert [] == list(simulator.bmc("SN1").traffic.writes)


async def test_hardware_swapped_while_we_work_is_noticed_at_the_next_look(
    connect: Any, simulator: RunningSimulator
) -> None:
    async with connect("SN1") as bmc:
        system = await find_system(bmc, "SN1")
        simulator.inject(FaultRule("wrong-serial"))
        with pytest.raises(WrongServerError, match="found NOT-SN1"):
            await system.observe()


async def test_a_bmc_without_any_system_is_the_wrong_server(
    scripted: Any, scripted_client: RedfishClient
) -> None:
    scripted.answers["GET /redfish/v1/Systems"] = [web.json_response({"Members": []})]
    with pytest.raises(WrongServerError, match="found no system"):
        await find_system(scripted_client, "SN1")


async def test_a_look_shows_power_boot_and_what_can_be_done(connect: Any) -> None:
    async with connect("SN2") as bmc:
        state = await (await find_system(bmc, "SN2")).observe()

    assert ("Off", "Disabled", "OK") == (state.power, state.boot_enabled, state.health)
    assert {"Cd", "Pxe"} < set(state.boot_targets)
    assert {"On", "ForceOff", "GracefulShutdown"} < set(state.reset_types)


async def test_the_boot_override_is_set_for_once_and_cleared(connect: Any) -> None:
    async with connect("SN2") as bmc:
        system = await find_system(bmc, "SN2")
        await system.set_boot_override_once("Cd")
        once = await system.observe()
        await system.clear_boot_override()
        cleared = await system.observe()

    assert (True, False) == (once.boots_once_from("Cd"), cleared.boots_once_from("Cd"))


async def test_a_boot_target_that_is_not_offered_is_refused_without_a_write(
    connect: Any, simulator: RunningSimulator
) -> None:
    async with connect("SN2") as bmc:
        system = await find_system(bmc, "SN2")
        with pytest.raises(
            BmcRefusedError, match="set the next boot to Tape: the server offers only None, Pxe"
        ):
            await system.set_boot_override_once("Tape")

    assert [] == list(simulator.bmc("SN2").traffic.writes)


async def test_a_reset_that_is_not_offered_is_refused_without_a_write(
    connect: Any, simulator: RunningSimulator
) -> None:
    async with connect("SN2") as bmc:
        system = await find_system(bmc, "SN2")
        with pytest.raises(BmcRefusedError, match="offers only On, ForceOff"):
            await system.reset("Nmi")

    assert [] == list(simulator.bmc("SN2").traffic.writes)


async def test_a_reset_that_does_not_fit_the_power_state_is_refused_by_the_bmc(connect: Any) -> None:
    async with connect("SN2") as bmc:
        system = await find_system(bmc, "SN2")
        with pytest.raises(BmcRefusedError, match=r"HTTP 409: .*standby"):
            await system.reset("ForceRestart")


@pytest.mark.parametrize("serial", ["SN1", "SN2"], ids=["with a task", "without a task"])
async def test_power_goes_on_and_off(
    connect: Any, simulator: RunningSimulator, clock: Any, serial: str
) -> None:
    async with connect(serial) as bmc:
        system = await find_system(bmc, serial)
        await system.reset("On")
        clock.advance(10)
        on = await system.observe()
        await system.reset("ForceOff")
        clock.advance(10)
        off = await system.observe()

    assert ("On", "Off") == (on.power, off.power)


def system_with(**more: Any) -> web.Response:
    return web.json_response({"SerialNumber": " SN1 ", "PowerState": "On", **more})


SYSTEMS = {"GET /redfish/v1/Systems": [web.json_response({"Members": [{"@odata.id": "/s"}]})]}


async def test_reset_types_are_found_in_the_action_info_too(
    scripted: Any, scripted_client: RedfishClient
) -> None:
    action = {"target": "/s/reset", "@Redfish.ActionInfo": "/s/info"}
    info = {"Parameters": [{"Name": "ResetType", "AllowableValues": ["On"]}]}
    scripted.answers |= SYSTEMS | {
        "GET /s": [system_with(Actions={"#ComputerSystem.Reset": action})],
        "GET /s/info": [web.json_response(info)],
    }
    system = await find_system(scripted_client, "SN1")
    with pytest.raises(BmcRefusedError, match="offers only On"):
        await system.reset("ForceOff")


async def test_a_server_that_calls_it_usb_cd_is_booted_from_usb_cd(
    scripted: Any, scripted_client: RedfishClient
) -> None:
    boot = {"BootSourceOverrideTarget@Redfish.AllowableValues": ["Pxe", "UsbCd"]}
    scripted.answers |= SYSTEMS | {"GET /s": [system_with(Boot=boot)]}
    system = await find_system(scripted_client, "SN1")

    assert "UsbCd" == system.optical_boot_target(await system.observe())


@pytest.mark.parametrize(
    ("serial", "where"),
    [("SN1", "/redfish/v1/Managers/BMC/VirtualMedia/CD1"), ("SN2", "/redfish/v1/Systems/1/VirtualMedia/CD1")],
    ids=["on the manager", "on the system"],
)
async def test_the_drive_for_optical_media_is_found(connect: Any, serial: str, where: str) -> None:
    async with connect(serial) as bmc:
        slot = await (await find_system(bmc, serial)).optical_slot()

    assert where == slot.path


async def test_a_server_without_a_drive_is_an_error(scripted: Any, scripted_client: RedfishClient) -> None:
    scripted.answers |= SYSTEMS | {"GET /s": [system_with()]}
    system = await find_system(scripted_client, "SN1")
    with pytest.raises(BmcRefusedError, match="neither the system nor its managers"):
        await system.optical_slot()


async def test_an_image_is_inserted_seen_and_ejected(connect: Any) -> None:
    async with connect("SN2") as bmc:
        slot = await (await find_system(bmc, "SN2")).optical_slot()
        before = await slot.observe()
        await slot.insert(IMAGE)
        inserted = await slot.observe()
        await slot.eject()
        after = await slot.observe()

    assert [False, True, False] == [look.holds(IMAGE) for look in (before, inserted, after)]


async def test_an_image_that_the_bmc_cannot_fetch_is_refused_without_its_query(connect: Any) -> None:
    async with connect("SN2") as bmc:
        slot = await (await find_system(bmc, "SN2")).optical_slot()
        with pytest.raises(BmcRefusedError, match="insert the image: HTTP 400") as caught:
            await slot.insert("https://provision.hall-north.test/images/none.iso?signature=s3cret")

    assert "s3cret" not in str(caught.value)


async def test_a_drive_in_use_takes_no_second_image(connect: Any) -> None:
    async with connect("SN2") as bmc:
        slot = await (await find_system(bmc, "SN2")).optical_slot()
        await slot.insert(IMAGE)
        with pytest.raises(BmcBusyError, match="HTTP 409: The resource is in use"):
            await slot.insert(f"{IMAGE}&another=1")


async def test_an_image_left_in_the_url_after_an_eject_does_not_count_as_inserted(
    scripted: Any, scripted_client: RedfishClient
) -> None:
    drive = {"MediaTypes": ["CD"], "Image": IMAGE, "Inserted": False}
    scripted.answers |= SYSTEMS | {
        "GET /s": [system_with(VirtualMedia={"@odata.id": "/v"})],
        "GET /v": [web.json_response({"Members": [{"@odata.id": "/v/1"}]})],
        "GET /v/1": [web.json_response(drive)],
    }
    slot = await (await find_system(scripted_client, "SN1")).optical_slot()

    assert not (await slot.observe()).holds(IMAGE)
