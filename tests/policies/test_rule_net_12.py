"""NET-12: out-of-band traffic survives the loss of every data uplink."""

from typing import ClassVar

import pytest

from .hall_numbers import HALL, hall, judge, only
from .hall_rule_contract import HallRuleContract

RULE = "NET-12"
ONE_CARRIER = [uplink | {"carrier": "Carrier 4711"} for uplink in HALL["uplinks"]]


def test_out_of_band_that_no_data_uplink_takes_along_passes():
    assert [] == judge(RULE, HALL)


def test_a_hall_whose_uplinks_say_nothing_of_their_usage_passes_unless_it_must_be_stated():
    silent = hall("uplinks.0.usage", [])
    silent["uplinks"][1]["usage"] = []

    assert [] == judge(RULE, silent)
    found = only(judge(RULE, silent, {"network": {"NET-12": {"must_be_stated": True}}}))
    assert "oslo: no uplink says what it is used for" in found.message


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("uplinks.1.usage", ["data", "oob"]),
        ("uplinks.1.usage", ["control"]),
        ("uplinks.1.usage", []),
        ("uplinks.1.conduit", "duct"),
        ("uplinks.1.carrier", "one"),
        ("uplinks.1.entry", "wall"),
    ],
)
def test_out_of_band_that_goes_with_the_data_uplinks_fails(path: str, value: object):
    found = only(judge(RULE, hall(path, value)))

    assert found.mandatory
    assert "oslo: no out-of-band uplink is left once every data uplink is lost" in found.message
    assert "`usage: [control, oob]`" in found.message


class TestNet12OnAnyNumbers(HallRuleContract):
    rule = RULE
    group = "network"
    needed: ClassVar = ["uplinks", "uplinks.1", "uplinks.1.carrier"]
    wrong: ClassVar = [("uplinks", 7), ("uplinks.1.usage", "oob"), ("uplinks.1.carrier", True)]
    deferred: ClassVar = ["uplinks", "uplinks.1", "uplinks.1.usage"]
    secret_fault = ("uplinks", ONE_CARRIER)
