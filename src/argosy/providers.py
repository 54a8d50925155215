"""The part of the provider contract that is used when a fleet file is checked: no SDK, no network.

A provider registers a descriptor in the entry-point group `argosy.providers`. The rest of the contract, which
declares resources, is `argosy_component.contract.SiteProvider`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable

from argosy.errors import ArgosyError

if TYPE_CHECKING:
    from argosy.catalog import Catalog
    from argosy.errors import Fault
    from argosy.spec.loader import LoadedFleet

GROUP: Final = "argosy.providers"
"""The entry-point group in which packages register providers."""


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
    """Every registered provider by name. Loading a descriptor imports no cloud SDK.

    Raises ArgosyError for a registered provider that cannot be imported.
    """
    points = sorted(entry_points(group=GROUP), key=lambda point: point.name)
    return {point.name: _load(point) for point in points}


def _load(point: EntryPoint) -> Provider:
    try:
        return point.load()
    except (ImportError, AttributeError) as error:
        msg = f"the provider {point.name!r} is registered as {point.value} but cannot be loaded: {error}"
        raise ArgosyError(f"{msg}; install the package that brings it again, or remove it") from error
