"""Volumes that no BMC of a hall's servers would make, said when the fleet file is checked. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from argosy.spec.models import HallSpec
from argosy_metal.refusals_engine import is_by_ironic
from argosy_metal.settings import PoolSettings

if TYPE_CHECKING:
    from argosy.catalog import Catalog
    from argosy.errors import Fault
    from argosy.spec.loader import LoadedFleet


def refuse_storage(site: str, fleet: LoadedFleet, hall: HallSpec, catalog: Catalog) -> Iterator[Fault]:
    """Every pool of one hall that wants volumes of servers whose BMCs are known to make none."""
    if is_by_ironic(site, fleet):
        return  # which sets none at all, and is refused as such
    for name, pool in sorted(hall.node_pools.items()):
        server_type = catalog.server_types.get(f"metal/{pool.server_type}")
        wanted = fleet.pool_settings(site, name, PoolSettings).storage
        if wanted is not None and server_type is not None and server_type.raid_volumes is False:
            yield fleet.fault(
                f"sites.{site}.node_pools.{name}.settings.storage",
                given=f"volumes for a {pool.server_type}, whose BMC makes none",
                expected="none: its RAID is the operating system's",
                fix="delete it, and let the image lay the drives out",
            )
