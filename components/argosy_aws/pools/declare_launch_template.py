"""Declares a pool's launch template and placement group, exactly as they were chosen."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from argosy_aws.cards.nics import NetworkInterface
from argosy_aws.pools.launch_template import (
    TAGGED_RESOURCES,
    LaunchTemplateChoice,
    ReservationTarget,
    Volume,
    instance_type_of,
)
from argosy_aws.pools.node_group import choose_labels, choose_taint
from argosy_aws.pools.surroundings import PoolSurroundings
from argosy_aws.pools.user_data import Registration, choose_user_data, encoded
from argosy_component.contract import NodePoolPlan


def declare_launch_template(
    name: str,
    plan: NodePoolPlan,
    choice: LaunchTemplateChoice,
    around: PoolSurroundings,
    opts: pulumi.ResourceOptions,
) -> aws.ec2.LaunchTemplate:
    """The launch template called `name`, with a placement group where the choice has one."""
    market = choice.market_type
    return aws.ec2.LaunchTemplate(
        # No pool's name holds a dot, so no other pool's template is ever called so.
        f"{name}.{choice.kind}" if choice.kind else name,
        instance_type=choice.instance_type,
        image_id=choice.image_id,
        update_default_version=True,
        user_data=_user_data(plan, choice, around),
        ebs_optimized=str(choice.ebs_optimized).lower(),
        monitoring=aws.ec2.LaunchTemplateMonitoringArgs(enabled=choice.monitoring),
        metadata_options=aws.ec2.LaunchTemplateMetadataOptionsArgs(
            http_endpoint="enabled",
            http_tokens=choice.http_tokens,
            http_put_response_hop_limit=choice.http_put_response_hop_limit,
        ),
        block_device_mappings=[volume_args(volume, around) for volume in choice.volumes],
        network_interfaces=[interface_args(nic, around) for nic in choice.network_interfaces],
        capacity_reservation_specification=_reservation(choice.target) if choice.target else None,
        instance_market_options=(
            aws.ec2.LaunchTemplateInstanceMarketOptionsArgs(market_type=market) if market else None
        ),
        placement=_placement(name, choice, opts),
        tag_specifications=[
            aws.ec2.LaunchTemplateTagSpecificationArgs(resource_type=kind, tags=choice.tags)
            for kind in TAGGED_RESOURCES
        ],
        tags=choice.tags,
        opts=opts,
    )


def _user_data(
    plan: NodePoolPlan, choice: LaunchTemplateChoice, around: PoolSurroundings
) -> pulumi.Input[str] | None:
    instance_type, cluster = instance_type_of(plan), around.cluster.cluster
    if choice.image_id is None:
        text = choose_user_data(instance_type, image_cache=choice.image_cache)
        return encoded(text) if text else None

    def of_own_image(values: Sequence[str]) -> str:
        name, endpoint, authority, cidr = values
        text = choose_user_data(
            instance_type,
            image_cache=choice.image_cache,
            registration=Registration(
                cluster=name,
                endpoint=endpoint,
                certificate_authority=authority,
                service_cidr=cidr,
                labels=choose_labels(plan),
                taint=choose_taint(plan),
            ),
        )
        return encoded(text or "")

    return pulumi.Output.all(
        cluster.name,
        cluster.endpoint,
        cluster.certificate_authority.data,
        cluster.kubernetes_network_config.service_ipv4_cidr,
    ).apply(of_own_image)


def volume_args(volume: Volume, around: PoolSurroundings) -> aws.ec2.LaunchTemplateBlockDeviceMappingArgs:
    """A volume of a launch template, encrypted with the site's key for volumes."""
    return aws.ec2.LaunchTemplateBlockDeviceMappingArgs(
        device_name=volume.device,
        ebs=aws.ec2.LaunchTemplateBlockDeviceMappingEbsArgs(
            encrypted="true",
            kms_key_id=around.cluster.volume_key.arn,
            volume_type=volume.volume_type,
            volume_size=volume.size_gib,
            snapshot_id=volume.snapshot,
            iops=volume.iops,
            throughput=volume.throughput_mib_s,
            delete_on_termination="true",
        ),
    )


def interface_args(
    nic: NetworkInterface, around: PoolSurroundings
) -> aws.ec2.LaunchTemplateNetworkInterfaceArgs:
    """An interface of a launch template, in the site's security groups."""
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
    target: ReservationTarget,
) -> aws.ec2.LaunchTemplateCapacityReservationSpecificationArgs:
    return aws.ec2.LaunchTemplateCapacityReservationSpecificationArgs(
        capacity_reservation_preference=target.preference,
        capacity_reservation_target=aws.ec2.LaunchTemplateCapacityReservationSpecificationCapacityReservationTargetArgs(
            capacity_reservation_id=target.reservation,
            capacity_reservation_resource_group_arn=target.group,
        ),
    )


def _placement(
    name: str, choice: LaunchTemplateChoice, opts: pulumi.ResourceOptions
) -> aws.ec2.LaunchTemplatePlacementArgs | None:
    placement = choice.placement
    if placement is None:
        return None
    if placement.existing is not None:
        return aws.ec2.LaunchTemplatePlacementArgs(group_name=placement.existing)
    group = aws.ec2.PlacementGroup(
        name,
        strategy=placement.strategy,
        partition_count=placement.partitions,
        tags=choice.tags,
        opts=opts,
    )
    return aws.ec2.LaunchTemplatePlacementArgs(group_name=group.name)
