"""NET-14: a hall can be reinstalled in the time that it states."""

from typing import ClassVar

import pytest

from .hall_numbers import HALL, hall, judge, only
from .hall_rule_contract import HallRuleContract

RULE = "NET-14"


def test_a_hall_that_is_reinstalled_in_time_passes():
    assert [] == judge(RULE, HALL)
    assert [] == judge(RULE, hall("install.seconds", 3600))


def test_a_hall_that_states_no_time_passes_unless_the_rule_has_one():
    assert [] == judge(RULE, hall("install.withinMinutes"))
    assert only(
        judge(RULE, hall("install.withinMinutes"), {"network": {"NET-14": {"max_minutes": 10}}})
    ).mandatory


def test_the_rules_own_time_counts_instead_of_the_stated_one():
    def within(minutes: int) -> dict[str, dict[str, dict[str, int]]]:
        return {"network": {"NET-14": {"max_minutes": minutes}}}

    # The hall states an hour, and takes 27.5 minutes.
    assert only(judge(RULE, HALL, within(27))).mandatory
    assert [] == judge(RULE, HALL, within(28))
    assert [] == judge(RULE, hall("install.seconds", 3601), within(61))


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("install.seconds", 3601, "machines take longer to read their image than they may"),
        ("install.seconds", None, "no uplink may carry images at the worst, and there is no image cache"),
        ("install.sizeGib", None, "no image has a size, so that nobody knows how long installing takes"),
    ],
)
def test_a_hall_that_takes_too_long_or_nobody_knows_how_long_fails(path: str, value: object, said: str):
    found = only(judge(RULE, hall(path, value)))

    assert found.mandatory
    assert f"found: oslo: {said}\n" in found.message
    assert "remedy: add `image_cache: {mbps: …}`" in found.message


class TestNet14OnAnyNumbers(HallRuleContract):
    rule = RULE
    group = "network"
    needed: ClassVar = ["install"]
    wrong: ClassVar = [
        ("install", "soon"),
        ("install.seconds", "1650"),
        ("install.withinMinutes", "60"),
        ("install.sizeGib", True),
    ]
    deferred: ClassVar = ["install", "install.seconds", "install.withinMinutes"]
    secret_fault = ("install.seconds", 4711)
