"""PWR-01: every feed and power unit carries what hangs on it after any single failure."""

import pytest

from argosy_policies.testing import UNKNOWN_VALUE, secret

from .hall_numbers import HALL, hall, judge, judge_sites, only

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


@pytest.mark.parametrize(
    "path", ["power", "power.loads", "power.loads.a.carriedWatts", "power.loads.a.roomWatts"]
)
def test_an_absent_number_fails_since_nothing_was_proven(path: str):
    found = only(judge(RULE, hall(path)))

    assert found.mandatory
    assert "is not set, not " in found.message


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("power", 7),
        ("power.loads", ["a"]),
        ("power.loads.a", "a"),
        ("power.loads.a.carriedWatts", "95"),
        ("power.loads.a.roomWatts", True),
    ],
)
def test_a_number_of_the_wrong_type_fails(path: str, value: object):
    found = only(judge(RULE, hall(path, value)))

    assert found.mandatory
    assert ", not " in found.message


@pytest.mark.parametrize("path", ["power", "power.loads", "power.loads.a", "power.loads.a.carriedWatts"])
def test_what_is_unknown_is_deferred(path: str):
    found = only(judge(RULE, hall(path, UNKNOWN_VALUE)))

    assert not found.mandatory
    assert "is not known yet; deferred to update" in found.message


def test_an_unknown_site_is_deferred_and_fails_where_the_configuration_says_so():
    assert not only(judge(RULE, UNKNOWN_VALUE)).mandatory
    assert only(judge(RULE, UNKNOWN_VALUE, {"power": {"on_unknown": "fail"}})).mandatory
    assert not only(judge_sites(RULE, UNKNOWN_VALUE)).mandatory


def test_secret_numbers_are_judged_and_not_printed():
    found = only(judge(RULE, hall("power.loads.a.carriedWatts", secret(4711))))

    assert found.mandatory
    assert "4711" not in found.message


def test_a_cloud_passes_and_sites_of_the_wrong_type_fail():
    assert [] == judge(RULE, {"provider": "aws", "pools": {}})
    assert only(judge_sites(RULE, ["oslo"])).mandatory
    assert only(judge_sites(RULE, {"oslo": 7})).mandatory
