from dataclasses import replace

import pytest

from argosy_aws.pools.windows import ResizeChoice, choose_resizes, waits
from argosy_aws.settings import AwsPoolSettings

from ..aws_plans import RESERVATION, aws_pool

BLOCK = aws_pool(
    capacity_type="block",
    reservation=RESERVATION,
    capacity_starts="2027-03-08T11:30:00+00:00",
    capacity_ends="2027-03-15T11:30:00+00:00",
)


def test_a_block_is_filled_when_it_begins_and_emptied_an_hour_before_it_ends() -> None:
    assert (
        ResizeChoice("start", "use1-az4", "2027-03-08T11:30:00", nodes=8, retry_minutes=1440),
        ResizeChoice("end", "use1-az4", "2027-03-15T10:30:00", nodes=0, retry_minutes=60),
    ) == choose_resizes(BLOCK)


def test_a_block_that_has_begun_is_only_emptied() -> None:
    (end,) = choose_resizes(replace(BLOCK, capacity_starts=None))

    assert ("end", 0) == (end.event, end.nodes)


def test_draining_takes_as_long_as_the_settings_say() -> None:
    long = replace(BLOCK, settings=AwsPoolSettings(drain_minutes=120))

    assert ("2027-03-15T09:30:00", 120) == (
        choose_resizes(long)[1].moment,
        choose_resizes(long)[1].retry_minutes,
    )


def test_moments_of_another_offset_are_said_in_utc() -> None:
    there = replace(BLOCK, capacity_starts="2027-03-08T12:30:00+01:00")

    assert "2027-03-08T11:30:00" == choose_resizes(there)[0].moment


def test_a_block_without_an_end_is_not_emptied() -> None:
    assert ["start"] == [resize.event for resize in choose_resizes(replace(BLOCK, capacity_ends=None))]


def test_a_reservation_waits_for_its_start_and_outlives_its_end() -> None:
    """An instance stays when its reservation ends, at the same price."""
    reserved = replace(BLOCK, capacity_type="reserved")

    assert ["start"] == [resize.event for resize in choose_resizes(reserved)]
    assert waits(reserved)


@pytest.mark.parametrize("capacity", ["on-demand", "spot"])
def test_capacity_that_nobody_holds_has_no_window(capacity: str) -> None:
    assert () == choose_resizes(replace(BLOCK, capacity_type=capacity))
    assert not waits(replace(BLOCK, capacity_type=capacity))


def test_every_zone_has_schedules_of_its_own() -> None:
    reserved = replace(BLOCK, capacity_type="reserved", by_zone={"use1-az6": 3, "use1-az4": 5})

    assert [("use1-az4", 5), ("use1-az6", 3)] == [
        (resize.zone, resize.nodes) for resize in choose_resizes(reserved)
    ]


def test_a_block_that_is_drained_before_it_begins_is_refused() -> None:
    short = replace(BLOCK, capacity_ends="2027-03-08T12:30:00+00:00")

    with pytest.raises(ValueError, match="pool train: its block is drained from"):
        choose_resizes(short)
