"""What only one provider understands: the `settings` of its sites and node pools.

The core knows neither their keys nor their meaning. A provider registers their shape, a `Shapes`, in the
entry-point group `argosy.settings`, under the word that stands at `provider:`. So they are checked with the
rest of the file, with the same care and at the same time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final

from argosy.errors import ArgosyError, Fault
from argosy.spec.document import Document
from argosy.spec.named_files import validate
from argosy.spec.places import Path
from argosy.spec.plain import as_mapping
from argosy.spec.values import SpecModel

GROUP: Final = "argosy.settings"
"""The entry-point group in which packages register shapes."""


@dataclass(frozen=True)
class Shapes:
    """The shape of a provider's settings. Every key is optional: no settings are settings too."""

    site: type[SpecModel]
    pool: type[SpecModel]


@dataclass(frozen=True)
class LoadedSettings:
    """The settings of a fleet file that have the right shape."""

    sites: Mapping[str, SpecModel] = field(default_factory=dict[str, SpecModel])
    """By site."""
    pools: Mapping[tuple[str, str], SpecModel] = field(default_factory=dict[tuple[str, str], SpecModel])
    """By site and pool."""


@cache
def registered_shapes() -> Mapping[str, Shapes]:
    """The shapes of all providers that have settings; raises ArgosyError for one that cannot be loaded."""
    points = sorted(entry_points(group=GROUP), key=lambda point: point.name)
    return {point.name: _load(point) for point in points}


def without_traps(document: Document) -> Document:
    """The same document, but of words that readers disagree about in settings nothing is said.

    Only the shape knows whether a number or text was meant.
    """
    return document.trusting([path for path, _ in _written(document.value)])


def load_settings(document: Document) -> tuple[LoadedSettings, list[Fault]]:
    """All settings of a fleet file, even where the rest of it is wrong, and every fault of theirs."""
    sites: dict[str, SpecModel] = {}
    pools: dict[tuple[str, str], SpecModel] = {}
    faults: list[Fault] = []
    for path, provider in _written(document.value):
        name, is_pool = str(path[1]), len(path) > _SITE_DEPTH
        if not document.holds_mapping(path):
            continue  # the fleet's own model says so
        shapes = registered_shapes().get(provider) if provider else None
        if shapes is None:
            faults += _without_shape(document, path, provider)
            continue
        model, found = validate(shapes.pool if is_pool else shapes.site, document.below(path))
        faults += found
        if model is not None and is_pool:
            pools[name, str(path[3])] = model
        elif model is not None:
            sites[name] = model
    return LoadedSettings(sites, pools), faults


_SITE_DEPTH = 3


def _written(value: Any) -> Iterator[tuple[Path, str | None]]:
    """Where settings stand, and the provider whose they are if it is known."""
    sites = as_mapping((as_mapping(value) or {}).get("sites")) or {}
    for name, content in sites.items():
        site = as_mapping(content) or {}
        provider = site.get("provider")
        known = provider if isinstance(provider, str) else None
        if "settings" in site:
            yield ("sites", name, "settings"), known
        for pool_name, pool in (as_mapping(site.get("node_pools")) or {}).items():
            if "settings" in (as_mapping(pool) or {}):
                yield ("sites", name, "node_pools", pool_name, "settings"), known


def _without_shape(document: Document, path: Path, provider: str | None) -> list[Fault]:
    # A provider that is missing or that nobody registered is a fault of its own.
    if provider is None or not _is_registered(provider):
        return []
    whose = "pools" if len(path) > _SITE_DEPTH else "sites"
    return [
        document.places.fault(
            path,
            given="`settings`",
            expected=f"none, since {whose} of {provider} have no settings",
            fix="delete it",
            at_key=True,
        )
    ]


def _is_registered(provider: str) -> bool:
    return any(point.name == provider for point in entry_points(group="argosy.providers"))


def _load(point: EntryPoint) -> Shapes:
    try:
        return point.load()
    except (ImportError, AttributeError) as error:
        msg = f"the settings of {point.name!r} are registered as {point.value} but cannot be loaded: {error}"
        raise ArgosyError(f"{msg}; install the package that brings them again, or remove it") from error
