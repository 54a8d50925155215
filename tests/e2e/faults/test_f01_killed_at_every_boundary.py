"""F1: a run of four servers, killed at each of its call boundaries in turn, and the next run takes over."""

from __future__ import annotations

import pytest

from .boundaries import Killed
from .memory_hall import MemoryHall, NewHall

PARTS = 8
"""The boundaries are shared out among so many tests, so that these can run beside one another."""
FEWEST = 300
"""Boundaries of a run of four servers; far fewer would mean that they are not recorded any more."""


def new(new_hall: NewHall) -> MemoryHall:
    return new_hall(server_type="plain")


@pytest.mark.parametrize("part", range(PARTS))
def test_a_run_killed_at_any_call_boundary_is_taken_over_and_nothing_is_installed_twice(
    new_hall: NewHall, part: int
) -> None:
    whole = new(new_hall)
    whole.up()
    boundaries = len(whole.boundaries.names)
    assert boundaries > FEWEST

    for point in range(part + 1, boundaries + 1, PARTS):
        hall = new(new_hall)
        assert hall.killed_up(point), f"boundary {point} of {boundaries} was not reached"
        hall.assert_safe()
        hall.assert_whole()
        hall.close()


def test_what_comes_after_the_last_boundary_is_the_end_of_the_run(new_hall: NewHall) -> None:
    whole = new(new_hall)
    whole.up()
    boundaries = len(whole.boundaries.names)

    assert not new(new_hall).killed_up(boundaries + 1)


def test_the_same_run_crosses_the_same_boundaries_in_the_same_order(new_hall: NewHall) -> None:
    first, second = new(new_hall), new_hall(server_type="plain")
    second.up()
    again = new(new_hall)
    again.up()

    assert second.boundaries.names == again.boundaries.names
    assert not first.boundaries.names


@pytest.mark.parametrize("part", range(2))
def test_a_destroy_killed_at_any_call_boundary_is_taken_over_by_the_next_or_brought_back(
    new_hall: NewHall, part: int
) -> None:
    whole = new_hall(servers=2, server_type="plain")
    whole.up()
    whole.destroy()
    boundaries = len(whole.boundaries.names)

    for point in range(part + 1, boundaries + 1, 2):
        hall = new_hall(servers=2, server_type="plain")
        hall.up()
        with pytest.raises(Killed):
            hall.destroy(kill_at=point)
        hall.assert_safe()
        hall.refresh()
        if point % 4 > 1:
            hall.up()
            assert ["running"] * 2 == hall.phases
        assert {} == hall.destroy()
        assert () == hall.claims
        assert {"Off"} == {server["power"] for server in hall.servers.values()}
        hall.close()
