"""A purchase file as its checks see it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

from argosy.catalog import Catalog, InstanceType, NotInCatalogError
from argosy.errors import Fault
from argosy.spec.places import Key, Places
from argosy_aws.purchases.models import CapacityBlock, PurchaseSpec, Reservation

Purchase = TypeVar("Purchase", CapacityBlock, Reservation)


@dataclass(frozen=True)
class Order:
    """A purchase file, and what it is held against."""

    spec: PurchaseSpec
    places: Places
    catalog: Catalog

    def items(self) -> Iterator[Item]:
        """Everything that is bought."""
        for kind, items in (
            ("capacity_blocks", self.spec.capacity_blocks),
            ("reservations", self.spec.reservations),
        ):
            for name, item in items.items():
                yield Item(self, kind, name, item)

    def entries(self, kind: type[Purchase]) -> Iterator[tuple[Item, Purchase]]:
        """What stands in the file of one kind, bought before or not."""
        for item in self.items():
            if isinstance(item.spec, kind):
                yield item, item.spec

    def to_buy(self, kind: type[Purchase]) -> Iterator[tuple[Item, Purchase]]:
        """What is yet to be bought of one kind."""
        return ((item, spec) for item, spec in self.entries(kind) if spec.bought is None)

    def fault(self, *path: Key, given: str, expected: str, fix: str) -> Fault:
        """A fault in the file."""
        return self.places.fault(path, given=given, expected=expected, fix=fix)


@dataclass(frozen=True)
class Item:
    """One thing that is bought, and where it stands in the file."""

    order: Order
    kind: str
    """`capacity_blocks` or `reservations`."""
    name: str
    spec: CapacityBlock | Reservation

    @property
    def type(self) -> InstanceType | None:
        """Its instance type; None where the catalogue has no such type."""
        try:
            return self.order.catalog.instance_type("aws", self.spec.instance_type)
        except NotInCatalogError:
            return None

    def fault(self, field: str, *, given: str, expected: str, fix: str) -> Fault:
        """A fault in one of its fields."""
        return self.order.fault(self.kind, self.name, field, given=given, expected=expected, fix=fix)


def shown_moment(moment: dt.datetime) -> str:
    """`2027-01-25T11:30Z`."""
    return f"{moment.astimezone(dt.UTC):%Y-%m-%dT%H:%MZ}"
