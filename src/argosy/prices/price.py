"""What one node of a pool costs per hour, and what one more costs by being held."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from argosy.catalog import NotInCatalogError
from argosy.catalog.pools import capacity_type_of, drawn_watts, node_key_of, node_type_of
from argosy.spec.commitment_checks import COMMITTED, MARKET
from argosy.spec.models import CloudSiteSpec, HallSpec

if TYPE_CHECKING:
    from argosy.catalog import Catalog, NodeType
    from argosy.spec.loader import LoadedFleet
    from argosy.spec.models import NodePoolSpec, SiteSpec
    from argosy.spec.prices import PriceSpec

Confidence = Literal["contract", "list", "estimate"]

_RANK: dict[Confidence, int] = {"contract": 0, "list": 1, "estimate": 2}


@dataclass(frozen=True)
class Price:
    """The price of one node, with where it comes from."""

    usd_per_hour: Decimal
    """US dollars per node and hour."""
    confidence: Confidence
    """`contract`: somebody signed it; `list`: a vendor publishes it; `estimate`: nobody stated it."""
    source: str
    as_of: dt.date
    """Day on which the price was true."""


def price_of(fleet: LoadedFleet, site_name: str, pool_name: str, catalog: Catalog) -> Price | None:
    """The price of one node of a pool; None when nobody states one.

    A contract of the fleet's prices file goes before a list, a list before an estimate; among rows of one
    confidence the one for this site, then for its region, then for everywhere. Where the file is silent, the
    catalogue's price on demand holds for on-demand, spot and flex capacity.
    """
    site = fleet.spec.sites[site_name]
    pool = site.node_pools[pool_name]
    rows = list(_rows_for(fleet, site_name, site, pool))
    if rows:
        _, row = min(rows, key=lambda ranked: ranked[0])
        return Price(row.usd_per_hour, row.confidence, row.source, row.as_of)
    return _catalog_price(known_type_of(site, pool, catalog), capacity_type_of(pool))


def energy_usd_per_hour(fleet: LoadedFleet, site_name: str, pool_name: str, catalog: Catalog) -> Decimal:
    """Energy of one running node of a hall, in US dollars per hour: its most power, with cooling.

    0 on a cloud, and in a hall whose `power.usd_per_kwh` is not given.
    """
    site = fleet.spec.sites[site_name]
    if not isinstance(site, HallSpec) or site.power.usd_per_kwh is None:
        return Decimal(0)
    pool = site.node_pools[pool_name]
    node_type = known_type_of(site, pool, catalog)
    watts = drawn_watts(pool, node_type) if node_type else None
    return Decimal(watts or 0) / 1000 * site.power.pue * site.power.usd_per_kwh


def marginal_usd_per_hour(
    fleet: LoadedFleet, site_name: str, pool_name: str, catalog: Catalog
) -> Decimal | None:
    """What one more node of a pool costs by being held, in US dollars per hour; None when nobody says.

    0 for reserved and block capacity, whose price is sunk; energy, and the `owned` row of the prices file if
    there is one, for owned nodes; the price for all others.
    """
    kind = capacity_type_of(fleet.spec.sites[site_name].node_pools[pool_name])
    if kind in COMMITTED:
        return Decimal(0)
    price = price_of(fleet, site_name, pool_name, catalog)
    if kind == "owned":
        energy = energy_usd_per_hour(fleet, site_name, pool_name, catalog)
        return energy + (price.usd_per_hour if price else Decimal(0))
    return price.usd_per_hour if price else None


def known_type_of(site: SiteSpec, pool: NodePoolSpec, catalog: Catalog) -> NodeType | None:
    """What the catalogue says of the pool's nodes; None when it does not know them."""
    try:
        return node_type_of(site, pool, catalog)
    except NotInCatalogError:
        return None


def _rows_for(
    fleet: LoadedFleet, site_name: str, site: SiteSpec, pool: NodePoolSpec
) -> Iterator[tuple[tuple[int, int], PriceSpec]]:
    """The rows of the prices file about a pool, each with its rank: less is better."""
    places = {site_name: 0, None: 2}
    if isinstance(site, CloudSiteSpec):
        places.setdefault(site.region, 1)
    key, kind = node_key_of(site, pool), capacity_type_of(pool)
    for row in fleet.prices.prices if fleet.prices else ():
        if (row.node_type, row.capacity_type) == (key, kind) and row.region in places:
            yield (_RANK[row.confidence], places[row.region]), row


def _catalog_price(node_type: NodeType | None, kind: str) -> Price | None:
    if node_type is None or node_type.price_usd_per_hour is None or kind not in MARKET:
        return None
    origin = node_type.provenance["price_usd_per_hour"]
    # Of spot and flex the catalogue knows no price of its own; they are sold below the one on demand.
    bound = "" if kind == "on-demand" else f"on-demand list price, an upper bound for {kind}: "
    return Price(
        usd_per_hour=node_type.price_usd_per_hour,
        confidence="estimate" if origin.confidence == "estimate" else "list",
        source=f"{bound}{origin.source}",
        as_of=origin.as_of,
    )
