"""What exists to build a fleet of, with a source and a date for every value.

Names are loaded when they are first used: `argosy --help` lists the catalogue's commands and must not wait
for pydantic.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argosy.catalog.catalog import Catalog, NotInCatalogError, closest_names
    from argosy.catalog.facts import PLANNING_VALUES, facts_for
    from argosy.catalog.load import CatalogError, load_catalog, read_catalog
    from argosy.catalog.models import (
        METAL,
        Accelerator,
        AdditionalNetwork,
        EgressPrice,
        Entry,
        InstanceType,
        LocalSsd,
        NetworkCard,
        NodeType,
        PowerSupplies,
        Provenance,
        ServerType,
    )
    from argosy.catalog.own import catalog_of

__all__ = [
    "METAL",
    "PLANNING_VALUES",
    "Accelerator",
    "AdditionalNetwork",
    "Catalog",
    "CatalogError",
    "EgressPrice",
    "Entry",
    "InstanceType",
    "LocalSsd",
    "NetworkCard",
    "NodeType",
    "NotInCatalogError",
    "PowerSupplies",
    "Provenance",
    "ServerType",
    "catalog_of",
    "closest_names",
    "facts_for",
    "load_catalog",
    "read_catalog",
]

_ELSEWHERE = {
    "Catalog": "catalog",
    "CatalogError": "load",
    "NotInCatalogError": "catalog",
    "PLANNING_VALUES": "facts",
    "catalog_of": "own",
    "closest_names": "catalog",
    "facts_for": "facts",
    "load_catalog": "load",
    "read_catalog": "load",
}
"""Where a public name is defined, unless in `models`."""


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_ELSEWHERE.get(name, 'models')}"), name)
