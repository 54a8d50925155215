"""RED-05: a hall has two uplinks that share no carrier, conduit or entry."""

from typing import ClassVar

import pytest

from .hall_numbers import HALL, hall, judge, only
from .hall_rule_contract import HallRuleContract

RULE = "RED-05"
ONE_CARRIER = [uplink | {"carrier": "Carrier 4711"} for uplink in HALL["uplinks"]]


def test_two_uplinks_that_share_nothing_pass():
    assert [] == judge(RULE, HALL)


@pytest.mark.parametrize(
    ("path", "value"),
    [("uplinks.1.carrier", "one"), ("uplinks.1.conduit", "duct"), ("uplinks.1.entry", "wall")],
)
def test_uplinks_that_share_what_one_dig_or_one_owner_takes_fail(path: str, value: str):
    found = only(judge(RULE, hall(path, value)))

    assert found.mandatory
    assert "oslo: every uplink shares its carrier, conduit or entry with every other" in found.message
    assert "remedy: add an uplink of another carrier" in found.message


def test_one_uplink_fails_and_how_many_are_needed_is_a_parameter():
    one = hall("uplinks", HALL["uplinks"][:1])

    assert "1 of the 2 uplinks needed" in only(judge(RULE, one)).message
    assert [] == judge(RULE, one, {"redundancy": {"RED-05": {"min_uplinks": 1}}})
    assert only(judge(RULE, HALL, {"redundancy": {"RED-05": {"min_uplinks": 3}}})).mandatory


class TestRed05OnAnyNumbers(HallRuleContract):
    rule = RULE
    group = "redundancy"
    needed: ClassVar = ["uplinks", "uplinks.0", "uplinks.0.name", "uplinks.0.mbps", "uplinks.1.carrier"]
    wrong: ClassVar = [
        ("uplinks", {"fibre": 1}),
        ("uplinks.0", "fibre"),
        ("uplinks.0.carrier", 7),
        ("uplinks.0.conduit", 7),
        ("uplinks.0.usage", "data"),
        ("uplinks.0.usage", [7]),
    ]
    deferred: ClassVar = ["uplinks", "uplinks.0", "uplinks.1.carrier", "uplinks.1.usage"]
    secret_fault = ("uplinks", ONE_CARRIER)
