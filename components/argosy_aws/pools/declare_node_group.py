"""Declares a pool's managed node groups, exactly as they were chosen."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from argosy_aws.pools.node_group import NodeGroupChoice
from argosy_aws.pools.repair import RepairChoice
from argosy_aws.pools.surroundings import PoolSurroundings

# A reserved pool of many large nodes takes hours to come up; the default gives up after one.
_TIMEOUTS = pulumi.CustomTimeouts(create="3h", update="6h", delete="2h")


def declare_node_group(
    name: str,
    group: NodeGroupChoice,
    tags: Mapping[str, str],
    template: aws.ec2.LaunchTemplate,
    around: PoolSurroundings,
    opts: pulumi.ResourceOptions,
) -> aws.eks.NodeGroup:
    """The managed node group called `name`, whose nodes come from `template`."""
    after = pulumi.ResourceOptions(
        depends_on=[*around.network.ready, *around.cluster.ready],
        delete_before_replace=group.delete_before_replace or None,
        ignore_changes=list(group.left_alone) or None,
        custom_timeouts=_TIMEOUTS,
    )
    image = group.image
    return aws.eks.NodeGroup(
        name,
        cluster_name=around.cluster.cluster.name,
        node_group_name_prefix=group.name_prefix,
        node_role_arn=around.cluster.node_role.arn,
        subnet_ids=[around.network.node_subnets[group.zone].id],
        ami_type=image.ami_type,
        release_version=image.release,
        version=around.site.kubernetes_version if image.image_id is None else None,
        capacity_type=group.capacity_type,
        instance_types=list(group.instance_types) or None,
        launch_template=aws.eks.NodeGroupLaunchTemplateArgs(
            id=template.id, version=template.latest_version.apply(str)
        ),
        scaling_config=aws.eks.NodeGroupScalingConfigArgs(
            min_size=group.min_nodes, max_size=group.max_nodes, desired_size=group.nodes
        ),
        update_config=aws.eks.NodeGroupUpdateConfigArgs(
            max_unavailable=group.max_unavailable, update_strategy=group.update_strategy
        ),
        node_repair_config=_repair(group.repair),
        labels=group.labels,
        taints=[
            aws.eks.NodeGroupTaintArgs(key=group.taint.key, value=group.taint.value, effect="NO_SCHEDULE")
        ],
        tags=tags,
        opts=pulumi.ResourceOptions.merge(opts, after),
    )


def _repair(repair: RepairChoice) -> aws.eks.NodeGroupNodeRepairConfigArgs:
    return aws.eks.NodeGroupNodeRepairConfigArgs(
        enabled=True,
        max_unhealthy_node_threshold_count=repair.max_unhealthy,
        max_parallel_nodes_repaired_count=repair.max_parallel,
        node_repair_config_overrides=[
            aws.eks.NodeGroupNodeRepairConfigNodeRepairConfigOverrideArgs(
                node_monitoring_condition=override.condition,
                node_unhealthy_reason=override.reason,
                min_repair_wait_time_mins=override.wait_minutes,
                repair_action=override.action,
            )
            for override in repair.overrides
        ],
    )
