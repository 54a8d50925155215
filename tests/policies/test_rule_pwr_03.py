"""PWR-03: servers outlast the utility until they are drained."""

from typing import ClassVar

from .hall_numbers import HALL, hall, judge, only
from .hall_rule_contract import HallRuleContract

RULE = "PWR-03"


def test_a_hall_whose_batteries_last_until_it_is_drained_passes():
    assert [] == judge(RULE, HALL)
    assert [] == judge(RULE, hall("power.autonomyMinutes", 20))


def test_a_hall_that_states_no_time_to_drain_or_holds_nothing_passes():
    assert [] == judge(RULE, hall("power.drainMinutes"))
    assert [] == judge(RULE, hall("power.autonomyMinutes"))


def test_a_hall_whose_batteries_are_empty_before_it_is_drained_fails():
    found = only(judge(RULE, hall("power.autonomyMinutes", 19)))

    assert found.mandatory
    assert "found: oslo: servers do not last as long as they must once the utility is gone" in found.message
    assert "remedy: add a UPS or a generator" in found.message


def test_a_least_time_is_a_parameter():
    config = {"power": {"PWR-03": {"min_minutes": 31}}}

    assert only(judge(RULE, HALL, config)).mandatory
    assert [] == judge(RULE, hall("power.autonomyMinutes", 31), config)


def test_a_least_time_shorter_than_the_time_to_drain_excuses_nothing():
    config = {"power": {"PWR-03": {"min_minutes": 5}}}

    assert only(judge(RULE, hall("power.autonomyMinutes", 19), config)).mandatory
    assert [] == judge(RULE, hall("power.autonomyMinutes", 20), config)


class TestPwr03OnAnyNumbers(HallRuleContract):
    rule = RULE
    group = "power"
    needed: ClassVar = ["power"]
    wrong: ClassVar = [("power", 7), ("power.drainMinutes", "20"), ("power.autonomyMinutes", True)]
    deferred: ClassVar = ["power", "power.drainMinutes", "power.autonomyMinutes"]
    secret_fault = ("power.drainMinutes", 4711)
