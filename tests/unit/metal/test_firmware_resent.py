"""What an earlier run has sent, staged, switched on or left under way, and what a run must not begin."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from argosy_metal.claims import RunIdentity, SqliteClaimStore, StaleRunError
from argosy_metal.lifecycle import Leash, MachineError
from argosy_metal.lifecycle.firmware_decide import FirmwareImage
from argosy_metal.lifecycle.firmware_images import FirmwareImages
from argosy_metal.lifecycle.setup_power import SetupPower
from argosy_metal.provider.failures import PartialFailureError
from argosy_metal.redfish.firmware import Firmware, UpdateTask
from argosy_metal.simulator import FaultRule
from argosy_metal.simulator.firmware_facts import firmware_path, firmware_sha256

from .setup_halls import Killed, Setup, claimed_server

FIRMWARE = "baremetal:index:FirmwareBaseline"


def image(component: str, version: str) -> dict[str, dict[str, str]]:
    url = f"https://provision.hall.test{firmware_path('model-x', component, version)}"
    digest = firmware_sha256("model-x", component, version)
    return {component: {"version": version, "url": url, "sha256": digest}}


SUPPLY = image("PSU_0", "2.0.0")


@pytest.fixture
async def setup(tmp_path: Path) -> AsyncIterator[Setup]:
    async with claimed_server(tmp_path) as made:
        yield made


async def test_an_update_that_came_to_nothing_after_its_run_was_killed_is_sent_again(setup: Setup) -> None:
    setup.clock.die_at = setup.clock.now() + 20
    with pytest.raises(Killed):
        await setup.create(FIRMWARE, components=SUPPLY)
    flash = setup.bmc.machine.state.firmware.running
    assert flash is not None
    flash.reason = "the image was not written completely"
    setup.clock.simulated.advance(600)

    setup.again()
    outputs = await setup.create(FIRMWARE, components=SUPPLY)

    assert {"PSU_0": "2.0.0"} == outputs["versions"]
    assert {"flashes_started": 2, "flashes_completed": 1, "flashes_interrupted": 0} == setup.flashes()


async def test_a_run_that_is_overtaken_before_it_sends_an_update_once_more_sends_nothing(
    setup: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    setup.simulator.inject(FaultRule("disconnect", method="POST", path="*SimpleUpdate", times=1))
    with pytest.raises(PartialFailureError):
        await setup.create(FIRMWARE, components=SUPPLY)
    setup.again()
    setup.provider.hall().store.assert_may_write("lab/local")
    tasks = Firmware.tasks

    async def overtaken(firmware: Firmware) -> Sequence[UpdateTask]:
        newer = SqliteClaimStore(setup.folder / "claims.sqlite", RunIdentity("newer"))
        newer.assert_may_write("lab/local")
        return await tasks(firmware)

    monkeypatch.setattr(Firmware, "tasks", overtaken)
    with pytest.raises(StaleRunError):
        await setup.create(FIRMWARE, components=SUPPLY)

    assert 0 == setup.flashes()["flashes_started"]


async def test_a_stop_during_the_look_at_an_image_begins_no_flash(
    setup: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    verify = FirmwareImages.verify

    async def stopped(images: FirmwareImages, wanted: FirmwareImage) -> None:
        await verify(images, wanted)
        setup.provider.stop.set()

    monkeypatch.setattr(FirmwareImages, "verify", stopped)
    with pytest.raises(PartialFailureError, match="told to stop"):
        await setup.create(FIRMWARE, components=SUPPLY)

    assert 0 == setup.flashes()["flashes_started"]


async def test_a_server_is_not_reset_for_what_is_staged_and_no_longer_in_the_baseline(setup: Setup) -> None:
    outputs = await setup.create(FIRMWARE, components=image("BIOS", "1.1.0"))

    outputs = await setup.update(FIRMWARE, outputs, components=SUPPLY, applyOn="now")

    assert "2.0.0" == outputs["versions"]["PSU_0"]
    assert "1.1.0" == setup.bmc.machine.state.firmware.staged["BIOS"].version
    assert 0 == setup.bmc.machine.state.counters.boots


async def test_a_server_that_a_killed_run_left_on_for_its_self_test_is_switched_off(setup: Setup) -> None:
    outputs = await setup.create(FIRMWARE, components=SUPPLY)
    hall = setup.provider.hall()
    async with hall.setup(await hall.own_claim("hall/SN1", "lab/local"), Leash(setup.clock)) as (access, *_):
        await SetupPower(access, hall.budgets.power_ons).up()
    setup.again()

    await setup.update(FIRMWARE, outputs, components=SUPPLY)

    assert "Off" == setup.bmc.machine.state.power
    assert "setupPower" not in setup.record()


async def test_another_servers_firmware_is_neither_flashed_nor_taken_for_ours(setup: Setup) -> None:
    outputs = await setup.create(FIRMWARE, components=SUPPLY)
    setup.again()
    setup.simulator.inject(FaultRule("wrong-serial"))

    with pytest.raises(MachineError, match="expected serial SN1"):
        await setup.read(FIRMWARE, outputs)
    with pytest.raises(PartialFailureError, match="expected serial SN1"):
        await setup.update(FIRMWARE, outputs, components=image("BIOS", "1.1.0"))

    assert 1 == setup.flashes()["flashes_started"]


async def test_a_flash_that_is_under_way_is_gone_on_with_though_no_place_for_one_is_left(
    setup: Setup,
) -> None:
    setup.clock.die_at = setup.clock.now() + 20
    with pytest.raises(Killed):
        await setup.create(FIRMWARE, components=SUPPLY)
    setup.again()
    places = setup.provider.hall().budgets.firmware_updates

    async with AsyncExitStack() as others:
        for _ in range(places.limit):
            await others.enter_async_context(places.one(Leash(setup.clock)))
        async with asyncio.timeout(60):
            outputs = await setup.create(FIRMWARE, components=SUPPLY)

    assert {"PSU_0": "2.0.0"} == outputs["versions"]
    assert 1 == setup.flashes()["flashes_started"]


async def test_a_former_flash_of_the_same_image_is_not_taken_for_one_that_never_reached_the_bmc(
    setup: Setup,
) -> None:
    await setup.create(FIRMWARE, components=SUPPLY)
    setup.bmc.machine.state.firmware.versions["PSU_0"] = "1.0.0"
    setup.again()
    setup.simulator.inject(FaultRule("disconnect", method="POST", path="*SimpleUpdate", times=1))
    with pytest.raises(PartialFailureError, match="start the update of PSU_0"):
        await setup.create(FIRMWARE, components=SUPPLY)

    outputs = await setup.create(FIRMWARE, components=SUPPLY)

    assert ({"PSU_0": "2.0.0"}, 2) == (outputs["versions"], setup.flashes()["flashes_started"])


async def test_a_bmc_that_stays_silent_after_its_flash_has_begun_is_told(setup: Setup) -> None:
    setup.simulator.inject(FaultRule("disconnect", method="GET", path="*/Tasks/*"))

    with pytest.raises(PartialFailureError, match="hall/SN1"):
        await setup.create(FIRMWARE, components=SUPPLY)

    assert 1 == setup.flashes()["flashes_started"]
