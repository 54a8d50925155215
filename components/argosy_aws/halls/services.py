"""What a linked hall uses of AWS without the internet: private endpoints, and names that lead to them.

The gateway endpoint of S3 serves the site's own subnets alone, so halls get one with addresses. Names of AWS
services lead to these endpoints when the hall's DNS asks the site's (`dns` among the links) for
`amazonaws.com` and `api.aws`. Source: EKS user guide, configure private connectivity for hybrid nodes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi
import pulumi_aws as aws

from argosy_aws.halls.choice import HybridRoutes
from argosy_aws.network.endpoints import declare_endpoint, s3_policy
from argosy_aws.network.security_groups import allow_in, declare_group
from argosy_aws.network.vpc import SiteNetwork
from argosy_aws.scope import SiteScope


def declare_hall_services(
    scope: SiteScope, network: SiteNetwork, choice: HybridRoutes
) -> Mapping[str, pulumi.Output[str]]:
    """Open the site's endpoints to the linked halls, add those that only halls need, and answer their DNS.

    Gives the link `dns`: the addresses that answer, with commas between them.
    """
    ranges = [route.cidr for route in choice.routes]
    for cidr in ranges:
        allow_in(scope, network.endpoint_group, "endpoints", cidr, 443, "HTTPS from a hall")
    subnets, group = network.control_plane_subnets, network.endpoint_group
    # Machines of a hall log in by their certificates.
    declare_endpoint(scope, network.vpc, group, subnets, "rolesanywhere")
    resolver = _resolver(scope, network, ranges)
    _declare_s3(scope, network, resolver)
    return {"dns": resolver.ip_addresses.apply(_addresses)}


def _declare_s3(scope: SiteScope, network: SiteNetwork, resolver: aws.route53.ResolverEndpoint) -> None:
    aws.ec2.VpcEndpoint(
        f"{scope.site}-s3-halls",
        vpc_id=network.vpc.id,
        service_name=f"com.amazonaws.{scope.region}.s3",
        vpc_endpoint_type="Interface",
        private_dns_enabled=True,
        # The site's own nodes keep the gateway, which costs nothing by the gigabyte.
        dns_options=aws.ec2.VpcEndpointDnsOptionsArgs(private_dns_only_for_inbound_resolver_endpoint=True),
        subnet_ids=[subnet.id for subnet in network.control_plane_subnets],
        security_group_ids=[network.endpoint_group.id],
        policy=s3_policy(scope),
        tags=scope.named("s3-halls"),
        # EC2 demands that the gateway be there first.
        opts=scope.opts_with([network.s3, resolver]),
    )


def _resolver(scope: SiteScope, network: SiteNetwork, ranges: list[str]) -> aws.route53.ResolverEndpoint:
    group = declare_group(scope, network.vpc, "resolver", "DNS of the site, for halls")
    for cidr in ranges:
        for protocol in ("tcp", "udp"):
            allow_in(scope, group, "resolver", cidr, 53, "DNS from a hall", protocol=protocol)
    return aws.route53.ResolverEndpoint(
        f"{scope.site}-halls",
        name=f"{scope.site}-halls",
        direction="INBOUND",
        security_group_ids=[group.id],
        ip_addresses=[
            aws.route53.ResolverEndpointIpAddressArgs(subnet_id=subnet.id)
            for subnet in network.control_plane_subnets
        ],
        tags=scope.named("halls"),
        opts=scope.opts,
    )


def _addresses(addresses: Sequence[aws.route53.outputs.ResolverEndpointIpAddress]) -> str:
    return ",".join(sorted(address.ip for address in addresses if address.ip))
