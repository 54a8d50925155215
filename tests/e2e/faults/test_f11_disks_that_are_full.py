"""F11: the disk is full, or cannot be written, when the claims, the log or the state are written."""

from __future__ import annotations

import pytest

from ...full_disk import largest_file
from .memory_hall import MemoryHall, NewHall


def assert_told_and_gone_on(hall: MemoryHall, size: int, said: str) -> None:
    with largest_file(size):
        failed = hall.up()

    assert failed
    for told in failed.values():
        assert "claims.sqlite: the claims file cannot be used: " in told
        assert said in told
        assert "Traceback" not in told
    hall.assert_whole()


@pytest.mark.parametrize("pages", [0, 1, 4, 8, 11])
def test_a_disk_without_room_for_a_new_claims_file_is_told_and_gone_on_from(
    new_hall: NewHall, pages: int
) -> None:
    assert_told_and_gone_on(new_hall(), pages * 4096, "check the disk and its free space, then run again")


@pytest.mark.parametrize("boundary", [30, 120, 200, 260, 320])
def test_a_disk_that_becomes_full_during_a_run_keeps_what_was_recorded(
    new_hall: NewHall, boundary: int
) -> None:
    hall = new_hall()
    assert hall.killed_up(boundary)
    recorded = hall.claims

    with largest_file(0):
        failed = hall.up()

    assert failed
    assert all("what was recorded is kept" in told for told in failed.values()), failed
    assert recorded == hall.claims
    hall.assert_safe()
    hall.assert_whole()


def test_a_claims_file_that_is_a_folder_is_told(new_hall: NewHall) -> None:
    hall = new_hall()
    hall.claims_path.mkdir()

    failed = hall.up()

    assert len(hall.serials) == len(failed)
    assert all("this is a folder; name a file in it" in told for told in failed.values())
    hall.claims_path.rmdir()
    hall.assert_whole()
