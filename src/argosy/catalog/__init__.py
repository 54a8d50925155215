"""What exists to build a fleet of, with a source and a date for every value."""

from argosy.catalog.catalog import Catalog, NotInCatalogError, closest_names
from argosy.catalog.facts import PLANNING_VALUES, facts_for
from argosy.catalog.load import CatalogError, load_catalog, read_catalog
from argosy.catalog.models import (
    METAL,
    Accelerator,
    AdditionalNetwork,
    Entry,
    InstanceType,
    LocalSsd,
    NetworkCard,
    NodeType,
    PowerSupplies,
    Provenance,
    ServerType,
)

__all__ = [
    "METAL",
    "PLANNING_VALUES",
    "Accelerator",
    "AdditionalNetwork",
    "Catalog",
    "CatalogError",
    "Entry",
    "InstanceType",
    "LocalSsd",
    "NetworkCard",
    "NodeType",
    "NotInCatalogError",
    "PowerSupplies",
    "Provenance",
    "ServerType",
    "closest_names",
    "facts_for",
    "load_catalog",
    "read_catalog",
]
