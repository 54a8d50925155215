"""Which serving rate holds for a service on an accelerator, or why none does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from argosy.spec.demand import InferenceDemand
from argosy.spec.hints import nearest
from argosy.spec.rates import RateSpec

_MOST_LISTED = 12


@dataclass(frozen=True)
class Unsized:
    """Why a service has no size: which of its fields no rate fits, and what would do."""

    key: str
    given: str
    expected: str
    fix: str


_WAY_OUT = "write `nodes: …`, or name a file with a rate for it under `rates:` (argosy rates --help)"


def best_rate(
    service: InferenceDemand, accelerator: str, tables: Sequence[Sequence[RateSpec]], derate: Fraction
) -> RateSpec | None:
    """The rate to count with; None when no table has one that the service is not harder than.

    The first table with such a rate decides. In it, rates at the service's own lengths go before others,
    rates that keep its latency before those that need a derate, and the highest before the rest.
    """
    for table in tables:
        fitting = [rate for rate in table if rate.accelerator == accelerator and _fits(service, rate)]
        if fitting:
            return max(fitting, key=lambda rate: _merit(service, rate, derate))
    return None


def keeps_latency(service: InferenceDemand, rate: RateSpec) -> bool:
    """Whether the rate holds at the service's `ttft_ms` and `tpot_ms`, or at stricter targets."""
    if rate.at == "saturation" or rate.ttft_ms is None or rate.tpot_ms is None:
        return False
    return rate.ttft_ms <= (service.ttft_ms or 0) and rate.tpot_ms <= (service.tpot_ms or 0)


def requests_per_second(rate: RateSpec) -> Fraction:
    """Requests of the rate's own lengths that one accelerator answers per second, before any derate.

    By the rate's output length, not by the service's: a service with shorter answers brings more prompts per
    token of output, so that the tokens per second would not be reached. As the service's requests are at most
    as long as the rate's, this is a floor, and nothing is extrapolated.
    """
    return Fraction(rate.output_tokens_per_second) / rate.output_tokens


def refusal(service: InferenceDemand, tables: Sequence[Sequence[RateSpec]]) -> Unsized:
    """Why none of the service's accelerators has a rate that fits: the first of its fields that does not."""
    rates = [rate for table in tables for rate in table]
    of_model = [rate for rate in rates if rate.model == service.model]
    if not of_model:
        return _unknown_model(str(service.model), {rate.model for rate in rates})
    on_accelerator = [rate for rate in of_model if rate.accelerator in service.accelerator]
    if not on_accelerator:
        given = f"{', '.join(service.accelerator)}, for which no rate of {service.model!r} is known"
        return _one_of("accelerator", given, {rate.accelerator for rate in of_model})
    in_precision = [rate for rate in on_accelerator if service.precision in (None, rate.precision)]
    if not in_precision:
        given = f"{service.precision!r}, for which no rate of {service.model!r} is known there"
        return _one_of("precision", given, {rate.precision for rate in on_accelerator})
    return _too_long(service, in_precision)


def _fits(service: InferenceDemand, rate: RateSpec) -> bool:
    return (
        rate.model == service.model
        and service.precision in (None, rate.precision)
        and rate.input_tokens >= (service.input_tokens or 0)
        and rate.output_tokens >= (service.output_tokens or 0)
    )


def _merit(
    service: InferenceDemand, rate: RateSpec, derate: Fraction
) -> tuple[bool, bool, Fraction, int, str]:
    exact = (rate.input_tokens, rate.output_tokens) == (service.input_tokens, service.output_tokens)
    kept = keeps_latency(service, rate)
    served = requests_per_second(rate) * (1 if kept else derate)
    # The smaller replica and the name break ties, so that the order of a file decides nothing.
    return exact, kept, served, -rate.accelerators_per_replica, rate.model_dump_json()


def _unknown_model(model: str, known: set[str]) -> Unsized:
    refused = _one_of("model", f"{model!r}, for which no rate is known", known)
    close = nearest(model, known)
    return replace(refused, fix=f"did you mean {close}? Else {_WAY_OUT}") if close else refused


def _too_long(service: InferenceDemand, rates: Sequence[RateSpec]) -> Unsized:
    pairs = sorted({(rate.input_tokens, rate.output_tokens) for rate in rates})
    longest = max(rate.input_tokens for rate in rates)
    key = "input_tokens" if (service.input_tokens or 0) > longest else "output_tokens"
    given = (
        f"{service.input_tokens:,} input and {service.output_tokens:,} output tokens, "
        f"longer than every known rate of {service.model!r}; none is extrapolated"
    )
    shown = [f"{tokens_in}/{tokens_out}" for tokens_in, tokens_out in pairs]
    return Unsized(key, given, f"at most one of these: {_some(shown)}", _WAY_OUT)


def _one_of(key: str, given: str, known: set[str]) -> Unsized:
    return Unsized(key, given, f"one of {_some(sorted(known))}" if known else "a known rate", _WAY_OUT)


def _some(words: Sequence[str]) -> str:
    more = len(words) - _MOST_LISTED
    return ", ".join(words[:_MOST_LISTED]) + (f" and {more} more" if more > 0 else "")
