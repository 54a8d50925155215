"""What the vendor demands and no stand-in checks: kept by every site, and noticed where a graph breaks it."""

import base64
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from argosy_component.mock_engine import RegisteredResource, ResourceGraph

from .api_rules import load_rows
from .pool_invariants import POOL_INVARIANTS
from .resources import (
    CLUSTER,
    NODE_GROUP,
    SUBNET,
    TEMPLATE,
    VPC,
    changed,
    made,
    with_resource,
    without,
)
from .service_model import input_of
from .site_invariants import SITE_INVARIANTS, load_names
from .violations import shown

INVARIANTS = {**POOL_INVARIANTS, **SITE_INVARIANTS}
RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
Break = Callable[[ResourceGraph], tuple[RegisteredResource, ...]]
"""What stands in a graph in place of, or beside, what was declared."""


@pytest.mark.parametrize("invariant", INVARIANTS)
def test_a_site_with_everything_keeps(invariant: str, everything: ResourceGraph) -> None:
    assert "" == shown(INVARIANTS[invariant](everything))


@pytest.mark.parametrize("invariant", INVARIANTS)
def test_a_site_with_a_pool_of_every_type_keeps(invariant: str, every_type: ResourceGraph) -> None:
    assert "" == shown(INVARIANTS[invariant](every_type))


@pytest.mark.parametrize("invariant", ["names_fit", "nothing_secret_stands_in_plain"])
def test_purchases_keep(invariant: str, bought: ResourceGraph) -> None:
    assert "" == shown(INVARIANTS[invariant](bought))


def template(pool: str, path: str, value: Any = None) -> Break:
    return lambda graph: (_spoilt(_template(graph, pool), path, value),)


def _template(graph: ResourceGraph, pool: str) -> RegisteredResource:
    """The pool's launch template, of whatever kind: a dot parts the kind from the pool."""
    (found,) = (one for one in graph.of_type(TEMPLATE) if one.name.partition(".")[0] == f"aws-use1-{pool}")
    return found


def group(pool: str, path: str, value: Any = None) -> Break:
    return lambda graph: (_spoilt(graph.one(NODE_GROUP, f"aws-use1-{pool}-use1-az4"), path, value),)


def rule(direction: str, path: str, value: Any) -> Break:
    type_ = f"aws:vpc/securityGroup{direction}Rule:SecurityGroup{direction}Rule"
    return lambda graph: (_spoilt(graph.one(type_, "aws-use1-efa-self"), path, value),)


def first(type_: str, path: str, value: Any = None) -> Break:
    return lambda graph: (_spoilt(graph.of_type(type_)[0], path, value),)


def new(type_: str, name: str = "spare", **inputs: Any) -> Break:
    return lambda graph: (made(type_, name, **inputs),)


def both(one: Break, other: Break) -> Break:
    return lambda graph: (*one(graph), *other(graph))


def _spoilt(resource: RegisteredResource, path: str, value: Any) -> RegisteredResource:
    return without(resource, path) if value is None else changed(resource, path, value)


RESERVATION = "capacityReservationSpecification"
NICS = "networkInterfaces"
EFA_ONLY = {"interfaceType": "efa-only", "securityGroups": ["sg"], "networkCardIndex": 1, "deviceIndex": 1}

EFA_GROUP_ALONE = template("f-p5en", f"{NICS}.1.securityGroups", ["securitygroup-aws-use1-efa"])

BROKEN: list[tuple[str, Break, str]] = [
    ("block_is_one_on_both_sides", group("c-block", "capacityType", "ON_DEMAND"), "is no Capacity Block"),
    ("block_is_one_on_both_sides", template("c-block", "instanceMarketOptions"), "is a Capacity Block"),
    ("block_is_one_on_both_sides", template("c-block", RESERVATION), "none is named"),
    ("block_is_one_on_both_sides", template("c-block", "instanceType"), "none does"),
    ("block_is_one_on_both_sides", group("c-block", "instanceTypes", ["p5en.48xlarge"]), "template alone"),
    (
        "block_is_one_on_both_sides",
        template("c-on-demand", "instanceMarketOptions.marketType", "capacity-block"),
        "is no Capacity Block",
    ),
    (
        "own_image_leaves_the_rest_unsaid",
        template("c-on-demand", "imageId", "ami-0123456789abcdef0"),
        "amiType",
    ),
    ("own_image_leaves_the_rest_unsaid", group("c-on-demand", "amiType"), "none here"),
    ("instance_type_stands_once", group("c-on-demand", "instanceTypes", ["p5en.48xlarge"]), "both places"),
    ("instance_type_stands_once", template("c-on-demand", "instanceType"), "or in none"),
    (
        "security_groups_stand_once",
        template("f-p5en", "vpcSecurityGroupIds", ["sg-1"]),
        "groups of their own",
    ),
    ("security_groups_stand_once", template("f-p5en", "securityGroupNames", ["x"]), "groups of their own"),
    ("security_groups_stand_once", template("f-p5en", f"{NICS}.3.securityGroups", []), "[3].securityGroups"),
    (
        "addresses_are_private",
        template("f-p5en", f"{NICS}.0.associatePublicIpAddress", "true"),
        "not refused",
    ),
    ("addresses_are_private", template("f-p5en", f"{NICS}.0.associatePublicIpAddress"), "not refused"),
    (
        "addresses_are_private",
        template("f-p5en", f"{NICS}.1.associatePublicIpAddress", "false"),
        "no address",
    ),
    ("addresses_are_private", template("f-p5en", f"{NICS}.1.ipv4PrefixCount", 1), "[1].ipv4PrefixCount"),
    (
        "interfaces_fit_their_cards",
        template("f-p6-b300", f"{NICS}.0.interfaceType", "efa-only"),
        "no address",
    ),
    (
        "interfaces_fit_their_cards",
        template("f-p6-b300", f"{NICS}.0.deviceIndex", 1),
        "0 interfaces at card 0",
    ),
    (
        "interfaces_fit_their_cards",
        template("f-p6-b300", f"{NICS}.17", EFA_ONLY),
        "2 EFA interfaces on card 1",
    ),
    ("interfaces_fit_their_cards", template("f-p6-b300", f"{NICS}.2.networkCardIndex", 1), "2 at card 1"),
    (
        "fabrics_let_themselves_in_and_out",
        template("f-p5en", f"{NICS}.1.securityGroups", ["securitygroup-aws-use1-endpoints"]),
        "[1].securityGroups: no group",
    ),
    (
        "fabrics_let_themselves_in_and_out",
        both(EFA_GROUP_ALONE, rule("Ingress", "ipProtocol", "tcp")),
        "carries nothing",
    ),
    (
        "fabrics_let_themselves_in_and_out",
        both(EFA_GROUP_ALONE, rule("Egress", "referencedSecurityGroupId", "sg")),
        "carries nothing",
    ),
    (
        "template_leaves_to_eks_what_is_eks_s",
        template("c-spot", "iamInstanceProfile", {"name": "nodes"}),
        "iamInstanceProfile",
    ),
    (
        "template_leaves_to_eks_what_is_eks_s",
        template("c-spot", "instanceInitiatedShutdownBehavior", "stop"),
        "ShutdownBehavior",
    ),
    (
        "template_leaves_to_eks_what_is_eks_s",
        template("c-spot", f"{NICS}.0.subnetId", "subnet-1"),
        "[0].subnetId",
    ),
    ("template_leaves_to_eks_what_is_eks_s", group("c-spot", "diskSize", 200), "beside a template"),
    ("template_leaves_to_eks_what_is_eks_s", group("c-spot", "remoteAccess", {"ec2SshKey": "k"}), "beside"),
    ("fabrics_and_blocks_stand_in_one_subnet", group("c-block", "subnetIds", ["a", "b"]), "one zone"),
    ("fabrics_and_blocks_stand_in_one_subnet", group("c-reserved", "subnetIds", ["a", "b"]), "cross zones"),
    (
        "blocks_have_no_placement_group",
        template("c-block", "placement.groupName", "packed"),
        "placement group",
    ),
    ("templates_are_pinned", group("c-spot", "launchTemplate.version", "$Latest"), "no number"),
    ("templates_are_pinned", group("c-spot", "launchTemplate.id", "lt-0"), "no template of this graph"),
    ("nothing_leads_to_the_internet", new("aws:ec2/internetGateway:InternetGateway"), "to the internet"),
    ("nothing_leads_to_the_internet", new("aws:ec2/natGateway:NatGateway"), "to the internet"),
    ("nothing_leads_to_the_internet", new("aws:ec2/eip:Eip"), "public address"),
    ("nothing_leads_to_the_internet", first(SUBNET, "mapPublicIpOnLaunch", True), "not refused"),
    ("nothing_leads_to_the_internet", first(SUBNET, "mapPublicIpOnLaunch"), "not refused"),
    ("nothing_leads_to_the_internet", first(CLUSTER, "vpcConfig.endpointPublicAccess", True), "PublicAccess"),
    ("nothing_leads_to_the_internet", first(CLUSTER, "vpcConfig.endpointPrivateAccess"), "PrivateAccess"),
    ("nothing_leads_to_the_internet", new("aws:ec2/route:Route", gatewayId="igw-1"), "other sites alone"),
    (
        "nothing_leads_to_the_internet",
        new("aws:ec2/route:Route", destinationCidrBlock="0.0.0.0/0", transitGatewayId="tgw-1"),
        "leads everywhere",
    ),
    ("nobody_outside_is_let_in", new(RULE, cidrIpv4="0.0.0.0/0"), "0.0.0.0/0 is public"),
    ("nobody_outside_is_let_in", new(RULE, cidrIpv4="8.8.8.0/24"), "8.8.8.0/24 is public"),
    ("nobody_outside_is_let_in", new(RULE, cidrIpv6="fd00::/8"), "no IPv6"),
    (
        "nobody_outside_is_let_in",
        first("aws:ec2/securityGroup:SecurityGroup", "ingress", [{"cidrBlocks": ["0.0.0.0/0"]}]),
        "resources of their own",
    ),
    (
        "whatever_has_a_subnet_stands_in_one_of_ours",
        group("c-spot", "subnetIds", ["subnet-0123"]),
        "subnetIds[0]: subnet-0123 is no subnet",
    ),
    (
        "whatever_has_a_subnet_stands_in_one_of_ours",
        first(CLUSTER, "vpcConfig.subnetIds.0", "subnet-0123"),
        "vpcConfig.subnetIds[0]",
    ),
    ("everything_stands_in_the_one_vpc", first(SUBNET, "vpcId", "vpc-0123"), "not the site's one VPC"),
    ("everything_stands_in_the_one_vpc", new(VPC, cidrBlock="10.99.0.0/16"), "not the site's one VPC"),
    (
        "nothing_secret_stands_in_plain",
        template("c-spot", "userData", base64.b64encode(b"export KEY=AKIAIOSFODNN7EXAMPLE").decode()),
        "userData: holds an access key",
    ),
    (
        "nothing_secret_stands_in_plain",
        first(SUBNET, "tags.Name", "-----BEGIN RSA PRIVATE KEY-----"),
        "tags.Name: holds a private key",
    ),
    ("nothing_secret_stands_in_plain", first(SUBNET, "tags.Name", f"hf_{'x' * 34}"), "holds a token"),
    ("nothing_secret_stands_in_plain", first(CLUSTER, "name", "password: hunter22"), "holds a password"),
    (
        "nothing_secret_stands_in_plain",
        new("aws:ec2/vpnConnection:VpnConnection", tunnel1PresharedKey="a-long-key"),
        "called like a secret",
    ),
    ("names_fit", first(CLUSTER, "name", "p" * 101), "are over 100 characters"),
    ("names_fit", first(CLUSTER, "name", "prod_fleet/1"), "does not match"),
    ("names_fit", group("c-spot", "nodeGroupNamePrefix", "p" * 38), "26 more are over 63"),
    ("names_fit", new("aws:iam/role:Role", name="r" * 57), "8 more are over 64"),
    ("names_fit", new("aws:s3/bucket:Bucket", name="Weights"), "'Weights' does not match"),
]


@pytest.mark.parametrize(("invariant", "spoil", "expected"), BROKEN)
def test_a_graph_that_breaks_it_is_noticed(
    invariant: str, spoil: Break, expected: str, everything: ResourceGraph
) -> None:
    assert expected in shown(INVARIANTS[invariant](with_resource(everything, *spoil(everything))))


def test_every_invariant_has_a_graph_that_breaks_it() -> None:
    assert set(INVARIANTS) == {invariant for invariant, _, _ in BROKEN}


def test_a_secret_behind_words_that_are_no_base64_of_any_kind_is_noticed(everything: ResourceGraph) -> None:
    graph = with_resource(everything, *first(SUBNET, "tags.Name", "Zürich password: hunter22")(everything))

    assert "holds a password" in shown(SITE_INVARIANTS["nothing_secret_stands_in_plain"](graph))


def test_a_secret_that_is_marked_as_one_may_stand(everything: ResourceGraph) -> None:
    marked = replace(
        made("aws:ec2/vpnConnection:VpnConnection", "vpn", tunnel1PresharedKey="a-long-key"),
        secret_inputs=frozenset({("tunnel1PresharedKey",)}),
    )
    graph = with_resource(everything, marked)

    assert "" == shown(SITE_INVARIANTS["nothing_secret_stands_in_plain"](graph))


def test_every_type_with_a_name_of_its_own_has_a_limit(everything: ResourceGraph) -> None:
    """A type that takes a `name` and is in no table would never be checked."""
    named = {resource.type for resource in everything.resources if "name" in resource.inputs}

    assert set() == named - set(load_names()) - NAMED_OTHERWISE


NAMED_OTHERWISE = {
    "aws:ssm/activation:Activation",
    "aws:directconnect/transitVirtualInterface:TransitVirtualInterface",
}
"""Whose names may be anything that the model takes, which `test_declared_inputs` sees to."""


@pytest.mark.parametrize("type_", load_names())
def test_a_limit_is_the_model_s_where_the_model_has_one(type_: str) -> None:
    limit, row = load_names()[type_], load_rows()[type_]
    field = row.rules.get(limit["field"])
    assert row.call is not None
    member = (field.to if field else None) or limit["field"]
    shape = input_of(row.call).below(member.lstrip("/")) or input_of(row.call).below(member.capitalize())

    assert shape is not None
    assert limit["limit"] == shape.content.get("max", limit["limit"])
