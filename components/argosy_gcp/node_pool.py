"""What a pool's GKE node pools say, as plain data. `argosy_gcp.pool` only declares it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from argosy.catalog import InstanceType
from argosy_component.contract import NodePoolPlan, Toleration
from argosy_component.naming import GPU_TAINT, pool_labels
from argosy_gcp.networks import choose_networks

NODE_POOL_PREFIX_LIMIT = 31
"""Characters of a node pool's name prefix: GKE's 40 less what makes it unique."""

_FLEX_RUN_SECONDS = 7 * 24 * 3600
"""Longest that a flex-start node may run. Source: GKE, Dynamic Workload Scheduler."""


@dataclass(frozen=True)
class NodePoolChoice:
    """One GKE node pool: the nodes of a pool in one zone, so that the plan's count per zone holds.

    Upgrades take a node away first (no surge), since no spare accelerator waits beside it.
    """

    name_prefix: str
    zone: str
    nodes: int
    machine_type: str
    guest_accelerator: str
    accelerators: int
    local_ssds: int
    subnets: tuple[str, ...]
    """Fabric subnets that the nodes attach to, in the order of their interfaces."""
    provisioning: Literal["standard", "spot", "flex"]
    reservation: str | None
    max_run_seconds: int | None
    compact: bool
    """Whether GKE packs the nodes; a reservation already does, and refuses to be told twice."""
    auto_repair: bool
    arm64: bool
    labels: Mapping[str, str]
    taint: Toleration
    delete_before_replace: bool
    """Held capacity exists once: a successor finds none before its predecessor is gone."""
    max_surge: int = 0
    max_unavailable: int = 1


def choose_node_pools(pool: NodePoolPlan) -> tuple[NodePoolChoice, ...]:
    """The GKE node pools of a pool, one for each zone of the plan, by zone."""
    return tuple(_choose_node_pool(pool, zone, nodes) for zone, nodes in sorted(pool.by_zone.items()))


def name_prefix(pool: str, zone: str) -> str:
    """The prefix of the node pool's name; the vendor's provider adds what makes it unique."""
    return f"{pool}-{zone.rpartition('-')[2]}-"


def instance_type_of(pool: NodePoolPlan) -> InstanceType:
    """The pool's machine type. Raises TypeError for a plan that was not made for Google Cloud."""
    if not isinstance(pool.node_type, InstanceType) or pool.node_type.guest_accelerator is None:
        raise TypeError(
            f"pool {pool.name} is planned on {pool.node_type.key}, which has no guest accelerator"
        )
    return pool.node_type


def _choose_node_pool(pool: NodePoolPlan, zone: str, nodes: int) -> NodePoolChoice:
    machine, flex = instance_type_of(pool), pool.capacity_type == "flex"
    reserved = pool.capacity_type == "reserved"
    return NodePoolChoice(
        name_prefix=name_prefix(pool.name, zone),
        zone=zone,
        nodes=nodes,
        machine_type=machine.name,
        guest_accelerator=machine.guest_accelerator or "",
        accelerators=machine.accelerators,
        local_ssds=machine.local_ssd.count if machine.local_ssd else 0,
        subnets=tuple(
            subnet.name for network in choose_networks(machine, zone) for subnet in network.subnets
        ),
        provisioning=_PROVISIONING.get(pool.capacity_type, "standard"),
        reservation=pool.reservation if reserved else None,
        max_run_seconds=_FLEX_RUN_SECONDS if flex else None,
        compact=_packs(pool),
        # GKE refuses repair on nodes that it will take away by itself.
        auto_repair=not flex,
        arm64=machine.arch == "arm64",
        labels=pool_labels(pool),
        taint=GPU_TAINT,
        delete_before_replace=reserved,
    )


_PROVISIONING: Mapping[str, Literal["standard", "spot", "flex"]] = {"spot": "spot", "flex": "flex"}


def _packs(pool: NodePoolPlan) -> bool:
    gang = pool.role == "training" and pool.node_type.fabric != "none"
    return gang and pool.capacity_type in ("on-demand", "spot")
