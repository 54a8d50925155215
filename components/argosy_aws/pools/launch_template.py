"""What a pool's launch template says, as plain data. `declare_launch_template` only declares it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from argosy.catalog import InstanceType
from argosy_aws.cards.nics import NetworkInterface, choose_network_interfaces
from argosy_aws.pools.images import choose_image
from argosy_aws.pools.placement import PlacementChoice, choose_placement
from argosy_aws.pools.user_data import CACHE_DEVICE
from argosy_aws.pools.windows import is_held
from argosy_aws.settings import AwsPoolSettings, settings_of_pool
from argosy_component.contract import NodePoolPlan

TAGGED_RESOURCES = ("instance", "network-interface", "volume")
"""What EC2 creates from the template; none of them inherits the node group's tags."""


@dataclass(frozen=True)
class Volume:
    """A volume of the node: encrypted, and gone with the node."""

    device: str
    iops: int
    throughput_mib_s: int
    size_gib: int | None = None
    """None: as large as its snapshot."""
    snapshot: str | None = None
    volume_type: str = "gp3"


@dataclass(frozen=True)
class ReservationTarget:
    """The capacity that every node must come from, and no other."""

    reservation: str | None = None
    """Id of a reservation or block. Naming one is strict by itself."""
    group: str | None = None
    """ARN of a resource group of reservations."""
    preference: str | None = None
    """What a group needs, or EC2 fills up with plain on-demand instances. EC2 takes a target with this
    preference or with none: hashicorp/terraform-provider-aws, pull request 43890."""


@dataclass(frozen=True)
class LaunchTemplateChoice:
    """A launch template.

    Subnet and instance profile are the node group's; EKS refuses them in a template. The metadata service
    always demands a token, one hop away at most: pods get their rights through Pod Identity.
    """

    kind: str
    """Empty for a template with EKS's image and one instance type. EKS cannot move a group to a template of
    another kind, so each kind has a name of its own, and whoever changes it replaces the group. So has each
    block: a group goes from one to the other by being made anew, since it keeps its template otherwise."""
    instance_type: str | None
    """None where the node group lists several; it stands in one of the two places and never in both."""
    image_id: str | None
    network_interfaces: tuple[NetworkInterface, ...]
    volumes: tuple[Volume, ...]
    image_cache: bool
    target: ReservationTarget | None
    market_type: str | None
    placement: PlacementChoice | None
    tags: Mapping[str, str]
    http_tokens: str = "required"
    http_put_response_hop_limit: int = 1
    ebs_optimized: bool = True
    monitoring: bool = True
    """A metric each minute instead of every five: what it costs is nothing beside an hour of the node."""


def choose_launch_template(pool: NodePoolPlan, tags: Mapping[str, str]) -> LaunchTemplateChoice:
    """The launch template of a pool."""
    instance_type, settings = instance_type_of(pool), settings_of_pool(pool)
    several = bool(instance_types_of(pool))
    image_id = choose_image(pool).image_id
    return LaunchTemplateChoice(
        kind=_kind(pool, own_image=image_id is not None, several=several),
        instance_type=None if several else instance_type.name,
        image_id=image_id,
        network_interfaces=choose_network_interfaces(instance_type),
        volumes=_volumes(settings),
        image_cache=settings.image_cache is not None,
        target=_target(pool) if is_held(pool) else None,
        market_type="capacity-block" if pool.capacity_type == "block" else None,
        placement=choose_placement(pool),
        tags=dict(sorted({**tags, "argosy-pool": pool.name}.items())),
    )


def instance_type_of(pool: NodePoolPlan) -> InstanceType:
    """The pool's instance type. Raises TypeError for a plan that was not made for a cloud."""
    if not isinstance(pool.node_type, InstanceType):
        raise TypeError(f"pool {pool.name} is planned on {pool.node_type.key}, which is no instance type")
    return pool.node_type


def instance_types_of(pool: NodePoolPlan) -> tuple[str, ...]:
    """The instance types that the node group lists; empty where the template names the only one."""
    also = settings_of_pool(pool).also if pool.capacity_type == "spot" else ()
    return (instance_type_of(pool).name, *also) if also else ()


def _kind(pool: NodePoolPlan, *, own_image: bool, several: bool) -> str:
    words = ("image" if own_image else "", "types" if several else "")
    block = pool.reservation or "" if pool.capacity_type == "block" else ""
    return "-".join(word for word in (*words, block) if word)


def _volumes(settings: AwsPoolSettings) -> tuple[Volume, ...]:
    # Driver, container runtime and large images share the first until local disks are up.
    root = Volume("/dev/xvda", iops=3000, throughput_mib_s=250, size_gib=settings.root_volume_gib)
    if settings.image_cache is None:
        return (root,)
    # The most a gp3 volume reads, and the fewest IOPS that allow it: containers wait for it when they start.
    return (root, Volume(CACHE_DEVICE, iops=4000, throughput_mib_s=1000, snapshot=settings.image_cache))


def _target(pool: NodePoolPlan) -> ReservationTarget:
    if (pool.reservation or "").startswith("arn:"):
        return ReservationTarget(group=pool.reservation, preference="capacity-reservations-only")
    return ReservationTarget(reservation=pool.reservation)
