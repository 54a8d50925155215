"""What the catalogue says of a pool of the fleet file."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argosy.catalog.catalog import Catalog
    from argosy.catalog.models import NodeType
    from argosy.spec.models import NodePoolSpec, SiteSpec


def node_key_of(site: SiteSpec, pool: NodePoolSpec) -> str:
    """The catalogue's key of the pool's nodes, e.g. `aws/p5en.48xlarge`."""
    return f"{site.provider}/{pool.server_type or pool.instance_type}"


def node_type_of(site: SiteSpec, pool: NodePoolSpec, catalog: Catalog) -> NodeType:
    """What the catalogue says of the pool's nodes; raises NotInCatalogError."""
    return catalog.node_type(node_key_of(site, pool))


def capacity_type_of(pool: NodePoolSpec) -> str:
    """How the pool's nodes are obtained. Only pools of a hall, which owns its servers, may leave it out."""
    return pool.capacity.type if pool.capacity else "owned"


def drawn_watts(pool: NodePoolSpec, node_type: NodeType) -> int | None:
    """The most that one node of a pool draws, in watts, without cooling; None if the catalogue has no idea.

    A cap below what the type draws goes before it.
    """
    full = node_type.node_power_watts
    if full is None or pool.power_cap_watts is None:
        return full
    return min(full, pool.power_cap_watts)
