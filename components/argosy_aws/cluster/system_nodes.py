"""The few nodes without accelerators on which a cluster's own software runs: DNS, controllers of drivers.

They are there before the first pool has a node, as when a Capacity Block has not begun, and stay when the
last one ends. On the pools they would take memory of nodes that cost a hundred times as much, and go down
with them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from argosy_aws.cards.nics import NetworkInterface
from argosy_aws.cluster.cluster import SiteCluster
from argosy_aws.network.vpc import SiteNetwork
from argosy_aws.pools.declare_launch_template import interface_args, volume_args
from argosy_aws.pools.launch_template import TAGGED_RESOURCES, Volume
from argosy_aws.pools.surroundings import PoolSurroundings
from argosy_aws.scope import SiteScope
from argosy_aws.settings import AwsSiteSettings
from argosy_component.naming import ROLE_LABEL

SYSTEM_ROLE = "system"
"""The value of the role label on these nodes; no pool has it."""


@dataclass(frozen=True)
class SystemNodesChoice:
    """The system nodes of a site: one managed node group over the zones of its control plane, on demand."""

    instance_type: str
    nodes: int
    release: str | None
    labels: Mapping[str, str]
    volume: Volume
    interface: NetworkInterface
    ami_type: str = "AL2023_x86_64_STANDARD"
    max_unavailable: int = 1


def choose_system_nodes(settings: AwsSiteSettings) -> SystemNodesChoice:
    """The system nodes of a site."""
    return SystemNodesChoice(
        instance_type=settings.system_nodes.instance_type,
        nodes=settings.system_nodes.nodes,
        release=settings.image_release,
        labels={ROLE_LABEL: SYSTEM_ROLE},
        volume=Volume("/dev/xvda", iops=3000, throughput_mib_s=125, size_gib=50),
        interface=NetworkInterface(0, 0, "interface"),
    )


def declare_system_nodes(scope: SiteScope, network: SiteNetwork, cluster: SiteCluster) -> aws.eks.NodeGroup:
    """Declare the system nodes, which join like those of any pool."""
    choice, around = choose_system_nodes(scope.settings), PoolSurroundings(scope.plan, network, cluster)
    tags = {**scope.tags, "argosy-role": SYSTEM_ROLE}
    template = aws.ec2.LaunchTemplate(
        # No site's pool is called so: a pool's name holds no dot.
        f"{scope.site}.{SYSTEM_ROLE}",
        instance_type=choice.instance_type,
        update_default_version=True,
        metadata_options=aws.ec2.LaunchTemplateMetadataOptionsArgs(
            http_endpoint="enabled", http_tokens="required", http_put_response_hop_limit=1
        ),
        block_device_mappings=[volume_args(choice.volume, around)],
        network_interfaces=[interface_args(choice.interface, around)],
        tag_specifications=[
            aws.ec2.LaunchTemplateTagSpecificationArgs(resource_type=kind, tags=tags)
            for kind in TAGGED_RESOURCES
        ],
        tags=tags,
        opts=scope.opts,
    )
    return aws.eks.NodeGroup(
        f"{scope.site}.{SYSTEM_ROLE}",
        cluster_name=cluster.cluster.name,
        node_group_name_prefix=f"{SYSTEM_ROLE}-",
        node_role_arn=cluster.node_role.arn,
        subnet_ids=[subnet.id for subnet in network.control_plane_subnets],
        ami_type=choice.ami_type,
        release_version=choice.release,
        version=scope.kubernetes_version,
        capacity_type="ON_DEMAND",
        launch_template=aws.eks.NodeGroupLaunchTemplateArgs(
            id=template.id, version=template.latest_version.apply(str)
        ),
        scaling_config=aws.eks.NodeGroupScalingConfigArgs(
            min_size=choice.nodes, max_size=choice.nodes, desired_size=choice.nodes
        ),
        update_config=aws.eks.NodeGroupUpdateConfigArgs(max_unavailable=choice.max_unavailable),
        node_repair_config=aws.eks.NodeGroupNodeRepairConfigArgs(enabled=True),
        labels=choice.labels,
        tags=tags,
        opts=pulumi.ResourceOptions.merge(
            scope.opts, pulumi.ResourceOptions(depends_on=[*network.ready, *cluster.ready])
        ),
    )
