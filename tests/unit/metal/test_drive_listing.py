"""A wipe proves every drive that a server has, however late, in parts or alike its BMC shows them."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from argosy_metal.lifecycle import MachineNotReadyError
from argosy_metal.lifecycle import wipe as module
from argosy_metal.redfish import RedfishClient
from argosy_metal.redfish.drive_erase import EraseTask, start_erase
from argosy_metal.redfish.storage import Drive
from argosy_metal.simulator import FaultRule, resources_storage
from argosy_metal.simulator.bmc import Bmc
from argosy_metal.simulator.hardware import DriveGroup

from .setup_halls import Killed, KillPoints, Setup
from .wiped_server import blank, drive_paths, used_server, wipe

NVME = "*/Storage/Unit_1"
Change = Callable[[str], dict[str, Any]]


@pytest.fixture
async def setup(tmp_path: Path) -> AsyncIterator[Setup]:
    async with used_server(tmp_path) as made:
        yield made


def names(setup: Setup) -> list[str]:
    return sorted(setup.bmc.hardware.drive_names)


def drives_say(monkeypatch: pytest.MonkeyPatch, change: Change) -> None:
    """Every drive's resource is changed by what `change` gives for its id."""
    drive: Any = getattr(resources_storage, "_drive")  # noqa: B009 - it is the simulator's own

    def changed(bmc: Bmc, unit: int, name: str, group: DriveGroup) -> dict[str, Any]:
        return drive(bmc, unit, name, group) | change(name)

    monkeypatch.setattr(resources_storage, "_drive", changed)


async def test_drives_that_show_only_while_the_server_is_on_are_erased_too(setup: Setup) -> None:
    setup.simulator.inject(FaultRule("late-drives", path=NVME))

    proof = await wipe(setup)

    assert names(setup) == blank(setup) == sorted(drive.slot for drive in proof.drives)


async def test_a_server_that_shows_no_drive_at_all_while_it_is_off_is_wiped(setup: Setup) -> None:
    setup.simulator.inject(FaultRule("late-drives"))

    await wipe(setup)

    assert names(setup) == blank(setup)


async def test_where_a_bmc_does_not_tell_of_the_self_test_its_list_must_stay_for_as_long_as_one_takes(
    setup: Setup,
) -> None:
    setup.simulator.inject(
        FaultRule("missing-fields", fields=("BootProgress",)),
        FaultRule(
            "missing-fields",
            path=NVME,
            fields=("Drives", "Drives@odata.count"),
            until=setup.clock.now() + 800,
        ),
    )

    await wipe(setup)

    assert names(setup) == blank(setup)


async def test_a_drive_that_appears_while_others_are_erased_leaves_nothing_proven_and_is_erased_next(
    setup: Setup,
) -> None:
    slept = setup.clock.sleep

    async def appears(seconds: float) -> None:
        await slept(seconds)
        if setup.bmc.machine.state.parts.erasing:
            setup.simulator.clear_faults()

    setup.simulator.inject(
        FaultRule("missing-fields", path=NVME, fields=("Drives", "Drives@odata.count")),
    )
    setup.clock.sleep = appears
    with pytest.raises(MachineNotReadyError) as refused:
        await wipe(setup, "BlockErase")

    assert "drives have appeared while the others were erased: U2-0 (SN1-U2-0), U2-1" in str(refused.value)
    assert {"wipe", "setupPower"} <= set(setup.record())
    proof = await wipe(setup, "BlockErase")
    assert names(setup) == blank(setup) == sorted(drive.slot for drive in proof.drives)
    assert len(names(setup)) == setup.writes().count(("POST", "Drive.SecureErase")), "none is erased twice"


async def test_a_drive_that_a_killed_run_saw_and_that_is_gone_by_now_is_not_forgotten(
    setup: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    points = KillPoints(monkeypatch)
    points.die_at = 3
    with pytest.raises(Killed):
        await wipe(setup)
    points.die_at = None
    setup.again()
    setup.bmc.hardware = setup.bmc.hardware.model_copy(update={"drives": (setup.bmc.hardware.drives[0],)})

    with pytest.raises(MachineNotReadyError) as refused:
        await wipe(setup)

    assert "drive U2-0 (SN1-U2-0) is not shown any more" in str(refused.value)
    assert ([], "Off") == (blank(setup), setup.bmc.machine.state.power)


async def test_a_run_that_misses_a_drive_leaves_the_erases_that_go_on(setup: Setup) -> None:
    slept = setup.clock.sleep

    async def told_to_stop(seconds: float) -> None:
        await slept(seconds)
        if setup.bmc.machine.state.parts.erasing:
            setup.provider.stop.set()

    setup.clock.sleep = told_to_stop
    with pytest.raises(MachineNotReadyError, match="told to stop"):
        await wipe(setup, "BlockErase")
    setup.clock.sleep = slept
    setup.again()
    setup.simulator.inject(
        FaultRule("missing-fields", path=NVME, fields=("Drives", "Drives@odata.count")),
    )

    with pytest.raises(
        MachineNotReadyError, match=r"U2-0 .* is not shown any more.*no drive was erased anew"
    ):
        await wipe(setup, "BlockErase")

    assert ("On", 10) == (setup.bmc.machine.state.power, len(setup.bmc.machine.state.parts.erasing))


async def test_a_drive_that_is_swapped_between_two_looks_is_told(
    setup: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    drives_say(
        monkeypatch,
        lambda name: (
            {"SerialNumber": "NEW"} if name == "U2-3" and setup.bmc.machine.state.power == "On" else {}
        ),
    )

    with pytest.raises(MachineNotReadyError, match=r"drive U2-3 \(SN1-U2-3\) was swapped for NEW"):
        await wipe(setup)

    assert [] == blank(setup)


async def test_pages_of_collections_and_of_lists_are_all_read(setup: Setup) -> None:
    setup.simulator.inject(FaultRule("paged"))

    await wipe(setup)

    assert names(setup) == blank(setup)


async def test_drives_of_one_serial_number_are_erased_and_proven_each_for_itself(
    setup: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    drives_say(monkeypatch, lambda name: {"SerialNumber": "To be filled by O.E.M."})

    proof = await wipe(setup)

    assert names(setup) == blank(setup)
    assert sorted(drive_paths(setup)) == sorted(drive.path for drive in proof.drives)
    assert len(names(setup)) == len({drive.task for drive in proof.drives})


@pytest.mark.parametrize("serial", [None, "", " ", "N/A", "00000000", "None"])
async def test_drives_without_a_serial_number_are_never_taken_for_one_another(
    setup: Setup, monkeypatch: pytest.MonkeyPatch, serial: str | None
) -> None:
    drives_say(monkeypatch, lambda name: {"SerialNumber": serial} if name.startswith("U2-") else {})

    with pytest.raises(MachineNotReadyError) as refused:
        await wipe(setup)

    assert 8 == str(refused.value).count("the BMC tells no serial number")
    assert ([], "Off") == (blank(setup), setup.bmc.machine.state.power)


async def test_a_serial_number_that_shows_only_while_the_server_is_on_is_enough(
    setup: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    drives_say(
        monkeypatch, lambda name: {} if setup.bmc.machine.state.power == "On" else {"SerialNumber": None}
    )

    assert {f"SN1-{name}" for name in names(setup)} == {drive.serial for drive in (await wipe(setup)).drives}


async def test_a_drive_that_two_controllers_list_is_erased_once(
    setup: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage: Any = getattr(resources_storage, "_storage")  # noqa: B009 - it is the simulator's own

    def of_both(bmc: Bmc, unit: int) -> dict[str, Any]:
        return storage(bmc, 1) | {"@odata.id": storage(bmc, unit)["@odata.id"]}

    monkeypatch.setattr(resources_storage, "_storage", of_both)

    assert 8 == len((await wipe(setup)).drives)
    assert 8 == setup.writes().count(("POST", "Drive.SecureErase"))


async def test_a_task_that_a_bmc_names_for_two_drives_proves_only_one(
    setup: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[EraseTask] = []

    async def names_the_first(client: RedfishClient, drive: Drive, method: str) -> EraseTask:
        begun.append(begun[0] if begun else await start_erase(client, drive, method))
        return begun[0]

    monkeypatch.setattr(module, "start_erase", names_the_first)
    with pytest.raises(MachineNotReadyError, match=r"M2-1 .* a task for it that is another drive's"):
        await wipe(setup)

    assert 2 == len(begun)


async def test_erases_of_an_earlier_machine_prove_nothing_for_this_one(setup: Setup) -> None:
    setup.simulator.inject(FaultRule("task-exception", method="POST", path="*U2-7*SecureErase", times=1))
    with pytest.raises(MachineNotReadyError):
        await wipe(setup)
    claim = setup.provider.hall().store.find("hall", setup.serial)
    assert claim is not None
    setup.provider.hall().store.change(
        claim,
        attempts=claim.attempts + 1,
        record={**claim.record, "setupPower": {"machine": 1, "attempts": 2}},
    )
    setup.bmc.machine.state.parts.write_all()

    await wipe(setup)

    assert names(setup) == blank(setup)
