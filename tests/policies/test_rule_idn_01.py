"""IDN-01: instance metadata is given out for a session token only, on the node itself."""

from typing import Any

import pytest

from argosy_policies.testing import UNKNOWN_VALUE, Declared, Diagnostic, Pack, secret

GOOD: dict[str, Any] = {"httpEndpoint": "enabled", "httpTokens": "required", "httpPutResponseHopLimit": 1}
LAUNCH_TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"


def judge(options: object, **parameters: object) -> list[Diagnostic]:
    config = {"identity": parameters} if parameters else None
    properties = {"instanceType": "p5en.48xlarge", "metadataOptions": options}
    return Pack(config).analyze(Declared(LAUNCH_TEMPLATE, "train", properties))


def only(found: list[Diagnostic]) -> Diagnostic:
    assert 1 == len(found), found
    return found[0]


@pytest.mark.parametrize("options", [GOOD, {"httpEndpoint": "disabled"}])
def test_required_tokens_that_stay_on_the_node_pass(options: object):
    assert [] == judge(options)


def test_other_types_are_not_judged():
    assert [] == Pack().analyze(Declared("aws:ec2/instance:Instance", "i", {"metadataOptions": {}}))


def test_optional_tokens_fail_with_rule_resource_finding_and_remedy():
    found = only(judge(GOOD | {"httpTokens": "optional"}))

    assert found.mandatory
    assert "IDN-01 Instance metadata is given out for a session token only" in found.message
    assert f"resource: train ({LAUNCH_TEMPLATE})" in found.message
    assert "found: metadataOptions.httpTokens is optional\n" in found.message
    assert "remedy: set metadataOptions of the launch template" in found.message


def test_a_token_that_travels_two_hops_fails():
    found = only(judge(GOOD | {"httpPutResponseHopLimit": 2}))

    assert "found: metadataOptions.httpPutResponseHopLimit is 2; at most 1 is allowed\n" in found.message


def test_the_hop_limit_is_a_parameter():
    two_hops = GOOD | {"httpPutResponseHopLimit": 2}

    assert [] == judge(two_hops, **{"IDN-01": {"max_hop_limit": 2}})


@pytest.mark.parametrize("options", [None, {}, {"httpTokens": None, "httpPutResponseHopLimit": None}])
def test_absent_options_fail_since_the_default_is_someone_elses(options: object):
    found = judge(options)

    assert 2 == len(found)
    assert "metadataOptions.httpTokens is not set, so that the account's" in found[0].message
    assert "metadataOptions.httpPutResponseHopLimit is not set" in found[1].message


def test_unknown_tokens_are_deferred():
    found = only(judge(GOOD | {"httpTokens": UNKNOWN_VALUE}))

    assert not found.mandatory
    assert "IDN-01" in found.message
    assert "resource: train" in found.message
    assert "found: metadataOptions.httpTokens is not known yet; deferred to update" in found.message


def test_options_unknown_altogether_are_deferred_in_one_note():
    found = only(judge(UNKNOWN_VALUE))

    assert not found.mandatory
    assert "metadataOptions.httpTokens is not known yet" in found.message
    assert "metadataOptions.httpPutResponseHopLimit is not known yet" in found.message


def test_unknown_tokens_do_not_hide_a_hop_limit_that_is_known_to_be_wrong():
    found = judge({"httpTokens": UNKNOWN_VALUE, "httpPutResponseHopLimit": 5})

    assert [(True, "is 5;"), (False, "deferred")] == [
        (one.mandatory, "is 5;" if "is 5;" in one.message else "deferred") for one in found
    ]


def test_unknown_fails_where_the_configuration_says_so():
    assert only(judge(GOOD | {"httpTokens": UNKNOWN_VALUE}, on_unknown="fail")).mandatory


@pytest.mark.parametrize("options", [secret(GOOD), GOOD | {"httpTokens": secret("required")}])
def test_secret_options_that_are_right_pass(options: object):
    assert [] == judge(options)


@pytest.mark.parametrize(
    "options",
    [
        GOOD | {"httpTokens": secret("canary-4711")},
        GOOD | {"httpPutResponseHopLimit": secret("canary-4711")},
        GOOD | {"httpPutResponseHopLimit": secret(4711)},
    ],
)
def test_secret_options_that_are_wrong_fail_and_are_not_printed(options: object):
    found = only(judge(options))

    assert found.mandatory
    assert "4711" not in found.message


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (GOOD | {"httpTokens": True}, "httpTokens is a truth value other than `required`"),
        (GOOD | {"httpTokens": ["required"]}, "httpTokens is a list other than `required`"),
        (GOOD | {"httpPutResponseHopLimit": "1"}, "httpPutResponseHopLimit is text that EC2 does not accept"),
        (
            GOOD | {"httpPutResponseHopLimit": 0},
            "httpPutResponseHopLimit is a number that EC2 does not accept",
        ),
        (GOOD | {"httpPutResponseHopLimit": True}, "httpPutResponseHopLimit is a truth value that EC2"),
    ],
)
def test_options_of_the_wrong_type_fail(options: object, expected: str):
    assert expected in only(judge(options)).message


def test_options_as_a_list_fail_as_if_they_were_absent():
    assert 2 == len(judge([GOOD]))
