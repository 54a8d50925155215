"""What a fleet's own server types, its inventories and its pools must agree on beside the catalogue."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from argosy.catalog.catalog import NotInCatalogError
from argosy.spec.hints import nearest
from argosy.spec.models import HallSpec

if TYPE_CHECKING:
    from argosy.catalog.catalog import Catalog
    from argosy.errors import Fault
    from argosy.spec.loader import LoadedFleet


def fix_of_type(error: NotInCatalogError) -> str:
    """What would do about a server type that the catalogue does not hold."""
    return f"{error.fix}; or describe it in a file, named by `server_types: server-types.yaml`"


def check_own_types(fleet: LoadedFleet, catalog: Catalog) -> Iterator[Fault]:
    """Faults of the server types that the fleet describes itself."""
    for index, row in enumerate(fleet.server_types.server_types if fleet.server_types else ()):
        try:
            catalog.accelerator(row.accelerator)
        except NotInCatalogError as error:
            yield fleet.fault(
                f"server_types[{index}].accelerator",
                document="server_types",
                given=f"{row.accelerator!r}, which is not in the catalogue",
                expected="an accelerator of the catalogue",
                fix=error.fix,
            )


def check_server_types(fleet: LoadedFleet, catalog: Catalog) -> Iterator[Fault]:
    """Faults of every server type that the fleet owns or asks for."""
    for site in fleet.inventories:
        unknown = list(_check_inventory(fleet, site, catalog))
        yield from unknown
        # A type that nobody knows may be the one that was meant: nothing can be said of the pools yet.
        if not unknown:
            yield from _check_stock(fleet, site, catalog)


def _check_inventory(fleet: LoadedFleet, site: str, catalog: Catalog) -> Iterator[Fault]:
    inventory = fleet.inventories[site]
    named = {"server_type": inventory.server_type}
    for index, server in enumerate(inventory.servers):
        if server.server_type is not None:
            named[f"servers[{index}].server_type"] = server.server_type
    for at, server_type in named.items():
        try:
            catalog.server_type(server_type)
        except NotInCatalogError as error:
            yield fleet.fault(
                at,
                site=site,
                given=f"{server_type!r}, which is not in the catalogue",
                expected="a server type of the catalogue",
                fix=fix_of_type(error),
            )


def _check_stock(fleet: LoadedFleet, site: str, catalog: Catalog) -> Iterator[Fault]:
    """Pools of a known type of which no server stands in the hall."""
    hall, inventory = fleet.spec.sites[site], fleet.inventories[site]
    stock = sorted({inventory.server_type_of(server) for server in inventory.servers})
    for name, pool in hall.node_pools.items() if isinstance(hall, HallSpec) else ():
        wanted = pool.server_type
        known = f"metal/{wanted}" in catalog.server_types
        if wanted is None or wanted in stock or not known:
            continue
        close = nearest(wanted, stock)
        yield fleet.fault(
            f"sites.{site}.node_pools.{name}.server_type",
            given=f"{wanted!r}, of which the inventory has none",
            expected=f"a server type that stands in the hall: {', '.join(stock)}",
            fix=f"did you mean {close}?" if close else "pick one of them",
        )
