"""What is wrong with a layout of network interfaces: what EC2 refuses, and what merely wastes.

The checks read the cards and never the rule that chooses a layout, so that they can judge that rule, and the
layouts of other tools.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from argosy_aws.cards.network_cards import HasNetworkCards
from argosy_aws.cards.nics import NetworkInterface, efa_count

if TYPE_CHECKING:
    from argosy.catalog import NetworkCard


def launch_faults(interfaces: Sequence[NetworkInterface], network: HasNetworkCards) -> list[str]:
    """Why EC2 refuses to launch an instance with these interfaces; empty: it would launch.

    Source: EC2 user guide, "Elastic Fabric Adapter: limitations" and "EFA for accelerated computing instance
    types"; what each card takes is in the type's own facts.
    """
    return [
        *_first(interfaces),
        *(fault for nic in interfaces for fault in _unfit(nic, network)),
        *_crowded(interfaces, network),
        *_too_many_efas(interfaces, network.max_efa_interfaces or 0),
    ]


def layout_faults(interfaces: Sequence[NetworkInterface], network: HasNetworkCards) -> list[str]:
    """Why these are not the interfaces that AWS recommends for the type; empty: they are.

    They launch, every EFA that the type allows is there, and one interface alone has an address.
    """
    return [
        *launch_faults(interfaces, network),
        *_beyond_room(interfaces, network),
        *_too_few_efas(interfaces, network),
        *_needless_addresses(interfaces, network),
    ]


def _first(interfaces: Sequence[NetworkInterface]) -> Iterator[str]:
    first = [nic for nic in interfaces if (nic.card, nic.device) == (0, 0)]
    if not first:
        yield "no interface on card 0, device 0, which every instance needs"
    elif first[0].interface_type == "efa-only":
        yield "the first interface is efa-only, which has no address"


def _unfit(nic: NetworkInterface, network: HasNetworkCards) -> Iterator[str]:
    card = _card(nic, network)
    if card is None:
        yield f"{nic.interface_type} on card {nic.card}, which the type does not have"
    elif nic.interface_type not in card.interface_types:
        takes = " or ".join(card.interface_types)
        yield f"{nic.interface_type} on card {nic.card}, which takes only {takes}"


def _crowded(interfaces: Sequence[NetworkInterface], network: HasNetworkCards) -> Iterator[str]:
    on = Counter(nic.card for nic in interfaces)
    efas = Counter(nic.card for nic in interfaces if nic.efa)
    for card in network.network_cards:
        if on[card.index] > card.max_interfaces:
            room = f"which has room for {card.max_interfaces}"
            yield f"{on[card.index]} interfaces on card {card.index}, {room}"
        if efas[card.index] > 1:
            yield f"{efas[card.index]} EFAs on card {card.index}, where one may be"
    for (card, device), count in Counter((nic.card, nic.device) for nic in interfaces).items():
        if count > 1:
            yield f"{count} interfaces on card {card}, device {device}"


def _too_many_efas(interfaces: Sequence[NetworkInterface], most: int) -> Iterator[str]:
    if efa_count(interfaces) > most:
        yield f"{efa_count(interfaces)} EFAs; the type allows {most}"


def _beyond_room(interfaces: Sequence[NetworkInterface], network: HasNetworkCards) -> Iterator[str]:
    for nic in interfaces:
        card = _card(nic, network)
        if card is not None and nic.device >= card.max_interfaces:
            yield f"device {nic.device} on card {nic.card}, which has room for {card.max_interfaces}"


def _too_few_efas(interfaces: Sequence[NetworkInterface], network: HasNetworkCards) -> Iterator[str]:
    most, chosen = network.max_efa_interfaces or 0, set(network.efa_cards)
    if efa_count(interfaces) < most:
        yield f"{efa_count(interfaces)} of the {most} EFAs that the type allows"
    astray = sorted(nic.card for nic in interfaces if nic.efa and chosen and nic.card not in chosen)
    if astray:
        instead = ", ".join(map(str, sorted(chosen)))
        yield f"EFA on card {', '.join(map(str, astray))}, instead of cards {instead}"


def _needless_addresses(interfaces: Sequence[NetworkInterface], network: HasNetworkCards) -> Iterator[str]:
    for nic in interfaces:
        if (nic.card, nic.device) == (0, 0):
            if nic.interface_type == "efa" and network.network_cards[0].max_interfaces > 1:
                yield "the first interface is an EFA, where a plain one and an efa-only beside it have room"
        elif nic.interface_type != "efa-only":
            yield f"{nic.interface_type} on card {nic.card} takes an address that nothing uses"


def _card(nic: NetworkInterface, network: HasNetworkCards) -> NetworkCard | None:
    return next((card for card in network.network_cards if card.index == nic.card), None)
