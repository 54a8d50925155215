"""What a pool's managed node groups say, as plain data. `argosy_aws.pool` only declares it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from argosy_component.contract import NodePoolPlan, Toleration
from argosy_component.naming import GPU_TAINT, pool_labels

NODE_GROUP_PREFIX_LIMIT = 37
"""Characters of a node group's name prefix: 63 less the 26 that the vendor's provider adds."""

_NEURON_TAINT = Toleration(key="aws.amazon.com/neuron", value="present", effect="NoSchedule")
_CAPACITY_TYPES = {
    "reserved": "ON_DEMAND",
    "on-demand": "ON_DEMAND",
    "block": "CAPACITY_BLOCK",
    "spot": "SPOT",
}


@dataclass(frozen=True)
class NodeGroupChoice:
    """One managed node group: the nodes of a pool in one zone, so that the plan's count per zone holds.

    A node is updated by taking it away first, since no spare accelerator waits beside it; broken nodes are
    repaired by EKS.
    """

    name_prefix: str
    zone: str
    capacity_type: str
    ami_type: str
    min_nodes: int
    max_nodes: int
    nodes: int
    labels: Mapping[str, str]
    taint: Toleration
    delete_before_replace: bool
    """Held capacity exists once: a successor finds none before its predecessor is gone."""
    max_unavailable: int = 1
    update_strategy: str = "MINIMAL"


def choose_node_groups(pool: NodePoolPlan) -> tuple[NodeGroupChoice, ...]:
    """The node groups of a pool, one for each zone of the plan, by zone."""
    return tuple(_choose_node_group(pool, zone, nodes) for zone, nodes in sorted(pool.by_zone.items()))


def choose_taint(pool: NodePoolPlan) -> Toleration:
    """The taint that keeps other pods off the pool's accelerators."""
    return _NEURON_TAINT if _is_neuron(pool) else GPU_TAINT


def name_prefix(pool: str, zone: str) -> str:
    """The prefix of the node group's name; the vendor's provider adds what makes it unique."""
    return f"{pool}-{zone}-"


def _choose_node_group(pool: NodePoolPlan, zone: str, nodes: int) -> NodeGroupChoice:
    held = pool.capacity_type in ("reserved", "block")
    return NodeGroupChoice(
        name_prefix=name_prefix(pool.name, zone),
        zone=zone,
        capacity_type=_CAPACITY_TYPES[pool.capacity_type],
        ami_type=_ami_type(pool),
        # EKS empties a block's group itself shortly before the block ends; a floor would fight that.
        min_nodes=0 if pool.capacity_type == "block" else nodes,
        # EKS takes no group that could never hold a node.
        max_nodes=max(nodes, 1),
        nodes=nodes,
        labels=pool_labels(pool),
        taint=choose_taint(pool),
        delete_before_replace=held,
    )


def _ami_type(pool: NodePoolPlan) -> str:
    if _is_neuron(pool):
        return "AL2023_x86_64_NEURON"
    return "AL2023_ARM_64_NVIDIA" if pool.node_type.arch == "arm64" else "AL2023_x86_64_NVIDIA"


def _is_neuron(pool: NodePoolPlan) -> bool:
    return pool.node_type.accelerator.startswith("Trainium")
