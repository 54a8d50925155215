"""The prices that a fleet is planned with, as plain values for reports, and which of them are old."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from argosy.catalog.facts import plain_value
from argosy.catalog.pools import capacity_type_of, node_key_of
from argosy.prices.price import (
    Price,
    marginal_usd_per_hour,
    price_of,
)

if TYPE_CHECKING:
    from argosy.catalog import Catalog
    from argosy.spec.loader import LoadedFleet

STALE_DAYS = 90
"""Age in days from which a price is to be looked up again: vendors change lists without notice, and a quarter
is what budgets are made for."""


def price_table(fleet: LoadedFleet, catalog: Catalog) -> dict[str, dict[str, Any]]:
    """What is known of every pool's price, by `site/pool`, sorted, as plain JSON values.

    Prices are US dollars per node and hour, as decimal text; null stands for what nobody states.
    """
    table: dict[str, dict[str, Any]] = {}
    for (site_name, pool_name), price in _prices(fleet, catalog).items():
        site = fleet.spec.sites[site_name]
        pool = site.node_pools[pool_name]
        marginal = marginal_usd_per_hour(fleet, site_name, pool_name, catalog)
        table[f"{site_name}/{pool_name}"] = {
            "node_type": node_key_of(site, pool),
            "capacity_type": capacity_type_of(pool),
            "usd_per_hour": plain_value(price.usd_per_hour) if price else None,
            "marginal_usd_per_hour": plain_value(marginal),
            "confidence": price.confidence if price else None,
            "source": price.source if price else None,
            "as_of": price.as_of.isoformat() if price else None,
        }
    return table


def stale(fleet: LoadedFleet, catalog: Catalog, as_of: dt.date) -> list[str]:
    """One sentence per price in use that is older than `STALE_DAYS` on the day `as_of`, sorted."""
    used: dict[tuple[str, str, Price], list[str]] = {}
    for (site_name, pool_name), price in _prices(fleet, catalog).items():
        if price is not None and (as_of - price.as_of).days > STALE_DAYS:
            site = fleet.spec.sites[site_name]
            pool = site.node_pools[pool_name]
            kind = node_key_of(site, pool), capacity_type_of(pool), price
            used.setdefault(kind, []).append(f"{site_name}/{pool_name}")
    return sorted(
        f"The {price.confidence} price of {key} ({kind}) for {', '.join(pools)} is of {price.as_of}, "
        f"{(as_of - price.as_of).days} days before {as_of}: look it up again ({price.source})."
        for (key, kind, price), pools in used.items()
    )


def _prices(fleet: LoadedFleet, catalog: Catalog) -> dict[tuple[str, str], Price | None]:
    """The price of every pool, by site and pool, sorted."""
    return {
        (site_name, pool_name): price_of(fleet, site_name, pool_name, catalog)
        for site_name, site in sorted(fleet.spec.sites.items())
        for pool_name in sorted(site.node_pools)
    }
