"""The network of a site: private subnets, the vendor's services over private endpoints, no way out.

There is no internet gateway, no NAT and no public address. What leaves the range goes through endpoints, or
through links to peers that are declared when all sites exist.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from argosy_aws.scope import SiteScope
from argosy_aws.subnets import SubnetChoice, choose_subnets

# What nodes and add-ons call at run time. Source: EKS user guide, private clusters.
_INTERFACE_ENDPOINTS = (
    "autoscaling",
    "ec2",
    "ec2messages",
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
class SiteNetwork:
    """The declared network of a site."""

    vpc: aws.ec2.Vpc
    control_plane_subnets: tuple[aws.ec2.Subnet, ...]
    node_subnets: Mapping[str, aws.ec2.Subnet]
    """By zone id."""
    node_group: aws.ec2.SecurityGroup
    """Nodes and control plane: they reach each other, and out."""
    efa_group: aws.ec2.SecurityGroup
    """EFA interfaces: all traffic among themselves, both ways, as the fabric demands."""
    ready: tuple[pulumi.Resource, ...]
    """What must exist before a node can join: routes, endpoints and rules."""


def declare_network(scope: SiteScope, zones: Iterable[str]) -> SiteNetwork:
    """Declare VPC, subnets, endpoints and security groups of a site."""
    choice = choose_subnets(scope.cidr, scope.region, zones)
    vpc = aws.ec2.Vpc(
        f"{scope.site}-vpc",
        cidr_block=scope.cidr,
        enable_dns_support=True,
        enable_dns_hostnames=True,
        tags=scope.named("vpc"),
        opts=scope.opts,
    )
    # Managed with no rules, so that nothing put into the default group by mistake can talk.
    aws.ec2.DefaultSecurityGroup(
        f"{scope.site}-default", vpc_id=vpc.id, tags=scope.named("default"), opts=scope.opts
    )
    control = {subnet.zone: _subnet(scope, vpc, "control", subnet) for subnet in choice.control_plane}
    nodes = {subnet.zone: _subnet(scope, vpc, "nodes", subnet) for subnet in choice.nodes}
    table = aws.ec2.RouteTable(
        f"{scope.site}-private", vpc_id=vpc.id, tags=scope.named("private"), opts=scope.opts
    )
    associations = [
        _association(scope, table, f"{kind}-{zone}", subnet)
        for kind, subnets in (("control", control), ("nodes", nodes))
        for zone, subnet in subnets.items()
    ]
    node_group, node_rules = _node_group(scope, vpc)
    efa_group, efa_rules = _efa_group(scope, vpc)
    endpoints = _endpoints(scope, vpc, table, list(control.values()))
    return SiteNetwork(
        vpc=vpc,
        control_plane_subnets=tuple(control.values()),
        node_subnets=nodes,
        node_group=node_group,
        efa_group=efa_group,
        ready=(*associations, *node_rules, *efa_rules, *endpoints),
    )


def _subnet(scope: SiteScope, vpc: aws.ec2.Vpc, kind: str, subnet: SubnetChoice) -> aws.ec2.Subnet:
    thing = f"{kind}-{subnet.zone}"
    internal = {"kubernetes.io/role/internal-elb": "1"} if kind == "nodes" else {}
    return aws.ec2.Subnet(
        f"{scope.site}-{thing}",
        vpc_id=vpc.id,
        cidr_block=subnet.cidr,
        # By id: zone names mean another zone in every account.
        availability_zone_id=subnet.zone,
        map_public_ip_on_launch=False,
        tags={**scope.named(thing), **internal},
        opts=scope.opts,
    )


def _association(
    scope: SiteScope, table: aws.ec2.RouteTable, thing: str, subnet: aws.ec2.Subnet
) -> pulumi.Resource:
    return aws.ec2.RouteTableAssociation(
        f"{scope.site}-{thing}", route_table_id=table.id, subnet_id=subnet.id, opts=scope.opts
    )


def _group(scope: SiteScope, vpc: aws.ec2.Vpc, thing: str, description: str) -> aws.ec2.SecurityGroup:
    return aws.ec2.SecurityGroup(
        f"{scope.site}-{thing}",
        description=description,
        vpc_id=vpc.id,
        tags=scope.named(thing),
        opts=scope.opts,
    )


def _self_rules(scope: SiteScope, thing: str, group: aws.ec2.SecurityGroup) -> list[pulumi.Resource]:
    return [
        aws.vpc.SecurityGroupIngressRule(
            f"{scope.site}-{thing}-self",
            security_group_id=group.id,
            referenced_security_group_id=group.id,
            ip_protocol="-1",
            description="All traffic from the group itself",
            tags=scope.tags,
            opts=scope.opts,
        ),
        aws.vpc.SecurityGroupEgressRule(
            f"{scope.site}-{thing}-self",
            security_group_id=group.id,
            referenced_security_group_id=group.id,
            ip_protocol="-1",
            description="All traffic to the group itself",
            tags=scope.tags,
            opts=scope.opts,
        ),
    ]


def _node_group(scope: SiteScope, vpc: aws.ec2.Vpc) -> tuple[aws.ec2.SecurityGroup, list[pulumi.Resource]]:
    group = _group(scope, vpc, "nodes", "Nodes and control plane")
    # The route table holds no way out of the VPC but endpoints and peers, so this opens nothing public.
    egress = aws.vpc.SecurityGroupEgressRule(
        f"{scope.site}-nodes-out",
        security_group_id=group.id,
        cidr_ipv4="0.0.0.0/0",
        ip_protocol="-1",
        description="To endpoints and peers; no route leads further",
        tags=scope.tags,
        opts=scope.opts,
    )
    return group, [*_self_rules(scope, "nodes", group), egress]


def _efa_group(scope: SiteScope, vpc: aws.ec2.Vpc) -> tuple[aws.ec2.SecurityGroup, list[pulumi.Resource]]:
    group = _group(scope, vpc, "efa", "EFA interfaces")
    return group, _self_rules(scope, "efa", group)


def _endpoints(
    scope: SiteScope, vpc: aws.ec2.Vpc, table: aws.ec2.RouteTable, subnets: list[aws.ec2.Subnet]
) -> list[pulumi.Resource]:
    group = _group(scope, vpc, "endpoints", "Private endpoints of AWS services")
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
        tags=scope.named("s3"),
        opts=scope.opts,
    )
    interfaces = [_interface_endpoint(scope, vpc, group, subnets, name) for name in _INTERFACE_ENDPOINTS]
    return [rule, s3, *interfaces]


def _interface_endpoint(
    scope: SiteScope,
    vpc: aws.ec2.Vpc,
    group: aws.ec2.SecurityGroup,
    subnets: list[aws.ec2.Subnet],
    service: str,
) -> pulumi.Resource:
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
