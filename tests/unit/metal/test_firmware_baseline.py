"""Firmware is checked, flashed once, never cut, and takes effect when it may."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from argosy_metal.claims import Phase
from argosy_metal.lifecycle import Leash, MachineError, MachineNotReadyError
from argosy_metal.lifecycle.firmware_decide import is_older
from argosy_metal.lifecycle.host_power import switch_host
from argosy_metal.lifecycle.setup_power import SetupPower
from argosy_metal.provider.failures import PartialFailureError
from argosy_metal.simulator import FaultRule
from argosy_metal.simulator.firmware_facts import firmware_path, firmware_sha256
from argosy_metal.simulator.firmware_state import BMC_RESTART_SECONDS

from .setup_halls import CONFIG, Killed, KillPoints, Setup, claimed_server

FIRMWARE = "baremetal:index:FirmwareBaseline"
WRITES = 24
"""Moments before and after a write, in a run that flashes two components and has a self-test run."""
UNTOUCHED = {"flashes_started": 0, "flashes_completed": 0, "flashes_interrupted": 0}


def image(component: str, version: str, server_type: str = "model-x") -> dict[str, str]:
    return {
        "version": version,
        "url": f"https://provision.hall.test{firmware_path(server_type, component, version)}",
        "sha256": firmware_sha256(server_type, component, version),
    }


def images(**versions: str) -> dict[str, Any]:
    return {name: image(name, version) for name, version in versions.items()}


@pytest.fixture
async def setup(tmp_path: Path) -> AsyncIterator[Setup]:
    async with claimed_server(tmp_path) as made:
        yield made


def versions(setup: Setup) -> dict[str, str]:
    return setup.bmc.machine.state.firmware.versions


def result(component: str, version: str, told: str) -> dict[str, str]:
    return {"component": component, "version": version, "result": told}


async def test_a_component_is_flashed_and_its_version_seen(setup: Setup) -> None:
    outputs = await setup.create(FIRMWARE, components=images(PSU_0="2.0.0"))

    assert {"PSU_0": "2.0.0"} == outputs["versions"]
    assert [result("PSU_0", "2.0.0", "in effect")] == outputs["history"]
    assert {"flashes_started": 1, "flashes_completed": 1, "flashes_interrupted": 0} == setup.flashes()


async def test_a_version_that_is_there_is_not_flashed_again(setup: Setup) -> None:
    outputs = await setup.create(FIRMWARE, components=images(PSU_0="2.0.0"))

    assert [] == setup.changes(FIRMWARE, outputs, components=images(PSU_0="2.0.0"))
    await setup.update(FIRMWARE, outputs, components=images(PSU_0="2.0.0"))

    assert 1 == setup.flashes()["flashes_started"]


async def test_a_bmc_that_restarts_after_its_own_flash_is_waited_for(setup: Setup) -> None:
    outputs = await setup.create(FIRMWARE, components=images(BMC="1.1.0", PSU_0="2.0.0"))

    assert {"BMC": "1.1.0", "PSU_0": "2.0.0"} == outputs["versions"]
    assert ["BMC", "PSU_0"] == [entry["component"] for entry in outputs["history"]]
    sessions = setup.bmc.status()["sessions"]
    assert (0, 1) == (sessions["live"], sessions["dropped"])


async def test_what_waits_for_a_reset_is_staged_and_nothing_is_reset_for_it(setup: Setup) -> None:
    outputs = await setup.create(FIRMWARE, components=images(BIOS="1.1.0"))

    assert ({"BIOS": "1.0.0"}, {"BIOS": "1.1.0"}) == (outputs["versions"], outputs["staged"])
    assert [] == setup.changes(FIRMWARE, outputs, components=images(BIOS="1.1.0"))
    assert "Off" == setup.bmc.machine.state.power
    await setup.update(FIRMWARE, outputs, components=images(BIOS="1.1.0"))
    assert 1 == setup.flashes()["flashes_started"]

    setup.bmc.machine.state.firmware.self_test()
    setup.again()
    found = await setup.read(FIRMWARE, outputs)

    assert ({"BIOS": "1.1.0"}, {}) == (found.outputs["versions"], found.outputs["staged"])


async def test_a_running_version_is_put_in_the_place_of_another_that_waits_for_a_reset(setup: Setup) -> None:
    staged = await setup.create(FIRMWARE, components=images(BIOS="1.1.0"))
    wanted = images(BIOS="1.0.0")
    back = await setup.update(FIRMWARE, staged, components=wanted)

    assert ({"BIOS": "1.0.0"}, {}) == (back["versions"], back["staged"])
    assert [] == setup.changes(FIRMWARE, back, components=wanted)
    setup.bmc.machine.state.firmware.self_test()
    assert "1.0.0" == versions(setup)["BIOS"], "the next reset changes nothing"


async def test_a_server_that_is_off_goes_through_its_self_test_for_a_staged_version(setup: Setup) -> None:
    outputs = await setup.create(FIRMWARE, components=images(BIOS="1.1.0", NIC_0="29.0.0"), applyOn="now")

    assert ({"BIOS": "1.1.0", "NIC_0": "29.0.0"}, {}) == (outputs["versions"], outputs["staged"])
    assert ("Off", 1) == (setup.bmc.machine.state.power, setup.bmc.machine.state.counters.boots)
    assert 0 == setup.flashes()["flashes_interrupted"]


async def test_a_version_that_needs_more_than_a_reset_is_told_to_whoever_stands_at_the_outlets(
    setup: Setup,
) -> None:
    with pytest.raises(PartialFailureError, match="a reset does not bring CPLD_0 into effect") as told:
        await setup.create(FIRMWARE, components=images(CPLD_0="0.2"), applyOn="now")
    assert "take all power from the server for a moment" in str(told.value)

    setup.bmc.machine.ac_cycle()
    outputs = await setup.update(FIRMWARE, told.value.outputs, components=images(CPLD_0="0.2"), applyOn="now")

    assert {"CPLD_0": "0.2"} == outputs["versions"]
    assert 1 == setup.flashes()["flashes_started"]


async def test_an_ac_cycle_is_done_where_the_bmc_offers_one(tmp_path: Path) -> None:
    async with claimed_server(tmp_path, "nvidia-gb200") as setup:
        outputs = await setup.create(FIRMWARE, components=images(HGX_FW_CPLD_0="0.22"), applyOn="now")

        assert {"HGX_FW_CPLD_0": "0.22"} == outputs["versions"]
        assert 1 == setup.bmc.service.ac_cycles
        assert "Off" == setup.bmc.machine.state.power


async def test_a_machine_is_shut_down_for_an_ac_cycle_on_the_programs_word_and_up_again(
    tmp_path: Path,
) -> None:
    async with claimed_server(tmp_path, "nvidia-gb200") as setup:
        setup.bmc.machine.reset("On", setup.clock.now())
        setup.clock.simulated.advance(600)
        setup.bmc.step(setup.clock.now())
        setup.phase_is(Phase.RUNNING)
        wanted = {"components": images(HGX_FW_CPLD_0="0.22"), "applyOn": "now"}

        with pytest.raises(PartialFailureError, match="not rebooted unasked"):
            await setup.create(FIRMWARE, **wanted)
        assert 0 == setup.bmc.service.ac_cycles
        outputs = await setup.create(FIRMWARE, **wanted, allowReboot=True)

        assert ({"HGX_FW_CPLD_0": "0.22"}, 1) == (outputs["versions"], setup.bmc.service.ac_cycles)
        assert "On" == setup.bmc.machine.state.power
        assert {"flashes_started": 1, "flashes_completed": 1, "flashes_interrupted": 0} == setup.flashes()


async def test_all_that_is_wrong_is_told_at_once_and_nothing_is_flashed(setup: Setup) -> None:
    components = images(BIOS="0.9.0", TPM_0="8.0", PSU_1="2.0.0")

    with pytest.raises(MachineError) as refused:
        await setup.create(FIRMWARE, components=components)

    for part in (
        "BIOS: 0.9.0 is older than 1.0.0; `allowDowngrade: true` permits it",
        "PSU_1: the inventory has no such component; closest: 'PSU_0'; it has BIOS, BMC, CPLD_0, NIC_0",
        "TPM_0: this component cannot be updated",
    ):
        assert part in str(refused.value)
    assert UNTOUCHED == setup.flashes()


async def test_an_older_version_is_flashed_where_it_is_permitted(setup: Setup) -> None:
    outputs = await setup.create(FIRMWARE, components=images(PSU_0="0.9"), allowDowngrade=True)

    assert {"PSU_0": "0.9"} == outputs["versions"]


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("1.9.0", "1.10.0"),
        ("1.0-rc1", "1.0-1"),
        ("GB200Nvl-25.01-A", "GB200Nvl-25.06-A"),
        ("0070", "00000082"),
    ],
)
def test_versions_are_compared_part_by_part(older: str, newer: str) -> None:
    assert is_older(older, newer)
    assert not is_older(newer, older)
    assert not is_older(older, older)


async def test_an_image_with_another_digest_is_never_flashed(setup: Setup) -> None:
    components = {"PSU_0": image("PSU_0", "2.0.0") | {"sha256": "0" * 64}}

    with pytest.raises(PartialFailureError, match=f"not {'0' * 64}; nothing was flashed"):
        await setup.create(FIRMWARE, components=components)

    assert UNTOUCHED == setup.flashes()


async def test_an_image_that_is_not_in_the_cache_is_never_flashed(setup: Setup) -> None:
    components = {
        "PSU_0": image("PSU_0", "2.0.0") | {"url": "https://provision.hall.test/firmware/none.bin?k=1"}
    }

    with pytest.raises(PartialFailureError, match=r"none.bin cannot be read: HTTP 404") as told:
        await setup.create(FIRMWARE, components=components)

    assert "k=1" not in str(told.value)
    assert UNTOUCHED == setup.flashes()


async def test_an_image_that_the_bmc_refuses_is_told_with_its_words_and_tried_again_later(
    setup: Setup,
) -> None:
    wrong = {"PSU_0": image("PSU_0", "2.0.0", "other-model")}

    with pytest.raises(PartialFailureError, match="the image is for other-model, not for model-x") as told:
        await setup.create(FIRMWARE, components=wrong)
    assert {"PSU_0": "1.0.0"} == told.value.outputs["versions"]

    outputs = await setup.update(FIRMWARE, told.value.outputs, components=images(PSU_0="2.0.0"))

    assert {"PSU_0": "2.0.0"} == outputs["versions"]
    assert ["failed: the image is for other-model, not for model-x", "in effect"] == [
        entry["result"] for entry in outputs["history"]
    ]


@pytest.mark.parametrize("seconds", range(0, 900, 45))
async def test_a_run_that_was_killed_at_any_time_is_gone_on_with_and_nothing_is_flashed_twice(
    setup: Setup, seconds: int
) -> None:
    components = images(BIOS="1.1.0", BMC="1.1.0", PSU_0="2.0.0")
    setup.clock.die_at = setup.clock.now() + seconds
    outputs: dict[str, Any] = {}
    for _ in range(3):
        try:
            outputs = await setup.create(FIRMWARE, components=components, applyOn="now")
            break
        except (Killed, PartialFailureError):
            # The next run may come while the BMC restarts.
            setup.again()
            setup.clock.simulated.advance(BMC_RESTART_SECONDS)

    assert {"BIOS": "1.1.0", "BMC": "1.1.0", "PSU_0": "2.0.0"} == outputs["versions"]
    assert {"flashes_started": 3, "flashes_completed": 3, "flashes_interrupted": 0} == setup.flashes()
    assert ("Off", 1) == (setup.bmc.machine.state.power, setup.bmc.machine.state.counters.boots)


@pytest.mark.parametrize("point", range(1, WRITES + 1))
async def test_a_run_that_was_killed_at_any_write_is_gone_on_with_and_nothing_is_flashed_twice(
    setup: Setup, monkeypatch: pytest.MonkeyPatch, point: int
) -> None:
    components = images(BIOS="1.1.0", PSU_0="2.0.0")
    points = KillPoints(monkeypatch)
    points.die_at = point
    try:
        outputs = await setup.create(FIRMWARE, components=components, applyOn="now")
    except Killed:
        setup.again()
        outputs = await setup.create(FIRMWARE, components=components, applyOn="now")

    assert points.was_killed
    assert {"BIOS": "1.1.0", "PSU_0": "2.0.0"} == outputs["versions"]
    assert {"flashes_started": 2, "flashes_completed": 2, "flashes_interrupted": 0} == setup.flashes()
    assert "Off" == setup.bmc.machine.state.power
    assert "setupPower" not in setup.record()


async def test_the_moments_at_which_runs_are_killed_here_are_all_there_are(
    setup: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    points = KillPoints(monkeypatch)

    await setup.create(FIRMWARE, components=images(BIOS="1.1.0", PSU_0="2.0.0"), applyOn="now")

    assert WRITES == points.passed


async def test_an_update_whose_answer_is_lost_is_found_by_its_task_and_not_sent_again(setup: Setup) -> None:
    setup.simulator.inject(FaultRule("lose-answer", method="POST", path="*SimpleUpdate", times=1))

    outputs = await setup.create(FIRMWARE, components=images(PSU_0="2.0.0"))

    assert {"PSU_0": "2.0.0"} == outputs["versions"]
    assert 1 == setup.flashes()["flashes_started"]


async def test_an_update_that_never_reached_the_bmc_is_sent_again_by_the_next_run_only(setup: Setup) -> None:
    setup.simulator.inject(FaultRule("disconnect", method="POST", path="*SimpleUpdate", times=1))

    with pytest.raises(PartialFailureError, match="start the update of PSU_0"):
        await setup.create(FIRMWARE, components=images(PSU_0="2.0.0"))
    assert UNTOUCHED == setup.flashes()
    await setup.create(FIRMWARE, components=images(PSU_0="2.0.0"))

    assert {"PSU_0": "2.0.0"} == versions(setup)


async def test_a_bmc_that_is_silent_during_its_flash_is_waited_for(setup: Setup) -> None:
    setup.simulator.inject(FaultRule("disconnect", method="GET", path="*/Tasks/*", skip=2, times=20))

    outputs = await setup.create(FIRMWARE, components=images(PSU_0="2.0.0"))

    assert {"PSU_0": "2.0.0"} == outputs["versions"]


async def test_a_stop_waits_for_the_flash_in_hand_and_begins_no_other(setup: Setup) -> None:
    sleep = setup.clock.sleep

    async def stop_during_the_flash(seconds: float) -> None:
        await sleep(seconds)
        if setup.bmc.machine.state.firmware.running is not None:
            setup.provider.stop.set()

    setup.clock.sleep = stop_during_the_flash

    with pytest.raises(PartialFailureError, match="told to stop; the step in hand was finished") as told:
        await setup.create(FIRMWARE, components=images(NIC_0="29.0.0", PSU_0="2.0.0"))

    assert {"flashes_started": 1, "flashes_completed": 1, "flashes_interrupted": 0} == setup.flashes()
    assert {"NIC_0": "29.0.0"} == told.value.outputs["staged"]


async def test_an_update_that_someone_else_runs_is_waited_for_before_ours_begins(setup: Setup) -> None:
    other = {"ImageURI": image("NIC_0", "29.0.0")["url"]}
    async with setup.provider.hall().setup(
        await setup.provider.hall().own_claim("hall/SN1", "lab/local"),
        Leash(setup.clock),
    ) as (access, _, _hands):
        await access.client.post(
            "/redfish/v1/UpdateService/Actions/UpdateService.SimpleUpdate", other, "by hand", follow=False
        )

    await setup.create(FIRMWARE, components=images(PSU_0="2.0.0"))

    first, second = setup.bmc.machine.state.firmware.flashes
    assert ("NIC_0", "PSU_0") == (first.component, second.component)
    assert first.ends <= second.started


async def test_a_flash_that_never_ends_is_told_and_not_cut(setup: Setup) -> None:
    setup.simulator.inject(FaultRule("task-stuck"))

    with pytest.raises(PartialFailureError, match=r"still runs after 36\d\d s; it was not cut"):
        await setup.create(FIRMWARE, components=images(PSU_0="2.0.0"), applyOn="now")

    assert 0 == setup.flashes()["flashes_interrupted"]
    assert ("POST", "ComputerSystem.Reset") not in setup.writes()


async def test_settings_never_reset_a_server_while_a_flash_runs(setup: Setup) -> None:
    setup.clock.die_at = setup.clock.now() + 20
    with pytest.raises(Killed):
        await setup.create(FIRMWARE, components=images(BIOS="1.1.0"))
    setup.again()

    with pytest.raises(PartialFailureError, match=r"a firmware update runs .* which is never cut"):
        await setup.create("baremetal:index:BiosSettings", attributes={"AssetTag": "x"}, applyOn="now")

    assert 0 == setup.flashes()["flashes_interrupted"]
    assert ("POST", "ComputerSystem.Reset") not in setup.writes()


async def test_nothing_else_that_is_set_up_on_a_server_cuts_its_power_while_a_flash_runs(
    setup: Setup,
) -> None:
    hall = setup.provider.hall()
    async with hall.setup(await hall.own_claim("hall/SN1", "lab/local"), Leash(setup.clock)) as (
        access,
        _,
        _,
    ):
        power = SetupPower(access, hall.budgets.power_ons)
        await power.up()
        uri = {"ImageURI": image("BIOS", "2.0.0")["url"]}
        update = "/redfish/v1/UpdateService/Actions/UpdateService.SimpleUpdate"
        await access.client.post(update, uri, "by hand", follow=False)

        with pytest.raises(MachineNotReadyError, match="which is never cut"):
            await power.down()
        with pytest.raises(MachineNotReadyError, match="which is never cut"):
            await switch_host(access, hall.budgets.power_ons, "Off", graceful=False)

    assert 0 == setup.flashes()["flashes_interrupted"]


async def test_two_resources_of_one_server_work_on_it_one_after_the_other(setup: Setup) -> None:
    firmware, bios = await asyncio.gather(
        setup.create(FIRMWARE, components=images(BIOS="1.1.0"), applyOn="now"),
        setup.create("baremetal:index:BiosSettings", attributes={"AssetTag": "x"}, applyOn="now"),
    )

    assert ({"BIOS": "1.1.0"}, {"AssetTag": "x"}) == (firmware["versions"], bios["applied"])
    assert 0 == setup.flashes()["flashes_interrupted"]
    assert 1 == setup.bmc.traffic.peak_writers


@pytest.mark.parametrize("now", [False, True])
async def test_a_server_that_runs_a_machine_is_flashed_and_not_rebooted_unasked(
    setup: Setup, now: bool
) -> None:
    setup.bmc.machine.reset("On", setup.clock.now())
    setup.clock.simulated.advance(600)
    setup.bmc.step(setup.clock.now())
    setup.phase_is(Phase.RUNNING)

    if now:
        with pytest.raises(PartialFailureError, match="not rebooted unasked"):
            await setup.create(FIRMWARE, components=images(BIOS="1.1.0"), applyOn="now")
    else:
        await setup.create(FIRMWARE, components=images(BIOS="1.1.0"))

    assert 1 == setup.flashes()["flashes_completed"]
    assert ("POST", "ComputerSystem.Reset") not in setup.writes()
    outputs = await setup.create(FIRMWARE, components=images(BIOS="1.1.0"), applyOn="now", allowReboot=True)
    assert {"BIOS": "1.1.0"} == outputs["versions"]
    assert "On" == setup.bmc.machine.state.power


async def test_no_more_servers_of_a_hall_are_flashed_at_once_than_its_budget_says(tmp_path: Path) -> None:
    async with claimed_server(tmp_path, servers=4) as setup:
        setup.config = {**CONFIG, "budgets": {"firmwareUpdates": 2}}
        setup.again()
        peak = 0
        sleep = setup.clock.sleep

        async def watch(seconds: float) -> None:
            nonlocal peak
            bmcs = [setup.simulator.bmc(f"SN{n}") for n in range(1, 5)]
            peak = max(peak, sum(bmc.machine.state.firmware.running is not None for bmc in bmcs))
            # The others get time to begin before the simulated time goes on.
            await asyncio.sleep(0.01)
            await sleep(seconds)

        setup.clock.sleep = watch

        stacks = [replace(setup, serial=f"SN{number}") for number in range(1, 5)]
        for stack in stacks:
            stack.provider.close()
            stack.provider = setup.provider
            await stack.claim()
        await asyncio.gather(*(stack.create(FIRMWARE, components=images(BIOS="2.0.0")) for stack in stacks))

        assert 2 == peak
        assert [1, 1, 1, 1] == [stack.flashes()["flashes_completed"] for stack in stacks]


async def test_a_version_that_someone_else_has_flashed_is_reported_and_put_right(setup: Setup) -> None:
    outputs = await setup.create(FIRMWARE, components=images(PSU_0="2.0.0"))
    versions(setup)["PSU_0"] = "3.0.0"
    setup.again()

    found = await setup.read(FIRMWARE, outputs)
    assert {"PSU_0": "3.0.0"} == found.outputs["versions"]
    wanted = {"components": images(PSU_0="2.0.0"), "allowDowngrade": True}
    assert "versions" in setup.changes(FIRMWARE, found.outputs, **wanted)
    await setup.update(FIRMWARE, found.outputs, **wanted)

    assert {"PSU_0": "2.0.0"} == versions(setup)


async def test_deleting_forgets_and_leaves_the_firmware_as_it_is(setup: Setup) -> None:
    outputs = await setup.create(FIRMWARE, components=images(PSU_0="2.0.0"))

    await setup.delete(FIRMWARE, outputs)

    assert {"PSU_0": "2.0.0"} == versions(setup)
    assert "firmware" not in setup.record()


async def test_an_import_shows_every_version_and_names_no_component(setup: Setup) -> None:
    found = await setup.read(FIRMWARE)

    assert {} == found.inputs["components"]
    assert {"BIOS", "BMC", "CPLD_0", "NIC_0", "PSU_0", "TPM_0"} == set(found.outputs["versions"])
    assert [] == setup.writes()


async def test_what_is_misshapen_is_told_by_component_and_property(setup: Setup) -> None:
    components = {"BIOS": {"version": "1.1.0", "url": "http://x/y", "sha256": "abc"}, "BMC": "1.1.0"}

    _, failures = setup.kind(FIRMWARE).check({"serverId": "hall/SN1", "components": components})

    assert ["components.BIOS.sha256", "components.BIOS.url", "components.BMC"] == [
        name for name, _ in failures
    ]
