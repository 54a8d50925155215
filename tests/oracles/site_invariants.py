"""What holds for a site as a whole: nothing public, nothing secret in plain, no name too long.

Each rule is a function from a graph to what breaks it. `SITE_INVARIANTS` holds them all.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from functools import cache
from ipaddress import IPv4Network
from typing import Any, cast

from argosy_component.mock_engine import RegisteredResource, ResourceGraph

from .pool_invariants import Invariant
from .resources import CLUSTER, SUBNET, aws_resources
from .tables import HERE, read_table
from .violations import Violation

_WAYS_OUT = {
    "aws:ec2/internetGateway:InternetGateway": "leads to the internet",
    "aws:ec2/egressOnlyInternetGateway:EgressOnlyInternetGateway": "leads to the internet",
    "aws:ec2/natGateway:NatGateway": "leads to the internet",
    "aws:ec2/eip:Eip": "is a public address",
    "aws:ec2/vpcPeeringConnection:VpcPeeringConnection": "leads to a network that no plan names",
    "aws:lb/loadBalancer:LoadBalancer": "is declared by no site",
}


def nothing_leads_to_the_internet(graph: ResourceGraph) -> Iterator[Violation]:
    """No gateway, no public address, no route and no endpoint that is open to everyone."""
    for resource in aws_resources(graph):
        if resource.type in _WAYS_OUT:
            yield _of(resource, "-", _WAYS_OUT[resource.type])
    for subnet in graph.of_type(SUBNET):
        if subnet.inputs.get("mapPublicIpOnLaunch") is not False:
            yield _of(subnet, "mapPublicIpOnLaunch", "is not refused")
    for route in graph.of_type("aws:ec2/route:Route"):
        for field in ("gatewayId", "natGatewayId", "egressOnlyGatewayId"):
            if field in route.inputs:
                yield _of(route, field, "a route of a site leads to other sites alone")
        if route.inputs.get("destinationCidrBlock") == "0.0.0.0/0":
            yield _of(route, "destinationCidrBlock", "leads everywhere")
    for cluster in graph.of_type(CLUSTER):
        access: Mapping[str, Any] = cluster.inputs.get("vpcConfig") or {}
        if access.get("endpointPublicAccess") is not False:
            yield _of(cluster, "vpcConfig.endpointPublicAccess", "is not refused")
        if access.get("endpointPrivateAccess") is not True:
            yield _of(cluster, "vpcConfig.endpointPrivateAccess", "is not asked for")


def nobody_outside_is_let_in(graph: ResourceGraph) -> Iterator[Violation]:
    """No rule of a security group lets in a public range."""
    for rule in graph.of_type("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"):
        cidr = rule.inputs.get("cidrIpv4")
        if cidr is not None and not IPv4Network(cidr).is_private:
            yield _of(rule, "cidrIpv4", f"{cidr} is public")
        if "cidrIpv6" in rule.inputs:
            yield _of(rule, "cidrIpv6", "a site has no IPv6")
    for group in graph.of_type("aws:ec2/securityGroup:SecurityGroup"):
        for field in ("ingress", "egress"):
            if group.inputs.get(field):
                yield _of(group, field, "rules are resources of their own, which can be read one by one")


def whatever_has_a_subnet_stands_in_one_of_ours(graph: ResourceGraph) -> Iterator[Violation]:
    """Every subnet that a resource names is one of this graph, and those are private."""
    ours = {subnet.id for subnet in graph.of_type(SUBNET)}
    for resource in aws_resources(graph):
        for path, value in _leaves(resource.inputs):
            if re.search(r"(^|\.)subnetIds?(\[\d+\])?$", path) and value not in ours:
                yield _of(resource, path, f"{value} is no subnet of this site")


def everything_stands_in_the_one_vpc(graph: ResourceGraph) -> Iterator[Violation]:
    """A site has one VPC, and whatever names a VPC names it."""
    vpcs = {vpc.id for vpc in graph.of_type("aws:ec2/vpc:Vpc")}
    for resource in aws_resources(graph):
        if "vpcId" in resource.inputs and (len(vpcs) != 1 or resource.inputs["vpcId"] not in vpcs):
            yield _of(resource, "vpcId", f"{resource.inputs['vpcId']} is not the site's one VPC")


_SECRET_TEXT = {
    "an access key": re.compile(r"\b(AKIA|ASIA)[A-Z0-9]{16}\b"),
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    "a token": re.compile(
        r"\b(eyJ[A-Za-z0-9_-]{16,}\.eyJ[A-Za-z0-9_-]{16,}\.|gh[ps]_[A-Za-z0-9]{36}|hf_[A-Za-z0-9]{30,})"
    ),
    "a password": re.compile(r"(?i)\b(password|passwd|secret_?key|api_?key)\b\s*[=:]\s*[^\s\"']{6,}"),
}
_SECRET_NAME = re.compile(
    r"(?i)(password|pre_?shared_?key$|secretKey|secretString|privateKey|authKey|accessKey|token$)"
)


def nothing_secret_stands_in_plain(graph: ResourceGraph) -> Iterator[Violation]:
    """No input of any resource, user data included, holds a secret that is not marked as one."""
    for resource in graph.resources:
        hidden = {".".join(str(token) for token in path) for path in resource.secret_inputs}
        for path, value in _leaves(resource.inputs):
            if re.sub(r"\[(\d+)\]", r".\1", path) in hidden or not isinstance(value, str):
                continue
            if value and _SECRET_NAME.search(path.rpartition(".")[2]):
                yield _of(resource, path, "is called like a secret, and is not marked as one")
            for kind, pattern in _SECRET_TEXT.items():
                if pattern.search(_decoded(value)):
                    yield _of(resource, path, f"holds {kind}")


def names_fit(graph: ResourceGraph) -> Iterator[Violation]:
    """No name is longer than its service takes, with what the SDK and the provider add to it."""
    for resource in aws_resources(graph):
        rule = load_names().get(resource.type)
        if rule is None:
            continue
        field, prefix = str(rule["field"]), str(rule.get("prefix", "namePrefix"))
        if field in resource.inputs:
            path, name, adds = field, resource.inputs[field], 0
        elif prefix in resource.inputs:
            path, name, adds = prefix, resource.inputs[prefix], int(rule.get("adds", 26))
        else:
            path, name, adds = "-", resource.name, _AUTONAME_SUFFIX
        if len(name) + adds > rule["limit"]:
            yield _of(resource, path, f"{name!r} and {adds} more are over {rule['limit']} characters")
        if re.fullmatch(rule["pattern"], name) is None:
            yield _of(resource, path, f"{name!r} does not match {rule['pattern']}")


_AUTONAME_SUFFIX = 8

SITE_INVARIANTS: Mapping[str, Invariant] = {
    rule.__name__: rule
    for rule in (
        nothing_leads_to_the_internet,
        nobody_outside_is_let_in,
        whatever_has_a_subnet_stands_in_one_of_ours,
        everything_stands_in_the_one_vpc,
        nothing_secret_stands_in_plain,
        names_fit,
    )
}
"""Every rule, by name."""


@cache
def load_names() -> Mapping[str, Mapping[str, Any]]:
    """Limits of names, by resource type."""
    return read_table(HERE / "names.yaml")


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, member in cast("dict[str, Any]", value).items():
            yield from _leaves(member, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for index, item in enumerate(cast("list[Any]", value)):
            yield from _leaves(item, f"{path}[{index}]")
    else:
        yield path, value


def _decoded(value: str) -> str:
    """The text itself and, where it is base64 of text, that text too."""
    try:
        return f"{value}\n{base64.b64decode(value, validate=True).decode()}"
    # Whatever is no base64: binascii's error, or a plain ValueError for text that is not ASCII.
    except ValueError:
        return value


def _of(resource: RegisteredResource, path: str, message: str) -> Violation:
    return Violation(resource.name, resource.type, path, message)
