"""A service's size is what one works out by hand, to the last whole number."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from argosy.sizing.facts import load_defaults, published_rates
from argosy.sizing.match import Unsized
from argosy.sizing.service import Sizing, size_service

from .conftest import Rate, Service

DEFAULTS = load_defaults()


def sized(*arguments: object) -> Sizing:
    size = size_service(*arguments)  # type: ignore[arg-type]
    assert isinstance(size, Sizing), size
    return size


def refused(*arguments: object) -> Unsized:
    size = size_service(*arguments)  # type: ignore[arg-type]
    assert isinstance(size, Unsized), size
    return size


def test_200_million_requests_per_month_are_190_per_second_at_peak(service: Service, rate: Rate) -> None:
    # 200,000,000 / 2,629,800 s x 2.5 = 190.128527 requests/s; x 500 tokens; x (2 s + 500 x 0.03 s) in flight
    size = sized(service(), [rate()], DEFAULTS)

    assert 190_128_527 == size.peak
    assert 95_065 == size.output_tokens_per_second
    assert 3_233 == size.concurrency


def test_supply_is_the_rate_over_the_answer_times_utilisation_and_availability(
    service: Service, rate: Rate
) -> None:
    # 1,200 / 500 x 0.8 x 0.95 = 1.824 requests/s; 190.128527 / 1.824 = 104.2
    size = sized(service(availability=Decimal("0.95")), [rate()], DEFAULTS)

    assert {"H200": 1_824_000} == size.per_accelerator
    assert 105 == size.accelerators("H200")
    assert 14 == size.nodes("H200", 8)


def test_need_is_rounded_up_and_supply_down(service: Service, rate: Rate) -> None:
    size = sized(service(requests_per_month=1, diurnal_factor=1, utilisation=1), [rate("1")], DEFAULTS)

    # 1 / 2,629,800 s is less than one micro-request per second; 1 / 500 is 2,000 of them.
    assert (1, 2_000) == (size.peak, size.per_accelerator["H200"])
    third = sized(service(utilisation=1, output_tokens=3), [rate("1", output_tokens=3)], DEFAULTS)
    assert 333_333 == third.per_accelerator["H200"]


def test_only_a_rate_that_lets_latency_go_is_derated(service: Service, rate: Rate) -> None:
    asked = service(latency_derate=Decimal("0.5"))
    kept = sized(asked, [rate()], DEFAULTS).per_accelerator["H200"]

    saturated = sized(asked, [rate(at="saturation", ttft_ms=None, tpot_ms=None)], DEFAULTS)
    later = sized(asked, [rate(ttft_ms=2001)], DEFAULTS)
    slower = sized(asked, [rate(tpot_ms=31)], DEFAULTS)
    unsaid = sized(asked, [rate(ttft_ms=None)], DEFAULTS)
    stricter = sized(asked, [rate(ttft_ms=1999, tpot_ms=29)], DEFAULTS)

    assert [kept // 2] * 4 == [size.per_accelerator["H200"] for size in (saturated, later, slower, unsaid)]
    assert kept == stricter.per_accelerator["H200"]
    assert "latency_derate" in [term.name for term in later.terms]
    assert "latency_derate" not in [term.name for term in stricter.terms]


def test_replicas_are_whole(service: Service, rate: Rate) -> None:
    size = sized(service(), [rate(accelerators_per_replica=4)], DEFAULTS)

    # 1.92 requests/s each: 99.03 accelerators, 25 replicas; 6 of a node's accelerators hold one replica.
    assert 100 == size.accelerators("H200")
    assert 4 * 1_920_000 == size.per_node("H200", 6)
    assert (25, 13) == (size.nodes("H200", 6), size.nodes("H200", 8))


def test_a_node_smaller_than_a_replica_serves_nothing(service: Service, rate: Rate) -> None:
    size = sized(service(), [rate(accelerators_per_replica=8)], DEFAULTS)

    assert 0 == size.per_node("H200", 4)
    assert size.nodes("H200", 4) is None


def test_what_the_service_leaves_out_is_a_default_and_says_so(service: Service, rate: Rate) -> None:
    left_out = dict.fromkeys(("diurnal_factor", "burst_factor", "utilisation", "availability"))
    size = sized(service(**left_out), [rate(at="saturation")], DEFAULTS)

    defaults = {term.name: term for term in size.terms if term.is_default}
    assert {*left_out, "latency_derate"} == defaults.keys()
    assert all(term.source and "demand" not in term.source for term in defaults.values())
    assert [False, False] == [
        term.is_default
        for term in size.terms
        if term.name in ("requests_per_month", "output_tokens_per_second")
    ]


def test_what_the_service_gives_is_told_apart_by_its_place(service: Service, rate: Rate) -> None:
    size = sized(service(), [rate()], DEFAULTS, (), "demand.inference[3]")

    sources = {term.name: term.source for term in size.terms if not term.is_default}
    assert "demand.inference[3].diurnal_factor" == sources["diurnal_factor"]
    assert "measured (2026-11-27)" == sources["output_tokens_per_second"]


def test_availability_is_that_of_the_accelerator_where_it_was_measured(service: Service, rate: Rate) -> None:
    asked = service(availability=None, accelerator=["A100-80GB", "H200"])
    size = sized(asked, [rate(), rate(accelerator="A100-80GB")], DEFAULTS)

    found = {term.accelerator: str(term.value) for term in size.terms if term.name == "availability"}
    assert {"A100-80GB": "0.987", "H200": "0.95"} == found


def test_an_accelerator_without_a_rate_is_not_usable_and_the_others_are(service: Service, rate: Rate) -> None:
    size = sized(service(accelerator=["L4", "H200"]), [rate()], DEFAULTS)

    assert ["H200"] == list(size.per_accelerator) == list(size.replica) == list(size.rates)


def test_a_rate_that_rounds_down_to_nothing_serves_nothing(service: Service, rate: Rate) -> None:
    asked = service(output_tokens=9_999_999)
    idle = rate("1", output_tokens=10_000_000)
    fast = rate(accelerator="B200", output_tokens=10_000_000)

    assert "accelerator" == refused(asked, [idle], DEFAULTS).key
    both = sized(asked.model_copy(update={"accelerator": ("H200", "B200")}), [idle, fast], DEFAULTS)
    assert ["B200"] == list(both.per_accelerator)


def test_a_service_that_lacks_what_sizes_it_is_an_error_of_the_caller(service: Service, rate: Rate) -> None:
    with pytest.raises(ValueError, match="assistant lacks model, ttft_ms"):
        size_service(service(model=None, ttft_ms=None), [rate()], DEFAULTS)


def test_published_rates_size_a_service_of_a_published_model(service: Service) -> None:
    asked = service(
        model="LLaMA v3.3 70B", input_tokens=1000, output_tokens=1000, latency_derate=Decimal("0.55")
    )
    size = sized(asked, (), DEFAULTS, published_rates())

    # 2,587 tokens/s / 1,000 x 0.55 x 0.8
    assert (1_138_280, 2) == (size.per_accelerator["H200"], size.replica["H200"])
    [tokens] = [term for term in size.terms if term.name == "output_tokens_per_second"]
    assert tokens.is_default


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    requests=st.integers(1, 10**13),
    tokens=st.decimals("0.001", "1000000", places=3),
    factor=st.decimals("1", "9", places=2),
    share=st.decimals("0.01", "1", places=2),
    replica=st.sampled_from([1, 2, 8]),
)
def test_the_accelerators_named_suffice_and_one_replica_less_does_not(
    service: Service, rate: Rate, requests: int, tokens: object, factor: object, share: object, replica: int
) -> None:
    asked = service(requests_per_month=requests, diurnal_factor=factor, utilisation=share)
    size = size_service(asked, [rate(str(tokens), accelerators_per_replica=replica)], DEFAULTS)
    if isinstance(size, Unsized):
        return

    needed = size.accelerators("H200")
    assert needed * size.per_accelerator["H200"] >= size.peak
    assert (needed - replica) * size.per_accelerator["H200"] < size.peak
    exact = Fraction(requests) * Fraction(str(factor)) / 2_629_800
    assert exact <= Fraction(size.peak, 10**6) < exact + Fraction(1, 10**6)
