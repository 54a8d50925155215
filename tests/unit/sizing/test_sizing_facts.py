"""The facts that ship: whole, dated, and true to what they were read from."""

from __future__ import annotations

import datetime as dt

import pytest

from argosy.catalog import load_catalog
from argosy.sizing.facts import load_defaults, published_rates
from argosy.spec.beside_checks import rate_key

NAMES = ("diurnal_factor", "burst_factor", "utilisation", "latency_derate", "availability")


@pytest.mark.parametrize(
    ("model", "accelerator", "tokens", "replica", "per_second"),
    [
        ("LLaMA v3.3 70B", "H100", (1000, 1000), 2, 2209),
        ("LLaMA v3.3 70B", "GB200", (8192, 1024), 1, 1491),
        ("GPT-OSS 120B", "H200", (1000, 1000), 1, 6868),
        ("Qwen3 235B A22B", "B200", (1000, 1000), 4, 5764),
        ("Deepseek R1 0528", "H200", (1000, 1000), 8, 1627),
    ],
)
def test_published_rates_are_those_of_the_vendors_table(
    model: str, accelerator: str, tokens: tuple[int, int], replica: int, per_second: int
) -> None:
    [found] = [
        rate
        for rate in published_rates()
        if (rate.model, rate.accelerator, rate.input_tokens, rate.output_tokens)
        == (model, accelerator, *tokens)
    ]

    assert (replica, per_second) == (found.accelerators_per_replica, found.output_tokens_per_second)


def test_no_published_rate_promises_a_latency_or_stands_there_twice() -> None:
    rates = published_rates()

    assert {"saturation"} == {rate.at for rate in rates}
    assert len(rates) == len({rate_key(rate) for rate in rates})


def test_published_rates_are_of_accelerators_in_the_catalogue() -> None:
    assert {rate.accelerator for rate in published_rates()} <= load_catalog().accelerators.keys()


@pytest.mark.parametrize("name", NAMES)
def test_every_default_has_a_source_a_day_and_a_confidence(name: str) -> None:
    default = load_defaults().of(name)

    assert default.source
    assert default.as_of <= dt.datetime.now(dt.UTC).date()
    assert default.confidence in ("secondary", "estimate")


def test_peaks_are_above_their_mean_and_shares_below_all() -> None:
    values = {name: load_defaults().of(name).value for name in NAMES}

    assert min(values["diurnal_factor"], values["burst_factor"]) >= 1
    assert all(0 < values[name] <= 1 for name in ("utilisation", "latency_derate", "availability"))
