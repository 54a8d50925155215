"""RED-05: a hall has two uplinks that share no carrier, conduit or entry."""

import pytest

from argosy_policies.testing import UNKNOWN_VALUE, secret

from .hall_numbers import HALL, hall, judge, judge_sites, only

RULE = "RED-05"


def test_two_uplinks_that_share_nothing_pass():
    assert [] == judge(RULE, HALL)


@pytest.mark.parametrize(
    ("path", "value"),
    [("uplinks.1.carrier", "one"), ("uplinks.1.conduit", "duct"), ("uplinks.1.entry", "wall")],
)
def test_uplinks_that_share_what_one_dig_or_one_owner_takes_fail(path: str, value: str):
    found = only(judge(RULE, hall(path, value)))

    assert found.mandatory
    assert "oslo: every uplink shares its carrier, conduit or entry with every other" in found.message
    assert "remedy: add an uplink of another carrier" in found.message


def test_one_uplink_fails_and_how_many_are_needed_is_a_parameter():
    one = hall("uplinks", HALL["uplinks"][:1])

    assert "1 of the 2 uplinks needed" in only(judge(RULE, one)).message
    assert [] == judge(RULE, one, {"redundancy": {"RED-05": {"min_uplinks": 1}}})
    assert only(judge(RULE, HALL, {"redundancy": {"RED-05": {"min_uplinks": 3}}})).mandatory


@pytest.mark.parametrize(
    "path", ["uplinks", "uplinks.0", "uplinks.0.name", "uplinks.0.mbps", "uplinks.1.carrier"]
)
def test_an_absent_number_fails_since_nothing_was_proven(path: str):
    found = only(judge(RULE, hall(path)))

    assert found.mandatory
    assert "is not set, not " in found.message


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("uplinks", {"fibre": 1}),
        ("uplinks.0", "fibre"),
        ("uplinks.0.carrier", 7),
        ("uplinks.0.conduit", 7),
        ("uplinks.0.usage", "data"),
        ("uplinks.0.usage", [7]),
    ],
)
def test_a_number_of_the_wrong_type_fails(path: str, value: object):
    found = only(judge(RULE, hall(path, value)))

    assert found.mandatory
    assert ", not " in found.message


@pytest.mark.parametrize("path", ["uplinks", "uplinks.0", "uplinks.1.carrier", "uplinks.1.usage"])
def test_what_is_unknown_is_deferred(path: str):
    found = only(judge(RULE, hall(path, UNKNOWN_VALUE)))

    assert not found.mandatory
    assert "is not known yet; deferred to update" in found.message


def test_an_unknown_site_is_deferred_and_fails_where_the_configuration_says_so():
    assert not only(judge(RULE, UNKNOWN_VALUE)).mandatory
    assert only(judge(RULE, UNKNOWN_VALUE, {"redundancy": {"on_unknown": "fail"}})).mandatory
    assert not only(judge_sites(RULE, UNKNOWN_VALUE)).mandatory


def test_secret_numbers_are_judged_and_not_printed():
    found = only(judge(RULE, hall("uplinks.1.carrier", secret("one"))))

    assert found.mandatory
    assert "4711" not in found.message


def test_a_cloud_passes_and_sites_of_the_wrong_type_fail():
    assert [] == judge(RULE, {"provider": "aws", "pools": {}})
    assert only(judge_sites(RULE, ["oslo"])).mandatory
    assert only(judge_sites(RULE, {"oslo": 7})).mandatory
