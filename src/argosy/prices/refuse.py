"""Refuses to choose by prices that nobody stated, and names the row of the prices file that is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from argosy.catalog import NotInCatalogError
from argosy.catalog.pools import capacity_type_of, node_key_of
from argosy.prices.price import known_type_of, price_of
from argosy.spec.commitment_checks import COMMITTED, MARKET
from argosy.spec.models import NodeRange

if TYPE_CHECKING:
    from argosy.catalog import Catalog
    from argosy.errors import Fault
    from argosy.prices.price import Price
    from argosy.spec.loader import LoadedFleet
    from argosy.spec.models import NodePoolSpec, SiteSpec

_ADD_ROW = "add a `contract` row for {key} ({kind}) to {file}"


def refusals(fleet: LoadedFleet, catalog: Catalog) -> list[Fault]:
    """What stands against choosing by price: estimates, pools without a price, rows of unknown node types.

    Only pools whose size is left open are judged, since no price decides about the others. Estimates pass
    with `accept_estimates: true`; a pool without any price never does.
    """
    faults = list(_unknown_rows(fleet, catalog))
    for site_name, site in fleet.spec.sites.items():
        for pool_name, pool in site.node_pools.items():
            # A node type that the catalogue does not know is refused as such.
            if _is_open(pool) and known_type_of(site, pool, catalog):
                faults += _judged(fleet, catalog, site_name, pool_name)
    return sorted(faults)


def _is_open(pool: NodePoolSpec) -> bool:
    return isinstance(pool.nodes, NodeRange) and pool.nodes.max > pool.nodes.min


def _judged(fleet: LoadedFleet, catalog: Catalog, site_name: str, pool_name: str) -> Iterator[Fault]:
    site = fleet.spec.sites[site_name]
    pool = site.node_pools[pool_name]
    kind, price = capacity_type_of(pool), price_of(fleet, site_name, pool_name, catalog)
    at, add_row = f"sites.{site_name}.node_pools.{pool_name}.nodes", _add_row(fleet, site, pool)
    if kind in COMMITTED:
        return
    if price is None and kind in MARKET:
        yield fleet.fault(
            at,
            given=f"a range, but no price of {node_key_of(site, pool)} ({kind}) to choose by",
            expected="a price, from the prices file or from the catalogue",
            fix=add_row,
        )
    elif price is not None and price.confidence == "estimate" and not fleet.spec.accept_estimates:
        yield fleet.fault(
            at,
            given=f"a range to choose from by an estimate: {_usd(price)} per hour ({price.source})",
            expected="a price that a contract or a list states",
            fix=f"{add_row}, or write `accept_estimates: true`",
        )


def _add_row(fleet: LoadedFleet, site: SiteSpec, pool: NodePoolSpec) -> str:
    file = fleet.spec.prices or "a prices file, named by `prices: prices.yaml`"
    return _ADD_ROW.format(key=node_key_of(site, pool), kind=capacity_type_of(pool), file=file)


def _usd(price: Price) -> str:
    return f"{price.usd_per_hour:f} USD"


def _unknown_rows(fleet: LoadedFleet, catalog: Catalog) -> Iterator[Fault]:
    # A misspelt contract would be passed over in silence, and the list price taken in its place.
    for index, row in enumerate(fleet.prices.prices if fleet.prices else ()):
        try:
            catalog.node_type(row.node_type)
        except NotInCatalogError as error:
            yield fleet.fault(
                f"prices[{index}].node_type",
                document="prices",
                given=f"{row.node_type!r}, which is not in the catalogue",
                expected="the key of an instance or server type, e.g. aws/p5en.48xlarge",
                fix=error.fix,
            )
