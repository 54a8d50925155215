"""Capacity: what is bought, by whom, and for whom."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import Severity
from pydantic import Field

from argosy_policies.rule import Outcome, Parameters, ResourceRule, Undecided, Violation
from argosy_policies.values import Resource, Value

_BLOCK = "aws:ec2/capacityBlockReservation:CapacityBlockReservation"
_RESERVATION = "aws:ec2/capacityReservation:CapacityReservation"


class PurchasesProject(Parameters):
    """Where capacity is bought."""

    project: str = Field(
        default="argosy-purchases-aws", min_length=1, description="The one Pulumi project that may buy."
    )


def _check_purchase(purchase: Resource, allowed: PurchasesProject) -> Iterator[Outcome]:
    if purchase.project != allowed.project:
        yield Violation(f"bought in the project {purchase.project}, not in {allowed.project}", purchase)
    if not purchase.protected:
        yield Violation("not protected, so that a later run may buy it again or give it up", purchase)
    if purchase.type == _BLOCK:
        yield from _check_literal(purchase)
    else:
        yield from _check_targeted(purchase)
        yield from _check_somebody_ends_it(purchase)


def _check_literal(block: Resource) -> Iterator[Outcome]:
    offering = block.properties["capacityBlockOfferingId"]
    if offering.unknown:
        yield Undecided(offering.path, block)
    elif not offering.text:
        yield Violation(f"{offering.path} is {_found(offering)}", block)


def _check_targeted(reservation: Resource) -> Iterator[Outcome]:
    criteria = reservation.properties["instanceMatchCriteria"]
    if criteria.unknown:
        yield Undecided(criteria.path, reservation)
    elif criteria.text != "targeted":
        yield Violation(f"{criteria.path} is {_found_criteria(criteria)}", reservation)


def _check_somebody_ends_it(reservation: Resource) -> Iterator[Outcome]:
    end, owner = reservation.properties["endDate"], reservation.properties["tags"]["owner"]
    if end.text or owner.text:
        return
    if end.unknown or owner.unknown:
        yield Undecided(end.path if end.unknown else owner.path, reservation)
    else:
        yield Violation(f"{end.path} is {_found(end)}, and {owner.path} is {_found(owner)}", reservation)


def _found_criteria(criteria: Value) -> str:
    if criteria.absent:
        return "not set, so that any instance that fits takes it"
    return "open" if criteria.text == "open" else f"{criteria.kind} other than `targeted`"


def _found(value: Value) -> str:
    return "empty" if value.text == "" else value.kind


RULES = (
    ResourceRule(
        id="CAP-06",
        title="Capacity is bought in the purchases project alone, protected, and for nodes that name it",
        reason=(
            "A Capacity Block is paid when it is made and cannot be given back; a reservation costs by the "
            "hour, used or not. So neither may come from a run that does anything else, nor be replaced by a "
            "later one. An open reservation is used up by whichever instance of the account fits it; "
            "one without an end goes on costing until somebody cancels it."
        ),
        source="EC2 user guide (Capacity Blocks, pricing and billing; Capacity Reservations, concepts)",
        severity=Severity.CRITICAL,
        remedy=(
            "write the purchase into a file of stacks/purchases/aws, and only its cr- id into the fleet file "
            "(docs/how-to/buy-capacity-on-aws.md)"
        ),
        resource_types=(_BLOCK, _RESERVATION),
        parameters=PurchasesProject,
        check=_check_purchase,
    ),
)
