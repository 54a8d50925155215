"""F9: a BMC's clock is years off."""

from __future__ import annotations

import pytest

from argosy_metal.simulator import FaultRule

from .faulty import assert_rides_over
from .memory_hall import NewHall

TEN_YEARS = 3652 * 86400.0


@pytest.mark.parametrize("offset", [TEN_YEARS, -TEN_YEARS])
def test_a_bmc_whose_clock_is_ten_years_off_brings_its_machine_up(new_hall: NewHall, offset: float) -> None:
    assert_rides_over(new_hall(servers=2), FaultRule("clock-off", offset_seconds=offset))


@pytest.mark.parametrize("offset", [TEN_YEARS, -TEN_YEARS])
def test_a_wait_that_such_a_bmc_asks_for_is_as_long_as_it_says(new_hall: NewHall, offset: float) -> None:
    hall = new_hall(servers=2)
    hall.inject(FaultRule("clock-off", host="bmc-1.*", offset_seconds=offset))

    assert_rides_over(hall, FaultRule("status", status=503, retry_after=5, method="GET", times=1))

    assert hall.clock.now() < 600
