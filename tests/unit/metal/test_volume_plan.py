"""The same drives are chosen for the same wishes, and a claim's mark names its own volumes only."""

from dataclasses import replace

from argosy_metal.claims import Claim
from argosy_metal.lifecycle.volume_plan import VolumePlan, WantedVolume, plan_volumes, volume_mark
from argosy_metal.redfish.storage import Drive, StorageUnit, Volume

MARK = "abc123"
CLAIM = Claim("hall", "SN1", "train/slot-01", "lab/local", "urn", 1, {})


def drive(label: str, capacity_gb: int = 1000) -> Drive:
    return Drive(f"/d/{label}", label, label, f"S{label}", capacity_gb, "NVMe", "SSD", True, (), "", (), ())


def unit(*drives: Drive, volumes: tuple[Volume, ...] = ()) -> StorageUnit:
    return StorageUnit("/s", ("RAID0", "RAID1"), "/s/v", drives, volumes)


def chosen(plan: VolumePlan) -> dict[str, list[str]]:
    assert () == plan.faults
    return {new.name: [one.label for one in new.drives] for new in plan.create}


def test_the_smallest_drives_come_first_and_bay_ten_after_bay_nine() -> None:
    drives = [drive("Bay 10"), drive("Bay 9"), drive("Bay 1", 2000)]

    plan = plan_volumes([unit(*drives)], [WantedVolume("os", "RAID1", count=2)], MARK, take_over=False)

    assert {"os-abc123": ["Bay 9", "Bay 10"]} == chosen(plan)


def test_a_count_takes_no_drive_that_is_asked_for_by_its_slot() -> None:
    wanted = [WantedVolume("any", "RAID0", count=1), WantedVolume("one", "RAID0", slots=("1",))]

    plan = plan_volumes([unit(drive("1"), drive("2"))], wanted, MARK, take_over=False)

    assert {"one-abc123": ["1"], "any-abc123": ["2"]} == chosen(plan)


def test_a_volume_lies_on_one_controller() -> None:
    units = [unit(drive("1")), replace(unit(drive("2"), drive("3")), path="/t", volumes_path="/t/v")]

    plan = plan_volumes(units, [WantedVolume("os", "RAID1", count=2)], MARK, take_over=False)

    assert {"os-abc123": ["2", "3"]} == chosen(plan)
    assert "/t" == plan.create[0].unit.path


def test_a_volume_of_ours_that_is_not_as_wanted_any_more_goes_and_one_that_is_stays() -> None:
    old = Volume("/v/1", "old-abc123", "RAID0", 1, ("/d/1",))
    good = Volume("/v/2", "good-abc123", "RAID0", 1, ("/d/2",))
    storage = [unit(drive("1"), drive("2"), volumes=(old, good))]

    plan = plan_volumes(storage, [WantedVolume("good", "RAID0", count=1)], MARK, take_over=False)

    assert ((good,), (old,), ()) == (plan.keep, plan.delete, plan.create)


def test_a_name_that_only_looks_like_ours_is_left_alone() -> None:
    others = tuple(
        Volume(f"/v/{n}", name, "RAID0", 1, (f"/d/{n}",))
        for n, name in enumerate(("os-abc124", "abc123", "xos-abc123x", "OS-abc123"))
    )

    plan = plan_volumes(
        [unit(*(drive(str(n)) for n in range(5)), volumes=others)],
        [WantedVolume("os", "RAID0", count=1)],
        MARK,
        take_over=False,
    )

    assert ((), {"os-abc123": ["4"]}) == (plan.delete, chosen(plan))


def test_another_owner_generation_server_or_store_has_another_mark() -> None:
    marks = {
        volume_mark("store", CLAIM),
        volume_mark("other", CLAIM),
        volume_mark("store", replace(CLAIM, owner="lab/other")),
        volume_mark("store", replace(CLAIM, generation=2)),
        volume_mark("store", replace(CLAIM, serial="SN2")),
    }

    assert (5, volume_mark("store", CLAIM)) == (len(marks), volume_mark("store", replace(CLAIM, slot="x")))
