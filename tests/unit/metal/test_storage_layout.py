"""Volumes are made once, on drives that are free, while no machine is there, and never at others' cost."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from argosy_metal.claims import Phase
from argosy_metal.lifecycle import MachineError
from argosy_metal.provider.failures import NotPossibleError, PartialFailureError
from argosy_metal.simulator import FaultRule

from .setup_halls import Killed, KillPoints, Setup, claimed_server

STORAGE = "baremetal:index:StorageLayout"
OS: dict[str, Any] = {"name": "os", "raid": "RAID1", "drives": {"count": 2, "protocol": "SATA"}}
DATA: dict[str, Any] = {"name": "data", "raid": "RAID10", "drives": {"count": 4, "minCapacityGb": 3000}}


@pytest.fixture
async def setup(tmp_path: Path) -> AsyncIterator[Setup]:
    async with claimed_server(tmp_path) as made:
        yield made


def held(setup: Setup) -> dict[str, list[str]]:
    """Drives by volume, without the claim's mark."""
    volumes = setup.bmc.machine.state.parts.volumes.values()
    return {volume.name.partition("-")[0]: volume.drives for volume in volumes}


def foreign_volume(setup: Setup, *drives: str) -> None:
    setup.bmc.machine.state.parts.create_volume("legacy", "RAID0", list(drives), 480 * 10**9, 0)


async def test_volumes_are_made_on_drives_of_the_wanted_kind_and_the_server_is_off_again(
    setup: Setup,
) -> None:
    outputs = await setup.create(STORAGE, volumes=[OS, DATA])

    assert {"os": ["M2-0", "M2-1"], "data": ["Bay-0", "Bay-1", "Bay-2", "Bay-3"]} == held(setup)
    assert outputs["complete"]
    assert [("RAID10", 7680, True), ("RAID1", 480, True)] == [
        (volume["raid"], volume["capacityGb"], volume["made"]) for volume in outputs["observed"]
    ]
    assert "Off" == setup.bmc.machine.state.power
    assert "setupPower" not in setup.record()


async def test_what_is_there_already_is_not_made_again_and_the_server_stays_off(setup: Setup) -> None:
    outputs = await setup.create(STORAGE, volumes=[OS])
    writes = setup.writes()

    again = await setup.create(STORAGE, volumes=[OS])

    assert (outputs, writes) == (again, setup.writes())
    assert [] == setup.changes(STORAGE, outputs, volumes=[OS])


async def test_no_installed_system_boots_while_volumes_are_made(setup: Setup) -> None:
    seen: list[str] = []
    look = setup.bmc.machine.advance

    def watch(now: float) -> None:
        look(now)
        seen.append(setup.bmc.machine.state.boot_progress)

    setup.bmc.machine.advance = watch
    await setup.create(STORAGE, volumes=[OS])

    assert "OSBootStarted" not in seen
    assert 1 == setup.bmc.machine.state.counters.power_ons


async def test_a_changed_layout_is_another_one_and_only_take_over_changes_in_place(setup: Setup) -> None:
    outputs = await setup.create(STORAGE, volumes=[OS])

    assert ["volumes"] == setup.changes(STORAGE, outputs, volumes=[DATA])
    assert ["takeOver"] == setup.changes(STORAGE, outputs, volumes=[OS], takeOver=True)


async def test_a_replacement_deletes_what_this_claim_has_made_and_nothing_else(setup: Setup) -> None:
    foreign_volume(setup, "Bay-3")
    outputs = await setup.create(STORAGE, volumes=[OS])
    await setup.delete(STORAGE, outputs)
    assert {"os", "legacy"} == set(held(setup)), "delete forgets"

    mirror = {"name": "mirror", "raid": "RAID1", "drives": {"slots": ["Bay-0", "Bay-1"]}}
    replaced = await setup.create(STORAGE, volumes=[mirror])

    assert {"legacy": ["Bay-3"], "mirror": ["Bay-0", "Bay-1"]} == held(setup)
    assert outputs["layoutDigest"] != replaced["layoutDigest"]


async def test_drives_of_others_volumes_are_refused_by_name(setup: Setup) -> None:
    foreign_volume(setup, "M2-0")
    by_slot = {"name": "os", "raid": "RAID1", "drives": {"slots": ["M2-0", "M2-1"]}}

    for wanted, told in (
        (OS, "2 drives are wanted (SATA, 0 GB or more each), and 1 on one controller are free; volumes that"),
        (by_slot, "drive M2-0 is part of volume legacy, which this layout did not make; `takeOver: true`"),
    ):
        with pytest.raises(MachineError) as refused:
            await setup.create(STORAGE, volumes=[wanted])
        assert told in str(refused.value)
        assert "no volume was touched" in str(refused.value)
    assert (["legacy"], []) == (list(held(setup)), setup.writes())


async def test_take_over_deletes_only_the_volumes_whose_drives_are_needed(setup: Setup) -> None:
    foreign_volume(setup, "M2-0")
    foreign_volume(setup, "Bay-3")

    await setup.create(STORAGE, volumes=[OS], takeOver=True)

    assert {"os": ["M2-0", "M2-1"], "legacy": ["Bay-3"]} == held(setup)


@pytest.mark.parametrize(
    "phase", [Phase.PREPARING, Phase.INSTALLING, Phase.RUNNING, Phase.FAILED, Phase.LEAVING, Phase.WIPING]
)
async def test_a_server_with_a_machine_on_it_is_refused(setup: Setup, phase: Phase) -> None:
    setup.phase_is(phase)

    with pytest.raises(MachineError) as refused:
        await setup.create(STORAGE, volumes=[OS])

    assert "a machine is on the server" in str(refused.value)
    assert "destroy that Machine first" in str(refused.value)
    assert [] == setup.writes()


async def test_a_layout_that_is_there_is_no_reason_to_refuse_a_running_machine(setup: Setup) -> None:
    outputs = await setup.create(STORAGE, volumes=[OS])
    setup.phase_is(Phase.RUNNING)

    assert outputs == await setup.update(STORAGE, outputs, volumes=[OS])


async def test_a_server_that_others_have_switched_on_is_left_alone(setup: Setup) -> None:
    setup.bmc.machine.state.power = "On"

    with pytest.raises(PartialFailureError) as refused:
        await setup.create(STORAGE, volumes=[OS])

    assert "was not switched on by this claims store" in str(refused.value)
    assert ([], "On") == (setup.writes(), setup.bmc.machine.state.power)


async def test_all_that_cannot_be_is_told_at_once(setup: Setup) -> None:
    wanted = [
        {"name": "a", "raid": "RAID1", "drives": {"slots": ["Bay-0", "Bay-9"]}},
        {"name": "b", "raid": "RAID5", "drives": {"count": 5}},
        {"name": "c", "raid": "RAID0", "drives": {"slots": ["M2-0"]}},
        {"name": "d", "raid": "RAID0", "drives": {"slots": ["M2-0"]}},
    ]

    with pytest.raises(MachineError) as refused:
        await setup.create(STORAGE, volumes=wanted)

    for part in (
        "volume a: there is no drive Bay-9 beside Bay-0, Bay-1, Bay-2, Bay-3",
        "volume b: 5 drives are wanted (any protocol, 0 GB or more each), and 4 on one controller are free",
        "volume d: drive M2-0 is in another volume of this layout",
    ):
        assert part in str(refused.value)
    assert {} == held(setup)


async def test_a_bmc_that_makes_no_volumes_says_so(tmp_path: Path) -> None:
    async with claimed_server(tmp_path, vendor=None, server_type="dgx-h200") as setup:
        with pytest.raises(MachineError) as refused:
            await setup.create(STORAGE, volumes=[OS])

    assert "volume os: the BMC makes no RAID1, but no volumes at all" in str(refused.value)


async def test_a_volume_that_someone_deleted_is_reported_and_made_again(setup: Setup) -> None:
    outputs = await setup.create(STORAGE, volumes=[OS])
    setup.bmc.machine.state.parts.volumes.clear()

    found = await setup.read(STORAGE, outputs)

    assert ["complete"] == setup.changes(STORAGE, found.outputs, volumes=[OS])
    await setup.update(STORAGE, found.outputs, volumes=[OS])
    assert ["os"] == list(held(setup))


async def test_an_import_takes_what_this_claim_made_and_changes_nothing(setup: Setup) -> None:
    foreign_volume(setup, "Bay-3")
    assert "" == (await setup.read(STORAGE)).resource_id
    await setup.create(STORAGE, volumes=[OS])
    writes = setup.writes()

    found = await setup.read(STORAGE)

    by_slot = [{"name": "os", "raid": "RAID1", "drives": {"slots": ["M2-0", "M2-1"]}}]
    assert (setup.server_id, by_slot) == (found.resource_id, found.inputs["volumes"])
    assert [] == setup.changes(STORAGE, found.outputs, volumes=by_slot)
    assert writes == setup.writes()


async def test_another_claim_does_not_take_former_volumes_for_its_own(setup: Setup) -> None:
    await setup.create(STORAGE, volumes=[OS])
    store = setup.provider.hall().store
    claim = store.find("hall", "SN1")
    assert claim is not None
    store.release(claim)
    await setup.claim()

    with pytest.raises(MachineError) as refused:
        await setup.create(STORAGE, volumes=[OS])

    assert "volumes that this layout did not make hold others: os-" in str(refused.value)


async def test_a_server_that_is_not_claimed_is_refused(setup: Setup) -> None:
    store = setup.provider.hall().store
    claim = store.find("hall", "SN1")
    assert claim is not None
    store.release(claim)

    with pytest.raises(NotPossibleError, match="is not claimed"):
        await setup.create(STORAGE, volumes=[OS])


async def test_a_lost_answer_makes_no_volume_twice(setup: Setup) -> None:
    setup.simulator.inject(FaultRule("lose-answer", method="POST", path="*/Volumes", times=1))
    with pytest.raises(PartialFailureError) as failed:
        await setup.create(STORAGE, volumes=[OS])

    outputs = await setup.update(STORAGE, failed.value.outputs, volumes=[OS])

    assert outputs["complete"]
    assert 1 == setup.bmc.machine.state.parts.volumes_made
    assert "Off" == setup.bmc.machine.state.power


async def test_killed_at_any_second_boundary_the_next_run_makes_each_volume_once(tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        points = KillPoints(patch)
        async with claimed_server(tmp_path) as setup:
            await setup.create(STORAGE, volumes=[OS, DATA])
        last = points.passed
    assert last >= 10
    for die_at in range(1, last + 1, 2):
        folder = tmp_path / str(die_at)
        folder.mkdir()
        with pytest.MonkeyPatch.context() as patch:
            points = KillPoints(patch)
            async with claimed_server(folder) as setup:
                points.passed, points.die_at = 0, die_at
                try:
                    await setup.create(STORAGE, volumes=[OS, DATA])
                except Killed:
                    setup.again()
                await setup.create(STORAGE, volumes=[OS, DATA])
                assert {"os", "data"} == set(held(setup))
                assert 2 == setup.bmc.machine.state.parts.volumes_made, f"killed at {die_at}"
                assert "Off" == setup.bmc.machine.state.power


@pytest.mark.parametrize(
    ("volume", "told"),
    [
        ({**OS, "name": "Operating"}, "volumes[0].name"),
        ({**OS, "raid": "RAID60"}, "volumes[0].raid"),
        ({**OS, "drives": {"count": 3}}, "volumes[0].drives"),
        ({**OS, "drives": {}}, "volumes[0].drives"),
        ({**OS, "drives": {"slots": ["a", "b"], "protocol": "NVMe"}}, "volumes[0].drives"),
        ({**OS, "drives": {"count": 0}}, "volumes[0].drives.count"),
        ({**OS, "drives": {"count": 2, "protocol": "IDE"}}, "volumes[0].drives.protocol"),
        ({"raid": "RAID1", "drives": {"count": 2}}, "volumes[0].name"),
        ("os", "volumes[0]"),
    ],
)
async def test_a_bad_volume_is_named(setup: Setup, volume: Any, told: str) -> None:
    _, failures = setup.kind(STORAGE).check({"serverId": "hall/SN1", "volumes": [volume]})

    assert told in [name for name, _ in failures]


async def test_two_volumes_of_one_name_are_refused(setup: Setup) -> None:
    _, failures = setup.kind(STORAGE).check({"serverId": "hall/SN1", "volumes": [OS, OS]})

    assert [("volumes[1].name", "given 'os' a second time; names are unique")] == list(failures)
