"""What nodes cost: contracts before lists before estimates, each with its source and day.

Names are loaded when they are first used: `argosy --help` lists the commands and must not wait for pydantic.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argosy.prices.price import Price, energy_usd_per_hour, marginal_usd_per_hour, price_of
    from argosy.prices.refuse import refusals
    from argosy.prices.table import STALE_DAYS, price_table, stale

__all__ = [
    "STALE_DAYS",
    "Price",
    "energy_usd_per_hour",
    "marginal_usd_per_hour",
    "price_of",
    "price_table",
    "refusals",
    "stale",
]

_ELSEWHERE = {"STALE_DAYS": "table", "price_table": "table", "refusals": "refuse", "stale": "table"}
"""Where a public name is defined, unless in `price`."""


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_ELSEWHERE.get(name, 'price')}"), name)
