"""F6: a BMC answers with something else than Redfish, or with another server's. Nothing is written then."""

from __future__ import annotations

import pytest

from argosy_metal.simulator import FaultRule

from .faulty import FAULTY_URN, assert_fails_then_comes_up, on_the_first
from .memory_hall import NewHall

WRONG = [
    FaultRule("truncated"),
    FaultRule("html"),
    FaultRule("missing-fields"),
    FaultRule("retyped-fields"),
    FaultRule("wrong-serial"),
]
WRONG_FROM_THE_START = [
    *WRONG,
    FaultRule("missing-fields", fields=("Members",)),
    FaultRule("retyped-fields", fields=("Members", "Links")),
]


def named(rule: FaultRule) -> str:
    return f"{rule.kind}-{'-'.join(rule.fields)}"


@pytest.mark.parametrize("rule", WRONG_FROM_THE_START, ids=named)
def test_a_wrong_answer_is_told_and_nothing_is_written(new_hall: NewHall, rule: FaultRule) -> None:
    hall = new_hall(servers=2)
    hall.inject(on_the_first(rule))

    assert [FAULTY_URN] == list(hall.up())

    assert not hall.simulation.bmc("SN1").traffic.writes, "nothing was written to what cannot be understood"
    hall.clear_faults()
    hall.assert_whole()


@pytest.mark.parametrize("rule", WRONG, ids=named)
def test_an_answer_that_becomes_wrong_during_an_installation_is_told_and_gone_on_from(
    new_hall: NewHall, rule: FaultRule
) -> None:
    hall = new_hall(servers=2)
    late = FaultRule(rule.kind, method="GET", path="*/Systems/*", fields=rule.fields, skip=12)

    assert_fails_then_comes_up(hall, late)


def test_another_server_at_the_address_is_named_as_such(new_hall: NewHall) -> None:
    assert_fails_then_comes_up(new_hall(servers=2), FaultRule("wrong-serial"), "was the hardware swapped?")


def test_a_uuid_that_changes_is_no_proof_of_another_server(new_hall: NewHall) -> None:
    hall = new_hall(servers=2)
    hall.inject(on_the_first(FaultRule("wrong-uuid")))

    hall.assert_whole()
