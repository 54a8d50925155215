"""Which rate counts: never one of another model, precision or of an easier request."""

from __future__ import annotations

from fractions import Fraction

import pytest

from argosy.sizing.match import best_rate, refusal
from argosy.spec.rates import RateSpec

from .conftest import Rate, Service

HALF = Fraction(1, 2)


def test_a_rate_at_the_services_own_lengths_goes_before_a_higher_one_at_others(
    service: Service, rate: Rate
) -> None:
    exact, longer = rate("10"), rate("9000", input_tokens=4000)

    assert exact == best_rate(service(), "H200", [[longer, exact]], HALF)


def test_of_longer_requests_the_ones_that_cost_least_are_counted(service: Service, rate: Rate) -> None:
    # 1.2 requests/s against 1.0: both are floors, so the higher floor holds.
    near, far = rate("600", input_tokens=3001), rate("1000", output_tokens=1000)

    assert near == best_rate(service(), "H200", [[far, near]], HALF)
    assert near == best_rate(service(), "H200", [[near, far]], HALF)


@pytest.mark.parametrize(
    "other",
    [
        {"input_tokens": 2999},
        {"output_tokens": 499},
        {"model": "M"},
        {"accelerator": "H100"},
        {"precision": "nvfp4"},
    ],
)
def test_a_rate_of_something_else_or_of_an_easier_request_is_never_taken(
    service: Service, rate: Rate, other: dict[str, object]
) -> None:
    assert best_rate(service(precision="fp8"), "H200", [[rate(**other)]], HALF) is None


def test_without_a_precision_the_best_of_any_is_taken(service: Service, rate: Rate) -> None:
    slow, fast = rate("1000"), rate("2000", precision="nvfp4")

    assert fast == best_rate(service(), "H200", [[slow, fast]], HALF)
    assert slow == best_rate(service(precision="fp8"), "H200", [[slow, fast]], HALF)


def test_a_rate_that_keeps_the_latency_goes_before_one_to_derate(service: Service, rate: Rate) -> None:
    kept, saturated = rate("1000"), rate("9000", at="saturation")

    assert kept == best_rate(service(), "H200", [[saturated, kept]], HALF)


def test_the_fleets_own_rates_go_before_published_ones(service: Service, rate: Rate) -> None:
    own, published = rate("10", input_tokens=9000), rate("9000")

    assert own == best_rate(service(), "H200", [[own], [published]], HALF)
    assert published == best_rate(service(), "H200", [[], [published]], HALF)


def test_the_order_of_a_file_decides_nothing(service: Service, rate: Rate) -> None:
    one, other = rate(source="a"), rate(source="b", accelerators_per_replica=2)

    assert one == best_rate(service(), "H200", [[one, other]], HALF)
    assert one == best_rate(service(), "H200", [[other, one]], HALF)


def tables(rate: Rate) -> list[list[RateSpec]]:
    return [[rate(model="Qwen3 32B"), rate(model="Qwen3 32B", precision="nvfp4", accelerator="B200")]]


def test_an_unknown_model_is_refused_with_the_known_ones_and_the_closest(
    service: Service, rate: Rate
) -> None:
    why = refusal(service(model="Qwen3-32B"), tables(rate))

    assert ("model", "'Qwen3-32B', for which no rate is known") == (why.key, why.given)
    assert "one of Qwen3 32B" == why.expected
    assert why.fix.startswith("did you mean Qwen3 32B? Else write `nodes: …`")


def test_a_model_like_no_other_is_refused_with_what_would_do(service: Service, rate: Rate) -> None:
    fix = refusal(service(model="x"), tables(rate)).fix

    assert "did you mean" not in fix
    assert "`nodes: …`" in fix
    assert "`rates:`" in fix


def test_accelerators_without_any_rate_are_refused_with_those_that_have_one(
    service: Service, rate: Rate
) -> None:
    why = refusal(service(model="Qwen3 32B", accelerator=["L4", "L40S"]), tables(rate))

    assert ("accelerator", "one of B200, H200") == (why.key, why.expected)
    assert "L4, L40S" in why.given


def test_a_precision_without_a_rate_is_refused_with_those_that_have_one(service: Service, rate: Rate) -> None:
    why = refusal(service(model="Qwen3 32B", precision="int4"), tables(rate))

    assert ("precision", "one of fp8") == (why.key, why.expected)


@pytest.mark.parametrize(
    ("lengths", "key"),
    [({"input_tokens": 3001}, "input_tokens"), ({"output_tokens": 501}, "output_tokens")],
)
def test_longer_requests_than_any_known_are_refused_and_not_extrapolated(
    service: Service, rate: Rate, lengths: dict[str, int], key: str
) -> None:
    why = refusal(service(model="Qwen3 32B", **lengths), tables(rate))

    assert (key, "at most one of these: 3000/500") == (why.key, why.expected)
    assert "none is extrapolated" in why.given
