"""What a purchase file commits to, in US dollars without tax."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_UP, Decimal

from argosy_aws.purchases.models import CapacityBlock, PurchaseSpec, Reservation

_CENT = Decimal("0.01")
_HOUR = dt.timedelta(hours=1)


@dataclass(frozen=True)
class Cost:
    """What one line of the file commits to."""

    name: str
    kind: str
    """`block` or `reserved`, the capacity type that a fleet file gives it."""
    item: CapacityBlock | Reservation
    counted_from: dt.datetime
    counted_until: dt.datetime
    usd: Decimal
    """Rounded up to whole cents."""


def costs(spec: PurchaseSpec) -> list[Cost]:
    """Every commitment, by name. A reservation whose end nobody knows is left out; the checks refuse it."""
    return sorted([*_blocks(spec), *_reservations(spec)], key=lambda cost: (cost.name, cost.kind))


def total_usd(committed: Iterable[Cost]) -> Decimal:
    """The sum that the budget must hold."""
    return sum((cost.usd for cost in committed), Decimal(0))


def usd(amount: Decimal) -> str:
    """`1,234.50 USD`."""
    return f"{amount:,.2f} USD"


def _blocks(spec: PurchaseSpec) -> Iterable[Cost]:
    for name, block in spec.capacity_blocks.items():
        yield Cost(name, "block", block, block.starts, block.ends, _cents(block.upfront_fee_usd))


def _reservations(spec: PurchaseSpec) -> Iterable[Cost]:
    for name, reserved in spec.reservations.items():
        begin, end = reserved.starts or spec.approved.at, reserved.ends or spec.counted_until
        if end is not None:
            hours = Decimal(max(end - begin, dt.timedelta(0)) // dt.timedelta(seconds=1)) / Decimal(
                _HOUR // dt.timedelta(seconds=1)
            )
            amount = reserved.usd_per_hour * reserved.instances * hours
            yield Cost(name, "reserved", reserved, begin, end, _cents(amount))


def _cents(amount: Decimal) -> Decimal:
    return amount.quantize(_CENT, rounding=ROUND_UP)
