"""CAP-06: capacity is bought in the purchases project alone, protected, and for nodes that name it."""

from collections.abc import Callable
from typing import Any

import pytest

from argosy_policies.testing import UNKNOWN_VALUE, Declared, Diagnostic, Pack, secret

PROJECT = "argosy-purchases-aws"
BLOCK = "aws:ec2/capacityBlockReservation:CapacityBlockReservation"
RESERVATION = "aws:ec2/capacityReservation:CapacityReservation"
OFFERING: dict[str, Any] = {"capacityBlockOfferingId": "cb-0123456789abcdef0"}
TARGETED: dict[str, Any] = {"instanceMatchCriteria": "targeted", "tags": {"owner": "serving"}}


def judge(
    type_: str,
    properties: dict[str, Any],
    *,
    project: str = PROJECT,
    protect: bool = True,
    **parameters: object,
) -> list[Diagnostic]:
    config = {"capacity": parameters} if parameters else None
    return Pack(config).analyze(Declared(type_, "bought", properties, protect=protect, project=project))


def block(**changes: object) -> list[Diagnostic]:
    return judge(BLOCK, OFFERING | changes)


def reservation(**changes: object) -> list[Diagnostic]:
    return judge(RESERVATION, TARGETED | changes)


def only(found: list[Diagnostic]) -> Diagnostic:
    assert 1 == len(found), found
    return found[0]


def test_a_protected_block_of_the_purchases_project_passes():
    assert [] == block()


@pytest.mark.parametrize(
    "changes", [{}, {"tags": None, "endDate": "2027-03-01T00:00:00Z"}, {"endDate": "2027-03-01T00:00:00Z"}]
)
def test_a_targeted_reservation_with_an_end_or_an_owner_passes(changes: dict[str, object]):
    assert [] == reservation(**changes)


@pytest.mark.parametrize(("type_", "properties"), [(BLOCK, OFFERING), (RESERVATION, TARGETED)])
def test_a_purchase_in_the_fleets_project_fails_with_rule_resource_finding_and_remedy(
    type_: str, properties: dict[str, Any]
):
    found = only(judge(type_, properties, project="argosy"))

    assert found.mandatory
    assert "CAP-06 Capacity is bought in the purchases project alone" in found.message
    assert f"resource: bought ({type_})" in found.message
    assert "found: bought in the project argosy, not in argosy-purchases-aws\n" in found.message
    assert "remedy: write the purchase into a file of stacks/purchases/aws" in found.message


@pytest.mark.parametrize(("type_", "properties"), [(BLOCK, OFFERING), (RESERVATION, TARGETED)])
def test_an_unprotected_purchase_fails(type_: str, properties: dict[str, Any]):
    assert "found: not protected" in only(judge(type_, properties, protect=False)).message


def test_the_project_is_a_parameter():
    elsewhere: dict[str, Any] = {"CAP-06": {"project": "lab-purchases"}}

    assert [] == judge(BLOCK, OFFERING, project="lab-purchases", **elsewhere)
    assert "not in lab-purchases" in only(judge(BLOCK, OFFERING, **elsewhere)).message


def test_an_open_reservation_fails():
    assert "found: instanceMatchCriteria is open\n" in only(reservation(instanceMatchCriteria="open")).message


def test_an_absent_match_criteria_fails_since_the_default_is_open():
    found = only(reservation(instanceMatchCriteria=None))

    assert "instanceMatchCriteria is not set, so that any" in found.message


@pytest.mark.parametrize("tags", [None, {}, {"owner": None}, {"team": "serving"}])
def test_an_absent_end_and_owner_fail_together(tags: object):
    assert "endDate is not set, and tags.owner is not set" in only(reservation(tags=tags)).message


@pytest.mark.parametrize("offering", [None, ""])
def test_an_absent_offering_fails(offering: object):
    assert "capacityBlockOfferingId is" in only(block(capacityBlockOfferingId=offering)).message


def test_an_unknown_offering_is_deferred_and_fails_where_the_configuration_says_so():
    unknown = {"capacityBlockOfferingId": UNKNOWN_VALUE}
    found = only(judge(BLOCK, unknown))

    assert not found.mandatory
    assert "capacityBlockOfferingId is not known yet; deferred to update" in found.message
    assert only(judge(BLOCK, unknown, on_unknown="fail")).mandatory


def test_unknown_match_criteria_are_deferred():
    assert not only(reservation(instanceMatchCriteria=UNKNOWN_VALUE)).mandatory


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"tags": {}, "endDate": UNKNOWN_VALUE}, "endDate"),
        ({"tags": {"owner": UNKNOWN_VALUE}}, "tags.owner"),
        ({"tags": UNKNOWN_VALUE}, "tags.owner"),
    ],
)
def test_an_unknown_end_or_owner_is_deferred(changes: dict[str, object], path: str):
    found = only(reservation(**changes))

    assert not found.mandatory
    assert f"found: {path} is not known yet" in found.message


def test_what_is_unknown_does_not_hide_the_wrong_project():
    found = judge(BLOCK, {"capacityBlockOfferingId": UNKNOWN_VALUE}, project="argosy")

    assert [True, False] == [one.mandatory for one in found]


def test_secret_values_that_are_right_pass():
    assert [] == block(capacityBlockOfferingId=secret("cb-0123456789abcdef0"))
    assert [] == reservation(instanceMatchCriteria=secret("targeted"), tags=secret({"owner": "serving"}))


def test_secret_values_that_are_wrong_fail_and_are_not_printed():
    found = only(reservation(instanceMatchCriteria=secret("canary-4711")))

    assert "instanceMatchCriteria is text other than `targeted`" in found.message
    assert "canary" not in found.message


@pytest.mark.parametrize(
    ("judged", "expected"),
    [
        (lambda: block(capacityBlockOfferingId=7), "capacityBlockOfferingId is a number"),
        (lambda: block(capacityBlockOfferingId=["cb-1"]), "capacityBlockOfferingId is a list"),
        (lambda: reservation(instanceMatchCriteria=True), "is a truth value other than `targeted`"),
        (lambda: reservation(tags=["owner"]), "endDate is not set, and tags.owner is not set"),
        (lambda: reservation(tags={}, endDate=4711), "endDate is a number, and tags.owner is not set"),
    ],
)
def test_values_of_the_wrong_type_fail(judged: Callable[[], list[Diagnostic]], expected: str):
    assert expected in only(judged()).message
