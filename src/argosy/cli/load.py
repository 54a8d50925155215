"""Load a fleet with everything that can be said against its file, all faults at once."""

from __future__ import annotations

from argosy.catalog import Catalog, load_catalog
from argosy.errors import FleetError
from argosy.providers import load_providers
from argosy.resolve import resolve
from argosy.spec.loader import LoadedFleet, load_spec


def load_fleet(env: str) -> tuple[LoadedFleet, Catalog]:
    """The fleet and the catalogue it was resolved with. Raises FleetError with every fault."""
    fleet = load_spec(env)
    catalog = load_catalog()
    if faults := resolve(fleet, catalog, load_providers()):
        raise FleetError(faults)
    return fleet, catalog
