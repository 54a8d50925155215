"""The network of a site: private subnets, the vendor's services over private endpoints, no way out.

There is no internet gateway, no NAT and no public address. What leaves the range goes through endpoints, or
to the halls that the site is linked to (`argosy_aws.halls.routes`). Security groups say who may talk to
whom; network ACLs stay as AWS makes them, since rules that know no connections could only repeat that worse.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from argosy_aws.network.endpoints import declare_endpoints
from argosy_aws.network.flow_logs import NetworkLogs, declare_flow_logs
from argosy_aws.network.security_groups import declare_efa_group, declare_hall_group, declare_node_group
from argosy_aws.network.subnets import (
    SubnetChoice,
    choose_subnets,
    choose_transit_subnets,
    choose_zone_groups,
)
from argosy_aws.scope import SiteScope


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
    control_plane_groups: tuple[aws.ec2.SecurityGroup, ...]
    """What the control plane's interfaces bear: the nodes' group, and one for the halls that join."""
    endpoint_group: aws.ec2.SecurityGroup
    """The private endpoints of AWS's services: HTTPS from the site."""
    s3: aws.ec2.VpcEndpoint
    """The gateway endpoint of S3, for the site's own subnets."""
    route_table: aws.ec2.RouteTable
    """Of every subnet of the site."""
    transit_subnets: tuple[aws.ec2.Subnet, ...]
    """Where a transit gateway is reached: one in every zone with nodes. Empty where no hall is linked."""
    logs: NetworkLogs
    ready: tuple[pulumi.Resource, ...]
    """What must exist before a node can join: routes, endpoints and rules."""


def declare_network(scope: SiteScope, zones: Iterable[str]) -> SiteNetwork:
    """Declare VPC, subnets, endpoints, security groups and flow logs of a site with nodes in `zones`."""
    zones = sorted(set(zones))
    vpc = _vpc(scope)
    logs = declare_flow_logs(scope, vpc)
    table = aws.ec2.RouteTable(
        f"{scope.site}-private", vpc_id=vpc.id, tags=scope.named("private"), opts=scope.opts
    )
    subnets = _subnets(scope, vpc, table, zones)
    node_group, node_rules = declare_node_group(scope, vpc)
    efa_group, efa_rules = declare_efa_group(scope, vpc)
    endpoints = declare_endpoints(scope, vpc, table, list(subnets.control.values()))
    return SiteNetwork(
        vpc=vpc,
        control_plane_subnets=tuple(subnets.control.values()),
        node_subnets=subnets.nodes,
        node_group=node_group,
        efa_group=efa_group,
        control_plane_groups=(node_group, *declare_hall_group(scope, vpc)),
        endpoint_group=endpoints.group,
        s3=endpoints.s3,
        route_table=table,
        transit_subnets=(*subnets.control.values(), *subnets.transit) if scope.settings.halls else (),
        logs=logs,
        ready=(*subnets.associations, *node_rules, *efa_rules, *endpoints.ready),
    )


@dataclass(frozen=True)
class _Subnets:
    control: Mapping[str, aws.ec2.Subnet]
    nodes: Mapping[str, aws.ec2.Subnet]
    transit: tuple[aws.ec2.Subnet, ...]
    associations: tuple[pulumi.Resource, ...]


def _vpc(scope: SiteScope) -> aws.ec2.Vpc:
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
    return vpc


def _subnets(scope: SiteScope, vpc: aws.ec2.Vpc, table: aws.ec2.RouteTable, zones: list[str]) -> _Subnets:
    choice = choose_subnets(scope.cidr, scope.region, zones)
    ways = choose_transit_subnets(scope.cidr, scope.region, zones) if scope.settings.halls else ()
    # Nothing can stand in a Local Zone before the account has opted in. Opting out again is AWS Support's.
    opted_in: list[pulumi.Resource] = [
        aws.ec2.AvailabilityZoneGroup(
            f"{scope.site}-{group}", group_name=group, opt_in_status="opted-in", opts=scope.opts
        )
        for group in choose_zone_groups(zones)
    ]
    of_kind = {
        kind: {subnet.zone: _subnet(scope, vpc, kind, subnet, opted_in) for subnet in subnets}
        for kind, subnets in (("control", choice.control_plane), ("nodes", choice.nodes), ("transit", ways))
    }
    associations = tuple(
        _association(scope, table, f"{kind}-{zone}", subnet)
        for kind, subnets in of_kind.items()
        for zone, subnet in subnets.items()
    )
    return _Subnets(
        of_kind["control"], of_kind["nodes"], tuple(of_kind["transit"].values()), associations=associations
    )


def _subnet(
    scope: SiteScope, vpc: aws.ec2.Vpc, kind: str, subnet: SubnetChoice, first: list[pulumi.Resource]
) -> aws.ec2.Subnet:
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
        opts=scope.opts_with(first),
    )


def _association(
    scope: SiteScope, table: aws.ec2.RouteTable, thing: str, subnet: aws.ec2.Subnet
) -> pulumi.Resource:
    return aws.ec2.RouteTableAssociation(
        f"{scope.site}-{thing}", route_table_id=table.id, subnet_id=subnet.id, opts=scope.opts
    )
