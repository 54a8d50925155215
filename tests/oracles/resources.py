"""Declared resources as data: picked out of graphs, and spoilt on purpose."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any, cast

from argosy_component.mock_engine import RegisteredResource, ResourceGraph

VPC = "aws:ec2/vpc:Vpc"
SUBNET = "aws:ec2/subnet:Subnet"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
PLACEMENT_GROUP = "aws:ec2/placementGroup:PlacementGroup"
CLUSTER = "aws:eks/cluster:Cluster"
NODE_GROUP = "aws:eks/nodeGroup:NodeGroup"

Token = str | int
_ABSENT = object()


def aws_resources(graph: ResourceGraph) -> list[RegisteredResource]:
    """The vendor's resources of a graph, without providers and components."""
    return [resource for resource in graph.resources if resource.type.startswith("aws:") and resource.custom]


def made_up_ids(graph: ResourceGraph) -> frozenset[str]:
    """The ids that the mock engine gave, which look like no vendor's."""
    return frozenset(resource.id for resource in graph.resources if resource.id)


def at(value: Any, path: str) -> Any:
    """What stands at a dotted path of inputs, list indices included; None where nothing does."""
    for token in _tokens(path):
        if isinstance(token, str):
            value = cast("dict[str, Any]", value).get(token) if isinstance(value, dict) else None
        else:
            items = cast("list[Any]", value) if isinstance(value, list) else []
            value = items[token] if token < len(items) else None
    return value


def changed(resource: RegisteredResource, path: str, value: Any = _ABSENT) -> RegisteredResource:
    """A resource with another value at a dotted path of its inputs; without one, the input is taken away."""
    inputs = copy.deepcopy(resource.inputs)
    *way, last = _tokens(path)
    node: Any = inputs
    for token in way:
        node = node[token] if isinstance(token, int) else node.setdefault(token, {})
    if value is _ABSENT:
        del node[last]
    elif isinstance(last, int):
        # Beyond the end, it is one more item.
        node[last : last + 1] = [value]
    else:
        node[last] = value
    return replace(resource, inputs=inputs)


def without(resource: RegisteredResource, path: str) -> RegisteredResource:
    """A resource without one of its inputs."""
    return changed(resource, path)


def with_resource(graph: ResourceGraph, *resources: RegisteredResource) -> ResourceGraph:
    """A graph with these resources in place of those of the same URN, or beside the others."""
    by_urn = {resource.urn: resource for resource in (*graph.resources, *resources)}
    return ResourceGraph(tuple(by_urn[urn] for urn in sorted(by_urn)), graph.outputs)


def made(type_: str, name: str, **inputs: Any) -> RegisteredResource:
    """A resource that no program declared."""
    urn = f"urn:pulumi:test::argosy::{type_}::{name}"
    noun = type_.rpartition(":")[2].lower()
    return RegisteredResource(type_, name, urn, None, True, f"{noun}-{name}", inputs, {})


def _tokens(path: str) -> list[Token]:
    return [int(token) if token.isdigit() else token for token in path.split(".")]
