"""What a pool's launch template says, as plain data. `argosy_aws.pool` only declares it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from argosy.catalog import InstanceType
from argosy_aws.nics import NetworkInterface, choose_network_interfaces
from argosy_aws.user_data import choose_user_data
from argosy_component.contract import NodePoolPlan

TAGGED_RESOURCES = ("instance", "network-interface", "volume")
"""What EC2 creates from the template; none of them inherits the node group's tags."""


@dataclass(frozen=True)
class RootVolume:
    """The node's root volume: encrypted, and gone with the node."""

    size_gib: int
    iops: int
    throughput_mib_s: int
    device: str = "/dev/xvda"
    volume_type: str = "gp3"


@dataclass(frozen=True)
class LaunchTemplateChoice:
    """A launch template. The instance type stands here and nowhere else.

    Subnet and instance profile are the node group's; EKS refuses them in a template. The metadata service
    always demands a token, one hop away at most.
    """

    instance_type: str
    network_interfaces: tuple[NetworkInterface, ...]
    root_volume: RootVolume
    user_data: str | None
    reservation: str | None
    """Id of the reservation or block that every node must come from."""
    market_type: str | None
    placement_group: bool
    """Whether nodes are packed close to each other by a placement group of the pool's own."""
    tags: Mapping[str, str]
    http_tokens: str = "required"
    http_put_response_hop_limit: int = 1


def choose_launch_template(pool: NodePoolPlan, tags: Mapping[str, str]) -> LaunchTemplateChoice:
    """The launch template of a pool."""
    instance_type = instance_type_of(pool)
    return LaunchTemplateChoice(
        instance_type=instance_type.name,
        network_interfaces=choose_network_interfaces(instance_type),
        # Driver, container runtime and large images share the volume until local disks are up.
        root_volume=RootVolume(size_gib=200, iops=3000, throughput_mib_s=250),
        user_data=choose_user_data(instance_type),
        reservation=pool.reservation if pool.capacity_type in ("reserved", "block") else None,
        market_type="capacity-block" if pool.capacity_type == "block" else None,
        placement_group=_packs(pool),
        tags=dict(sorted({**tags, "argosy-pool": pool.name}.items())),
    )


def instance_type_of(pool: NodePoolPlan) -> InstanceType:
    """The pool's instance type. Raises TypeError for a plan that was not made for a cloud."""
    if not isinstance(pool.node_type, InstanceType):
        raise TypeError(f"pool {pool.name} is planned on {pool.node_type.key}, which is no instance type")
    return pool.node_type


def _packs(pool: NodePoolPlan) -> bool:
    """Blocks and reservations already fix where nodes stand; a second rule makes launches fail."""
    gang = pool.role == "training" and pool.node_type.fabric == "efa"
    return gang and pool.capacity_type in ("on-demand", "spot")
