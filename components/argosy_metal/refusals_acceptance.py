"""What could not be tested in a hall's pools, said when the fleet file is checked. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from argosy.catalog import NotInCatalogError
from argosy.catalog.pools import node_type_of
from argosy.spec.models import HallSpec
from argosy_metal.acceptance.defaults import default_thresholds
from argosy_metal.settings import PoolSettings
from argosy_metal.settings.acceptance import AcceptancePoolSettings, acceptance_tests

if TYPE_CHECKING:
    from argosy.catalog import Catalog, NodeType
    from argosy.errors import Fault
    from argosy.spec.loader import LoadedFleet


def refuse_acceptance(site: str, fleet: LoadedFleet, hall: HallSpec, catalog: Catalog) -> Iterator[Fault]:
    """Every fault of what the machines of one hall's pools must show."""
    for name, pool in sorted(hall.node_pools.items()):
        own = fleet.settings.pools.get((site, name))
        if not isinstance(own, PoolSettings) or own.acceptance is None:
            continue
        try:
            node_type = node_type_of(hall, pool, catalog)
        except NotInCatalogError:
            continue  # that has a fault of its own
        at = f"sites.{site}.node_pools.{name}.settings.acceptance"
        yield from _tests(fleet, at, own.acceptance, node_type)


def _tests(
    fleet: LoadedFleet, at: str, settings: AcceptancePoolSettings, node_type: NodeType
) -> Iterator[Fault]:
    defaults = default_thresholds(node_type) if settings.defaults else {}
    unknown = [name for name in settings.leave_out if name not in defaults or name in settings.tests]
    if unknown:
        yield fleet.fault(
            f"{at}.leave_out",
            given=f"{', '.join(unknown)}: no default test of a {node_type.name}, or given in `tests`",
            expected=", ".join(sorted(defaults)) or "nothing, with `defaults: false`",
            fix="delete them",
        )
    elif not acceptance_tests(settings, node_type):
        yield fleet.fault(
            at,
            given="no test at all",
            expected="one test at least",
            fix="write tests, or delete acceptance",
        )
