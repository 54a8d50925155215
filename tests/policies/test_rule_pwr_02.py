"""PWR-02: no single feed or power unit takes a server down."""

from typing import ClassVar

from .hall_numbers import HALL, hall, judge, only
from .hall_rule_contract import HallRuleContract

RULE = "PWR-02"


def test_a_hall_that_outlives_any_single_failure_passes():
    assert [] == judge(RULE, HALL)
    assert [] == judge(RULE, hall("power.down", {"feed a": 0}))


def test_a_failure_that_takes_servers_down_fails():
    found = only(judge(RULE, hall("power.down", {"power unit pdu-a": 2})))

    assert found.mandatory
    assert "found: oslo: losing power unit pdu-a takes more servers down than it may\n" in found.message
    assert "on three where supplies are 4+2" in found.message


def test_how_many_may_go_down_is_a_parameter():
    config = {"power": {"PWR-02": {"max_nodes_down": 2}}}

    assert [] == judge(RULE, hall("power.down", {"feed a": 2}), config)
    assert only(judge(RULE, hall("power.down", {"feed a": 3}), config)).mandatory


class TestPwr02OnAnyNumbers(HallRuleContract):
    rule = RULE
    group = "power"
    needed: ClassVar = ["power", "power.down"]
    wrong: ClassVar = [("power", "off"), ("power.down", ["feed a"]), ("power.down", {"feed a": "2"})]
    deferred: ClassVar = ["power", "power.down"]
    secret_fault = ("power.down", {"feed a": 4711})
