"""Records of who talked to whom in a site's network, encrypted under a key of their own."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi_aws as aws

from argosy_aws.identity import declare_key, declare_trusted_role
from argosy_aws.network.policies import flow_logs_rights, flow_logs_trust, logs_key_policy
from argosy_aws.scope import SiteScope

# Flows of a GPU site are many; a quarter of a year covers the time in which an intrusion comes to light.
RETENTION_DAYS = 90
_AGGREGATION_SECONDS = 60


@dataclass(frozen=True)
class NetworkLogs:
    """Where the network writes what it saw."""

    key: aws.kms.Key
    """For the log groups of this network: that of its flows, and that of its tunnels."""


def flows_group(scope: SiteScope) -> str:
    """Name of the log group of the site's flows."""
    return f"/aws/vpc/{scope.cluster_name}/flows"


def tunnels_group(scope: SiteScope) -> str:
    """Name of the log group of the site's VPN tunnels; AWS lets its services write below this prefix."""
    return f"/aws/vendedlogs/{scope.cluster_name}/tunnels"


def declare_log_group(scope: SiteScope, thing: str, name: str, key: aws.kms.Key) -> aws.cloudwatch.LogGroup:
    """A log group of the network, encrypted, and kept for as long as all of them."""
    return aws.cloudwatch.LogGroup(
        f"{scope.site}-{thing}",
        name=name,
        retention_in_days=RETENTION_DAYS,
        kms_key_id=key.arn,
        tags=scope.tags,
        opts=scope.opts,
    )


def declare_flow_logs(scope: SiteScope, vpc: aws.ec2.Vpc) -> NetworkLogs:
    """Record all traffic of the VPC, let in or turned away, minute by minute.

    EFA traffic between nodes bypasses IP and is in no flow log.
    """
    groups = [flows_group(scope), tunnels_group(scope)]
    key = declare_key(scope, "network-logs", logs_key_policy(scope.account, scope.region, groups))
    group = declare_log_group(scope, "flows", flows_group(scope), key)
    role, rights = declare_trusted_role(
        scope,
        "flows",
        flow_logs_trust(scope.account, scope.region),
        inline={"write": flow_logs_rights(scope.account, scope.region, flows_group(scope))},
    )
    aws.ec2.FlowLog(
        f"{scope.site}-flows",
        vpc_id=vpc.id,
        traffic_type="ALL",
        max_aggregation_interval=_AGGREGATION_SECONDS,
        log_destination_type="cloud-watch-logs",
        log_destination=group.arn,
        iam_role_arn=role.arn,
        tags=scope.named("flows"),
        opts=scope.opts_with(rights),
    )
    return NetworkLogs(key)
