"""What a pool's managed node groups say, as plain data. `declare_node_group` only declares it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from argosy_aws.pools.facts import load_pool_facts
from argosy_aws.pools.images import ImageChoice, choose_image, is_neuron
from argosy_aws.pools.launch_template import instance_types_of
from argosy_aws.pools.repair import RepairChoice, choose_repair
from argosy_aws.pools.windows import is_held, waits
from argosy_aws.settings import settings_of_pool
from argosy_component.contract import NodePoolPlan, Toleration
from argosy_component.naming import GPU_TAINT, pool_labels

NODE_GROUP_PREFIX_LIMIT = 37
"""Characters of a node group's name prefix: 63 less the 26 that the vendor's provider adds."""

MIG_LABEL = "nvidia.com/mig.config"
"""The node label by which NVIDIA's MIG manager cuts up the GPUs of a node."""

_NEURON_TAINT = Toleration(key="aws.amazon.com/neuron", value="present", effect="NoSchedule")
_CAPACITY_TYPES = {
    "reserved": "ON_DEMAND",
    "on-demand": "ON_DEMAND",
    "block": "CAPACITY_BLOCK",
    "spot": "SPOT",
}
_UPDATE_STEPS = 8


@dataclass(frozen=True)
class NodeGroupChoice:
    """One managed node group: the nodes of a pool in one zone, so that the plan's count per zone holds.

    A node is updated by taking it away first, since no spare accelerator waits beside it; broken nodes are
    repaired by EKS.
    """

    name_prefix: str
    zone: str
    capacity_type: str
    image: ImageChoice
    instance_types: tuple[str, ...]
    """Empty where the launch template names the only one."""
    min_nodes: int
    max_nodes: int
    nodes: int
    """How many there are when the group is made."""
    left_alone: tuple[str, ...]
    """Inputs that a run does not change once the group is there: whoever changes them is not the plan."""
    labels: Mapping[str, str]
    taint: Toleration
    repair: RepairChoice
    delete_before_replace: bool
    """Held capacity exists once: a successor finds none before its predecessor is gone."""
    max_unavailable: int
    """An eighth of the group: so an update of any group ends within the hours that a run waits for it."""
    update_strategy: str = "MINIMAL"


def choose_node_groups(pool: NodePoolPlan, site_release: str | None = None) -> tuple[NodeGroupChoice, ...]:
    """The node groups of a pool, one for each zone of the plan, by zone."""
    return tuple(
        _choose_node_group(pool, zone, nodes, site_release) for zone, nodes in sorted(pool.by_zone.items())
    )


def choose_taint(pool: NodePoolPlan) -> Toleration:
    """The taint that keeps other pods off the pool's accelerators."""
    return _NEURON_TAINT if is_neuron(pool) else GPU_TAINT


def choose_labels(pool: NodePoolPlan) -> Mapping[str, str]:
    """The labels of the pool's nodes."""
    mig = settings_of_pool(pool).mig
    return {**pool_labels(pool), **({MIG_LABEL: mig} if mig else {})}


def name_prefix(pool: str, zone: str) -> str:
    """The prefix of the node group's name; the vendor's provider adds what makes it unique."""
    return f"{pool}-{zone}-"


def _choose_node_group(
    pool: NodePoolPlan, zone: str, nodes: int, site_release: str | None
) -> NodeGroupChoice:
    empties = pool.capacity_type == "block" or waits(pool)
    return NodeGroupChoice(
        name_prefix=name_prefix(pool.name, zone),
        zone=zone,
        capacity_type=_CAPACITY_TYPES[pool.capacity_type],
        image=choose_image(pool, site_release),
        instance_types=instance_types_of(pool),
        # EKS empties a block's group itself shortly before the block ends; a floor would fight that.
        min_nodes=0 if empties else nodes,
        # EKS takes no group that could never hold a node.
        max_nodes=max(nodes, 1),
        nodes=0 if waits(pool) else nodes,
        left_alone=_left_alone(pool),
        labels=choose_labels(pool),
        taint=choose_taint(pool),
        repair=choose_repair(pool, nodes),
        delete_before_replace=is_held(pool),
        max_unavailable=min(load_pool_facts().most_unavailable, max(1, -(-nodes // _UPDATE_STEPS))),
    )


def _left_alone(pool: NodePoolPlan) -> tuple[str, ...]:
    """What no run changes after the first.

    - Before the start, the size, whole, since schedules own it. To leave the wanted number alone is not
      enough: with any change of the others, the vendor's provider sends the number it saw last, which is 0.
    - From then on, image and template of a block. EKS changes them only while the group is empty, and refuses
      otherwise, so that a new release of the site would stop at the first running block. The next block is a
      new pool. What a group cannot keep still replaces it: another reservation, or an image of one's own.
    """
    if waits(pool):
        return ("scalingConfig",)
    return ("launchTemplate.version", "releaseVersion", "version") if pool.capacity_type == "block" else ()
