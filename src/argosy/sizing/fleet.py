"""The sizes of a fleet's services, and the faults of those that have none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from argosy.catalog.catalog import NotInCatalogError
from argosy.catalog.models import METAL
from argosy.sizing.facts import load_defaults, published_rates
from argosy.sizing.match import Unsized
from argosy.sizing.service import Sizing, size_service
from argosy.spec.demand_checks import SIZING_KEYS

if TYPE_CHECKING:
    from argosy.catalog import Catalog
    from argosy.errors import Fault
    from argosy.spec.demand import InferenceDemand
    from argosy.spec.loader import LoadedFleet


def fleet_sizings(fleet: LoadedFleet, catalog: Catalog) -> dict[str, Sizing]:
    """Service to size, in the fleet file's order; a service that `nodes` pins is not among these.

    Services that `sizing_faults` refuses are left out.
    """
    return {
        service.name: size
        for _, service, size in _sizes(fleet)
        if isinstance(size, Sizing) and not _no_node_for(size, node_sizes(fleet, catalog))
    }


def sizing_faults(fleet: LoadedFleet, catalog: Catalog) -> list[Fault]:
    """Services without `nodes` for which no rate is known, or whose replicas fit into no node."""
    return [fault for at, _, size in _sizes(fleet) for fault in _faults(fleet, catalog, at, size)]


def node_sizes(fleet: LoadedFleet, catalog: Catalog) -> dict[str, tuple[int, ...]]:
    """Accelerator to how many of it one node has, over the fleet's pools that may serve; sorted.

    A pool of a type that the catalogue lacks is left out; `argosy check` refuses it.
    """
    found: dict[str, set[int]] = {}
    for site in fleet.spec.sites.values():
        for pool in site.node_pools.values():
            if pool.role == "inference" or pool.lends:
                name = pool.server_type or pool.instance_type or ""
                provider = METAL if pool.server_type else site.provider
                try:
                    node = catalog.node_type(f"{provider}/{name}")
                except NotInCatalogError:
                    continue
                found.setdefault(node.accelerator, set()).add(node.accelerators)
    return {accelerator: tuple(sorted(sizes)) for accelerator, sizes in sorted(found.items())}


def _sizes(fleet: LoadedFleet) -> Iterator[tuple[str, InferenceDemand, Sizing | Unsized]]:
    """Path, service and size of every service to size; one that lacks a field is refused elsewhere."""
    own = fleet.rates.rates if fleet.rates else ()
    for index, service in enumerate(fleet.spec.demand.inference):
        if service.nodes is None and all(getattr(service, key) is not None for key in SIZING_KEYS):
            at = f"demand.inference[{index}]"
            yield at, service, size_service(service, own, load_defaults(), published_rates(), at)


def _faults(fleet: LoadedFleet, catalog: Catalog, at: str, size: Sizing | Unsized) -> Iterator[Fault]:
    if isinstance(size, Unsized):
        yield fleet.fault(f"{at}.{size.key}", given=size.given, expected=size.expected, fix=size.fix)
    elif replicas := _no_node_for(size, node_sizes(fleet, catalog)):
        yield fleet.fault(
            f"{at}.accelerator",
            given=f"replicas of {replicas}, more than any node of the pools for inference has",
            expected="a replica that fits into a node",
            fix="add a pool with larger nodes, give a rate of a smaller replica, or write `nodes: …`",
        )


def _no_node_for(size: Sizing, sizes: dict[str, tuple[int, ...]]) -> str:
    """The replicas, in words, when the fleet has nodes for the service and none holds a replica."""
    had = [name for name in size.replica if name in sizes]
    if not had or any(size.replica[name] <= max(sizes[name]) for name in had):
        return ""
    return ", ".join(f"{size.replica[name]} {name}" for name in had)
