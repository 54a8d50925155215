"""F3: a BMC answers with errors. What passes is retried; what stays is told, and the next `up` goes on."""

from __future__ import annotations

import pytest

from argosy_metal.simulator import FaultRule

from .faulty import assert_fails_then_comes_up, assert_rides_over
from .memory_hall import NewHall

PASSING = [
    FaultRule("status", status=500, method="GET", times=2),
    FaultRule("status", status=502, method="GET", times=2),
    FaultRule("status", status=503, retry_after=7, method="GET", times=2),
    FaultRule("not-ready", times=2, method="GET"),
    FaultRule("status", status=429, retry_after=3, method="GET", times=2),
    FaultRule("status", status=412, method="PATCH", times=1),
    FaultRule("status", status=503, retry_after=1, method="PATCH", times=2),
]
STAYING = [
    FaultRule("status", status=500),
    FaultRule("status", status=502, method="POST", path="*InsertMedia*"),
    FaultRule("status", status=503, retry_after=60),
    FaultRule("not-ready"),
    FaultRule("status", status=409, method="POST", path="*Reset*"),
    FaultRule("status", status=412, method="PATCH"),
    FaultRule("status", status=429, retry_after=3),
]


def named(rule: FaultRule) -> str:
    what = str(rule.status) if rule.kind == "status" else rule.kind
    return f"{what}-{rule.method.replace('*', 'all')}"


@pytest.mark.parametrize("rule", PASSING, ids=named)
def test_an_error_that_passes_is_waited_out(new_hall: NewHall, rule: FaultRule) -> None:
    assert_rides_over(new_hall(servers=2), rule)


@pytest.mark.parametrize("rule", STAYING, ids=named)
def test_an_error_that_stays_is_told_and_the_next_up_goes_on(new_hall: NewHall, rule: FaultRule) -> None:
    assert_fails_then_comes_up(new_hall(servers=2), rule)


def test_the_wait_that_a_bmc_asks_for_is_kept(new_hall: NewHall) -> None:
    hall = new_hall(servers=1)
    hall.up()
    hall.destroy()
    before = hall.clock.now()
    hall.inject(FaultRule("status", status=503, retry_after=25, method="GET", path="*/Systems", times=1))

    hall.up()

    assert hall.clock.now() - before > 25
