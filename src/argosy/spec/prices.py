"""A file of prices as types: what contracts say, and lists that an importer read."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import Field

from argosy.spec.values import Positive, SpecModel, Text


class PriceSpec(SpecModel):
    """The price of one node of a type, where and how it is obtained."""

    node_type: Text
    """The catalogue's key, e.g. `aws/p5en.48xlarge` or `metal/dgx-h200`."""
    region: Text | None = None
    """The cloud's region, or a site's name; left out: everywhere."""
    capacity_type: Literal["owned", "reserved", "block", "on-demand", "spot", "flex"]
    usd_per_hour: Positive
    """US dollars per node and hour."""
    confidence: Literal["contract", "list", "estimate"]
    source: Text
    as_of: dt.date
    """Day on which the price was true."""


class PricesSpec(SpecModel):
    """All prices of one file. A contract goes before a list, a list before an estimate."""

    version: Literal[1]
    prices: Annotated[tuple[PriceSpec, ...], Field(min_length=1)]
