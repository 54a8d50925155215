"""The part of the provider contract that is used when a fleet file is checked: no SDK, no network.

A provider registers a descriptor in the entry-point group `argosy.providers`. The rest of the contract, which
declares resources, is `argosy_component.contract.SiteProvider`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from argosy.catalog import Catalog
    from argosy.errors import Fault
    from argosy.spec.loader import LoadedFleet


class Capability(StrEnum):
    """What a provider can do; a request for what it lacks is refused when the fleet file is checked."""

    OWNED = "owned"
    RESERVED = "reserved"
    BLOCK = "block"
    ON_DEMAND = "on-demand"
    SPOT = "spot"
    FLEX = "flex"
    """Capacity types, in the words of the fleet file."""
    EFA = "efa"
    GPUDIRECT_TCPX = "gpudirect-tcpx"
    GPUDIRECT_TCPXO = "gpudirect-tcpxo"
    ROCE = "roce"
    INFINIBAND = "infiniband"
    """Fabrics, in the words of the catalogue."""


@runtime_checkable
class Provider(Protocol):
    """Who runs a site: a cloud, or the bare-metal provider."""

    @property
    def name(self) -> str:
        """The word that stands at `provider:` in the fleet file."""
        ...

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What sites of this provider can be asked for."""
        ...

    def refusals(self, site: str, fleet: LoadedFleet, catalog: Catalog) -> Sequence[Fault]:
        """What this vendor would reject about `site`, said before anything is declared."""
        ...


def load_providers() -> Mapping[str, Provider]:
    """Every registered provider by name. Loading a descriptor imports no cloud SDK."""
    found = {point.name: point.load() for point in entry_points(group="argosy.providers")}
    return dict(sorted(found.items()))
