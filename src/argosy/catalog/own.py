"""The catalogue as one fleet has it: what Argosy ships, with the fleet's own server types before it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from argosy.catalog.load import load_catalog
from argosy.catalog.models import METAL, Provenance, ServerType

if TYPE_CHECKING:
    from argosy.catalog.catalog import Catalog
    from argosy.spec.loader import LoadedFleet
    from argosy.spec.server_types import ServerTypeSpec

_OF_THE_ROW = frozenset({"source", "as_of", "confidence"})


def catalog_of(fleet: LoadedFleet) -> Catalog:
    """What the fleet can be built of. That its own server types name known accelerators, `resolve` checks."""
    shipped = load_catalog()
    if fleet.server_types is None:
        return shipped
    own = {entry.key: entry for entry in map(_server_type, fleet.server_types.server_types)}
    return replace(shipped, server_types=dict(sorted({**shipped.server_types, **own}.items())))


def _server_type(row: ServerTypeSpec) -> ServerType:
    values = row.model_dump(exclude=set(_OF_THE_ROW), exclude_none=True)
    name = values.pop("name")
    values = {key: value for key, value in values.items() if value != ()} | {"capacity_types": ("owned",)}
    origin = Provenance(source=row.source, as_of=row.as_of, confidence=row.confidence)
    identity = {"name": name, "provider": METAL, "provenance": dict.fromkeys(values, origin)}
    return ServerType.model_validate(values | identity)
