"""The network-card layout of an instance type, with the reason for each line: `argosy aws nics`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from argosy_aws.cards.network_cards import TypeNetwork
from argosy_aws.cards.nics import (
    EFA_RESOURCE,
    NetworkInterface,
    choose_max_pods,
    choose_network_interfaces,
    efa_count,
    pods_with_addresses,
)

if TYPE_CHECKING:
    from rich.table import Table

    from argosy.catalog import NetworkCard


@dataclass(frozen=True)
class Line:
    """An interface, or a card that gets none (then `device` and `interface_type` are None), and why."""

    card: int
    device: int | None
    interface_type: str | None
    why: str


def explain(network: TypeNetwork) -> tuple[Line, ...]:
    """Every interface and every unused card of the type, by card."""
    interfaces = choose_network_interfaces(network)
    used = {nic.card for nic in interfaces}
    lines = [
        *(Line(nic.card, nic.device, nic.interface_type, _why(nic, network)) for nic in interfaces),
        *(
            Line(c.index, None, None, _why_unused(c, network))
            for c in network.network_cards
            if c.index not in used
        ),
    ]
    return tuple(sorted(lines, key=lambda line: (line.card, line.device or 0)))


def as_json(network: TypeNetwork) -> dict[str, object]:
    """The layout as plain JSON, with what a pod asks for and where the facts come from."""
    interfaces = choose_network_interfaces(network)
    efas = efa_count(interfaces)
    lines = explain(network)
    return {
        "instance_type": network.name,
        "network_interfaces": [asdict(line) for line in lines if line.interface_type is not None],
        "unused_cards": [
            {"card": line.card, "why": line.why} for line in lines if line.interface_type is None
        ],
        "efa_interfaces": efas,
        "interfaces_with_an_address": sum(nic.interface_type != "efa-only" for nic in interfaces),
        "pods_with_addresses": pods_with_addresses(network, interfaces),
        "max_pods": choose_max_pods(network),
        "resource_requests": {EFA_RESOURCE: efas} if efas else {},
        "provenance": network.provenance.model_dump(mode="json"),
    }


def as_table(network: TypeNetwork) -> Table:
    """The layout for people: neighbouring cards that are alike share a line."""
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(network.name))
    for heading in ("card", "device", "interface type", "why"):
        table.add_column(heading, overflow="fold")
    for lines in _runs(explain(network)):
        first, last = lines[0], lines[-1]
        cards = str(first.card) if first is last else f"{first.card}-{last.card}"
        device = "-" if first.device is None else str(first.device)
        table.add_row(cards, device, first.interface_type or "-", first.why)
    return table


def summary(network: TypeNetwork) -> str:
    """The sums of the layout, what a pod asks for, and where the facts come from: three lines."""
    document = as_json(network)
    efas, pods, max_pods = document["efa_interfaces"], document["pods_with_addresses"], document["max_pods"]
    asks = f"a pod that wants all of them asks for {EFA_RESOURCE}: {efas}" if efas else "there is no fabric"
    room = "EC2's answer lacks its addresses" if pods is None else f"its addresses suffice for {pods} pods"
    origin = network.provenance
    return (
        f"EFA interfaces: {efas}; {asks}\n"
        f"Interfaces with an address: {document['interfaces_with_an_address']}; {room}; "
        f"maxPods is {'left to EKS' if max_pods is None else f'set to {max_pods}'}\n"
        f"Source: {origin.source}; as of {origin.as_of}; {origin.confidence}"
    )


def _runs(lines: Iterable[Line]) -> list[list[Line]]:
    """Neighbouring lines that differ by their card only."""
    runs: list[list[Line]] = []
    for line in lines:
        if runs and _alike(runs[-1][-1], line):
            runs[-1].append(line)
        else:
            runs.append([line])
    return runs


def _alike(before: Line, line: Line) -> bool:
    same = (before.device, before.interface_type, before.why) == (line.device, line.interface_type, line.why)
    return same and before.card + 1 == line.card


def _why(nic: NetworkInterface, network: TypeNetwork) -> str:
    if nic.interface_type == "efa":
        return "carries the node's address and the fabric: this card has room for one interface"
    if nic.interface_type == "efa-only" and nic.card == 0:
        return "this card takes an EFA beside the first interface; it holds no address"
    if nic.interface_type == "efa-only":
        return "takes an EFA; it needs no address"
    takes_none = bool(network.max_efa_interfaces) and not network.network_cards[0].efa
    return "carries the node's address" + (", and this card takes no EFA" if takes_none else "")


def _why_unused(card: NetworkCard, network: TypeNetwork) -> str:
    if not network.max_efa_interfaces:
        return "the type takes no EFA, and one interface is enough"
    if not card.efa:
        return "takes no efa-only interface"
    if network.efa_cards and card.index not in network.efa_cards:
        return f"the EFAs stand on cards {', '.join(map(str, network.efa_cards))}"
    return f"the type allows {network.max_efa_interfaces} EFA in all"
