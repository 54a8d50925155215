"""Which network interfaces an instance gets, and how many pods that leaves room for.

| card | interface |
|---|---|
| 0, device 0 | plain ENA; it carries the node's address |
| 0, device 1 | EFA without an address, if the card takes one and a second interface |
| any other | EFA without an address at device 0, if the card takes one |

At most one EFA stands on a card, and no more than the type allows in all. Source: EC2 user guide, "EFA for
accelerated computing instance types". Card 0 of some types takes no EFA (p6-b300), which is why the rule
reads each card's interface types and never counts cards.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from argosy_aws.cards.network_cards import HasNetworkCards, addresses_per_interface

if TYPE_CHECKING:
    from argosy.catalog import NetworkCard

EFA_RESOURCE = "vpc.amazonaws.com/efa"
"""The extended resource that AWS's device plugin counts EFA interfaces as."""

_MOST_PODS = 250
"""Kubelets are not tested beyond this on large nodes; EKS caps its own reckoning at the same number."""


@dataclass(frozen=True)
class NetworkInterface:
    """One network interface of a launch template."""

    card: int
    device: int
    interface_type: Literal["interface", "efa", "efa-only"]

    @property
    def efa(self) -> bool:
        """Whether the interface carries the fabric."""
        return self.interface_type != "interface"


def choose_network_interfaces(instance_type: HasNetworkCards) -> tuple[NetworkInterface, ...]:
    """The network interfaces of an instance type, in the order of their cards."""
    most = instance_type.max_efa_interfaces or 0
    cards = _efa_cards(instance_type)[:most]
    first = [card for card in cards if card.index == 0]
    others = [NetworkInterface(card.index, 0, "efa-only") for card in cards if card.index > 0]
    return (*_card_zero(first), *others)


def efa_count(interfaces: Sequence[NetworkInterface]) -> int:
    """How many EFA interfaces a pod may ask for on one node."""
    return sum(interface.efa for interface in interfaces)


def choose_max_pods(instance_type: HasNetworkCards) -> int | None:
    """Pods per node where EFA on card 0 takes an interface from them; None leaves the number to EKS.

    EKS counts every interface of card 0 as one that holds pod addresses, and an `efa-only` interface holds
    none. Too high a number leaves pods without an address.
    """
    interfaces = choose_network_interfaces(instance_type)
    pods = pods_with_addresses(instance_type, interfaces)
    if pods is None or NetworkInterface(0, 1, "efa-only") not in interfaces:
        return None
    return min(_MOST_PODS, pods)


def pods_with_addresses(instance_type: HasNetworkCards, interfaces: Sequence[NetworkInterface]) -> int | None:
    """Pods that the addresses of card 0 suffice for; None where EC2's answer lacks the type.

    Each interface keeps one address for itself, and two pods share the node's own. Interfaces on other cards
    carry no pods. Source: Karpenter, design "EFA for static capacity"; EKS, `eni-max-pods`.
    """
    addresses = addresses_per_interface(instance_type.name)
    if addresses is None:
        return None
    without = sum(nic.card == 0 and nic.interface_type == "efa-only" for nic in interfaces)
    return (instance_type.network_cards[0].max_interfaces - without) * (addresses - 1) + 2


def _efa_cards(instance_type: HasNetworkCards) -> list[NetworkCard]:
    chosen = instance_type.efa_cards
    return [card for card in instance_type.network_cards if card.efa and (not chosen or card.index in chosen)]


def _card_zero(efa_card: Sequence[NetworkCard]) -> tuple[NetworkInterface, ...]:
    if not efa_card:
        return (NetworkInterface(0, 0, "interface"),)
    if efa_card[0].max_interfaces == 1:
        # No room for a second interface: one EFA with an address serves both ends.
        return (NetworkInterface(0, 0, "efa"),)
    return (NetworkInterface(0, 0, "interface"), NetworkInterface(0, 1, "efa-only"))
