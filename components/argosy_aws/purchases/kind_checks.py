"""What is asked of every kind of purchase alike; each kind says what AWS allows of it."""

from __future__ import annotations

from collections.abc import Iterator

from argosy.errors import Fault
from argosy_aws.purchases.order import Order, Purchase


def not_sold(
    order: Order, kind: type[Purchase], capacity: str, *, expected: str, fix: str
) -> Iterator[Fault]:
    """Types that AWS does not sell as this kind of capacity, in the catalogue's word for it."""
    for item, _ in order.to_buy(kind):
        if item.type is not None and capacity not in item.type.capacity_types:
            yield item.fault("instance_type", given=item.type.name, expected=expected, fix=fix)


def too_many_instances(
    order: Order, kind: type[Purchase], most: int, *, of: str, fix: str
) -> Iterator[Fault]:
    """More than `most` instances in one purchase, which is called `of`."""
    for item, spec in order.to_buy(kind):
        if spec.instances > most:
            yield item.fault(
                "instances", given=str(spec.instances), expected=f"at most {most} in one {of}", fix=fix
            )
