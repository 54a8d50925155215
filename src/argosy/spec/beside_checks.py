"""What the rows of a file beside the fleet file must agree on: each said once, none of tomorrow."""

from __future__ import annotations

import datetime as dt
from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from argosy.errors import Fault
    from argosy.spec.loader import Beside, LoadedFleet
    from argosy.spec.prices import PriceSpec
    from argosy.spec.rates import RateSpec


class _Dated(Protocol):
    @property
    def as_of(self) -> dt.date: ...


def check_beside(fleet: LoadedFleet, latest: dt.date | None = None) -> Iterator[Fault]:
    """Faults of the rows of all such files. `latest`: the last day that has begun; left out: by the clock."""
    prices = fleet.prices.prices if fleet.prices else ()
    rates = fleet.rates.rates if fleet.rates else ()
    types = fleet.server_types.server_types if fleet.server_types else ()
    day = latest or _latest_day()
    yield from _check_once(fleet, "prices", [price_key(price) for price in prices])
    yield from _check_once(fleet, "rates", [rate_key(rate) for rate in rates])
    yield from _check_once(fleet, "server_types", [row.name for row in types])
    yield from _check_days(fleet, "prices", prices, day)
    yield from _check_days(fleet, "rates", rates, day)
    yield from _check_days(fleet, "server_types", types, day)


def price_key(price: PriceSpec) -> tuple[str, str, str, str]:
    """What one price is the price of: of two with one key, nothing says which holds."""
    return price.node_type, price.region or "", price.capacity_type, price.confidence


def rate_key(rate: RateSpec) -> tuple[Hashable, ...]:
    """What one rate is the rate of."""
    return (
        *(rate.model, rate.accelerator, rate.precision, rate.accelerators_per_replica),
        *(rate.input_tokens, rate.output_tokens, rate.at, rate.ttft_ms, rate.tpot_ms),
    )


def _check_once(fleet: LoadedFleet, document: Beside, keys: Sequence[Hashable]) -> Iterator[Fault]:
    first: dict[Hashable, int] = {}
    for index, key in enumerate(keys):
        other = first.setdefault(key, index)
        if other != index:
            yield fleet.fault(
                f"{document}[{index}]",
                document=document,
                given=f"the same as {document}[{other}] a second time",
                expected=_EACH_ONCE[document],
                fix="delete one of the two, or correct what tells them apart",
            )


_EACH_ONCE: dict[Beside, str] = {
    "prices": "each node type, region, capacity type and confidence once",
    "rates": "each model, accelerator, precision, replica, pair of lengths and target once",
    "server_types": "each name once",
}


def _check_days(
    fleet: LoadedFleet, document: Beside, rows: Iterable[_Dated], latest: dt.date
) -> Iterator[Fault]:
    for index, row in enumerate(rows):
        if row.as_of > latest:
            yield fleet.fault(
                f"{document}[{index}].as_of",
                document=document,
                given=f"{row.as_of}, which is yet to come",
                expected="the day on which somebody saw that it is true",
                fix="write the day on which it was read",
            )


def _latest_day() -> dt.date:
    """The day that it is where days begin first (UTC+14)."""
    return dt.datetime.now(dt.timezone(dt.timedelta(hours=14))).date()
