"""A file of serving rates as types: how much of a model's traffic one replica takes."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import Field

from argosy.spec.values import Positive, SpecModel, Text

Tokens = Annotated[int, Field(strict=True, ge=1, le=10_000_000)]


class RateSpec(SpecModel):
    """What one accelerator gives for one model, precision and pair of lengths."""

    model: Text
    accelerator: Text
    precision: Text
    """Number format, e.g. `fp8`."""
    input_tokens: Tokens
    output_tokens: Tokens
    output_tokens_per_second: Positive
    """Per accelerator, over all requests that it serves at once."""
    accelerators_per_replica: Annotated[int, Field(strict=True, ge=1, le=1_000)] = 1
    at: Literal["saturation", "latency target"]
    """Whether latency was let go (a derate follows) or kept at `ttft_ms` and `tpot_ms`."""
    ttft_ms: Annotated[int, Field(strict=True, ge=1)] | None = None
    tpot_ms: Annotated[int, Field(strict=True, ge=1)] | None = None
    source: Text
    as_of: dt.date


class RatesSpec(SpecModel):
    """All rates of one file."""

    version: Literal[1]
    rates: Annotated[tuple[RateSpec, ...], Field(min_length=1)]
