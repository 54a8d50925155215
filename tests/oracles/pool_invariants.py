"""What EC2 and EKS demand of launch templates and node groups together, and no stand-in of theirs checks.

Each rule is a function from a graph to what breaks it. `POOL_INVARIANTS` holds them all.
Source: EKS user guide, launch templates and Capacity Blocks; EC2 user guide, EFA; RunInstances.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from argosy_component.mock_engine import RegisteredResource, ResourceGraph

from .resources import NODE_GROUP, TEMPLATE, at
from .violations import Violation

Invariant = Callable[[ResourceGraph], Iterator[Violation]]


@dataclass(frozen=True)
class _Pool:
    """A node group and the template it launches from."""

    group: RegisteredResource
    template: RegisteredResource

    @property
    def block(self) -> bool:
        return at(self.group.inputs, "capacityType") == "CAPACITY_BLOCK"

    @property
    def efa(self) -> bool:
        return any(kind != "interface" for kind in _kinds(self.template))


def block_is_one_on_both_sides(graph: ResourceGraph) -> Iterator[Violation]:
    """A Capacity Block is said by the group and by the template, and names its reservation and its type."""
    target = "capacityReservationSpecification.capacityReservationTarget"
    for pool in _pools(graph):
        market = "instanceMarketOptions.marketType"
        in_template = at(pool.template.inputs, market) == "capacity-block"
        if pool.block != in_template:
            said = "a Capacity Block" if pool.block else "no Capacity Block"
            yield _of(
                pool.template, market, f"node group {pool.group.name} is {said}, the template the contrary"
            )
        if not pool.block:
            continue
        if at(pool.template.inputs, f"{target}.capacityReservationId") is None:
            yield _of(pool.template, target, "a block is bought under an id, and none is named")
        if at(pool.template.inputs, "instanceType") is None:
            yield _of(pool.template, "instanceType", "a block's type stands in the template, and none does")
        if at(pool.group.inputs, "instanceTypes") is not None:
            yield _of(pool.group, "instanceTypes", "a block's type stands in the template alone")


def own_image_leaves_the_rest_unsaid(graph: ResourceGraph) -> Iterator[Violation]:
    """With an image in the template, EKS takes no image type, version or release on the group."""
    for pool in _pools(graph):
        own = at(pool.template.inputs, "imageId") is not None
        for field in ("amiType", "version", "releaseVersion"):
            if own and at(pool.group.inputs, field) not in (None, "CUSTOM"):
                yield _of(pool.group, field, f"the template of {pool.template.name} has an image of its own")
        if not own and at(pool.group.inputs, "amiType") in (None, "CUSTOM"):
            yield _of(pool.group, "amiType", "no image in the template, and none here")


def instance_type_stands_once(graph: ResourceGraph) -> Iterator[Violation]:
    """The instance type is said by the template or by the group, and not by both."""
    for pool in _pools(graph):
        places = [pool.template.inputs.get("instanceType"), pool.group.inputs.get("instanceTypes")]
        if sum(place is not None for place in places) != 1:
            yield _of(pool.group, "instanceTypes", "the instance type stands in both places or in none")


def security_groups_stand_once(graph: ResourceGraph) -> Iterator[Violation]:
    """With interfaces in a template, their groups are theirs; each has one at least."""
    for template in graph.of_type(TEMPLATE):
        nics = _nics(template)
        for field in ("vpcSecurityGroupIds", "securityGroupNames"):
            if nics and template.inputs.get(field):
                yield _of(template, field, "the template's interfaces have groups of their own")
        for index, nic in enumerate(nics):
            if not nic.get("securityGroups"):
                path = f"networkInterfaces[{index}].securityGroups"
                yield _of(template, path, "without a group EC2 takes the VPC's default group")


_ADDRESSES = ("associatePublicIpAddress", "ipv4AddressCount", "ipv4Addresses", "ipv4PrefixCount",
              "ipv4Prefixes", "ipv6AddressCount", "ipv6Addresses", "ipv6PrefixCount", "ipv6Prefixes",
              "primaryIpv6", "privateIpAddress", "associateCarrierIpAddress")  # fmt: skip


def addresses_are_private(graph: ResourceGraph) -> Iterator[Violation]:
    """The primary interface refuses a public address; one that has no address says nothing of addresses."""
    for template in graph.of_type(TEMPLATE):
        for index, nic in enumerate(_nics(template)):
            path = f"networkInterfaces[{index}]"
            if nic.get("interfaceType") == "efa-only":
                for field in _ADDRESSES:
                    if field in nic:
                        yield _of(template, f"{path}.{field}", "an efa-only interface has no address")
            elif nic.get("associatePublicIpAddress") != "false":
                yield _of(template, f"{path}.associatePublicIpAddress", "is not refused")


def interfaces_fit_their_cards(graph: ResourceGraph) -> Iterator[Violation]:
    """One primary interface that holds an address, one EFA a card at most, each place taken once."""
    for template in graph.of_type(TEMPLATE):
        nics = _nics(template)
        places = Counter((nic.get("networkCardIndex"), nic.get("deviceIndex")) for nic in nics)
        efas = Counter(nic.get("networkCardIndex") for nic in nics if nic.get("interfaceType") != "interface")
        primary = [nic for nic in nics if (nic.get("networkCardIndex"), nic.get("deviceIndex")) == (0, 0)]
        if len(primary) != 1:
            yield _of(template, "networkInterfaces", f"{len(primary)} interfaces at card 0, device 0")
        elif primary[0].get("interfaceType") == "efa-only":
            yield _of(template, "networkInterfaces", "the primary interface has no address")
        for (card, device), number in sorted(places.items(), key=str):
            if number > 1:
                yield _of(template, "networkInterfaces", f"{number} at card {card}, device {device}")
        for card, number in sorted(efas.items(), key=str):
            if number > 1:
                yield _of(template, "networkInterfaces", f"{number} EFA interfaces on card {card}")


_NOT_IN_A_TEMPLATE = ("iamInstanceProfile", "instanceInitiatedShutdownBehavior", "hibernationOptions")


def fabrics_let_themselves_in_and_out(graph: ResourceGraph) -> Iterator[Violation]:
    """An EFA interface is in a group that lets in and out whatever comes from and goes to itself."""
    both = _open_to_themselves(graph, "Ingress") & _open_to_themselves(graph, "Egress")
    for template in graph.of_type(TEMPLATE):
        for index, nic in enumerate(_nics(template)):
            fabric = nic.get("interfaceType", "interface") != "interface"
            if fabric and not both & set(nic.get("securityGroups") or []):
                path = f"networkInterfaces[{index}].securityGroups"
                yield _of(template, path, "no group lets itself in and out, so the fabric carries nothing")


def template_leaves_to_eks_what_is_eks_s(graph: ResourceGraph) -> Iterator[Violation]:
    """EKS takes no template with a subnet, an instance profile, or a word on shutdown or hibernation."""
    for pool in _pools(graph):
        for field in _NOT_IN_A_TEMPLATE:
            if field in pool.template.inputs:
                yield _of(pool.template, field, "EKS takes no template that has one")
        for index, nic in enumerate(_nics(pool.template)):
            for field in ("subnetId", "networkInterfaceId"):
                if field in nic:
                    path = f"networkInterfaces[{index}].{field}"
                    yield _of(pool.template, path, "EKS takes no template that has one")
        for field in ("diskSize", "remoteAccess"):
            if field in pool.group.inputs:
                yield _of(pool.group, field, "EKS takes none beside a template")


def fabrics_and_blocks_stand_in_one_subnet(graph: ResourceGraph) -> Iterator[Violation]:
    """A fabric spans no zones, and a block stands in one."""
    for pool in _pools(graph):
        subnets = cast("list[Any]", pool.group.inputs.get("subnetIds") or [])
        if (pool.efa or pool.block) and len(subnets) != 1:
            why = "a block stands in one zone" if pool.block else "EFA does not cross zones"
            yield _of(pool.group, "subnetIds", f"{len(subnets)} subnets, and {why}")


def blocks_have_no_placement_group(graph: ResourceGraph) -> Iterator[Violation]:
    """A block fixes where its nodes stand; a placement group on top makes launches fail."""
    for pool in _pools(graph):
        for field in ("groupName", "groupId"):
            if pool.block and at(pool.template.inputs, f"placement.{field}") is not None:
                yield _of(pool.template, f"placement.{field}", "a block has a placement group")


def templates_are_pinned(graph: ResourceGraph) -> Iterator[Violation]:
    """A group launches one version of one template of this graph, or nodes change while nobody looks."""
    templates = {template.id for template in graph.of_type(TEMPLATE)}
    for group in graph.of_type(NODE_GROUP):
        if at(group.inputs, "launchTemplate.id") not in templates:
            yield _of(group, "launchTemplate.id", "is no template of this graph")
        if not str(at(group.inputs, "launchTemplate.version")).isdigit():
            yield _of(group, "launchTemplate.version", "is no number of a version")


POOL_INVARIANTS: Mapping[str, Invariant] = {
    rule.__name__: rule
    for rule in (
        block_is_one_on_both_sides,
        own_image_leaves_the_rest_unsaid,
        instance_type_stands_once,
        security_groups_stand_once,
        addresses_are_private,
        interfaces_fit_their_cards,
        fabrics_let_themselves_in_and_out,
        template_leaves_to_eks_what_is_eks_s,
        fabrics_and_blocks_stand_in_one_subnet,
        blocks_have_no_placement_group,
        templates_are_pinned,
    )
}
"""Every rule, by name."""


def _pools(graph: ResourceGraph) -> list[_Pool]:
    templates = {template.id: template for template in graph.of_type(TEMPLATE)}
    return [
        _Pool(group, templates[named])
        for group in graph.of_type(NODE_GROUP)
        if (named := at(group.inputs, "launchTemplate.id")) in templates
    ]


def _open_to_themselves(graph: ResourceGraph, direction: str) -> set[str]:
    rules = graph.of_type(f"aws:vpc/securityGroup{direction}Rule:SecurityGroup{direction}Rule")
    return {
        rule.inputs["securityGroupId"]
        for rule in rules
        if rule.inputs.get("ipProtocol") == "-1"
        and rule.inputs.get("referencedSecurityGroupId") == rule.inputs["securityGroupId"]
    }


def _nics(template: RegisteredResource) -> list[dict[str, Any]]:
    return template.inputs.get("networkInterfaces") or []


def _kinds(template: RegisteredResource) -> list[str]:
    return [nic.get("interfaceType", "interface") for nic in _nics(template)]


def _of(resource: RegisteredResource, path: str, message: str) -> Violation:
    return Violation(resource.name, resource.type, path, message)
