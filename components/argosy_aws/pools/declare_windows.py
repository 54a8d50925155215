"""Declares the schedules that bring a pool's nodes when its capacity begins, and take them before it ends.

An order that EKS never took lands in a queue, and an alarm says so: a block that nobody starts is paid for.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

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
_KEPT_SECONDS = 14 * 24 * 3600
"""As long as SQS keeps a message."""
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
    lost = _declare_lost(scope, pool, tags)
    role, policies = declare_trusted_role(
        scope,
        short_name(pool, "window", limit=_NAME_LIMIT - _SUFFIX - len(scope.site) - 1),
        _trust(scope, name),
        inline={
            "resize": pulumi.Output.all(arns, lost.arn).apply(
                lambda both: document(
                    [
                        allow(None, _ACTIONS, resource=both[0]),
                        allow(None, ["sqs:SendMessage"], resource=both[1]),
                    ]
                )
            )
        },
    )
    after = scope.opts_with(policies)
    for resize in resizes:
        order = _Order(resize, groups[resize.zone], role, lost)
        _schedule(f"{scope.site}-{pool}", order, group, after)


def _trust(scope: SiteScope, group: str) -> str:
    # The scheduler on behalf of this group of schedules, and of nobody else's.
    schedules = f"arn:aws:scheduler:{scope.region}:{scope.account}:schedule-group/{group}"
    condition = {"StringEquals": {"aws:SourceAccount": scope.account, "aws:SourceArn": schedules}}
    return document([allow({"Service": _SCHEDULER}, ["sts:AssumeRole"], resource=None, condition=condition)])


def _declare_lost(scope: SiteScope, pool: str, tags: Mapping[str, str]) -> aws.sqs.Queue:
    name = f"{scope.site}-{pool}"
    queue = aws.sqs.Queue(
        name,
        sqs_managed_sse_enabled=True,
        message_retention_seconds=_KEPT_SECONDS,
        tags=tags,
        opts=scope.opts,
    )
    topic = scope.settings.alarm_topic
    aws.cloudwatch.MetricAlarm(
        name,
        alarm_description=f"{name}: a schedule's order to resize the pool was not carried out",
        namespace="AWS/SQS",
        metric_name="ApproximateNumberOfMessagesVisible",
        dimensions={"QueueName": queue.name},
        statistic="Maximum",
        period=60,
        evaluation_periods=1,
        threshold=0,
        comparison_operator="GreaterThanThreshold",
        # A queue that nobody sends to measures nothing.
        treat_missing_data="notBreaching",
        alarm_actions=[topic] if topic else None,
        tags=tags,
        opts=scope.opts,
    )
    return queue


@dataclass(frozen=True)
class _Order:
    """What a schedule has done, to which group, as whom, and where it ends if it cannot."""

    resize: ResizeChoice
    group: aws.eks.NodeGroup
    role: aws.iam.Role
    lost: aws.sqs.Queue


def _schedule(
    name: str, order: _Order, schedules: aws.scheduler.ScheduleGroup, opts: pulumi.ResourceOptions
) -> None:
    resize, group = order.resize, order.group
    call = pulumi.Output.all(group.cluster_name, group.node_group_name).apply(
        lambda names: json.dumps(
            {
                "ClusterName": names[0],
                "NodegroupName": names[1],
                "ScalingConfig": resize.scaling_config,
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
            role_arn=order.role.arn,
            input=call,
            dead_letter_config=aws.scheduler.ScheduleTargetDeadLetterConfigArgs(arn=order.lost.arn),
            retry_policy=aws.scheduler.ScheduleTargetRetryPolicyArgs(
                maximum_event_age_in_seconds=resize.retry_minutes * 60,
                maximum_retry_attempts=_MOST_ATTEMPTS,
            ),
        ),
        opts=opts,
    )
