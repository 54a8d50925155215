"""The shape of a purchase file: what is bought in one AWS region, by whose approval, and up to which sum.

Shapes only. What AWS, the budget or common sense would reject says `argosy_aws.purchases.checks`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from argosy.spec.values import Moment, Name, Positive, SpecModel, Text
from argosy_aws.tag_values import NOT_RESERVED

Account = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9]{12}$"),
    Field(description='An AWS account id: 12 digits in quotes, e.g. "111122223333".'),
]
OfferingId = Annotated[
    str,
    StringConstraints(pattern=r"^cb-[0-9a-f]{8,17}$"),
    Field(description="The id of a Capacity Block offering, e.g. cb-0123456789abcdef0."),
]
ReservationId = Annotated[
    str,
    StringConstraints(pattern=r"^cr-[0-9a-f]{8,17}$"),
    Field(description="The id of a capacity reservation, e.g. cr-0123456789abcdef0."),
]
TagValue = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9_.:/=+@-]([A-Za-z0-9_.:/=+@ -]{0,254}[A-Za-z0-9_.:/=+@-])?$"),
    NOT_RESERVED,
    Field(
        description="Text that AWS takes as a tag: letters, digits, spaces and _.:/=+@-, at most 256, not "
        "beginning with aws:."
    ),
]
Instances = Annotated[int, Field(strict=True, ge=1, le=100_000)]


class Approval(SpecModel):
    """Who lets this money be spent."""

    by: TagValue
    """A person or a board."""
    ticket: TagValue
    """Where the approval can be read."""
    at: Moment
    """When it was given. Nothing is bought before, so what is paid by the hour is counted from here."""


class CapacityBlock(SpecModel):
    """A Capacity Block as it was offered. It is paid when it is bought, and cannot be given back."""

    offering: OfferingId | None = None
    """The offering that is bought. It is worth nothing to anyone a few minutes after it was shown."""
    bought: ReservationId | None = None
    """The reservation, in place of `offering`, where it has been bought already: it is counted, not bought
    again."""
    upfront_fee_usd: Positive
    """The whole price, without tax, as the offering says."""
    instance_type: Text
    instances: Instances
    zone: Text
    """The zone id."""
    starts: Moment
    ends: Moment


class Reservation(SpecModel):
    """An On-Demand Capacity Reservation. It is paid by the hour from its first minute, used or not."""

    bought: ReservationId | None = None
    """The reservation, where it has been made already by other means: it is counted, not made again."""
    instance_type: Text
    instances: Instances
    zone: Text
    """The zone id."""
    owner: TagValue
    """Who is asked whether it is still needed."""
    usd_per_hour: Positive
    """What one instance costs per hour."""
    starts: Moment | None = None
    """When a future-dated reservation begins; only together with `bought`."""
    ends: Moment | None = None
    """When AWS ends it; left out: somebody has to."""
    placement_group: Name | None = None
    """A cluster placement group that is made here and in which the capacity lies; its name in AWS."""


class ReservationGroup(SpecModel):
    """Reservations that a node pool draws on as one."""

    reservations: Annotated[tuple[Name, ...], Field(min_length=1)]
    """Names from `reservations`."""


class PurchaseSpec(SpecModel):
    """Everything that is bought under one approval, in one account and region."""

    version: Literal[1]
    account: Account
    """The account that pays; with credentials of another, nothing is bought."""
    region: Text
    zones: dict[Text, Text]
    """The zones that are used: zone id to the name that this account has for it, e.g. use1-az4: us-east-1c.
    AWS sells by name, and a name means another zone in every account."""
    budget_usd: Positive
    """The ceiling of all that stands below, without tax."""
    approved: Approval
    counted_until: Moment | None = None
    """Until when reservations without an end are counted against the budget: when they are next looked at."""
    capacity_blocks: dict[Name, CapacityBlock] = Field(default={})
    reservations: dict[Name, Reservation] = Field(default={})
    groups: dict[Name, ReservationGroup] = Field(default={})
