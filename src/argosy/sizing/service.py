"""From requests per month to accelerators: exact arithmetic, with every term and where it comes from."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from argosy.sizing.facts import Defaults
from argosy.sizing.match import Unsized, best_rate, refusal
from argosy.sizing.terms import MICRO, Book, Term, product
from argosy.spec.demand import InferenceDemand
from argosy.spec.demand_checks import SIZING_KEYS
from argosy.spec.rates import RateSpec

SECONDS_PER_MONTH = 2_629_800
"""A twelfth of a year of 365.25 days."""


@dataclass(frozen=True)
class Sizing:
    """What a service needs at peak, and what one accelerator gives, in the same unit.

    Both are whole micro-requests per second (1,000,000 are one request per second), need rounded up and
    supply rounded down, so that `sum(accelerators x per_accelerator) >= peak` decides in whole numbers.
    """

    peak: int
    """Peak demand of all regions together, in micro-requests per second, rounded up."""
    per_accelerator: Mapping[str, int]
    """Accelerator to what ONE of it serves, in micro-requests per second, rounded down; best first, as the
    service lists them. An accelerator without a rate is not usable and not among these."""
    terms: tuple[Term, ...]
    """Every factor, in the order in which they are multiplied."""
    replica: Mapping[str, int]
    """Accelerator to accelerators that one replica takes; they stand or fall together."""
    output_tokens_per_second: int
    """At peak, rounded up; for display."""
    concurrency: int
    """Requests in flight at peak, rounded up; for display."""
    rates: Mapping[str, RateSpec] = field(repr=False)
    """Accelerator to the rate that was counted with."""

    def accelerators(self, accelerator: str) -> int:
        """Accelerators that serve the peak if this kind serves it alone: whole replicas."""
        replica = self.replica[accelerator]
        return math.ceil(Fraction(self.peak, self.per_accelerator[accelerator] * replica)) * replica

    def per_node(self, accelerator: str, accelerators: int) -> int:
        """What a node with that many accelerators serves, in micro-requests per second.

        Only whole replicas count; 0 when the node is smaller than one.
        """
        replica = self.replica[accelerator]
        return accelerators // replica * replica * self.per_accelerator[accelerator]

    def nodes(self, accelerator: str, accelerators: int) -> int | None:
        """Nodes of that many accelerators that serve the peak alone; None when a replica fits into none."""
        served = self.per_node(accelerator, accelerators)
        return math.ceil(Fraction(self.peak, served)) if served else None


def size_service(
    service: InferenceDemand,
    rates: Sequence[RateSpec],
    defaults: Defaults,
    published: Sequence[RateSpec] = (),
    at: str = "the fleet file",
) -> Sizing | Unsized:
    """The service's size, or the field that no rate fits.

    peak = requests_per_month / 2,629,800 s x diurnal_factor x burst_factor;
    one accelerator = output tokens/s / output tokens (both of the rate) x latency_derate x utilisation x
    availability, the derate only where the rate does not keep the service's latency. `rates` go before
    `published`; `at` is where the service stands, for the terms' sources. Raises ValueError when the service
    lacks a field to size by, which the fleet file's checks refuse.

    Sources: the factors' own (`argosy sizing`); the formula in docs/how-to/size-a-service.md.
    """
    asked, book, tables = _Asked.of(service), Book(service, defaults, at), (rates, published)
    derate = Fraction(book.term("latency_derate").value)
    found = {name: best_rate(service, name, tables, derate) for name in service.accelerator}
    usable = {name: rate for name, rate in found.items() if rate is not None}
    if not usable:
        return refusal(service, tables)
    supply = {name: book.supply(name, rate, rate not in rates) for name, rate in usable.items()}
    serving = {name: micro for name, (micro, _) in supply.items() if micro > 0}
    if not serving:
        return _idle(service)
    need = book.need(asked.requests_per_month)
    requests = product(need) / SECONDS_PER_MONTH
    return Sizing(
        peak=math.ceil(requests * MICRO),
        per_accelerator=serving,
        terms=(*need, *(term for name in serving for term in supply[name][1])),
        replica={name: usable[name].accelerators_per_replica for name in serving},
        output_tokens_per_second=math.ceil(requests * asked.output_tokens),
        # Little's law: the rate of arrival times the time that a request stays.
        concurrency=math.ceil(requests * Fraction(asked.ttft_ms + asked.output_tokens * asked.tpot_ms, 1000)),
        rates={name: usable[name] for name in serving},
    )


@dataclass(frozen=True)
class _Asked:
    """The fields that every service has whose size is worked out."""

    requests_per_month: int
    output_tokens: int
    ttft_ms: int
    tpot_ms: int

    @staticmethod
    def of(service: InferenceDemand) -> _Asked:
        if missing := [key for key in SIZING_KEYS if getattr(service, key) is None]:
            raise ValueError(f"{service.name} lacks {', '.join(missing)}")
        return _Asked(
            service.requests_per_month or 0,
            service.output_tokens or 0,
            service.ttft_ms or 0,
            service.tpot_ms or 0,
        )


def _idle(service: InferenceDemand) -> Unsized:
    given = f"{', '.join(service.accelerator)}, which serve less than one request in {MICRO:,} s"
    fix = "correct the rates, or write `nodes: …`"
    return Unsized("accelerator", given, "accelerators that can serve it", fix)
