"""The slice of the catalogue that a lock embeds: only the values a plan rests on, in one canonical shape."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from decimal import Decimal
from typing import cast

from pydantic import BaseModel

from argosy.catalog.catalog import Catalog
from argosy.catalog.models import Entry

PLANNING_VALUES = frozenset(
    {
        "accelerator",
        "accelerators",
        "arch",
        "capacity_types",
        "fabric",
        "fabric_gbps",
        "memory_gb",
        "node_power_kw",
        "nvlink_domain",
        "price_usd_per_hour",
        "slice_of",
    }
)
"""Values that decide who gets what. Disks, network cards, sources and notes are not among them, so that a
correction there leaves every lock good."""


def facts_for(
    catalog: Catalog, keys: Iterable[str], values: Collection[str] = PLANNING_VALUES
) -> dict[str, dict[str, dict[str, object]]]:
    """What the catalogue says of the node types `keys` and their accelerators, as plain JSON values.

    `keys` are node types' keys, e.g. `aws/p5en.48xlarge` or `metal/dgx-h200`, in any order. Keys come sorted;
    numbers are ints or decimal strings without trailing zeros; a value that is not known is left out.
    Raises NotInCatalogError.
    """
    node_types = {key: catalog.node_type(key) for key in sorted(set(keys))}
    accelerators = {node_type.accelerator for node_type in node_types.values()}
    return {
        "accelerators": {name: _plain(catalog.accelerator(name), values) for name in sorted(accelerators)},
        "node_types": {key: _plain(node_type, values) for key, node_type in node_types.items()},
    }


def plain_value(value: object) -> object:
    """A catalogue value as JSON: ints stay, decimals become strings without trailing zeros."""
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    if isinstance(value, BaseModel):
        return {name: plain_value(part) for name, part in value if part is not None}
    if isinstance(value, tuple):
        return [plain_value(part) for part in cast("tuple[object, ...]", value)]
    return value


def _plain(entry: Entry, values: Collection[str]) -> dict[str, object]:
    return {name: plain_value(value) for name, value in sorted(entry.values().items()) if name in values}
