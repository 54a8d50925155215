"""NET-14: a hall can be reinstalled in the time that it states."""

import pytest

from argosy_policies.testing import UNKNOWN_VALUE, secret

from .hall_numbers import HALL, hall, judge, judge_sites, only

RULE = "NET-14"


def test_a_hall_that_is_reinstalled_in_time_passes():
    assert [] == judge(RULE, HALL)
    assert [] == judge(RULE, hall("install.seconds", 3600))


def test_a_hall_that_states_no_time_passes_unless_the_rule_has_one():
    assert [] == judge(RULE, hall("install.withinMinutes"))
    assert only(
        judge(RULE, hall("install.withinMinutes"), {"network": {"NET-14": {"max_minutes": 10}}})
    ).mandatory


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


@pytest.mark.parametrize("path", ["install"])
def test_an_absent_number_fails_since_nothing_was_proven(path: str):
    found = only(judge(RULE, hall(path)))

    assert found.mandatory
    assert "is not set, not " in found.message


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("install", "soon"),
        ("install.seconds", "1650"),
        ("install.withinMinutes", "60"),
        ("install.sizeGib", True),
    ],
)
def test_a_number_of_the_wrong_type_fails(path: str, value: object):
    found = only(judge(RULE, hall(path, value)))

    assert found.mandatory
    assert ", not " in found.message


@pytest.mark.parametrize("path", ["install", "install.seconds", "install.withinMinutes"])
def test_what_is_unknown_is_deferred(path: str):
    found = only(judge(RULE, hall(path, UNKNOWN_VALUE)))

    assert not found.mandatory
    assert "is not known yet; deferred to update" in found.message


def test_an_unknown_site_is_deferred_and_fails_where_the_configuration_says_so():
    assert not only(judge(RULE, UNKNOWN_VALUE)).mandatory
    assert only(judge(RULE, UNKNOWN_VALUE, {"network": {"on_unknown": "fail"}})).mandatory
    assert not only(judge_sites(RULE, UNKNOWN_VALUE)).mandatory


def test_secret_numbers_are_judged_and_not_printed():
    found = only(judge(RULE, hall("install.seconds", secret(4711))))

    assert found.mandatory
    assert "4711" not in found.message


def test_a_cloud_passes_and_sites_of_the_wrong_type_fail():
    assert [] == judge(RULE, {"provider": "aws", "pools": {}})
    assert only(judge_sites(RULE, ["oslo"])).mandatory
    assert only(judge_sites(RULE, {"oslo": 7})).mandatory
