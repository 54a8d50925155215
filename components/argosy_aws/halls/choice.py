"""What a site's links to bare-metal halls are, decided from its plan alone. Imports no SDK."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from argosy_aws.halls.facts import load_hybrid_facts
from argosy_aws.settings import HallSettings, settings_of_site
from argosy_component.contract import SitePlan

NODE_NAME = "${NODE_NAME}"
"""Stands in a hall's NodeConfig for a machine's name, which must be the common name of its certificate."""


@dataclass(frozen=True)
class RemoteNetworks:
    """Ranges outside the VPC that the cluster's control plane reaches through the VPC's own routes."""

    nodes: tuple[str, ...]
    pods: tuple[str, ...]

    def __bool__(self) -> bool:
        """Whether any hall joins, so that the cluster has remote networks at all."""
        return bool(self.nodes)


@dataclass(frozen=True)
class VpnChoice:
    """A VPN of two tunnels to one router of a hall."""

    name: str
    """From hall and address alone, so that adding or removing one leaves the others alone."""
    hall: str
    location: str
    address: str
    asn: int


@dataclass(frozen=True)
class PortChoice:
    """A transit virtual interface on a Direct Connect connection that exists already."""

    name: str
    """From hall, connection and VLAN alone."""
    hall: str
    location: str
    connection: str
    region: str | None
    """The region of the connection, to which its virtual interfaces belong; None: the site's."""
    vlan: int
    asn: int


@dataclass(frozen=True)
class RouteChoice:
    """A range of a hall, to which the site's private subnets have a route."""

    name: str
    cidr: str


@dataclass(frozen=True)
class HybridRoutes:
    """The ways from a site to its halls; nothing at all where no hall is linked."""

    transit_gateway_asn: int
    direct_connect_asn: int
    vpns: tuple[VpnChoice, ...]
    ports: tuple[PortChoice, ...]
    routes: tuple[RouteChoice, ...]

    def __bool__(self) -> bool:
        """Whether any hall is linked."""
        return bool(self.routes)


@dataclass(frozen=True)
class CertificateCredentials:
    """By what a machine with a certificate becomes a node: ARNs, none of which is secret."""

    trust_anchor: str
    profile: str
    role: str


@dataclass(frozen=True)
class ActivationCredentials:
    """By what a machine without a certificate becomes a node. The code is secret."""

    activation_id: str
    activation_code: str


def choose_remote_networks(plan: SitePlan) -> RemoteNetworks:
    """The ranges of the halls that join the cluster, by the halls' names; empty when none joins.

    EKS takes one block of node networks and one of pod networks, with several ranges each.
    Source: RemoteNetworkConfigRequest of EKS's service model.
    """
    joining = [(hall_cidr(plan, name), hall.joins) for name, hall in _halls(plan) if hall.joins is not None]
    return RemoteNetworks(
        nodes=tuple(cidr for cidr, _ in joining), pods=tuple(joins.pods for _, joins in joining)
    )


def choose_hybrid_routes(plan: SitePlan) -> HybridRoutes:
    """The ways to all linked halls, by hall. Raises ValueError for a hall that no route can lead to."""
    halls = _halls(plan)
    asn = settings_of_site(plan).transit_gateway_asn
    return HybridRoutes(
        transit_gateway_asn=asn,
        direct_connect_asn=choose_direct_connect_asn(asn),
        vpns=tuple(vpn for name, hall in halls for vpn in _vpns(name, hall)),
        ports=tuple(port for name, hall in halls for port in _ports(name, hall)),
        routes=tuple(route for name, hall in halls for route in _routes(plan, name, hall)),
    )


def choose_tunnel() -> dict[str, Any]:
    """What both tunnels of every VPN demand of a router, in EC2's words.

    AES-256 in Galois/counter mode, SHA-2, and elliptic curves of 384 and 521 bits. The groups numbered above
    21 are no stronger: 22 to 24 are short primes that RFC 8247 advises against. AWS starts a tunnel itself,
    starts it again when the router falls silent, and replaces its end only when told to or when it must.
    """
    return {
        "ike_versions": ["ikev2"],
        "phase1_encryption_algorithms": ["AES256-GCM-16"],
        "phase1_integrity_algorithms": ["SHA2-384", "SHA2-512"],
        "phase1_dh_group_numbers": [20, 21],
        "phase2_encryption_algorithms": ["AES256-GCM-16"],
        "phase2_integrity_algorithms": ["SHA2-384", "SHA2-512"],
        "phase2_dh_group_numbers": [20, 21],
        "startup_action": "start",
        "dpd_timeout_action": "restart",
        "enable_tunnel_lifecycle_control": True,
    }


def choose_direct_connect_asn(transit_gateway_asn: int) -> int:
    """The number of the site's Direct Connect gateway: next to that of the transit gateway, never the same.

    Source: Direct Connect user guide, transit virtual interfaces: else the association fails.
    """
    after = transit_gateway_asn + 1
    return after if load_hybrid_facts().is_gateway_asn(after) else transit_gateway_asn - 1


def hall_cidr(plan: SitePlan, hall: str) -> str:
    """The private range of a hall among the plan's peers; raises ValueError for a hall without one."""
    for peer in plan.peers:
        if peer.name == hall and peer.cidr is not None:
            return peer.cidr
    # `argosy_aws.halls.refusals` says so with the line in the fleet file; this guards hand-made plans.
    raise ValueError(f"{hall} is no site of the fleet, or has no cidr, so no route can lead to it")


def hybrid_node_config(
    cluster: str, region: str, hall: str, credentials: CertificateCredentials | ActivationCredentials
) -> str:
    """The NodeConfig with which the machines of a hall join: the file that `nodeadm init -c file://…` reads.

    This nodeadm is not the one in EKS's images for EC2, though kind and version of the file are the same. It
    is installed on the machine first (`nodeadm install 1.34 --credential-provider iam-ra`, or `ssm`), looks
    up the cluster's endpoint, certificate and service range itself, and takes `spec.hybrid` in place of
    `spec.instance`. With certificates, `NODE_NAME` is first replaced by the machine's name, and certificate
    and key lie on the machine where the file says; with an activation, AWS gives the machine its name.

    The zone label makes Kubernetes keep traffic inside the hall where it can.
    Source: EKS user guide, hybrid nodes nodeadm reference; eks-hybrid.
    """
    return f"""\
apiVersion: node.eks.aws/v1alpha1
kind: NodeConfig
spec:
  cluster:
    name: {json.dumps(cluster)}
    region: {json.dumps(region)}
  kubelet:
    flags:
      - {json.dumps(f"--node-labels=topology.kubernetes.io/zone={hall}")}
  hybrid:
{_credentials(credentials)}"""


def _credentials(credentials: CertificateCredentials | ActivationCredentials) -> str:
    if isinstance(credentials, ActivationCredentials):
        return f"""\
    ssm:
      activationId: {json.dumps(credentials.activation_id)}
      activationCode: {json.dumps(credentials.activation_code)}
"""
    return f"""\
    iamRolesAnywhere:
      nodeName: "{NODE_NAME}"
      trustAnchorArn: {json.dumps(credentials.trust_anchor)}
      profileArn: {json.dumps(credentials.profile)}
      roleArn: {json.dumps(credentials.role)}
      certificatePath: /etc/iam/pki/server.pem
      privateKeyPath: /etc/iam/pki/server.key
"""


def _halls(plan: SitePlan) -> list[tuple[str, HallSettings]]:
    return sorted(settings_of_site(plan).halls.items())


def _vpns(name: str, hall: HallSettings) -> list[VpnChoice]:
    return [
        VpnChoice(
            name=f"{name}-vpn-{vpn.address.replace('.', '-')}",
            hall=name,
            location=vpn.location,
            address=vpn.address,
            asn=vpn.asn,
        )
        for vpn in hall.vpn
    ]


def _ports(name: str, hall: HallSettings) -> list[PortChoice]:
    return [
        PortChoice(
            name=f"{name}-{port.connection}-{port.vlan}",
            hall=name,
            location=port.location,
            connection=port.connection,
            region=port.region,
            vlan=port.vlan,
            asn=port.asn,
        )
        for port in hall.direct_connect
    ]


def _routes(plan: SitePlan, name: str, hall: HallSettings) -> list[RouteChoice]:
    machines = RouteChoice(f"{name}-machines", hall_cidr(plan, name))
    return [machines, RouteChoice(f"{name}-pods", hall.joins.pods)] if hall.joins else [machines]
