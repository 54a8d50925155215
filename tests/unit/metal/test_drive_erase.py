"""A wipe through the BMC proves every drive by a finished task, and nothing less counts."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from argosy_metal.lifecycle import MachineError, MachineNotReadyError
from argosy_metal.lifecycle import wipe as module
from argosy_metal.lifecycle.wipe_drives import SeenDrive
from argosy_metal.redfish import RedfishClient
from argosy_metal.redfish.drive_erase import EraseTask
from argosy_metal.redfish.messages import Response
from argosy_metal.redfish.storage import Drive
from argosy_metal.simulator import FaultRule
from argosy_metal.simulator.hardware import DriveGroup

from .setup_halls import Killed, KillPoints, Setup, claimed_server
from .wiped_server import blank, drive_paths, used_server, was_used, wipe

ERASE = "*Drive.SecureErase"


@pytest.fixture
async def setup(tmp_path: Path) -> AsyncIterator[Setup]:
    async with used_server(tmp_path) as made:
        yield made


async def test_every_drive_is_proven_by_its_own_finished_task(setup: Setup) -> None:
    proof = await wipe(setup)

    names = setup.bmc.hardware.drive_names
    assert sorted(names) == sorted(drive.slot for drive in proof.drives) == blank(setup)
    assert {f"SN1-{name}" for name in names} == {drive.serial for drive in proof.drives}
    assert {"CryptographicErase"} == {drive.method for drive in proof.drives}
    assert len(names) == len({drive.task for drive in proof.drives})
    assert all(drive.ended for drive in proof.drives)
    assert ("SN1", len(names)) == (proof.server, len(json.loads(proof.to_json())["drives"]))


async def test_the_installed_system_neither_boots_nor_survives_and_the_server_is_off(setup: Setup) -> None:
    seen: list[str] = []
    look = setup.bmc.machine.advance

    def watch(now: float) -> None:
        look(now)
        seen.append(setup.bmc.machine.state.boot_progress)

    setup.bmc.machine.advance = watch
    await wipe(setup, "BlockErase")

    state = setup.bmc.machine.state
    assert "OSBootStarted" not in seen
    assert (None, "Off") == (state.installed, state.power)
    assert {"wipe", "setupPower"}.isdisjoint(setup.record())


async def test_a_drive_that_cannot_do_the_method_stops_all_before_any_is_touched(setup: Setup) -> None:
    with pytest.raises(MachineError) as refused:
        await wipe(setup, "Overwrite")

    assert "its drives cannot be erased by Overwrite" in str(refused.value)
    assert 10 == str(refused.value).count("offers BlockErase, CryptographicErase")
    assert ([], []) == (blank(setup), setup.writes())


async def test_a_server_without_drives_proves_nothing(setup: Setup) -> None:
    setup.bmc.hardware = setup.bmc.hardware.model_copy(update={"drives": ()})

    with pytest.raises(MachineError, match="the BMC shows no drives"):
        await wipe(setup)


async def test_without_a_method_each_drive_does_the_quickest_that_it_has(setup: Setup) -> None:
    slow = DriveGroup(
        count=1, slot="HDD-{}", model="x", capacity_gb=100, protocol="SATA", erases=("Overwrite",)
    )
    fast = slow.model_copy(update={"slot": "SSD-{}", "erases": ("Overwrite", "BlockErase")})
    setup.bmc.hardware = setup.bmc.hardware.model_copy(update={"drives": (slow, fast)})

    proof = await wipe(setup)

    assert {"HDD-0": "Overwrite", "SSD-0": "BlockErase"} == {d.slot: d.method for d in proof.drives}


async def test_volumes_go_before_their_drives_are_erased(tmp_path: Path) -> None:
    async with claimed_server(tmp_path) as setup:
        setup.bmc.machine.state.parts.create_volume("os", "RAID1", ["M2-0", "M2-1"], 480 * 10**9, 0)
        was_used(setup)

        await wipe(setup)

        assert {} == setup.bmc.machine.state.parts.volumes
        assert sorted(setup.bmc.hardware.drive_names) == blank(setup)


async def test_a_loss_of_power_in_the_middle_is_no_proof_and_the_drives_are_erased_again(
    setup: Setup,
) -> None:
    setup.bmc.machine.state.installed = None
    slept = setup.clock.sleep

    async def power_fails(seconds: float) -> None:
        await slept(seconds)
        if setup.bmc.machine.state.parts.erasing:
            setup.bmc.lose_power(bmc_too=False)

    setup.clock.sleep = power_fails
    with pytest.raises(MachineNotReadyError) as failed:
        await wipe(setup, "BlockErase")
    setup.clock.sleep = slept

    assert "is not proven to be erased" in str(failed.value)
    assert [] == blank(setup)
    proof = await wipe(setup, "BlockErase")
    assert sorted(setup.bmc.hardware.drive_names) == blank(setup)
    assert len(proof.drives) == len({drive.task for drive in proof.drives})


async def test_a_bmc_that_forgets_its_tasks_gives_no_proof(setup: Setup) -> None:
    slept = setup.clock.sleep

    async def restarts(seconds: float) -> None:
        await slept(seconds)
        if setup.bmc.machine.state.parts.erasing:
            setup.bmc.lose_power(bmc_too=True)

    setup.clock.sleep = restarts
    with pytest.raises(MachineNotReadyError) as failed:
        await wipe(setup, "BlockErase")
    setup.clock.sleep = slept

    assert "the BMC does not know the task any more" in str(failed.value)
    assert 10 == len((await wipe(setup, "BlockErase")).drives)


async def test_a_task_of_the_same_number_that_began_at_another_time_is_no_proof(setup: Setup) -> None:
    """A BMC that restarts counts its tasks from the beginning again."""
    hall = setup.provider.hall()
    claim = await hall.own_claim(setup.server_id, "lab/local")
    old = setup.bmc.tasks.start("something else")
    (path,) = [path for path in drive_paths(setup) if path.endswith("U2-0")]
    task = EraseTask(
        "SN1-U2-0", "BlockErase", f"/redfish/v1/TaskService/Tasks/{old.id}", "1999-01-01T00:00:00Z"
    )
    seen = SeenDrive(path, "SN1-U2-0", "U2-0")
    noted = {"machine": [1, 1], "drives": {seen.key: {**task.values(), **seen.values()}}}
    hall.store.change(claim, record={**claim.record, "wipe": noted})
    setup.clock.simulated.advance(60)

    proof = await wipe(setup, "BlockErase")

    assert task.task not in {drive.task for drive in proof.drives}
    assert "U2-0" in blank(setup)


async def test_a_task_that_fails_is_told_with_the_drive(setup: Setup) -> None:
    setup.simulator.inject(FaultRule("task-exception", method="POST", path=ERASE, times=1))

    with pytest.raises(MachineNotReadyError) as failed:
        await wipe(setup)

    assert "drive M2-0 (SN1-M2-0) is not proven to be erased" in str(failed.value)
    assert "erases the drive again" in str(failed.value)
    assert 10 == len((await wipe(setup)).drives)


async def test_a_lost_answer_erases_no_drive_twice(setup: Setup) -> None:
    setup.simulator.inject(FaultRule("lose-answer", method="POST", path=ERASE, times=1))
    with pytest.raises(MachineNotReadyError):
        await wipe(setup, "BlockErase")
    setup.again()

    await wipe(setup, "BlockErase")

    erases = [path for _, path in setup.writes() if path == "Drive.SecureErase"]
    assert len(setup.bmc.hardware.drive_names) == len(erases)


async def test_an_answer_without_a_task_is_refused(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    posted = RedfishClient.post

    async def answers_at_once(client: RedfishClient, path: str, *rest: object, **more: object) -> Response:
        if path.endswith("SecureErase"):
            return Response(204, {}, {})
        return await posted(client, path, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(RedfishClient, "post", answers_at_once)
    with pytest.raises(MachineNotReadyError) as refused:
        await wipe(setup)

    assert "answered without a task, so nothing would prove that it was done" in str(refused.value)


async def test_a_server_that_others_have_switched_on_is_not_erased(setup: Setup) -> None:
    setup.bmc.machine.state.power = "On"

    with pytest.raises(MachineNotReadyError, match="was not switched on by this claims store"):
        await wipe(setup)

    assert ([], []) == (blank(setup), setup.writes())


async def test_a_drive_that_is_swapped_meanwhile_is_not_erased(
    setup: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = module.observe_drive

    async def swapped(client: RedfishClient, path: str) -> Drive:
        return replace(await look(client, path), serial="NEW")

    monkeypatch.setattr(module, "observe_drive", swapped)
    with pytest.raises(MachineNotReadyError, match="was swapped for NEW"):
        await wipe(setup)

    assert [] == blank(setup)


async def test_swapped_hardware_is_not_erased(setup: Setup) -> None:
    setup.simulator.inject(FaultRule("wrong-serial", host="bmc-1.*"))

    with pytest.raises(MachineNotReadyError, match="was the hardware swapped"):
        await wipe(setup)

    assert [] == setup.writes()


async def test_told_to_stop_the_erases_go_on_and_the_next_run_waits_for_them(setup: Setup) -> None:
    slept = setup.clock.sleep

    async def told_to_stop(seconds: float) -> None:
        await slept(seconds)
        if len(setup.bmc.machine.state.parts.erasing) == 10:
            setup.provider.stop.set()

    setup.clock.sleep = told_to_stop
    with pytest.raises(MachineNotReadyError, match="told to stop"):
        await wipe(setup, "BlockErase")
    setup.clock.sleep = slept
    assert ("On", 10) == (setup.bmc.machine.state.power, len(setup.bmc.machine.state.parts.erasing))
    setup.again()

    await wipe(setup, "BlockErase")

    assert 10 == [path for _, path in setup.writes()].count("Drive.SecureErase")


@pytest.mark.parametrize("nth", range(1, 41, 4))
async def test_killed_in_the_middle_the_next_run_proves_every_drive(
    setup: Setup, monkeypatch: pytest.MonkeyPatch, nth: int
) -> None:
    points = KillPoints(monkeypatch)
    points.die_at = nth
    try:
        await wipe(setup, "BlockErase")
    except Killed:
        setup.again()
    points.die_at = None

    proof = await wipe(setup, "BlockErase")

    assert sorted(setup.bmc.hardware.drive_names) == blank(setup)
    assert 10 == len(proof.drives)
    assert "Off" == setup.bmc.machine.state.power
