"""When a server's list of drives is final, and what speaks against a wipe."""

from dataclasses import replace

import pytest

from argosy_metal.lifecycle.wipe_drives import (
    DriveWatch,
    SeenDrive,
    erase_faults,
    faults_while_off,
    missing_faults,
)
from argosy_metal.redfish import SystemState
from argosy_metal.redfish.storage import Drive

QUIET = 900.0
FIRST = Drive("/d/1", "1", "bay 1", "S1", 1, "NVMe", "SSD", True, ("BlockErase",), "/erase", (), ())
SECOND = replace(FIRST, path="/d/2", label="bay 2", serial="S2")


def system(progress: str) -> SystemState:
    return SystemState("SN1", "", "", "On", "OK", progress, "None", "Disabled", (), ())


def final_at(progress: str, *looks: tuple[float, tuple[Drive, ...]]) -> list[float]:
    """Times of the looks at which the list is final."""
    watch = DriveWatch(QUIET)
    return [at for at, drives in looks if watch.is_final(system(progress), drives, at)]


def test_after_the_self_test_a_list_is_final_once_a_second_look_shows_it_again() -> None:
    looks = ((0.0, (FIRST,)), (10.0, (FIRST, SECOND)), (20.0, (FIRST, SECOND)))

    assert [20.0] == final_at("SetupEntered", *looks)


def test_during_the_self_test_no_list_is_final() -> None:
    looks = [(at, (FIRST,)) for at in (0.0, 10.0, 5000.0)]

    assert [] == final_at("PrimaryProcessorInitializationStarted", *looks)


@pytest.mark.parametrize("progress", ["", "None"])
def test_where_the_self_test_is_not_told_a_list_has_to_stay_and_a_change_begins_anew(progress: str) -> None:
    looks = ((0.0, (FIRST,)), (890.0, (FIRST, SECOND)), (1000.0, (FIRST, SECOND)), (1790.0, (FIRST, SECOND)))

    assert [1790.0] == final_at(progress, *looks)


def test_a_list_with_a_drive_that_is_not_usable_is_not_final() -> None:
    asleep = replace(SECOND, is_usable=False)

    assert [] == final_at("SetupEntered", (0.0, (FIRST, asleep)), (10.0, (FIRST, asleep)))


def test_while_the_server_is_off_only_what_a_drive_offers_speaks_against_it() -> None:
    silent = replace(FIRST, serial="", erases=())

    assert () == faults_while_off((), "BlockErase") == faults_while_off((silent,), "BlockErase")
    assert ("drive bay 1 (S1) offers BlockErase",) == faults_while_off((FIRST, silent), "Overwrite")
    assert 2 == len(erase_faults((silent, replace(SECOND, erases=())), None))


def test_a_drive_that_was_seen_is_missing_or_swapped_unless_it_is_at_its_path() -> None:
    seen = [SeenDrive.of(FIRST), SeenDrive.of(SECOND), SeenDrive("/d/3", "", "bay 3")]
    third = replace(FIRST, path="/d/3", serial="S3")

    assert () == missing_faults(seen, (FIRST, SECOND, third))
    assert (
        "drive bay 1 (S1) is not shown any more",
        "drive bay 2 (S2) was swapped for S9",
        "drive bay 3 (no serial) is not shown any more",
    ) == missing_faults(seen, (replace(SECOND, serial="S9"),))
