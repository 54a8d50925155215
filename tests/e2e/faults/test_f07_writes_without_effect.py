"""F7: a BMC accepts a write and does nothing, or its task never ends. Looking afterwards finds it."""

from __future__ import annotations

import pytest

from argosy_metal.simulator import FaultRule
from argosy_metal.simulator.fault_rules import FaultKind

from .faulty import assert_fails_then_comes_up, assert_rides_over
from .memory_hall import NewHall

IGNORED = [
    FaultRule("ignore-write", method="PATCH"),
    FaultRule("ignore-write", method="POST", path="*InsertMedia*"),
    FaultRule("ignore-write", method="POST", path="*Reset*"),
]


@pytest.mark.parametrize("rule", IGNORED, ids=lambda rule: f"{rule.method}-{rule.path.strip('*')}")
def test_a_write_that_is_accepted_and_ignored_is_found_by_looking(new_hall: NewHall, rule: FaultRule) -> None:
    assert_fails_then_comes_up(new_hall(servers=2), rule, "the BMC accepted it, but it does not show")


@pytest.mark.parametrize("kind", ["task-stuck", "task-exception"])
@pytest.mark.parametrize(
    ("method", "vendor", "said"), [("POST", None, "reset the server"), ("PATCH", "dell", "boot")]
)
def test_a_task_or_a_job_that_does_not_end_well_is_told(
    new_hall: NewHall, kind: FaultKind, method: str, vendor: str | None, said: str
) -> None:
    hall = new_hall(servers=2, vendor=vendor)

    assert_fails_then_comes_up(hall, FaultRule(kind, method=method), said)


def test_an_accepted_request_without_a_task_is_looked_for(new_hall: NewHall) -> None:
    hall = new_hall(servers=2)

    assert_rides_over(hall, FaultRule("no-location", method="POST", path="*/Actions/*"))
