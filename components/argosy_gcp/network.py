"""The networks of a site: a private primary one, and those that carry the pools' fabrics."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp

from argosy_gcp.networks import FabricNetwork, FabricSubnet, merge_networks
from argosy_gcp.ranges import Ranges, choose_ranges

PODS_RANGE, SERVICES_RANGE = "pods", "services"


@dataclass(frozen=True)
class NetworkScope:
    """Where networks go: name of the site, project, region and range, and the parent of its resources."""

    site: str
    project: str
    region: str
    cidr: str
    opts: pulumi.ResourceOptions


@dataclass(frozen=True)
class FabricAttachment:
    """A fabric subnet with the network it lies in."""

    network: pulumi.Output[str]
    subnetwork: pulumi.Output[str]


@dataclass(frozen=True)
class SiteNetwork:
    """The declared networks of a site."""

    network: gcp.compute.Network
    subnetwork: gcp.compute.Subnetwork
    fabric: Mapping[str, FabricAttachment]
    """By the subnet's name, e.g. `vpc1` or `rdma-0`."""


def declare_network(scope: NetworkScope, fabrics: Iterable[FabricNetwork]) -> SiteNetwork:
    """Declare the primary network and every fabric network that a pool needs."""
    ranges = choose_ranges(scope.cidr)
    network = gcp.compute.Network(
        f"{scope.site}-primary",
        project=scope.project,
        auto_create_subnetworks=False,
        routing_mode="REGIONAL",
        opts=scope.opts,
    )
    subnetwork = gcp.compute.Subnetwork(
        f"{scope.site}-nodes",
        project=scope.project,
        region=scope.region,
        network=network.id,
        ip_cidr_range=ranges.nodes,
        # Nodes have no address of their own outside; this is how they reach registries and APIs.
        private_ip_google_access=True,
        secondary_ip_ranges=[
            gcp.compute.SubnetworkSecondaryIpRangeArgs(range_name=PODS_RANGE, ip_cidr_range=ranges.pods),
            gcp.compute.SubnetworkSecondaryIpRangeArgs(
                range_name=SERVICES_RANGE, ip_cidr_range=ranges.services
            ),
        ],
        opts=scope.opts,
    )
    fabric: dict[str, FabricAttachment] = {}
    for needed in merge_networks(fabrics):
        fabric |= _fabric_network(scope, ranges, needed)
    return SiteNetwork(network, subnetwork, fabric)


def _fabric_network(
    scope: NetworkScope, ranges: Ranges, needed: FabricNetwork
) -> dict[str, FabricAttachment]:
    profile = needed.network_profile
    network = gcp.compute.Network(
        f"{scope.site}-{needed.name}",
        project=scope.project,
        auto_create_subnetworks=False,
        routing_mode="REGIONAL",
        mtu=needed.mtu,
        network_profile=(f"projects/{scope.project}/global/networkProfiles/{profile}" if profile else None),
        opts=scope.opts,
    )
    if profile is None:
        _allow_within(scope, ranges, needed, network)
    return {
        subnet.name: FabricAttachment(network.name, _fabric_subnet(scope, ranges, network, subnet).name)
        for subnet in needed.subnets
    }


def _fabric_subnet(
    scope: NetworkScope, ranges: Ranges, network: gcp.compute.Network, subnet: FabricSubnet
) -> gcp.compute.Subnetwork:
    return gcp.compute.Subnetwork(
        f"{scope.site}-{subnet.name}",
        project=scope.project,
        region=scope.region,
        network=network.id,
        ip_cidr_range=ranges.fabric[subnet.slot],
        private_ip_google_access=True,
        opts=scope.opts,
    )


def _allow_within(
    scope: NetworkScope, ranges: Ranges, needed: FabricNetwork, network: gcp.compute.Network
) -> None:
    """A VPC drops what it was not told to let in; RDMA networks have no such filter and refuse rules."""
    gcp.compute.Firewall(
        f"{scope.site}-{needed.name}",
        project=scope.project,
        network=network.id,
        direction="INGRESS",
        source_ranges=[ranges.fabric[subnet.slot] for subnet in needed.subnets],
        allows=[gcp.compute.FirewallAllowArgs(protocol=protocol) for protocol in ("icmp", "tcp", "udp")],
        opts=scope.opts,
    )
