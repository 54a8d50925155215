"""Reads a CSV of gpuhunt's catalogue as list prices of the node types that Argosy knows.

One row is one offer. Its columns, as gpuhunt 0.1.34 writes them, of which the first four and `gpu_count` are
needed: instance_name, location (a region; on Google Cloud a zone), price (US dollars per hour, the whole
instance), spot (True or False), cpu, memory, gpu_count, gpu_name, gpu_memory, disk_size, gpu_vendor, flags,
cpu_arch, provider_data. The provider stands in the file's name, or in a column `provider`.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from argosy.errors import Fault, FleetError
from argosy.spec.beside_checks import price_key
from argosy.spec.prices import PriceSpec
from argosy.spec.scalars import LONGEST_NUMBER
from argosy.spec.words import shown_text

if TYPE_CHECKING:
    from argosy.catalog import Catalog

NEEDED = ("instance_name", "location", "price", "spot", "gpu_count")

_MOST_USD_PER_HOUR = 1_000_000_000
_TRUE_FALSE = {"true": True, "false": False}
_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]{1,2})?")
# Google Cloud prices a region's zones alike; the offers name the zone, `us-central1-a`.
_ZONE_OF_GCP = re.compile(r"(?P<region>[a-z]+-[a-z]+[0-9]+)-[a-z]")
# Dynamic Workload Scheduler in calendar mode is sold as a reservation, at a price of its own.
_CALENDAR_MODE = "gcp-dws-calendar-mode"


@dataclass
class Imported:
    """What a CSV gave, and what it did not."""

    prices: list[PriceSpec] = field(default_factory=list[PriceSpec])
    """Sorted; one per node type, region and capacity type."""
    left_out: Counter[str] = field(default_factory=Counter[str])
    """Reason to the number of rows."""


@dataclass(frozen=True)
class _Offer:
    provider: str
    instance_name: str
    location: str
    price: Decimal
    spot: bool
    gpu_count: int
    flags: tuple[str, ...]


def import_gpuhunt(
    text: str, file: str, source: str, as_of: dt.date, catalog: Catalog, provider: str | None = None
) -> Imported:
    """The prices in a CSV's text, of the node types that are in the catalogue.

    `file` is the name that faults show, `source` what each price gives as its own. `provider` is the one
    whose offers are wanted, and whose they are where the file does not say. Where the zones of a region
    differ, the highest price stands for the region. Raises FleetError with every fault of the file.
    """
    faults: list[Fault] = []
    imported = Imported()
    dearest: dict[tuple[str, ...], PriceSpec] = {}
    for offer in _offers(text, file, provider, faults):
        if reason := _reason_against(offer, provider, catalog):
            imported.left_out[reason] += 1
            continue
        price = _price(offer, source, as_of)
        other = dearest.setdefault(price_key(price), price)
        if other is not price:
            imported.left_out["another zone or offer of the same region, of which the dearest is kept"] += 1
            dearest[price_key(price)] = max(other, price, key=lambda one: one.usd_per_hour)
    if faults:
        raise FleetError(faults)
    imported.prices = [dearest[key] for key in sorted(dearest)]
    return imported


def _reason_against(offer: _Offer, provider: str | None, catalog: Catalog) -> str | None:
    if provider is not None and offer.provider != provider:
        return f"not an offer of {provider}"
    node_type = catalog.instance_types.get(f"{offer.provider}/{offer.instance_name}")
    if node_type is None:
        return "not a node type of the catalogue"
    if node_type.accelerators != offer.gpu_count:
        return "not as many accelerators as the catalogue says"
    return "sold by calendar, neither on demand nor spot" if _CALENDAR_MODE in offer.flags else None


def _price(offer: _Offer, source: str, as_of: dt.date) -> PriceSpec:
    zone = _ZONE_OF_GCP.fullmatch(offer.location) if offer.provider == "gcp" else None
    return PriceSpec(
        node_type=f"{offer.provider}/{offer.instance_name}",
        region=zone["region"] if zone else offer.location,
        capacity_type="spot" if offer.spot else "on-demand",
        usd_per_hour=offer.price,
        confidence="list",
        source=source,
        as_of=as_of,
    )


def _offers(text: str, file: str, provider: str | None, faults: list[Fault]) -> Iterator[_Offer]:
    """Every row that can be read; what is wrong with the others is added to `faults`."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header: list[str] | None = None
    line = 1
    try:
        for cells in reader:
            if header is None:
                header = cells
                faults += _faults_of_header(header, file, provider)
                if faults:
                    return
            elif cells and (offer := _offer(cells, header, _At(file, line, faults), provider)):
                yield offer
            line = reader.line_num + 1
    except csv.Error as error:
        _At(file, line, faults).fault("", f"text that is not CSV ({error})", "CSV", "mend the line")
    if header is None:
        _At(file, 1, faults).fault("", "an empty file", "gpuhunt's CSV", "write it with gpuhunt")


def _faults_of_header(header: list[str], file: str, provider: str | None) -> list[Fault]:
    faults: list[Fault] = []
    at = _At(file, 1, faults)
    for name in NEEDED:
        if name not in header:
            expected = f"the columns {', '.join(NEEDED)}"
            at.fault("", f"no column `{name}`", expected, "write the file with gpuhunt")
    if provider is None and "provider" not in header:
        given, expected = "offers of nobody knows which provider", "a file named like its provider: aws.csv"
        at.fault("", given, expected, "give the provider, e.g. --provider aws")
    for name in sorted({name for name in header if header.count(name) > 1}):
        at.fault("", f"the column {shown_text(name)} twice", "each column once", "delete one of the two")
    return faults


@dataclass(frozen=True)
class _At:
    """A line of the file, and where what is wrong with it is collected."""

    file: str
    line: int
    faults: list[Fault]

    def fault(self, column: str, given: str, expected: str, fix: str) -> None:
        self.faults.append(Fault(self.file, self.line, 1, column, given, expected, fix))


def _offer(cells: list[str], header: list[str], at: _At, provider: str | None) -> _Offer | None:
    if len(cells) != len(header):
        given = f"{len(cells)} cells under {len(header)} columns"
        at.fault("", given, "a cell for every column", "mend the line, or delete it")
        return None
    row = dict(zip(header, cells, strict=True))
    before = len(at.faults)
    offer = _Offer(
        provider=_text(row, "provider", at) if "provider" in row else provider or "",
        instance_name=_text(row, "instance_name", at),
        location=_text(row, "location", at),
        price=_usd(row["price"], at),
        spot=_spot(row["spot"], at),
        gpu_count=_count(row["gpu_count"], at),
        flags=tuple(row.get("flags", "").split()),
    )
    return offer if len(at.faults) == before else None


def _text(row: Mapping[str, str], name: str, at: _At) -> str:
    text = row[name]
    if not text or not text.isprintable() or text != text.strip() or len(text) > 100:
        at.fault(name, shown_text(text), "a name of at most 100 characters", "mend the line, or delete it")
    return text


def _usd(text: str, at: _At) -> Decimal:
    try:
        price = Decimal(text).normalize() if _NUMBER.fullmatch(text) else Decimal(0)
    except InvalidOperation:
        price = Decimal(0)
    if not 0 < price <= _MOST_USD_PER_HOUR or len(f"{price:f}") > LONGEST_NUMBER:
        at.fault("price", shown_text(text), "US dollars per hour, above 0", "mend the line, or delete it")
    return price


def _spot(text: str, at: _At) -> bool:
    if text.lower() not in _TRUE_FALSE:
        at.fault("spot", shown_text(text), "True or False", "mend the line, or delete it")
    return _TRUE_FALSE.get(text.lower(), False)


def _count(text: str, at: _At) -> int:
    if not re.fullmatch(r"[0-9]{1,6}", text):
        at.fault("gpu_count", shown_text(text), "a whole number", "mend the line, or delete it")
        return 0
    return int(text)
