"""The ways from a site to its halls: a transit gateway, VPNs over the internet, and Direct Connect.

All of a hall's ways speak BGP, so that the loss of one leaves the others: over each, the hall's routers make
its range known, and that of its pods if it joins. Halls reach the site and not each other: they look up
routes in a table that holds the site's range alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from argosy_aws.halls.choice import HybridRoutes, PortChoice, choose_hybrid_routes
from argosy_aws.halls.services import declare_hall_services
from argosy_aws.halls.vpn import declare_vpn
from argosy_aws.network.flow_logs import declare_log_group, tunnels_group
from argosy_aws.network.vpc import SiteNetwork
from argosy_aws.scope import SiteScope


def declare_hybrid_routes(scope: SiteScope, network: SiteNetwork) -> Mapping[str, pulumi.Output[str]]:
    """Declare the ways to all linked halls, and what they use of AWS over them; nothing where none is linked.

    Gives links with which the halls' side is set up: addresses of tunnels and DNS, ARNs of secrets. None is
    secret. What a router must know beyond them, such as its tunnels' keys, AWS keeps in Secrets Manager.
    """
    choice = choose_hybrid_routes(scope.plan)
    if not choice:
        return {}
    gateway = _gateway(scope, choice)
    tables = _tables(scope, gateway)
    attachment = _attach_site(scope, network, gateway, tables)
    links: dict[str, pulumi.Output[str]] = {"transitGatewayId": gateway.id}
    links |= _vpns(scope, network, gateway, tables, choice)
    links |= _direct_connect(scope, gateway, tables, choice)
    for route in choice.routes:
        aws.ec2.Route(
            f"{scope.site}-{route.name}",
            route_table_id=network.route_table.id,
            destination_cidr_block=route.cidr,
            transit_gateway_id=gateway.id,
            # A route to a gateway is refused until the VPC is attached to it.
            opts=scope.opts_with([attachment]),
        )
    return {**links, **declare_hall_services(scope, network, choice)}


@dataclass(frozen=True)
class _Tables:
    site: aws.ec2transitgateway.RouteTable
    """What the site looks up: the halls' ranges, as BGP says them."""
    halls: aws.ec2transitgateway.RouteTable
    """What halls look up: the site's range."""


def _gateway(scope: SiteScope, choice: HybridRoutes) -> aws.ec2transitgateway.TransitGateway:
    return aws.ec2transitgateway.TransitGateway(
        f"{scope.site}-halls",
        description=f"{scope.cluster_name}: bare-metal halls",
        amazon_side_asn=choice.transit_gateway_asn,
        auto_accept_shared_attachments="disable",
        # Every attachment is put into a table by name; by default all could reach all.
        default_route_table_association="disable",
        default_route_table_propagation="disable",
        dns_support="enable",
        vpn_ecmp_support="enable",
        multicast_support="disable",
        tags=scope.named("halls"),
        opts=scope.opts,
    )


def _tables(scope: SiteScope, gateway: aws.ec2transitgateway.TransitGateway) -> _Tables:
    site, halls = (
        aws.ec2transitgateway.RouteTable(
            f"{scope.site}-{thing}", transit_gateway_id=gateway.id, tags=scope.named(thing), opts=scope.opts
        )
        for thing in ("from-site", "from-halls")
    )
    return _Tables(site, halls)


def _attach_site(
    scope: SiteScope,
    network: SiteNetwork,
    gateway: aws.ec2transitgateway.TransitGateway,
    tables: _Tables,
) -> pulumi.Resource:
    attachment = aws.ec2transitgateway.VpcAttachment(
        f"{scope.site}-site",
        transit_gateway_id=gateway.id,
        vpc_id=network.vpc.id,
        # One in every zone with nodes, since a zone without one reaches no hall; the control plane's where it
        # has one, since it is what calls the halls' machines.
        subnet_ids=[subnet.id for subnet in network.transit_subnets],
        dns_support="enable",
        transit_gateway_default_route_table_association=False,
        transit_gateway_default_route_table_propagation=False,
        tags=scope.named("site"),
        opts=scope.opts,
    )
    _connect(scope, "site", attachment.id, looks_up=tables.site, known_in=tables.halls)
    return attachment


def _connect(
    scope: SiteScope,
    thing: str,
    attachment: pulumi.Output[str],
    looks_up: aws.ec2transitgateway.RouteTable,
    known_in: aws.ec2transitgateway.RouteTable,
) -> None:
    """Let an attachment look up routes in one table, and make what lies behind it known in the other."""
    aws.ec2transitgateway.RouteTableAssociation(
        f"{scope.site}-{thing}",
        transit_gateway_attachment_id=attachment,
        transit_gateway_route_table_id=looks_up.id,
        opts=scope.opts,
    )
    aws.ec2transitgateway.RouteTablePropagation(
        f"{scope.site}-{thing}",
        transit_gateway_attachment_id=attachment,
        transit_gateway_route_table_id=known_in.id,
        opts=scope.opts,
    )


def _vpns(
    scope: SiteScope,
    network: SiteNetwork,
    gateway: aws.ec2transitgateway.TransitGateway,
    tables: _Tables,
    choice: HybridRoutes,
) -> dict[str, pulumi.Output[str]]:
    if not choice.vpns:
        return {}
    logs = declare_log_group(scope, "tunnels", tunnels_group(scope), network.logs.key)
    links: dict[str, pulumi.Output[str]] = {}
    for vpn in choice.vpns:
        connection = declare_vpn(scope, vpn, gateway, logs)
        attachment = connection.transit_gateway_attachment_id
        _connect(scope, vpn.name, attachment, looks_up=tables.halls, known_in=tables.site)
        links[f"{vpn.name}-tunnel-1"] = connection.tunnel1_address
        links[f"{vpn.name}-tunnel-2"] = connection.tunnel2_address
        links[f"{vpn.name}-keys"] = connection.preshared_key_arn
    return links


def _direct_connect(
    scope: SiteScope,
    gateway: aws.ec2transitgateway.TransitGateway,
    tables: _Tables,
    choice: HybridRoutes,
) -> dict[str, pulumi.Output[str]]:
    """One Direct Connect gateway for all ports; over it the site makes its own range known, and no other."""
    if not choice.ports:
        return {}
    direct = aws.directconnect.Gateway(
        f"{scope.site}-direct",
        name=f"{scope.cluster_name}-halls",
        amazon_side_asn=str(choice.direct_connect_asn),
        tags=scope.tags,
        opts=scope.opts,
    )
    association = aws.directconnect.GatewayAssociation(
        f"{scope.site}-direct",
        dx_gateway_id=direct.id,
        associated_gateway_id=gateway.id,
        allowed_prefixes=[scope.cidr],
        opts=scope.opts,
    )
    attachment = association.transit_gateway_attachment_id
    _connect(scope, "direct", attachment, looks_up=tables.halls, known_in=tables.site)
    for port in choice.ports:
        _virtual_interface(scope, direct, port)
    return {"directConnectGatewayId": direct.id}


def _virtual_interface(scope: SiteScope, direct: aws.directconnect.Gateway, port: PortChoice) -> None:
    aws.directconnect.TransitVirtualInterface(
        f"{scope.site}-{port.name}",
        # Without the hall, with which it could be longer than the 100 characters that AWS takes.
        name=f"{scope.site}-{port.connection}-{port.vlan}",
        # Only the gateway is everywhere; an interface is made in the region of its connection.
        region=port.region,
        connection_id=port.connection,
        dx_gateway_id=direct.id,
        vlan=port.vlan,
        # In text, since numbers of four bytes do not fit the older field.
        bgp_asn_long=str(port.asn),
        address_family="ipv4",
        mtu=_JUMBO_MTU,
        tags={**scope.named(port.name), "argosy-hall": port.hall, "argosy-location": port.location},
        # AWS makes the key of the BGP session itself.
        opts=pulumi.ResourceOptions.merge(
            scope.opts, pulumi.ResourceOptions(additional_secret_outputs=["bgpAuthKey"])
        ),
    )


# The most that a transit virtual interface and a transit gateway carry.
_JUMBO_MTU = 8500
