"""What popular tools emit for types of AI, against what EC2 demands: `argosy aws compare`.

Each tool is one small function, written after its code was read; `source` says where it stands. None of these
layouts was launched for this comparison: whether EC2 takes one follows from what each card of the type takes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from argosy_aws.cards.faults import launch_faults, layout_faults
from argosy_aws.cards.network_cards import TypeNetwork, type_network
from argosy_aws.cards.nics import NetworkInterface, choose_network_interfaces, efa_count, pods_with_addresses

TYPES = (
    "p5.48xlarge",
    "p5en.48xlarge",
    "p6-b200.48xlarge",
    "p6-b300.48xlarge",
    "p6e-gb200.36xlarge",
    "g6e.48xlarge",
    "trn2.48xlarge",
)
"""The types compared, in the order of the page."""

Layout = tuple[NetworkInterface, ...]


@dataclass(frozen=True)
class Tool:
    """A tool that lays out interfaces from an instance type alone: by default, with EFA switched on."""

    name: str
    emit: Callable[[TypeNetwork], Layout]
    placement_group: str
    """When it puts the nodes into a cluster placement group."""
    max_pods: str
    """What it does about the number of pods."""
    source: str
    """Repository, version or commit, file and lines."""


def terraform_aws_eks(network: TypeNetwork) -> Layout:
    """`efa` on card 0, `efa-only` at device 1 of every other card, up to the number of cards."""
    return (
        NetworkInterface(0, 0, "efa"),
        *(NetworkInterface(card.index, 1, "efa-only") for card in network.network_cards[1:]),
    )


def eksctl(network: TypeNetwork) -> Layout:
    """`efa` on every card, at device 0 of the first and device 1 of the others, up to the number of cards."""
    return tuple(NetworkInterface(card.index, min(card.index, 1), "efa") for card in network.network_cards)


def karpenter(network: TypeNetwork) -> Layout:
    """`efa` on as many cards as the type allows EFAs, counted from card 0."""
    return tuple(NetworkInterface(card, min(card, 1), "efa") for card in range(network.max_efa_interfaces))


def parallelcluster(network: TypeNetwork) -> Layout:
    """Plain and `efa-only` on card 0 where the type has as many EFAs as cards; `efa-only` on all others."""
    cards = network.network_cards
    card_0_takes_efa = network.max_efa_interfaces == len(cards)
    room = cards[0].max_interfaces > 1
    first = NetworkInterface(0, 0, "efa" if card_0_takes_efa and not room else "interface")
    beside = (NetworkInterface(0, 1, "efa-only"),) if card_0_takes_efa and room else ()
    others = (NetworkInterface(c.index, min(c.max_interfaces - 1, 1), "efa-only") for c in cards[1:])
    return (first, *beside, *others)


_KEEPS_PODS = "left alone: `efa` on card 0 keeps that interface's addresses for pods"

TOOLS = (
    Tool(
        "Argosy",
        choose_network_interfaces,
        "training pools on demand or spot; none of its own with a reservation or a Capacity Block",
        "lowered by what `efa-only` takes from card 0",
        "components/argosy_aws/cards/nics.py",
    ),
    Tool(
        "terraform-aws-eks",
        terraform_aws_eks,
        "always with EFA, whatever reservation is set; pull request 3730 is open",
        _KEEPS_PODS,
        "terraform-aws-modules/terraform-aws-eks v21.19.0, modules/eks-managed-node-group/main.tf:55-64",
    ),
    Tool(
        "eksctl",
        eksctl,
        "with EFA; managed node groups go without when a reservation is set",
        _KEEPS_PODS,
        "eksctl-io/eksctl 99984adb, pkg/cfn/builder/network_interfaces.go:54-66, "
        "managed_launch_template.go:97-103",
    ),
    Tool(
        "pulumi-eks",
        terraform_aws_eks,
        "always with EFA; the component takes no reservation",
        _KEEPS_PODS,
        "pulumi/pulumi-eks 7bf0c1b, nodejs/eks/nodes/instances.ts:84-106",
    ),
    Tool(
        "Karpenter, from pods' requests",
        karpenter,
        "only where the node class names one",
        _KEEPS_PODS,
        "aws/karpenter-provider-aws v1.14.1, pkg/providers/launchtemplate/launchtemplate.go:334",
    ),
    Tool(
        "ParallelCluster",
        parallelcluster,
        "not compared",
        "none: it runs Slurm",
        "aws/aws-parallelcluster 03b015a, cli/src/pcluster/templates/queues_stack.py, add_network_interfaces",
    ),
)
"""The tools compared. ParallelCluster is AWS's own."""


def verdict(tool: Tool, network: TypeNetwork) -> str:
    """Whether EC2 takes the tool's layout, and what it wastes.

    Where the catalogue itself does not know the cards for certain, only card 0 decides: of that one AWS's
    documentation speaks plainly.
    """
    layout = tool.emit(network)
    refused = launch_faults(layout, network)
    if network.provenance.confidence != "verified":
        on_card_0 = [fault for fault in refused if "on card 0," in fault]
        return (
            f"refused: {on_card_0[0]}"
            if on_card_0
            else "not judged: what the other cards take is an estimate"
        )
    if refused:
        return f"refused: {'; '.join(refused)}"
    departures = "; ".join(_departures(layout, network))
    return f"launches: {departures}" if departures else "launches, as AWS recommends"


def markdown() -> str:
    """The comparison as the page in docs/reference shows it."""
    lines = ["| Tool | Cluster placement group | maxPods | Read at |", "|---|---|---|---|"]
    lines += [f"| {tool.name} | {tool.placement_group} | {tool.max_pods} | {tool.source} |" for tool in TOOLS]
    for name in TYPES:
        lines += ["", *_section(type_network(name))]
    return "\n".join(lines) + "\n"


def _section(network: TypeNetwork) -> Iterator[str]:
    first = "takes an EFA" if network.network_cards[0].efa else "takes no EFA"
    cards, origin = len(network.network_cards), network.provenance
    yield f"### {network.name}"
    yield ""
    yield (
        f"{cards} network cards, at most {network.max_efa_interfaces} EFAs; card 0 {first}. "
        f"Facts: {origin.confidence}, as of {origin.as_of}."
    )
    yield ""
    yield "| Tool | Interfaces (card/device) | EFAs | Addresses | Pods | On EC2 |"
    yield "|---|---|--:|--:|--:|---|"
    for tool in TOOLS:
        layout = tool.emit(network)
        pods = pods_with_addresses(network, layout)
        sums = f"{efa_count(layout)} | {_addresses(layout)} | {'-' if pods is None else pods}"
        yield f"| {tool.name} | {_shown(layout)} | {sums} | {verdict(tool, network)} |"


def _departures(layout: Layout, network: TypeNetwork) -> Iterator[str]:
    if layout[0].interface_type == "efa":
        yield "the older layout, which AWS still publishes"
    if efa_count(layout) < network.max_efa_interfaces:
        yield f"{efa_count(layout)} of {network.max_efa_interfaces} EFAs"
    if _addresses(layout) > 1:
        yield f"{_addresses(layout)} addresses a node where 1 is enough"
    if not layout_faults(layout, network) and layout != choose_network_interfaces(network):
        yield "as AWS recommends, but for device 1 on the other cards, where it names device 0"


def _addresses(layout: Sequence[NetworkInterface]) -> int:
    """Interfaces that take an address of the subnet when the node starts."""
    return sum(nic.interface_type != "efa-only" for nic in layout)


def _shown(layout: Layout) -> str:
    """E.g. `interface` 0/0, `efa-only` 1-16/0: the cards of one interface type and device together."""
    cards: defaultdict[tuple[int, str], list[int]] = defaultdict(list)
    for nic in layout:
        cards[nic.device, nic.interface_type].append(nic.card)
    return ", ".join(f"`{kind}` {_span(on)}/{device}" for (device, kind), on in cards.items())


def _span(cards: Sequence[int]) -> str:
    first, last = cards[0], cards[-1]
    if len(cards) > 1 and last - first == len(cards) - 1:
        return f"{first}-{last}"
    return "+".join(map(str, cards))
