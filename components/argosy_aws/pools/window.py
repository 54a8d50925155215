"""Declares the schedules that bring a pool's nodes when its capacity begins, and take them before it ends."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from argosy_aws.identity import declare_trusted_role
from argosy_aws.policies import allow, document
from argosy_aws.pools.windows import ResizeChoice
from argosy_aws.scope import SiteScope
from argosy_component.naming import short_name

_SCHEDULER = "scheduler.amazonaws.com"
# The scheduler calls the API itself; its words begin with capitals, whatever EKS's own begin with.
_TARGET = "arn:aws:scheduler:::aws-sdk:eks:updateNodegroupConfig"
# As many as the scheduler takes; the age of the order ends them earlier.
_MOST_ATTEMPTS = 185
_ACTIONS = ("eks:UpdateNodegroupConfig",)
_NAME_LIMIT = 64
_SUFFIX = 8
"""What the vendor's provider adds to make a name unique."""


def declare_window(
    scope: SiteScope,
    pool: str,
    resizes: tuple[ResizeChoice, ...],
    groups: Mapping[str, aws.eks.NodeGroup],
    tags: Mapping[str, str],
) -> None:
    """The schedules of a pool, and the role that may resize its node groups and do nothing else.

    `groups` are by zone.
    """
    if not resizes:
        return
    name = short_name(scope.cluster_name, pool, limit=_NAME_LIMIT)
    group = aws.scheduler.ScheduleGroup(f"{scope.site}-{pool}", name=name, tags=tags, opts=scope.opts)
    arns = pulumi.Output.all(*[groups[zone].arn for zone in sorted({resize.zone for resize in resizes})])
    role, policies = declare_trusted_role(
        scope,
        short_name(pool, "window", limit=max(_SUFFIX + 7, _NAME_LIMIT - _SUFFIX - len(scope.site) - 1)),
        _trust(scope, name),
        inline={"resize": arns.apply(lambda arns: document([allow(None, _ACTIONS, resource=arns)]))},
    )
    after = scope.opts_with(policies)
    for resize in resizes:
        _schedule(f"{scope.site}-{pool}", resize, group, role, groups[resize.zone], after)


def _trust(scope: SiteScope, group: str) -> str:
    # The scheduler on behalf of this group of schedules, and of nobody else's.
    schedules = f"arn:aws:scheduler:{scope.region}:{scope.account}:schedule-group/{group}"
    condition = {"StringEquals": {"aws:SourceAccount": scope.account, "aws:SourceArn": schedules}}
    return document([allow({"Service": _SCHEDULER}, ["sts:AssumeRole"], resource=None, condition=condition)])


def _schedule(
    name: str,
    resize: ResizeChoice,
    schedules: aws.scheduler.ScheduleGroup,
    role: aws.iam.Role,
    group: aws.eks.NodeGroup,
    opts: pulumi.ResourceOptions,
) -> None:
    order = pulumi.Output.all(group.cluster_name, group.node_group_name).apply(
        lambda names: json.dumps(
            {
                "ClusterName": names[0],
                "NodegroupName": names[1],
                "ScalingConfig": {"DesiredSize": resize.nodes},
            }
        )
    )
    aws.scheduler.Schedule(
        f"{name}-{resize.zone}-{resize.event}",
        name=f"{resize.zone}-{resize.event}",
        group_name=schedules.name,
        schedule_expression=f"at({resize.moment})",
        schedule_expression_timezone="UTC",
        flexible_time_window=aws.scheduler.ScheduleFlexibleTimeWindowArgs(mode="OFF"),
        # It stays when it has run, so that a later run finds it and leaves it alone.
        action_after_completion="NONE",
        target=aws.scheduler.ScheduleTargetArgs(
            arn=_TARGET,
            role_arn=role.arn,
            input=order,
            retry_policy=aws.scheduler.ScheduleTargetRetryPolicyArgs(
                maximum_event_age_in_seconds=resize.retry_minutes * 60,
                maximum_retry_attempts=_MOST_ATTEMPTS,
            ),
        ),
        opts=opts,
    )
