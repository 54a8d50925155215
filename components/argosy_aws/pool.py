"""`EksNodePool`: declares a pool's launch template and node groups, exactly as they were chosen."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from argosy_aws.cluster import SiteCluster
from argosy_aws.launch_template import TAGGED_RESOURCES, LaunchTemplateChoice, choose_launch_template
from argosy_aws.network import SiteNetwork
from argosy_aws.nics import EFA_RESOURCE, NetworkInterface, efa_count
from argosy_aws.node_group import NodeGroupChoice, choose_node_groups, choose_taint
from argosy_aws.user_data import encoded
from argosy_component.contract import NodePoolPlan, PoolHandle, SitePlan
from argosy_component.naming import pool_selector

_TOPOLOGY_KEYS = (
    "topology.kubernetes.io/zone",
    "topology.k8s.aws/network-node-layer-1",
    "topology.k8s.aws/network-node-layer-2",
    "topology.k8s.aws/network-node-layer-3",
    "kubernetes.io/hostname",
)
# A reserved pool of many large nodes takes hours to come up; the default gives up after one.
_TIMEOUTS = pulumi.CustomTimeouts(create="3h", update="6h", delete="2h")


@dataclass(frozen=True)
class PoolSurroundings:
    """What a pool stands in."""

    site: SitePlan
    network: SiteNetwork
    cluster: SiteCluster


class EksNodePool(pulumi.ComponentResource):
    """Like GPU nodes of an EKS site: one launch template, and one managed node group for each zone."""

    launch_template_id: pulumi.Output[str]
    node_group_arns: pulumi.Output[dict[str, str]]
    """Zone id to the ARN of the node group there."""

    def __init__(
        self, plan: NodePoolPlan, around: PoolSurroundings, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        name = f"{around.site.name}-{plan.name}"
        super().__init__("argosy:index:EksNodePool", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        choice = choose_launch_template(plan, around.site.tags)
        placement = _placement_group(name, choice, child)
        template = _launch_template(name, choice, around, placement, child)
        self.node_groups = [
            _node_group(f"{name}-{group.zone}", group, choice, template, around, child)
            for group in choose_node_groups(plan)
        ]
        self.launch_template_id = template.id
        zones = [group.zone for group in choose_node_groups(plan)]
        self.node_group_arns = pulumi.Output.all(*[group.arn for group in self.node_groups]).apply(
            lambda arns: dict(zip(zones, arns, strict=True))
        )
        self.register_outputs(
            {"launchTemplateId": self.launch_template_id, "nodeGroupArns": self.node_group_arns}
        )


def pool_handle(plan: NodePoolPlan) -> PoolHandle:
    """What one needs to run a job on the pool."""
    choice = choose_launch_template(plan, {})
    efas = efa_count(choice.network_interfaces)
    return PoolHandle(
        name=plan.name,
        node_selector=pool_selector(plan),
        tolerations=(choose_taint(plan),),
        rdma_resources={EFA_RESOURCE: efas} if efas else {},
        topology_keys=_TOPOLOGY_KEYS,
        accelerators_per_node=plan.node_type.accelerators,
        nodes=plan.nodes,
        capacity_ends=plan.capacity_ends,
    )


def _placement_group(
    name: str, choice: LaunchTemplateChoice, opts: pulumi.ResourceOptions
) -> aws.ec2.PlacementGroup | None:
    if not choice.placement_group:
        return None
    return aws.ec2.PlacementGroup(name, strategy="cluster", tags=choice.tags, opts=opts)


def _launch_template(
    name: str,
    choice: LaunchTemplateChoice,
    around: PoolSurroundings,
    placement: aws.ec2.PlacementGroup | None,
    opts: pulumi.ResourceOptions,
) -> aws.ec2.LaunchTemplate:
    return aws.ec2.LaunchTemplate(
        name,
        instance_type=choice.instance_type,
        update_default_version=True,
        user_data=encoded(choice.user_data) if choice.user_data else None,
        metadata_options=aws.ec2.LaunchTemplateMetadataOptionsArgs(
            http_endpoint="enabled",
            http_tokens=choice.http_tokens,
            http_put_response_hop_limit=choice.http_put_response_hop_limit,
        ),
        block_device_mappings=[_root_volume(choice, around)],
        network_interfaces=[_interface(nic, around) for nic in choice.network_interfaces],
        capacity_reservation_specification=_reservation(choice),
        instance_market_options=(
            aws.ec2.LaunchTemplateInstanceMarketOptionsArgs(market_type=choice.market_type)
            if choice.market_type
            else None
        ),
        placement=aws.ec2.LaunchTemplatePlacementArgs(group_name=placement.name) if placement else None,
        tag_specifications=[
            aws.ec2.LaunchTemplateTagSpecificationArgs(resource_type=kind, tags=choice.tags)
            for kind in TAGGED_RESOURCES
        ],
        tags=choice.tags,
        opts=opts,
    )


def _root_volume(
    choice: LaunchTemplateChoice, around: PoolSurroundings
) -> aws.ec2.LaunchTemplateBlockDeviceMappingArgs:
    root = choice.root_volume
    return aws.ec2.LaunchTemplateBlockDeviceMappingArgs(
        device_name=root.device,
        ebs=aws.ec2.LaunchTemplateBlockDeviceMappingEbsArgs(
            encrypted="true",
            kms_key_id=around.cluster.volume_key.arn,
            volume_type=root.volume_type,
            volume_size=root.size_gib,
            iops=root.iops,
            throughput=root.throughput_mib_s,
            delete_on_termination="true",
        ),
    )


def _interface(nic: NetworkInterface, around: PoolSurroundings) -> aws.ec2.LaunchTemplateNetworkInterfaceArgs:
    groups = [around.network.node_group.id]
    return aws.ec2.LaunchTemplateNetworkInterfaceArgs(
        network_card_index=nic.card,
        device_index=nic.device,
        interface_type=nic.interface_type,
        security_groups=[*groups, around.network.efa_group.id] if nic.efa else groups,
        delete_on_termination="true",
        # Only an interface with an address may say so: RunInstances refuses it on efa-only.
        associate_public_ip_address=None if nic.interface_type == "efa-only" else "false",
    )


def _reservation(
    choice: LaunchTemplateChoice,
) -> aws.ec2.LaunchTemplateCapacityReservationSpecificationArgs | None:
    if choice.reservation is None:
        return None
    return aws.ec2.LaunchTemplateCapacityReservationSpecificationArgs(
        capacity_reservation_target=aws.ec2.LaunchTemplateCapacityReservationSpecificationCapacityReservationTargetArgs(
            capacity_reservation_id=choice.reservation
        )
    )


def _node_group(
    name: str,
    group: NodeGroupChoice,
    template_choice: LaunchTemplateChoice,
    template: aws.ec2.LaunchTemplate,
    around: PoolSurroundings,
    opts: pulumi.ResourceOptions,
) -> aws.eks.NodeGroup:
    after = pulumi.ResourceOptions(
        depends_on=[*around.network.ready, *around.cluster.ready],
        delete_before_replace=group.delete_before_replace or None,
        custom_timeouts=_TIMEOUTS,
    )
    return aws.eks.NodeGroup(
        name,
        cluster_name=around.cluster.cluster.name,
        node_group_name_prefix=group.name_prefix,
        node_role_arn=around.cluster.node_role.arn,
        subnet_ids=[around.network.node_subnets[group.zone].id],
        ami_type=group.ami_type,
        capacity_type=group.capacity_type,
        version=around.site.kubernetes_version,
        launch_template=aws.eks.NodeGroupLaunchTemplateArgs(
            id=template.id, version=template.latest_version.apply(str)
        ),
        scaling_config=aws.eks.NodeGroupScalingConfigArgs(
            min_size=group.min_nodes, max_size=group.max_nodes, desired_size=group.nodes
        ),
        update_config=aws.eks.NodeGroupUpdateConfigArgs(
            max_unavailable=group.max_unavailable, update_strategy=group.update_strategy
        ),
        node_repair_config=aws.eks.NodeGroupNodeRepairConfigArgs(enabled=True),
        labels=group.labels,
        taints=[
            aws.eks.NodeGroupTaintArgs(key=group.taint.key, value=group.taint.value, effect="NO_SCHEDULE")
        ],
        tags=template_choice.tags,
        opts=pulumi.ResourceOptions.merge(opts, after),
    )
