"""Every difference between vendors that the quirk files name, against a simulated BMC that differs so."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, TypeVar

import pytest
from aiohttp import web

from argosy_metal.redfish import (
    BmcBusyError,
    BmcGate,
    BmcRefusedError,
    Credentials,
    RedfishClient,
    Trust,
    WrongServerError,
    find_system,
)
from argosy_metal.redfish.ac_cycle import find_ac_cycle
from argosy_metal.redfish.bios import find_bios
from argosy_metal.redfish.firmware import Firmware
from argosy_metal.redfish.members import members
from argosy_metal.redfish.quirks import GENERIC, Identity, identity_of, quirk_files, quirks_for
from argosy_metal.redfish.quirks.model import Quirks
from argosy_metal.simulator import FaultRule, ManualClock, SimulatedHall, SimulatedServer, SimulatorConfig
from argosy_metal.simulator.in_process import RunningSimulator, simulate
from argosy_metal.simulator.profiles import vendor_files

IMAGE = "https://provision.hall.test/images/node.iso?install=I1"
_Test = TypeVar("_Test", bound=Callable[..., Any])
_covered: set[str] = set()


def covers(*facts: str) -> Callable[[_Test], _Test]:
    """Says which facts of the quirk files a test is about, as `file/id`."""
    _covered.update(facts)
    return lambda test: test


class Vendors:
    """One simulated server of each vendor, whose serial number is the vendor's name."""

    def __init__(self, simulator: RunningSimulator, clock: Any, stack: AsyncExitStack) -> None:
        self.simulator = simulator
        self._clock, self._stack = clock, stack

    def client(self, vendor: str, **changes: Any) -> RedfishClient:
        settings: dict[str, Any] = {
            "credentials": Credentials(self.simulator.username, self.simulator.password),
            "trust": Trust(ca_file=self.simulator.ca_file),
            "user_agent": "argosy-test",
            "clock": self._clock,
            "resolve": self.simulator.resolve,
        }
        client = RedfishClient(f"https://{vendor}.hall.test", **settings | changes)
        self._stack.push_async_callback(client.close)
        return client

    def machine(self, vendor: str) -> Any:
        return self.bmc(vendor).machine

    def bmc(self, vendor: str) -> Any:
        return self.simulator.bmc(vendor)

    def writes(self, vendor: str) -> list[tuple[str, str, int]]:
        return [(write.method, write.path, write.status) for write in self.bmc(vendor).traffic.writes]


@pytest.fixture
async def vendors(client_clock: Any, clock: ManualClock, tmp_path: Path) -> AsyncIterator[Vendors]:
    servers = tuple(
        SimulatedServer(f"{name}.hall.test", name, "plain", "rack-1", vendor=name) for name in vendor_files()
    )
    config = SimulatorConfig(halls=(SimulatedHall("hall", "provision.hall.test", servers),))
    async with simulate(config, tmp_path, clock=clock) as running, AsyncExitStack() as stack:
        yield Vendors(running, client_clock, stack)


async def up(vendors: Vendors, vendor: str, clock: ManualClock, seconds: float) -> RedfishClient:
    """A client of a server that has been on for so long."""
    client = vendors.client(vendor)
    await (await find_system(client, vendor)).reset("On")
    clock.advance(seconds)
    return client


@pytest.mark.parametrize("vendor", sorted(vendor_files()))
async def test_a_simulated_vendor_is_recognised_by_what_it_says_of_itself(
    vendors: Vendors, vendor: str
) -> None:
    client = vendors.client(vendor)
    await find_system(client, vendor)
    own = quirk_files().get(vendor, quirk_files()[GENERIC]).quirks

    assert own.model_copy(update={"busy_messages": ()}) == client.quirks.model_copy(
        update={"busy_messages": ()}
    )


@pytest.mark.parametrize(
    ("told", "file"),
    [
        (Identity(), GENERIC),
        (Identity(vendor="Nobody", product="Box"), GENERIC),
        (Identity(vendor="dell inc."), "dell"),
        (Identity(manufacturer="HPE"), "hpe"),
        (Identity(oem=("Hpe",)), "hpe"),
        (Identity(vendor="NVIDIA", product="GB300 NVL"), "nvidia-gb200"),
        (Identity(vendor="NVIDIA", product="BlueField"), GENERIC),
        (Identity(vendor="Lenovo", oem=("Ami",)), "ami-dgx"),
        (Identity(vendor="Lenovo", oem=("Lenovo",)), "lenovo"),
        (Identity(vendor="Super Micro Computer, Inc."), "supermicro"),
    ],
)
def test_patterns_decide_the_file_and_the_rule_that_asks_most_wins(told: Identity, file: str) -> None:
    expected = quirk_files()[file].quirks.model_copy(update={"busy_messages": ()})

    assert expected == quirks_for(told).model_copy(update={"busy_messages": ()})


def test_what_a_bmc_retypes_in_its_service_root_counts_as_not_said() -> None:
    assert Identity() == identity_of({"Vendor": 7, "Oem": [], "Product": None})


def test_every_fact_is_handled_by_a_field_that_exists_or_by_the_client_always() -> None:
    handled = {fact.handled_by for file in quirk_files().values() for fact in file.facts}

    assert handled - set(Quirks.model_fields) == {"always"}


def test_every_fact_of_the_quirk_files_has_a_test() -> None:
    facts = {f"{name}/{fact.id}" for name, file in quirk_files().items() for fact in file.facts}

    assert facts == _covered


@covers("generic/image-left")
async def test_an_image_that_is_still_named_after_an_eject_does_not_count(vendors: Vendors) -> None:
    slot = await (await find_system(vendors.client("supermicro"), "supermicro")).optical_slot()
    await slot.insert(IMAGE)
    await slot.eject()
    state = await slot.observe()

    assert (False, IMAGE, False) == (state.inserted, state.image_url, state.holds(IMAGE))


@covers("generic/root-links", "ami-dgx/several-systems")
async def test_a_service_root_without_links_hides_no_system_behind_it(vendors: Vendors) -> None:
    client = vendors.client("ami-dgx")

    assert not {"Systems", "Managers", "Chassis", "UpdateService"} & set(await client.root())
    assert "/redfish/v1/Systems/DGX" == (await find_system(client, "ami-dgx")).path


@covers("generic/settings-object")
@pytest.mark.parametrize(
    ("vendor", "name"),
    [
        ("generic", "Settings"),
        ("hpe", "settings"),
        ("lenovo", "Pending"),
        ("ami-dgx", "SD"),
        ("dell", "Settings"),
    ],
)
async def test_the_settings_object_is_found_by_its_link_whatever_its_name(
    vendors: Vendors, vendor: str, name: str
) -> None:
    client = vendors.client(vendor)
    system = await find_system(client, vendor)
    state = await (await find_bios(client, system.path, with_jobs=False)).observe()

    assert f"{system.path}/Bios/{name}" == state.settings_path


@covers("generic/busy")
async def test_a_busy_bmc_is_looked_at_and_asked_again(vendors: Vendors, client_clock: Any) -> None:
    bmc, system = vendors.bmc("generic"), await find_system(vendors.client("generic"), "generic")
    vendors.simulator.inject(FaultRule("status", path="*.Reset", status=429, retry_after=7, times=1))
    await system.reset("On")

    assert [7] == client_clock.waits
    assert 1 == bmc.machine.state.counters.resets


@covers("dell/boot-settings", "ami-dgx/boot-settings", "ami-dgx/if-match")
@pytest.mark.parametrize(("vendor", "where"), [("dell", "Settings"), ("ami-dgx", "SD")])
async def test_the_boot_override_is_written_where_the_bmc_takes_it_and_seen_there(
    vendors: Vendors, vendor: str, where: str
) -> None:
    system = await find_system(vendors.client(vendor), vendor)
    await system.set_boot_override_once("Cd")
    once = await system.observe()
    await system.clear_boot_override()
    cleared = await system.observe()

    assert (True, "Disabled") == (once.boots_once_from("Cd"), cleared.boot_enabled)
    assert [("PATCH", f"{system.path}/{where}", 200)] * 2 == vendors.writes(vendor)


@covers("ami-dgx/boot-settings")
async def test_on_the_system_itself_that_bmc_refuses_the_override(vendors: Vendors) -> None:
    client = vendors.client("ami-dgx")
    with pytest.raises(BmcRefusedError, match="FutureState URI"):
        await client.patch("/redfish/v1/Systems/DGX", {"Boot": {"BootSourceOverrideTarget": "Cd"}}, "boot")


@covers("dell/jobs")
async def test_a_job_is_followed_to_its_end_also_after_a_200(vendors: Vendors, client_clock: Any) -> None:
    system = await find_system(vendors.client("dell"), "dell")
    await system.set_boot_override_once("Cd")

    # The job of the simulator takes 4 s, and it is looked at every 2 s.
    assert [2, 2] == client_clock.waits


@covers("dell/bios-jobs")
async def test_pending_attributes_get_the_job_without_which_they_stay_pending(vendors: Vendors) -> None:
    client = vendors.client("dell")
    system = await find_system(client, "dell")
    bios = await find_bios(client, system.path, with_jobs=client.quirks.bios_jobs)
    state = await bios.observe()
    name, value = next((name, value) for name, value in state.attributes.items() if value == "Enabled")
    await bios.set_pending(state, {name: "Disabled"})

    assert (value, "Disabled") == ("Enabled", (await bios.observe()).pending[name])
    assert await bios.waiting_job() is not None


@covers("dell/not-ready")
async def test_a_lifecycle_controller_that_is_not_ready_is_waited_for(
    vendors: Vendors, client_clock: Any
) -> None:
    client = vendors.client("dell")
    await client.root()
    vendors.simulator.inject(FaultRule("not-ready", path="*/Systems/*", times=1))
    await client.get("/redfish/v1/Systems/System.Embedded.1")

    assert [30] == client_clock.waits


@covers("dell/not-ready")
async def test_a_full_table_of_sessions_is_a_clear_error(vendors: Vendors, client_clock: Any) -> None:
    for _ in range(8):
        vendors.bmc("dell").sessions.open("argosy", "somebody else", 0)
    with pytest.raises(BmcBusyError, match=r"log in: HTTP 503: no session is free; next: .*stale sessions"):
        await vendors.client("dell").get("/redfish/v1/Systems")

    assert [30, 30] == client_clock.waits


@covers("dell/zero-dates")
async def test_a_date_of_zeros_is_no_date(vendors: Vendors) -> None:
    system = await find_system(vendors.client("dell"), "dell")

    assert (await system.observe()).last_reset is None
    known = await (await find_system(vendors.client("generic"), "generic")).observe()
    assert known.last_reset is not None


@covers("hpe/frozen-in-post")
async def test_a_bmc_that_is_frozen_in_post_is_busy_and_gets_time(
    vendors: Vendors, clock: ManualClock, client_clock: Any
) -> None:
    client = await up(vendors, "hpe", clock, 124)
    system = await find_system(client, "hpe")
    await system.set_boot_override_once("Cd")

    assert (await system.observe()).boots_once_from("Cd")
    assert [1] == client_clock.waits, "one second later the self-test was over"


@covers("hpe/frozen-in-post")
async def test_a_bmc_that_stays_frozen_is_a_busy_error_with_its_words(
    vendors: Vendors, clock: ManualClock
) -> None:
    system = await find_system(await up(vendors, "hpe", clock, 10), "hpe")
    with pytest.raises(BmcBusyError, match=r"cannot be changed while .* in POST"):
        await system.set_boot_override_once("Cd")
    with pytest.raises(BmcBusyError, match=r"reset the server \(ForceRestart\): HTTP 400"):
        await system.reset("ForceRestart")


@covers("hpe/boot-mode", "hpe/boot-none", "hpe/weak-etags")
async def test_an_override_is_set_and_dropped_without_mode_and_none(vendors: Vendors) -> None:
    system = await find_system(vendors.client("hpe"), "hpe")
    await system.set_boot_override_once("Cd")
    await system.clear_boot_override()

    assert "Disabled" == (await system.observe()).boot_enabled
    assert [("PATCH", system.path, 200)] * 2 == vendors.writes("hpe")


@covers("supermicro/usb-cd", "supermicro/insert-properties", "supermicro/boot-mode")
async def test_an_image_boots_as_usb_cd_in_uefi_mode_and_is_inserted_bare(
    vendors: Vendors, clock: ManualClock
) -> None:
    client = vendors.client("supermicro")
    system = await find_system(client, "supermicro")
    target = system.optical_boot_target(await system.observe())
    await (await system.optical_slot()).insert(IMAGE)
    await system.set_boot_override_once(target)
    await system.reset("On")
    clock.advance(130)
    vendors.bmc("supermicro").advance()

    assert "UsbCd" == target
    assert 1 == vendors.machine("supermicro").state.counters.installs_started
    await client.patch(system.path, {"Boot": {"BootSourceOverrideTarget": "Cd"}}, "forget the mode")
    assert "Legacy" == vendors.machine("supermicro").state.override.mode, "so it has to be sent"


@covers("lenovo/media-patch", "lenovo/drives")
async def test_an_image_is_patched_into_the_only_drive_that_takes_one(vendors: Vendors) -> None:
    slot = await (await find_system(vendors.client("lenovo"), "lenovo")).optical_slot()
    await slot.insert(IMAGE)
    inserted = await slot.observe()
    await slot.eject()

    assert slot.path.endswith("/EXT1")
    assert [True, False] == [inserted.holds(IMAGE), (await slot.observe()).inserted]


@covers("lenovo/stale-etag")
async def test_a_right_etag_that_is_refused_once_is_sent_again(vendors: Vendors) -> None:
    system = await find_system(vendors.client("lenovo"), "lenovo")
    await system.set_boot_override_once("Cd")

    assert [412, 200] == [status for _, _, status in vendors.writes("lenovo")]
    assert (await system.observe()).boots_once_from("Cd")


@covers("ami-dgx/insert-credentials")
async def test_an_image_goes_with_credentials_where_the_bmc_demands_some(vendors: Vendors) -> None:
    slot = await (await find_system(vendors.client("ami-dgx"), "ami-dgx")).optical_slot()
    await slot.insert(IMAGE)

    assert (await slot.observe()).holds(IMAGE)


@covers("ami-dgx/expand")
async def test_members_are_read_one_by_one_where_expanding_drops_properties(vendors: Vendors) -> None:
    lossy, whole = vendors.client("ami-dgx"), vendors.client("generic")
    for client in (lossy, whole):
        for path, body in await members(client, "/redfish/v1/Managers", "look"):
            assert (path, path.rpartition("/")[2]) == (body["@odata.id"], body["Id"])

    # One for the service root, one for the login, one for the collection, and one for each manager.
    assert (6, 3) == (vendors.bmc("ami-dgx").traffic.requests, vendors.bmc("generic").traffic.requests)


@covers("ami-dgx/expand")
async def test_an_expanded_answer_that_is_not_whole_is_not_believed(vendors: Vendors) -> None:
    client = vendors.client("ami-dgx")
    await client.root()
    believing = client.quirks.model_copy(update={"expand_usable": True})
    client._linked.quirks = believing  # pyright: ignore[reportPrivateUsage]
    found = await members(client, "/redfish/v1/Managers", "look")

    assert ["BMC", "HGX_BMC_0", "HGX_FabricManager_0"] == [body["Id"] for _, body in found]


@covers("ami-dgx/slow-inventory")
async def test_an_inventory_that_takes_minutes_gets_them(vendors: Vendors) -> None:
    client = vendors.client("ami-dgx")
    await client.root()
    path = "/redfish/v1/UpdateService/FirmwareInventory"

    assert 300 == client._slow_seconds(path)  # pyright: ignore[reportPrivateUsage]
    assert client._slow_seconds("/redfish/v1/Systems") is None  # pyright: ignore[reportPrivateUsage]
    assert 150 == vendors.bmc("ami-dgx").profile.firmware_inventory_seconds


@covers("nvidia-gb200/ac-cycle")
async def test_an_ac_cycle_is_not_even_asked_for_while_the_server_is_on(
    vendors: Vendors, clock: ManualClock
) -> None:
    client = await up(vendors, "nvidia-gb200", clock, 10)
    system = await find_system(client, "nvidia-gb200")
    cycler = await find_ac_cycle(client, system.path)
    assert cycler is not None
    before = vendors.writes("nvidia-gb200")
    with pytest.raises(BmcRefusedError, match="the server is On, and has to be powered off first"):
        await cycler.run()
    assert before == vendors.writes("nvidia-gb200")

    await system.reset("ForceOff")
    clock.advance(10)
    await cycler.run()
    assert 1 == vendors.bmc("nvidia-gb200").service.ac_cycles


@covers("nvidia-gb200/four-clients")
async def test_a_bmc_that_bears_few_connections_gets_few_whatever_is_configured(vendors: Vendors) -> None:
    gate = BmcGate(connections=8)
    client = vendors.client("nvidia-gb200", gate=gate)
    await client.root()
    await asyncio.gather(*(client.get("/redfish/v1/Systems") for _ in range(12)))

    assert 2 == gate.connections
    assert 2 >= vendors.bmc("nvidia-gb200").traffic.peak_in_flight


@covers("openbmc/media-types")
async def test_a_drive_for_cd_and_usb_alike_takes_the_image(vendors: Vendors) -> None:
    slot = await (await find_system(vendors.client("openbmc"), "openbmc")).optical_slot()
    await slot.insert(IMAGE)

    assert "/redfish/v1/Managers/bmc/VirtualMedia/Slot_0" == slot.path
    assert (await slot.observe()).holds(IMAGE)


@covers("openbmc/no-attributes")
async def test_a_bios_without_attributes_is_a_clear_refusal(vendors: Vendors) -> None:
    client = vendors.client("openbmc")
    system = await find_system(client, "openbmc")
    bios = await find_bios(client, system.path, with_jobs=False)
    with pytest.raises(BmcRefusedError, match="attributes"):
        await bios.observe()


async def test_the_firmware_of_a_slow_bmc_is_read_within_its_minutes(
    vendors: Vendors, clock: ManualClock
) -> None:
    reading = asyncio.create_task(Firmware(vendors.client("ami-dgx")).inventory())
    while not reading.done():
        clock.advance(10)
        await asyncio.sleep(0.01)

    assert await reading
    assert 150 <= clock.now()


EMULATED = "27946b59-9e44-4fa7-8e91-f3527a1ef094"


@covers("sushy-emulator/no-serial", "sushy-emulator/once-shows-continuous")
async def test_an_emulated_system_is_known_by_its_uuid_and_once_by_what_it_shows(
    scripted: Any, scripted_client: RedfishClient
) -> None:
    boot = {"BootSourceOverrideEnabled": "Continuous", "BootSourceOverrideTarget": "Cd"}
    body = {"Manufacturer": "Sushy Emulator", "UUID": EMULATED, "PowerState": "Off", "Boot": boot}
    scripted.answers |= {
        "GET /redfish/v1/Systems": [web.json_response({"Members": [{"@odata.id": "/s"}]})],
        "GET /s": [web.json_response(body)],
    }
    state = await (await find_system(scripted_client, EMULATED)).observe()

    assert (EMULATED, True) == (state.serial, state.boots_once_from("Cd"))


async def test_elsewhere_continuous_is_not_once_and_a_uuid_no_serial_number(
    scripted: Any, scripted_client: RedfishClient
) -> None:
    boot = {"BootSourceOverrideEnabled": "Continuous", "BootSourceOverrideTarget": "Cd"}
    body = {"SerialNumber": "SN1", "UUID": EMULATED, "PowerState": "Off", "Boot": boot}
    scripted.answers |= {
        "GET /redfish/v1/Systems": [web.json_response({"Members": [{"@odata.id": "/s"}]})],
        "GET /s": [web.json_response(body)],
    }
    with pytest.raises(WrongServerError):
        await find_system(scripted_client, EMULATED)

    assert not (await (await find_system(scripted_client, "SN1")).observe()).boots_once_from("Cd")


@covers("sushy-emulator/root-behind-login")
async def test_a_service_root_behind_a_login_is_read_with_the_account(
    scripted: Any, scripted_client: RedfishClient
) -> None:
    scripted.answers["GET /redfish/v1/"] = [web.Response(status=401), web.json_response({"Name": "Root"})]

    assert "Root" == (await scripted_client.root())["Name"]
    first, second = scripted.calls("GET /redfish/v1/")
    assert ("Authorization" not in first, "Authorization" in second) == (True, True)


@covers("supermicro/update-targets")
async def test_an_update_names_what_the_firmware_runs_on_where_the_inventory_is_refused(
    vendors: Vendors,
) -> None:
    client = vendors.client("supermicro")
    await find_system(client, "supermicro")
    firmware = Firmware(client)
    bios = (await firmware.inventory())["BIOS"]
    uri = "https://provision.hall.test/firmware/supermicro/BIOS/2.0.0.bin"
    assert await firmware.start(uri, bios) is not None

    assert "BIOS" == vendors.bmc("supermicro").machine.state.firmware.flashes[0].component
    vendors.bmc("supermicro").machine.state.firmware.flashes.clear()
    with pytest.raises(BmcRefusedError, match="Targets"):
        await client.post(
            "/redfish/v1/UpdateService/Actions/UpdateService.SimpleUpdate",
            {"ImageURI": uri, "Targets": [bios.path]},
            "flash the entry",
        )
