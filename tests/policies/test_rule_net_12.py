"""NET-12: out-of-band traffic survives the loss of every data uplink."""

import pytest

from argosy_policies.testing import UNKNOWN_VALUE, secret

from .hall_numbers import HALL, hall, judge, judge_sites, only

RULE = "NET-12"


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


@pytest.mark.parametrize("path", ["uplinks", "uplinks.1", "uplinks.1.carrier"])
def test_an_absent_number_fails_since_nothing_was_proven(path: str):
    found = only(judge(RULE, hall(path)))

    assert found.mandatory
    assert "is not set, not " in found.message


@pytest.mark.parametrize(
    ("path", "value"), [("uplinks", 7), ("uplinks.1.usage", "oob"), ("uplinks.1.carrier", True)]
)
def test_a_number_of_the_wrong_type_fails(path: str, value: object):
    found = only(judge(RULE, hall(path, value)))

    assert found.mandatory
    assert ", not " in found.message


@pytest.mark.parametrize("path", ["uplinks", "uplinks.1", "uplinks.1.usage"])
def test_what_is_unknown_is_deferred(path: str):
    found = only(judge(RULE, hall(path, UNKNOWN_VALUE)))

    assert not found.mandatory
    assert "is not known yet; deferred to update" in found.message


def test_an_unknown_site_is_deferred_and_fails_where_the_configuration_says_so():
    assert not only(judge(RULE, UNKNOWN_VALUE)).mandatory
    assert only(judge(RULE, UNKNOWN_VALUE, {"network": {"on_unknown": "fail"}})).mandatory
    assert not only(judge_sites(RULE, UNKNOWN_VALUE)).mandatory


def test_secret_numbers_are_judged_and_not_printed():
    found = only(judge(RULE, hall("uplinks.1.carrier", secret("one"))))

    assert found.mandatory
    assert "4711" not in found.message


def test_a_cloud_passes_and_sites_of_the_wrong_type_fail():
    assert [] == judge(RULE, {"provider": "aws", "pools": {}})
    assert only(judge_sites(RULE, ["oslo"])).mandatory
    assert only(judge_sites(RULE, {"oslo": 7})).mandatory
