"""Ranges that are too narrow for the nodes that the file asks for, said when the fleet file is checked.

A subnet cannot grow, so who finds out later holds capacity that is paid for and cannot start.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Network

from argosy.errors import Fault
from argosy.spec.loader import LoadedFleet
from argosy.spec.models import CloudSiteSpec, NodeRange
from argosy_aws.cluster.addon_choice import ADDRESSES_KEPT
from argosy_aws.facts import load_facts
from argosy_aws.network.local_zones import load_local_zones
from argosy_aws.network.subnets import (
    NARROWEST_PREFIX,
    WIDEST_PREFIX,
    control_plane_addresses,
    node_addresses,
)
from argosy_aws.settings import AwsSiteSettings
from argosy_component.cloud_pools import CloudPool

PER_NODE = ADDRESSES_KEPT + 4
"""Addresses of one node: its own, those kept for pods, and a few more pods than that."""
BESIDE_NODES = 26
"""Addresses in a subnet of the control plane beside its nodes: the endpoints', the resolver's, and those that
EKS needs while it updates a control plane (5, EKS user guide)."""
_WHILE_UPDATED = 16
"""Addresses of two nodes that an update adds in a zone; for a while the CNI makes do with fewer than it would
keep. Source: EKS user guide, managed node update behavior."""


def refuse_narrow_range(
    site: str, fleet: LoadedFleet, spec: CloudSiteSpec, pools: Sequence[CloudPool]
) -> Iterator[Fault]:
    """A range in which not all nodes of the pools, or of the system nodes, get an address."""
    if not _is_cut_up(spec):
        return  # which has a fault of its own
    cidr = str(spec.cidr)
    for zone, nodes in sorted(_most_nodes(spec, pools).items()):
        room = node_addresses(cidr, zone) // PER_NODE
        if nodes > room:
            yield fleet.fault(
                f"sites.{site}.cidr",
                given=f"{cidr} for up to {nodes} nodes in {zone}",
                expected=f"at most {room} there, since a node and its pods take {PER_NODE} addresses",
                fix=_wider(spec, "spread the nodes over more zones or sites"),
            )
    system = fleet.site_settings(site, AwsSiteSettings).system_nodes.nodes
    spare = control_plane_addresses(cidr) - BESIDE_NODES - _WHILE_UPDATED
    room = spare // (ADDRESSES_KEPT + 1)
    if -(-system // 2) > room:
        yield fleet.fault(
            f"sites.{site}.cidr",
            given=f"{cidr} for {system} system nodes",
            expected=f"at most {2 * max(room, 0)} of them: they stand in the subnets of the control plane",
            fix=_wider(spec, "take fewer, larger ones"),
        )


def _is_cut_up(spec: CloudSiteSpec) -> bool:
    if spec.cidr is None or spec.region not in load_facts().zones:
        return False
    return WIDEST_PREFIX <= IPv4Network(spec.cidr).prefixlen <= NARROWEST_PREFIX


def _most_nodes(spec: CloudSiteSpec, pools: Sequence[CloudPool]) -> dict[str, int]:
    """Zone to the most nodes that a plan may put there; zones that there are not are left out."""
    known = {*load_facts().zones[spec.region], *load_local_zones()}
    found: dict[str, int] = {}
    for pool in pools:
        nodes = pool.spec.nodes
        most = nodes.max if isinstance(nodes, NodeRange) else -(-nodes // max(1, len(pool.zones)))
        for zone in set(pool.zones) & known:
            found[zone] = found.get(zone, 0) + most
    return found


def _wider(spec: CloudSiteSpec, otherwise: str) -> str:
    widest = IPv4Network(str(spec.cidr)).prefixlen <= WIDEST_PREFIX
    return (
        otherwise
        if widest
        else f"write a wider range before the site is made, up to /{WIDEST_PREFIX}, or {otherwise}"
    )
