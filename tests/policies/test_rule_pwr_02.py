"""PWR-02: no single feed or power unit takes a server down."""

import pytest

from argosy_policies.testing import UNKNOWN_VALUE, secret

from .hall_numbers import HALL, hall, judge, judge_sites, only

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


@pytest.mark.parametrize("path", ["power", "power.down"])
def test_an_absent_number_fails_since_nothing_was_proven(path: str):
    found = only(judge(RULE, hall(path)))

    assert found.mandatory
    assert "is not set, not " in found.message


@pytest.mark.parametrize(
    ("path", "value"), [("power", "off"), ("power.down", ["feed a"]), ("power.down", {"feed a": "2"})]
)
def test_a_number_of_the_wrong_type_fails(path: str, value: object):
    found = only(judge(RULE, hall(path, value)))

    assert found.mandatory
    assert ", not " in found.message


@pytest.mark.parametrize("path", ["power", "power.down"])
def test_what_is_unknown_is_deferred(path: str):
    found = only(judge(RULE, hall(path, UNKNOWN_VALUE)))

    assert not found.mandatory
    assert "is not known yet; deferred to update" in found.message


def test_an_unknown_site_is_deferred_and_fails_where_the_configuration_says_so():
    assert not only(judge(RULE, UNKNOWN_VALUE)).mandatory
    assert only(judge(RULE, UNKNOWN_VALUE, {"power": {"on_unknown": "fail"}})).mandatory
    assert not only(judge_sites(RULE, UNKNOWN_VALUE)).mandatory


def test_secret_numbers_are_judged_and_not_printed():
    found = only(judge(RULE, hall("power.down", secret({"feed a": 4711}))))

    assert found.mandatory
    assert "4711" not in found.message


def test_a_cloud_passes_and_sites_of_the_wrong_type_fail():
    assert [] == judge(RULE, {"provider": "aws", "pools": {}})
    assert only(judge_sites(RULE, ["oslo"])).mandatory
    assert only(judge_sites(RULE, {"oslo": 7})).mandatory
