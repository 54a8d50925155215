"""How many servers of a hall its pools may take."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from argosy.spec.models import NodeRange

if TYPE_CHECKING:
    from argosy.spec.loader import LoadedFleet


def most_nodes(fleet: LoadedFleet, site: str, readiness: str | None = None) -> int:
    """Most nodes that the pools of a hall can hold together; `readiness`: those of such pools alone."""
    inventory = fleet.inventories[site]
    stock = Counter(inventory.server_type_of(server) for server in inventory.in_service)
    wanted: Counter[str] = Counter()
    for pool in fleet.spec.sites[site].node_pools.values():
        if readiness in (None, pool.readiness):
            most = pool.nodes.max if isinstance(pool.nodes, NodeRange) else pool.nodes
            wanted[pool.server_type or ""] += most
    return sum(min(most, stock[server_type]) for server_type, most in wanted.items())
