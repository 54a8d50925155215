"""The catalogue as one frozen value with lookups that name the closest entry when they fail."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypeVar

from argosy.catalog.models import (
    METAL,
    Accelerator,
    EgressPrice,
    Entry,
    InstanceType,
    NodeType,
    ServerType,
)
from argosy.errors import ArgosyError

_EntryT = TypeVar("_EntryT", bound=Entry)
_NodeTypeT = TypeVar("_NodeTypeT", bound=NodeType)

_LISTING = {
    "accelerator": "argosy catalog accelerators",
    "instance type": "argosy catalog instance-types",
    "server type": "argosy catalog server-types",
}


class NotInCatalogError(ArgosyError):
    """A name that the catalogue does not hold. Take one of `closest`, or list all with `listing`."""

    exit_code = 2

    def __init__(self, kind: str, given: str, known: Iterable[str], listing: str = "argosy catalog") -> None:
        self.kind = kind
        self.given = given
        self.closest = closest_names(given, known)
        """Up to three names, best first; empty when nothing is near."""
        self.listing = listing
        """The command that lists all."""
        near = " or ".join(repr(name) for name in self.closest)
        self.fix = f"{f'closest: {near}. ' if near else ''}List all: {listing}"
        """What would do, for a fault's message."""
        super().__init__(f"{kind} {given!r} is not in the catalogue; {self.fix}")


@dataclass(frozen=True)
class Catalog:
    """All that a fleet can be built of. Mappings are sorted by key."""

    accelerators: Mapping[str, Accelerator]
    """By name, e.g. `H200`."""
    instance_types: Mapping[str, InstanceType]
    """By key, e.g. `aws/p5en.48xlarge`."""
    server_types: Mapping[str, ServerType]
    """By key, e.g. `metal/dgx-h200`."""
    egress: Mapping[str, EgressPrice] = field(default_factory=dict[str, EgressPrice])
    """By provider, e.g. `aws`."""

    @property
    def providers(self) -> tuple[str, ...]:
        """Clouds with instance types in the catalogue, sorted."""
        return tuple(sorted({entry.provider for entry in self.instance_types.values()}))

    def accelerator(self, name: str) -> Accelerator:
        """The accelerator of that name; raises NotInCatalogError."""
        return _find(self.accelerators, name, "accelerator")

    def server_type(self, name: str) -> ServerType:
        """The bare-metal server type of that name; raises NotInCatalogError."""
        return _find(_named(self.server_types, METAL), name, "server type")

    def instance_type(self, provider: str, name: str) -> InstanceType:
        """The instance type that `provider` calls `name`; raises NotInCatalogError."""
        own = _named(self.instance_types, provider)
        return _find(own, name, "instance type", provider if own else None)

    def node_type(self, key: str) -> NodeType:
        """The instance or server type with that key, e.g. `metal/dgx-h200`; raises NotInCatalogError."""
        known = self.instance_types.get(key) or self.server_types.get(key)
        if known is not None:
            return known
        provider, _, name = key.partition("/")
        return self.server_type(name) if provider == METAL else self.instance_type(provider, name)

    def egress_usd_per_gb(self, provider: str) -> Decimal | None:
        """US dollars per GB from this provider to the internet; None when the catalogue does not say."""
        price = self.egress.get(provider)
        return price.usd_per_gb if price else None

    @property
    def node_types(self) -> tuple[NodeType, ...]:
        """Every instance and server type, by key."""
        return tuple(
            sorted([*self.instance_types.values(), *self.server_types.values()], key=lambda e: e.key)
        )

    def entry(self, name: str) -> Entry:
        """The one entry with that name or key, whatever its kind; raises NotInCatalogError."""
        everything: dict[str, Entry] = {**self.accelerators}
        for node_type in self.node_types:
            everything |= {node_type.name: node_type, node_type.key: node_type}
        if name not in everything:
            raise NotInCatalogError("entry", name, everything)
        return everything[name]


def closest_names(given: str, known: Iterable[str]) -> tuple[str, ...]:
    """Up to three known names that resemble `given`, best first, upper and lower case alike."""
    import difflib

    by_folded = {name.casefold(): name for name in sorted(known)}
    matches = difflib.get_close_matches(given.casefold(), by_folded, n=3, cutoff=0.6)
    return tuple(by_folded[match] for match in matches)


def _named(known: Mapping[str, _NodeTypeT], provider: str) -> dict[str, _NodeTypeT]:
    return {entry.name: entry for entry in known.values() if entry.provider == provider}


def _find(known: Mapping[str, _EntryT], name: str, kind: str, provider: str | None = None) -> _EntryT:
    if name not in known:
        listing = _LISTING[kind] + (f" --provider {provider}" if provider else "")
        raise NotInCatalogError(kind, name, known, listing)
    return known[name]
