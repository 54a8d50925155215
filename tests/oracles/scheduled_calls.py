"""Holds the calls that EventBridge Scheduler makes by itself against the vendor's model of them.

A universal target is `arn:aws:scheduler:::aws-sdk:SERVICE:OPERATION`; its input is the call's parameters as
JSON, every name with a capital. Source: EventBridge Scheduler user guide, universal targets.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, cast

from argosy_component.mock_engine import RegisteredResource, ResourceGraph

from .resources import at
from .service_model import Shape, fault_of_leaf, input_of, nearest, operations
from .violations import Violation

SCHEDULE = "aws:scheduler/schedule:Schedule"
_TARGET = re.compile(r"arn:aws:scheduler:::aws-sdk:([a-z0-9]+):([a-z][A-Za-z0-9]+)")


def scheduled_call_violations(graph: ResourceGraph) -> list[Violation]:
    """What the vendor would refuse of the scheduled calls of a graph, when nobody is there to see it."""
    return [
        Violation(schedule.name, schedule.type, path, message)
        for schedule in graph.of_type(SCHEDULE)
        for path, message in _faults(schedule, graph)
    ]


def _faults(schedule: RegisteredResource, graph: ResourceGraph) -> Iterator[tuple[str, str]]:
    target = str(at(schedule.inputs, "target.arn"))
    match = _TARGET.fullmatch(target)
    if match is None:
        yield "target.arn", f"{target} is no universal target"
        return
    service, name = match[1], _capital(match[2])
    if name not in operations(service):
        near = nearest(name, operations(service))
        yield "target.arn", f"{service} has no operation {name}; nearest: {near}"
        return
    parameters = json.loads(str(at(schedule.inputs, "target.input")))
    yield from _faults_of_value(parameters, input_of(f"{service}.{name}"), "target.input")
    if f"{service}:{name}" not in _allowed(str(at(schedule.inputs, "target.roleArn")), graph):
        yield "target.roleArn", f"the role does not allow {service}:{name}"


def _faults_of_value(value: Any, shape: Shape, path: str) -> Iterator[tuple[str, str]]:
    if shape.kind == "structure" and isinstance(value, dict):
        yield from _faults_of_structure(cast("dict[str, Any]", value), shape, path)
    elif shape.kind == "list" and isinstance(value, list):
        for index, item in enumerate(cast("list[Any]", value)):
            item_shape = shape.below(index)
            assert item_shape is not None
            yield from _faults_of_value(item, item_shape, f"{path}[{index}]")
    elif fault := fault_of_leaf(shape, value, (), made_up=False):
        yield path, fault


def _faults_of_structure(given: Mapping[str, Any], shape: Shape, path: str) -> Iterator[tuple[str, str]]:
    known = {_capital(name): name for name in shape.members}
    for name in sorted(given.keys() - known.keys()):
        yield f"{path}.{name}", f"{shape.name} has no {name}; nearest: {nearest(name, known)}"
    for name in shape.required:
        if _capital(name) not in given:
            yield path, f"{shape.name} needs {name}"
    for name in sorted(given.keys() & known.keys()):
        below = shape.below(known[name])
        assert below is not None
        yield from _faults_of_value(given[name], below, f"{path}.{name}")


def _capital(name: str) -> str:
    return name[0].upper() + name[1:]


def _allowed(role_arn: str, graph: ResourceGraph) -> set[str]:
    role = role_arn.rpartition("/")[2]
    documents = [
        json.loads(policy.inputs["policy"])
        for policy in graph.of_type("aws:iam/rolePolicy:RolePolicy")
        if policy.inputs.get("role") == role
    ]
    return {
        action
        for document in documents
        for statement in document["Statement"]
        if statement["Effect"] == "Allow"
        for action in statement["Action"]
    }
