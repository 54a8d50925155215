"""NET-13: control plane and out-of-band fit the uplinks that are left at the worst."""

from typing import ClassVar

import pytest

from .hall_numbers import HALL, hall, judge, only
from .hall_rule_contract import HallRuleContract

RULE = "NET-13"


def test_what_fits_the_satellite_passes():
    assert [] == judge(RULE, HALL)
    assert [] == judge(RULE, hall("traffic.controlMbps", 199.2))


def test_uplinks_that_fail_together_are_left_to_the_rule_about_them():
    assert [] == judge(RULE, hall("uplinks.1.carrier", "one"))


@pytest.mark.parametrize(
    ("path", "value", "traffic"),
    [
        ("traffic.controlMbps", 200.1, "control plane"),
        ("traffic.oobMbps", 201, "out-of-band"),
        ("traffic.oobMbps", 197, "control plane and out-of-band"),
        ("uplinks.1.usage", ["oob"], "control plane"),
        ("uplinks.0.usage", ["data", "control"], "out-of-band"),
    ],
)
def test_what_the_worst_loss_leaves_too_little_for_fails(path: str, value: object, traffic: str):
    found = only(judge(RULE, hall(path, value)))

    assert found.mandatory
    assert f"oslo: one loss leaves too little for {traffic}\n" in found.message
    assert "remedy: widen the uplink that is left" in found.message


class TestNet13OnAnyNumbers(HallRuleContract):
    rule = RULE
    group = "network"
    needed: ClassVar = ["traffic", "traffic.controlMbps", "traffic.oobMbps", "uplinks", "uplinks.0.mbps"]
    wrong: ClassVar = [
        ("traffic", 7),
        ("traffic.controlMbps", "4"),
        ("uplinks", 7),
        ("uplinks.0.mbps", "1000"),
    ]
    deferred: ClassVar = ["traffic", "traffic.oobMbps", "uplinks.0.mbps"]
    secret_fault = ("traffic.controlMbps", 4711)
