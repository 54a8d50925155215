"""The vendor's services inside a site's network: what nodes, add-ons and pods call without leaving it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from argosy_aws.network.policies import s3_endpoint_policy
from argosy_aws.network.security_groups import declare_group
from argosy_aws.scope import SiteScope

# What nodes and add-ons call at run time. Source: EKS user guide, private clusters; also `kms` for encrypted
# volumes, `monitoring` for metrics and `ssmmessages` for sessions on nodes. Not `ec2messages`, in whose place
# agents since 3.3.40 use `ssmmessages`, and which younger regions lack.
_INTERFACE_ENDPOINTS = (
    "autoscaling",
    "ec2",
    "ecr.api",
    "ecr.dkr",
    "eks",
    "eks-auth",
    "elasticloadbalancing",
    "kms",
    "logs",
    "monitoring",
    "ssm",
    "ssmmessages",
    "sts",
)


@dataclass(frozen=True)
class Endpoints:
    """The declared private endpoints of a site."""

    group: aws.ec2.SecurityGroup
    """Of every interface endpoint: HTTPS from the site."""
    s3: aws.ec2.VpcEndpoint
    """The gateway through which the site's own subnets reach S3, without an address and at no charge."""
    ready: tuple[pulumi.Resource, ...]


def declare_endpoints(
    scope: SiteScope, vpc: aws.ec2.Vpc, table: aws.ec2.RouteTable, subnets: list[aws.ec2.Subnet]
) -> Endpoints:
    """Declare the private endpoints, with addresses in `subnets` and a route to S3 in `table`."""
    group = declare_group(scope, vpc, "endpoints", "Private endpoints of AWS services")
    rule = aws.vpc.SecurityGroupIngressRule(
        f"{scope.site}-endpoints-https",
        security_group_id=group.id,
        cidr_ipv4=scope.cidr,
        ip_protocol="tcp",
        from_port=443,
        to_port=443,
        description="HTTPS from the site",
        tags=scope.tags,
        opts=scope.opts,
    )
    s3 = aws.ec2.VpcEndpoint(
        f"{scope.site}-s3",
        vpc_id=vpc.id,
        service_name=f"com.amazonaws.{scope.region}.s3",
        vpc_endpoint_type="Gateway",
        route_table_ids=[table.id],
        policy=s3_policy(scope),
        tags=scope.named("s3"),
        opts=scope.opts,
    )
    # The driver that mounts file systems asks FSx where they are.
    services = (*_INTERFACE_ENDPOINTS, *(("fsx",) if scope.settings.lustre else ()))
    interfaces = [declare_endpoint(scope, vpc, group, subnets, service) for service in services]
    return Endpoints(group, s3, ready=(rule, s3, *interfaces))


def s3_policy(scope: SiteScope) -> str:
    """What may go to S3 from this site: by the site's account, and by those that its peers on AWS are in."""
    peers = {
        peer.account for peer in scope.plan.peers if peer.provider == scope.plan.provider and peer.account
    }
    return s3_endpoint_policy(sorted({scope.account, *peers}), scope.region)


def declare_endpoint(
    scope: SiteScope,
    vpc: aws.ec2.Vpc,
    group: aws.ec2.SecurityGroup,
    subnets: Sequence[aws.ec2.Subnet],
    service: str,
) -> pulumi.Resource:
    """A private endpoint of one of AWS's services, under the service's public name."""
    thing = service.replace(".", "-")
    return aws.ec2.VpcEndpoint(
        f"{scope.site}-{thing}",
        vpc_id=vpc.id,
        service_name=f"com.amazonaws.{scope.region}.{service}",
        vpc_endpoint_type="Interface",
        private_dns_enabled=True,
        subnet_ids=[subnet.id for subnet in subnets],
        security_group_ids=[group.id],
        tags=scope.named(thing),
        opts=scope.opts,
    )
