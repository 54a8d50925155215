"""What AWS sells as a Capacity Block. What was bought by other means is not held against it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from argosy.errors import Fault
from argosy_aws.purchases.kind_checks import not_sold, too_many_instances
from argosy_aws.purchases.limits import load_limits
from argosy_aws.purchases.models import CapacityBlock
from argosy_aws.purchases.order import Order, shown_moment


def _named_by_id(order: Order) -> Iterator[Fault]:
    for item, block in order.entries(CapacityBlock):
        if block.offering is None and block.bought is None:
            yield item.fault(
                "offering",
                given="neither offering nor bought",
                expected="the id of what is bought, or of what was bought",
                fix="write offering: with an id that `aws ec2 describe-capacity-block-offerings` shows",
            )
        elif block.offering is not None and block.bought is not None:
            yield item.fault(
                "bought",
                given="offering and bought",
                expected="one of them: what is to be bought, or what was bought",
                fix="delete offering: if the block is there, or bought: if it is not",
            )


def _sold_in_blocks(order: Order) -> Iterator[Fault]:
    return not_sold(
        order,
        CapacityBlock,
        "block",
        expected="a type that AWS sells in Capacity Blocks",
        fix="reserve it under reservations: instead",
    )


def _instances_of_one(order: Order) -> Iterator[Fault]:
    return too_many_instances(
        order,
        CapacityBlock,
        load_limits().block.most_instances,
        of="Capacity Block",
        fix="buy several blocks; each has a reservation and a node pool of its own",
    )


def _instances_at_once(order: Order) -> Iterator[Fault]:
    """What else the account holds is AWS's to count."""
    most = load_limits().block.most_instances_at_once
    blocks = list(order.to_buy(CapacityBlock))
    for item, block in blocks:
        # The count can only rise when a block starts.
        at_once = sum(other.instances for _, other in blocks if other.starts <= block.starts < other.ends)
        if at_once > most:
            yield item.fault(
                "instances",
                given=f"{at_once} in all blocks that hold at {shown_moment(block.starts)}",
                expected=f"at most {most} at one time",
                fix="buy fewer, or let blocks follow each other",
            )


def _length(order: Order) -> Iterator[Fault]:
    limits = load_limits().block
    for item, block in order.to_buy(CapacityBlock):
        if block.ends > block.starts and not limits.sells(block.ends - block.starts):
            yield item.fault(
                "ends",
                given=f"{(block.ends - block.starts) / dt.timedelta(days=1):.4g} days",
                expected=f"a length that is sold: days up to {limits.daily_until}, then whole weeks up to "
                f"{limits.most_days} days",
                fix="write StartDate and EndDate of the offering",
            )


def _end_of_day(order: Order) -> Iterator[Fault]:
    ends_at = load_limits().block.ends_at
    for item, block in order.to_buy(CapacityBlock):
        if block.ends.astimezone(dt.UTC).time() != ends_at:
            yield item.fault(
                "ends",
                given=shown_moment(block.ends),
                expected=f"{ends_at:%H:%M} UTC, when every Capacity Block ends",
                fix="write the EndDate of the offering",
            )


def _approved_before(order: Order) -> Iterator[Fault]:
    for item, block in order.to_buy(CapacityBlock):
        if block.starts <= order.spec.approved.at:
            yield item.fault(
                "starts",
                given=shown_moment(block.starts),
                expected=f"a moment after the approval of {shown_moment(order.spec.approved.at)}",
                fix="correct the date",
            )


BLOCK_RULES = (
    _named_by_id,
    _sold_in_blocks,
    _instances_of_one,
    _instances_at_once,
    _length,
    _end_of_day,
    _approved_before,
)
