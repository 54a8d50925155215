"""NET-13: control plane and out-of-band fit the uplinks that are left at the worst."""

import pytest

from argosy_policies.testing import UNKNOWN_VALUE, secret

from .hall_numbers import HALL, hall, judge, judge_sites, only

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


@pytest.mark.parametrize(
    "path", ["traffic", "traffic.controlMbps", "traffic.oobMbps", "uplinks", "uplinks.0.mbps"]
)
def test_an_absent_number_fails_since_nothing_was_proven(path: str):
    found = only(judge(RULE, hall(path)))

    assert found.mandatory
    assert "is not set, not " in found.message


@pytest.mark.parametrize(
    ("path", "value"),
    [("traffic", 7), ("traffic.controlMbps", "4"), ("uplinks", 7), ("uplinks.0.mbps", "1000")],
)
def test_a_number_of_the_wrong_type_fails(path: str, value: object):
    found = only(judge(RULE, hall(path, value)))

    assert found.mandatory
    assert ", not " in found.message


@pytest.mark.parametrize("path", ["traffic", "traffic.oobMbps", "uplinks.0.mbps"])
def test_what_is_unknown_is_deferred(path: str):
    found = only(judge(RULE, hall(path, UNKNOWN_VALUE)))

    assert not found.mandatory
    assert "is not known yet; deferred to update" in found.message


def test_an_unknown_site_is_deferred_and_fails_where_the_configuration_says_so():
    assert not only(judge(RULE, UNKNOWN_VALUE)).mandatory
    assert only(judge(RULE, UNKNOWN_VALUE, {"network": {"on_unknown": "fail"}})).mandatory
    assert not only(judge_sites(RULE, UNKNOWN_VALUE)).mandatory


def test_secret_numbers_are_judged_and_not_printed():
    found = only(judge(RULE, hall("traffic.controlMbps", secret(4711))))

    assert found.mandatory
    assert "4711" not in found.message


def test_a_cloud_passes_and_sites_of_the_wrong_type_fail():
    assert [] == judge(RULE, {"provider": "aws", "pools": {}})
    assert only(judge_sites(RULE, ["oslo"])).mandatory
    assert only(judge_sites(RULE, {"oslo": 7})).mandatory
