"""The factors of a size: each with its unit, and where it comes from."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from argosy.sizing.facts import Defaults
from argosy.sizing.match import keeps_latency, requests_per_second
from argosy.spec.demand import InferenceDemand
from argosy.spec.rates import RateSpec

MICRO = 1_000_000
"""Micro-requests in one request."""


@dataclass(frozen=True)
class Term:
    """One factor of a size."""

    name: str
    value: Decimal | int
    unit: str
    """Empty for a plain factor."""
    source: str
    """Where it stands: the fleet file, a rate's own source, or that of the default."""
    is_default: bool
    """Whether Argosy chose it, because the fleet's files say nothing."""
    accelerator: str | None = None
    """The accelerator that it is about; None for what holds on all."""


@dataclass(frozen=True)
class Book:
    """Writes down the terms of one service."""

    service: InferenceDemand
    defaults: Defaults
    at: str
    """Path of the service in the fleet file."""

    def term(self, name: str, accelerator: str | None = None) -> Term:
        """The service's own factor, or the default."""
        given: Decimal | None = getattr(self.service, name)
        if given is not None:
            return Term(name, given, "", f"{self.at}.{name}", False, accelerator)
        default = self.defaults.of(name, accelerator)
        source = f"{default.source} ({default.confidence}, {default.as_of})"
        return Term(name, default.value, "", source, True, accelerator)

    def need(self, requests_per_month: int) -> tuple[Term, ...]:
        """What the peak is multiplied of, but for the seconds of a month."""
        source = f"{self.at}.requests_per_month"
        requests = Term("requests_per_month", requests_per_month, "requests/month", source, False)
        return requests, self.term("diurnal_factor"), self.term("burst_factor")

    def supply(self, accelerator: str, rate: RateSpec, is_default: bool) -> tuple[int, tuple[Term, ...]]:
        """What one accelerator serves, in micro-requests per second rounded down, and its factors.

        `is_default`: the rate is a published one, not from the fleet's own file.
        """
        derate = () if keeps_latency(self.service, rate) else (self.term("latency_derate", accelerator),)
        factors = (
            *derate,
            self.term("utilisation", accelerator),
            self.term("availability", accelerator),
        )
        source = f"{rate.source} ({rate.as_of})"
        tokens = Term(
            "output_tokens_per_second",
            rate.output_tokens_per_second,
            f"tokens/s at {rate.input_tokens}/{rate.output_tokens} tokens, {rate.precision}",
            source,
            is_default,
            accelerator,
        )
        micro = math.floor(requests_per_second(rate) * product(factors) * MICRO)
        return micro, (tokens, *factors)


def product(terms: Sequence[Term]) -> Fraction:
    """All values multiplied, exactly."""
    result = Fraction(1)
    for term in terms:
        result *= Fraction(term.value)
    return result
