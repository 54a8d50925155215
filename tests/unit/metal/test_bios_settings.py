"""BIOS attributes are checked, set once, applied when they may be, and given back."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from argosy_metal.claims import Phase, StaleRunError
from argosy_metal.lifecycle import MachineError
from argosy_metal.provider.failures import PartialFailureError
from argosy_metal.simulator import FaultRule
from argosy_metal.simulator.boot_sources import BootableImage

from .setup_halls import Killed, KillPoints, Setup, claimed_server

BIOS = "baremetal:index:BiosSettings"
WRITES = 14
"""Moments before and after a write, in a run that sets attributes and has a self-test run."""
WANTED = {"SriovGlobalEnable": "Enabled", "PowerOnDelaySeconds": 30}


@pytest.fixture
async def setup(tmp_path: Path) -> AsyncIterator[Setup]:
    async with claimed_server(tmp_path) as made:
        yield made


def boot(setup: Setup) -> None:
    """What resets the server next, whatever it is."""
    setup.bmc.machine.reset("On", setup.clock.now())
    setup.clock.simulated.advance(600)
    setup.bmc.step(setup.clock.now())


async def test_attributes_wait_for_the_next_reset_and_nothing_is_reset_for_them(setup: Setup) -> None:
    outputs = await setup.create(BIOS, attributes=WANTED)

    assert ({}, WANTED) == (setup.bmc.machine.state.bios.changed, outputs["pending"])
    assert {"SriovGlobalEnable": "Disabled", "PowerOnDelaySeconds": 0} == outputs["applied"]
    assert [("PATCH", "Settings")] == setup.writes()
    assert "Off" == setup.bmc.machine.state.power


async def test_what_waits_is_applied_by_the_next_self_test_and_a_refresh_shows_it(setup: Setup) -> None:
    outputs = await setup.create(BIOS, attributes=WANTED)
    assert [] == setup.changes(BIOS, outputs, attributes=WANTED)
    boot(setup)

    found = await setup.read(BIOS, outputs)

    assert (WANTED, {}) == (found.outputs["applied"], found.outputs["pending"])
    assert [] == setup.changes(BIOS, found.outputs, attributes=WANTED)


async def test_what_is_there_already_is_not_written_again(setup: Setup) -> None:
    outputs = await setup.create(BIOS, attributes=WANTED)
    writes = setup.writes()

    await setup.update(BIOS, outputs, attributes=WANTED)

    assert writes == setup.writes()


async def test_an_attribute_that_someone_changed_is_reported_and_set_again(setup: Setup) -> None:
    outputs = await setup.create(BIOS, attributes=WANTED, applyOn="now")
    setup.bmc.machine.state.bios.changed["SriovGlobalEnable"] = "Disabled"

    found = await setup.read(BIOS, outputs)
    assert ["applied"] == setup.changes(BIOS, found.outputs, attributes=WANTED, applyOn="now")
    await setup.update(BIOS, found.outputs, attributes=WANTED, applyOn="now")

    assert "Enabled" == setup.bmc.machine.state.bios.changed["SriovGlobalEnable"]


async def test_a_server_that_is_off_goes_through_its_self_test_and_is_off_again(setup: Setup) -> None:
    outputs = await setup.create(BIOS, attributes=WANTED, applyOn="now")

    assert (WANTED, {}) == (outputs["applied"], outputs["pending"])
    assert "Off" == setup.bmc.machine.state.power
    assert 1 == setup.bmc.machine.state.counters.boots
    assert "setupPower" not in setup.record()


async def test_nothing_on_the_drives_boots_for_a_self_test(setup: Setup) -> None:
    setup.bmc.machine.state.installed = BootableImage(
        "https://provision.hall.test/images/node.iso", "a" * 64, None
    )
    seen: list[str] = []
    look = setup.bmc.machine.advance

    def watch(now: float) -> None:
        look(now)
        seen.append(setup.bmc.machine.state.boot_progress)

    setup.bmc.machine.advance = watch
    await setup.create(BIOS, attributes=WANTED, applyOn="now")

    assert "SetupEntered" in seen
    assert "OSBootStarted" not in seen


async def test_all_wrong_attributes_are_told_at_once_and_nothing_is_written(setup: Setup) -> None:
    wrong = {
        "HyperTreading": "Enabled",
        "NumaNodesPerSocket": "NPS3",
        "PowerOnDelaySeconds": 301,
        "MemoryEncryption": "yes",
        "AssetTag": "x" * 33,
        "ProcessorCount": 4,
        "SetupPassword": "hunter2",
    }

    with pytest.raises(MachineError) as refused:
        await setup.create(BIOS, attributes=wrong)

    for part in (
        "hall/SN1 (train/slot-01): phase claimed: BIOS attributes cannot be set",
        "AssetTag: given 33 characters; expected 32 at most",
        "HyperTreading: this BIOS has no such attribute; closest: 'HyperThreading'",
        "MemoryEncryption: given 'yes'; expected true or false",
        "NumaNodesPerSocket: given 'NPS3'; expected one of NPS1, NPS2, NPS4",
        "PowerOnDelaySeconds: given 301; expected 0 to 300",
        "ProcessorCount: it is read-only",
        "SetupPassword: it is a password, which no settings hold; set it by hand",
    ):
        assert part in str(refused.value)
    assert "hunter2" not in str(refused.value)
    assert [] == setup.writes()


async def test_a_server_that_runs_a_machine_is_not_rebooted_unasked(setup: Setup) -> None:
    boot(setup)
    setup.phase_is(Phase.RUNNING)

    with pytest.raises(PartialFailureError, match="it runs a machine, which is not rebooted unasked") as told:
        await setup.create(BIOS, attributes=WANTED, applyOn="now")

    assert "drain it, then set `allowReboot: true`" in str(told.value)
    assert [("PATCH", "Settings")] == setup.writes()
    assert {"SriovGlobalEnable": "Disabled", "PowerOnDelaySeconds": 0} == told.value.outputs["captured"]


async def test_a_server_that_runs_a_machine_is_rebooted_on_the_programs_word(setup: Setup) -> None:
    boot(setup)
    setup.phase_is(Phase.RUNNING)

    outputs = await setup.create(BIOS, attributes=WANTED, applyOn="now", allowReboot=True)

    assert WANTED == outputs["applied"]
    assert "On" == setup.bmc.machine.state.power


@pytest.mark.parametrize("phase", [Phase.PREPARING, Phase.BOOTING, Phase.INSTALLING, Phase.LEAVING])
async def test_a_server_that_is_being_installed_or_taken_down_is_left_alone(
    setup: Setup, phase: Phase
) -> None:
    boot(setup)
    setup.phase_is(phase)

    with pytest.raises(PartialFailureError, match="being installed on it or taken down"):
        await setup.create(BIOS, attributes=WANTED, applyOn="now", allowReboot=True)

    assert ("POST", "ComputerSystem.Reset") not in setup.writes()


async def test_a_server_that_others_have_switched_on_is_left_alone_whatever_the_program_says(
    setup: Setup,
) -> None:
    boot(setup)

    with pytest.raises(PartialFailureError, match="was not switched on by this claims store"):
        await setup.create(BIOS, attributes=WANTED, applyOn="now", allowReboot=True)

    assert ("POST", "ComputerSystem.Reset") not in setup.writes()


@pytest.mark.parametrize("seconds", range(0, 200, 13))
async def test_a_run_that_was_killed_at_any_time_is_gone_on_with_by_the_next(
    setup: Setup, seconds: int
) -> None:
    setup.clock.die_at = setup.clock.now() + seconds
    killed = False
    try:
        await setup.create(BIOS, attributes=WANTED, applyOn="now")
    except Killed:
        killed = True
        setup.again()
        await setup.create(BIOS, attributes=WANTED, applyOn="now")

    assert killed or seconds > 100
    assert WANTED == setup.bmc.machine.state.bios.changed
    assert ("Off", 1) == (setup.bmc.machine.state.power, setup.bmc.machine.state.counters.boots)
    assert {"SriovGlobalEnable": "Disabled", "PowerOnDelaySeconds": 0} == setup.record()["bios"]["captured"]


@pytest.mark.parametrize("point", range(1, WRITES + 1))
async def test_a_run_that_was_killed_at_any_write_is_gone_on_with_by_the_next(
    setup: Setup, monkeypatch: pytest.MonkeyPatch, point: int
) -> None:
    points = KillPoints(monkeypatch)
    points.die_at = point
    try:
        outputs = await setup.create(BIOS, attributes=WANTED, applyOn="now")
    except Killed:
        setup.again()
        outputs = await setup.create(BIOS, attributes=WANTED, applyOn="now")

    assert points.was_killed
    assert WANTED == outputs["applied"]
    assert {"SriovGlobalEnable": "Disabled", "PowerOnDelaySeconds": 0} == outputs["captured"]
    assert "Off" == setup.bmc.machine.state.power
    assert "setupPower" not in setup.record()


async def test_the_moments_at_which_runs_are_killed_here_are_all_there_are(
    setup: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    points = KillPoints(monkeypatch)

    await setup.create(BIOS, attributes=WANTED, applyOn="now")

    assert WRITES == points.passed


def ignored(*_: Any, **__: Any) -> None:
    return


async def test_a_write_that_the_bmc_accepts_and_ignores_is_noticed(
    setup: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(setup.bmc.machine.state.bios, "set_pending", ignored)

    with pytest.raises(PartialFailureError, match="accepted it, but it does not show after 60 s"):
        await setup.create(BIOS, attributes=WANTED)


async def test_attributes_that_the_bios_never_takes_over_are_told_and_the_server_is_off_again(
    setup: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(setup.bmc.machine.state.bios, "self_test", ignored)

    with pytest.raises(PartialFailureError, match="what waits for the self-test does not show after 1800 s"):
        await setup.create(BIOS, attributes=WANTED, applyOn="now")

    assert "Off" == setup.bmc.machine.state.power


async def test_another_serial_number_at_the_address_stops_everything(setup: Setup) -> None:
    setup.simulator.inject(FaultRule("wrong-serial"))

    with pytest.raises(PartialFailureError, match="was the hardware swapped"):
        await setup.create(BIOS, attributes=WANTED)

    assert [] == setup.writes()


async def test_deleting_forgets_and_changes_nothing(setup: Setup) -> None:
    outputs = await setup.create(BIOS, attributes=WANTED, applyOn="now")
    writes = setup.writes()

    await setup.delete(BIOS, outputs)

    assert writes == setup.writes()
    assert "bios" not in setup.record()


async def test_deleting_gives_back_what_was_there_before_if_the_program_said_so(setup: Setup) -> None:
    setup.bmc.machine.state.bios.changed["PowerOnDelaySeconds"] = 7
    first = await setup.create(BIOS, attributes=WANTED, applyOn="now", restoreOnDelete=True)
    outputs = await setup.update(
        BIOS, first, attributes={**WANTED, "AssetTag": "x"}, applyOn="now", restoreOnDelete=True
    )
    assert {"SriovGlobalEnable": "Disabled", "PowerOnDelaySeconds": 7, "AssetTag": ""} == outputs["captured"]

    await setup.delete(BIOS, outputs)

    in_force = setup.bmc.machine.state.bios.changed
    assert ("Disabled", 7, "") == tuple(
        in_force[name] for name in ("SriovGlobalEnable", "PowerOnDelaySeconds", "AssetTag")
    )
    assert "bios" not in setup.record()


async def test_without_a_reset_what_was_there_before_is_pending_after_a_delete(setup: Setup) -> None:
    outputs = await setup.create(BIOS, attributes=WANTED, restoreOnDelete=True)
    boot(setup)

    await setup.delete(BIOS, outputs)

    bios = setup.bmc.machine.state.bios
    assert (WANTED, {"SriovGlobalEnable": "Disabled", "PowerOnDelaySeconds": 0}) == (
        bios.changed,
        bios.pending,
    )
    assert ("POST", "ComputerSystem.Reset") not in setup.writes()


async def test_a_new_description_of_the_server_forgets_nothing(setup: Setup) -> None:
    await setup.create(BIOS, attributes=WANTED)
    before = setup.record()["bios"]

    await setup.claim()

    assert before == setup.record()["bios"]


async def test_a_run_that_a_newer_one_has_taken_over_from_writes_nothing(setup: Setup) -> None:
    setup.provider.hall().store.fence("lab/local")

    with pytest.raises(StaleRunError):
        await setup.create(BIOS, attributes=WANTED, applyOn="now")

    assert [] == setup.writes()


async def test_a_server_of_another_stack_is_neither_set_nor_forgotten(setup: Setup) -> None:
    outputs = await setup.create(BIOS, attributes=WANTED)
    setup.stack = "other"

    with pytest.raises(Exception, match="owned by stack lab/local"):
        await setup.create(BIOS, attributes={"AssetTag": "mine"})
    await setup.delete(BIOS, outputs)

    assert "bios" in setup.record()


async def test_an_import_takes_what_is_not_at_its_default_and_writes_nothing(setup: Setup) -> None:
    setup.bmc.machine.state.bios.changed |= {"AssetTag": "rack 7", "HyperThreading": "Enabled"}

    found = await setup.read(BIOS)

    assert {"AssetTag": "rack 7"} == found.inputs["attributes"]
    assert [] == setup.writes()
    assert [] == setup.changes(BIOS, found.outputs, attributes={"AssetTag": "rack 7"})


async def test_a_silent_bmc_is_an_error_and_never_means_that_the_settings_are_gone(setup: Setup) -> None:
    outputs = await setup.create(BIOS, attributes=WANTED)
    setup.simulator.inject(FaultRule("disconnect"))

    with pytest.raises(MachineError, match="the server is not taken for gone"):
        await setup.read(BIOS, outputs)


async def test_another_server_is_another_resource_and_allow_reboot_wants_now(setup: Setup) -> None:
    outputs = await setup.create(BIOS, attributes=WANTED)
    assert ["serverId"] == setup.changes(BIOS, outputs, attributes=WANTED, serverId="hall/SN2")

    _, failures = setup.kind(BIOS).check(
        {"serverId": "SN1", "attributes": {"A": 0.5}, "allowReboot": True, "applyOn": "nextReboot"}
    )

    assert ["attributes", "serverId", "allowReboot"] == [name for name, _ in failures]


@pytest.mark.parametrize(
    ("vendor", "settings"),
    [("hpe", "settings"), ("lenovo", "Pending"), ("ami-dgx", "SD"), ("supermicro", "Settings")],
)
async def test_every_vendors_settings_object_is_found_and_written(
    tmp_path: Path, vendor: str, settings: str
) -> None:
    async with claimed_server(tmp_path, vendor) as setup:
        outputs = await setup.create(BIOS, attributes=WANTED, applyOn="now")

        assert WANTED == outputs["applied"]
        assert ("PATCH", settings) in setup.writes()


async def test_a_bmc_without_attributes_says_so(tmp_path: Path) -> None:
    async with claimed_server(tmp_path, "openbmc") as setup:
        with pytest.raises(PartialFailureError, match="this BMC offers no BIOS attributes to set"):
            await setup.create(BIOS, attributes=WANTED)


async def test_a_dell_gets_a_job_or_its_attributes_would_wait_for_ever(tmp_path: Path) -> None:
    async with claimed_server(tmp_path, "dell") as setup:
        await setup.create(BIOS, attributes=WANTED)
        boot(setup)

        assert WANTED == setup.bmc.machine.state.bios.changed


async def test_attributes_that_someone_left_pending_on_a_dell_get_their_job(tmp_path: Path) -> None:
    async with claimed_server(tmp_path, "dell") as setup:
        setup.bmc.machine.state.bios.set_pending(WANTED, scheduled=False)

        await setup.create(BIOS, attributes=WANTED, applyOn="now")

        assert WANTED == setup.bmc.machine.state.bios.changed


async def test_a_job_with_other_values_is_told_or_carried_out_first(tmp_path: Path) -> None:
    async with claimed_server(tmp_path, "dell") as setup:
        outputs = await setup.create(BIOS, attributes={"AssetTag": "first"})

        with pytest.raises(PartialFailureError, match="JID_900000000001 waits for the next reset"):
            await setup.update(BIOS, outputs, attributes={"AssetTag": "second"})
        await setup.update(BIOS, outputs, attributes={"AssetTag": "second"}, applyOn="now")

        assert {"AssetTag": "second"} == setup.bmc.machine.state.bios.changed
        assert "Off" == setup.bmc.machine.state.power
