"""PWR-01: every feed and power unit carries what hangs on it after any single failure."""

from typing import ClassVar

from .hall_numbers import HALL, hall, judge, only
from .hall_rule_contract import HallRuleContract

RULE = "PWR-01"


def test_a_hall_whose_power_carries_everything_passes():
    assert [] == judge(RULE, HALL)
    assert [] == judge(RULE, hall("power.loads.a.carriedWatts", 100))


def test_a_feed_that_would_carry_more_than_it_may_fails():
    found = only(judge(RULE, hall("power.loads.a.carriedWatts", 100.5)))

    assert found.mandatory
    assert "found: oslo: a carries more than it may in some single failure\n" in found.message
    assert "remedy: cap the nodes (`power_cap_watts`)" in found.message


def test_the_headroom_is_a_parameter():
    config = {"power": {"PWR-01": {"headroom": 0.1}}}

    assert only(judge(RULE, HALL, config)).mandatory
    assert [] == judge(RULE, hall("power.loads.a.carriedWatts", 90), config)


class TestPwr01OnAnyNumbers(HallRuleContract):
    rule = RULE
    group = "power"
    needed: ClassVar = ["power", "power.loads", "power.loads.a.carriedWatts", "power.loads.a.roomWatts"]
    wrong: ClassVar = [
        ("power", 7),
        ("power.loads", ["a"]),
        ("power.loads.a", "a"),
        ("power.loads.a.carriedWatts", "95"),
        ("power.loads.a.roomWatts", True),
    ]
    deferred: ClassVar = ["power", "power.loads", "power.loads.a", "power.loads.a.carriedWatts"]
    secret_fault = ("power.loads.a.carriedWatts", 4711)
