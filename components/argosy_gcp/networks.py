"""Which networks a machine needs beside its primary one, as plain data.

| fabric | networks |
|---|---|
| GPUDirect-TCPX, -TCPXO | `vpc1` …: one gVNIC VPC with one subnet per pair of GPUs or per GPU, MTU 8244 |
| RoCE | `gvnic-1`, and the VPC `rdma` of a zone's network profile, one subnet per card (`rdma-0` …) |

Counts and MTUs are the catalogue's. An a3-megagpu-8g gets eight and no ninth: one more gVNIC takes a GPU
card's slot on the PCI bus. Networks are the site's, shared by its pools; subnet names are those that pods
ask for. Source: Google Cluster Toolkit, modules/network/gpu-rdma-vpc and community/modules/network/multivpc.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from argosy.catalog import AdditionalNetwork, InstanceType

KNOWN_KINDS = frozenset({"gvnic", "roce"})

_GPUDIRECT = ("gpudirect-tcpx", "gpudirect-tcpxo")
# Slots of the fabric range: a subnet's name decides its place, whatever pools there are.
_GVNIC_SLOT, _RDMA_SLOT = 8, 9


@dataclass(frozen=True)
class FabricSubnet:
    """A subnet of a fabric network. Pods attach to it by its name."""

    name: str
    slot: int
    """Which slot of the site's fabric range it takes."""


@dataclass(frozen=True)
class FabricNetwork:
    """A VPC that carries a fabric."""

    name: str
    subnets: tuple[FabricSubnet, ...]
    mtu: int | None = None
    network_profile: str | None = None
    """Name of a zone's network profile; such a network takes no firewall rules."""


def choose_networks(instance_type: InstanceType, zone: str) -> tuple[FabricNetwork, ...]:
    """The networks of a machine beside its primary one, in the order of its interfaces."""
    return tuple(
        network
        for additional in instance_type.additional_networks
        for network in _networks(additional, instance_type.fabric, zone)
    )


def merge_networks(needed: Iterable[FabricNetwork]) -> tuple[FabricNetwork, ...]:
    """Every network once, with the most subnets that anyone needs of it, by name.

    Raises ValueError for one network that is needed in two shapes, e.g. RDMA in two zones.
    """
    merged: dict[str, FabricNetwork] = {}
    for network in needed:
        known = merged.setdefault(network.name, network)
        if (known.mtu, known.network_profile) != (network.mtu, network.network_profile):
            raise ValueError(f"network {network.name} is needed in two shapes")
        if len(network.subnets) > len(known.subnets):
            merged[network.name] = network
    return tuple(merged[name] for name in sorted(merged))


def _networks(additional: AdditionalNetwork, fabric: str, zone: str) -> list[FabricNetwork]:
    if additional.kind == "roce":
        rails = tuple(FabricSubnet(f"rdma-{rail}", _RDMA_SLOT + rail) for rail in range(additional.subnets))
        return [FabricNetwork("rdma", rails, additional.mtu, f"{zone}-{additional.network_profile}")]
    if fabric in _GPUDIRECT:
        names = [(f"vpc{number + 1}", number) for number in range(additional.networks)]
    else:
        names = [(f"gvnic-{number + 1}", _GVNIC_SLOT + number) for number in range(additional.networks)]
    return [FabricNetwork(name, (FabricSubnet(name, slot),), additional.mtu) for name, slot in names]
