"""PWR-03: servers outlast the utility until they are drained."""

import pytest

from argosy_policies.testing import UNKNOWN_VALUE, secret

from .hall_numbers import HALL, hall, judge, judge_sites, only

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


@pytest.mark.parametrize("path", ["power"])
def test_an_absent_number_fails_since_nothing_was_proven(path: str):
    found = only(judge(RULE, hall(path)))

    assert found.mandatory
    assert "is not set, not " in found.message


@pytest.mark.parametrize(
    ("path", "value"), [("power", 7), ("power.drainMinutes", "20"), ("power.autonomyMinutes", True)]
)
def test_a_number_of_the_wrong_type_fails(path: str, value: object):
    found = only(judge(RULE, hall(path, value)))

    assert found.mandatory
    assert ", not " in found.message


@pytest.mark.parametrize("path", ["power", "power.drainMinutes", "power.autonomyMinutes"])
def test_what_is_unknown_is_deferred(path: str):
    found = only(judge(RULE, hall(path, UNKNOWN_VALUE)))

    assert not found.mandatory
    assert "is not known yet; deferred to update" in found.message


def test_an_unknown_site_is_deferred_and_fails_where_the_configuration_says_so():
    assert not only(judge(RULE, UNKNOWN_VALUE)).mandatory
    assert only(judge(RULE, UNKNOWN_VALUE, {"power": {"on_unknown": "fail"}})).mandatory
    assert not only(judge_sites(RULE, UNKNOWN_VALUE)).mandatory


def test_secret_numbers_are_judged_and_not_printed():
    found = only(judge(RULE, hall("power.drainMinutes", secret(4711))))

    assert found.mandatory
    assert "4711" not in found.message


def test_a_cloud_passes_and_sites_of_the_wrong_type_fail():
    assert [] == judge(RULE, {"provider": "aws", "pools": {}})
    assert only(judge_sites(RULE, ["oslo"])).mandatory
    assert only(judge_sites(RULE, {"oslo": 7})).mandatory
