"""Holds the policy documents of a graph against what IAM knows: real actions, whole statements, no `*:*`."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, cast

from argosy_component.mock_engine import RegisteredResource, ResourceGraph

from .service_model import nearest, operations
from .tables import HERE, read_table
from .violations import Violation

Kind = Literal["trust", "identity", "resource", "endpoint"]

_KEYS = {"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource",
         "Condition"}  # fmt: skip
_ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
_VERSION = "2012-10-17"
_SET_OPERATOR = re.compile(r"^(ForAllValues|ForAnyValue):")


@dataclass(frozen=True)
class IamTables:
    """What `iam_actions.yaml` says."""

    prefixes: Mapping[str, tuple[str, ...]]
    not_operations: Mapping[str, str]
    misnomers: frozenset[str]
    operators: frozenset[str]
    documents: Mapping[str, Mapping[str, Kind]]
    longest_of_a_role: int
    """Characters of all inline policies of one role."""


@cache
def load_tables() -> IamTables:
    """The tables, read once."""
    content = read_table(HERE / "iam_actions.yaml")
    return IamTables(
        prefixes={prefix: tuple(models) for prefix, models in content["prefixes"].items()},
        not_operations=content["not_operations"],
        misnomers=frozenset(content["misnomers"]),
        operators=frozenset(content["operators"]),
        documents=content["documents"],
        longest_of_a_role=content["longest_of_a_role"],
    )


@cache
def actions(prefix: str) -> frozenset[str]:
    """Every known action of a prefix, e.g. `eks:DescribeCluster` of `eks`; none of an unknown prefix."""
    tables = load_tables()
    models = tables.prefixes.get(prefix, ())
    called = {f"{prefix}:{name}" for model in models for name in operations(model)}
    others = {action for action in tables.not_operations if action.startswith(f"{prefix}:")}
    return frozenset((called - tables.misnomers) | others)


def document_violations(graph: ResourceGraph) -> list[Violation]:
    """What is wrong with the policy documents of a graph. Also finds documents where no table expects one."""
    return [
        Violation(resource.name, resource.type, path, fault)
        for resource in graph.resources
        for path, fault in _faults_of_resource(resource)
    ] + _too_long(graph)


def _too_long(graph: ResourceGraph) -> list[Violation]:
    """Roles whose inline policies together are longer than IAM takes, which counts no white space."""
    most, policies = load_tables().longest_of_a_role, graph.of_type(_ROLE_POLICY)
    sizes: Counter[str] = Counter()
    for policy in policies:
        sizes[policy.inputs["role"]] += sum(not sign.isspace() for sign in policy.inputs["policy"])
    return [
        Violation(policy.name, policy.type, "policy", f"its role's policies have {size} characters of {most}")
        for policy in policies
        if (size := sizes[policy.inputs["role"]]) > most
    ]


def faults_of_document(text: str, kind: Kind) -> list[str]:
    """What is wrong with one document."""
    try:
        content = json.loads(text)
    except ValueError as error:
        return [f"is no JSON: {error}"]
    if not isinstance(content, dict):
        return ["is no JSON object"]
    policy = cast(dict[str, Any], content)
    faults: list[str] = []
    if policy.get("Version") != _VERSION:
        faults.append(f"Version is {policy.get('Version')!r}, not {_VERSION!r}")
    statements = _listed(policy.get("Statement"))
    if not statements:
        faults.append("holds no statement")
    for index, statement in enumerate(statements):
        faults += [f"statement {index}: {fault}" for fault in _faults_of_statement(statement, kind)]
    return faults


def _faults_of_resource(resource: RegisteredResource) -> Iterator[tuple[str, str]]:
    known = load_tables().documents.get(resource.type, {})
    for path, value in resource.inputs.items():
        if not isinstance(value, str):
            continue
        if path in known:
            yield from ((path, fault) for fault in faults_of_document(value, known[path]))
        elif '"Statement"' in value:
            yield path, "holds a policy document, and the tables do not say of what kind"


def _faults_of_statement(statement: Mapping[str, Any], kind: Kind) -> Iterator[str]:
    yield from (f"IAM knows no {key}" for key in sorted(statement.keys() - _KEYS))
    if statement.get("Effect") not in ("Allow", "Deny"):
        yield f"Effect is {statement.get('Effect')!r}"
    yield from _faults_of_parties(statement, kind)
    allowed = statement.get("Effect") == "Allow"
    named = [action for key in ("Action", "NotAction") for action in _listed(statement.get(key))]
    if not named:
        yield "names no action"
    if allowed and "NotAction" in statement:
        yield "allows all actions but some"
    for action in named:
        yield from _faults_of_action(str(action), kind, allowed)
    yield from _faults_of_conditions(statement.get("Condition", {}))


def _faults_of_parties(statement: Mapping[str, Any], kind: Kind) -> Iterator[str]:
    principal = "Principal" in statement
    if kind == "identity" and principal:
        yield "names a principal, and the principal is whoever has the role"
    if kind != "identity" and not principal:
        yield "names no principal"
    if kind == "trust" and "Resource" in statement:
        yield "names a resource, and the resource is the role itself"
    if kind != "trust" and not _listed(statement.get("Resource")):
        yield "names no resource"
    open_to_all = principal and "*" in _everyone(statement["Principal"])
    # Through an endpoint everyone may reach what it names: whoever owns that has the last word.
    named = kind == "endpoint" and "*" not in _listed(statement.get("Resource"))
    if open_to_all and statement.get("Effect") == "Allow" and not statement.get("Condition") and not named:
        yield "lets in everyone, under no condition"


def _faults_of_action(action: str, kind: Kind, allowed: bool) -> Iterator[str]:
    if action in ("*", "*:*"):
        if allowed:
            yield f"{action} allows everything"
        return
    prefix, _, name = action.partition(":")
    known = actions(prefix)
    if not known:
        near = nearest(prefix, load_tables().prefixes)
        yield f"{action}: the tables know no prefix {prefix!r}; nearest: {near}"
    elif name == "*":
        # On a resource the whole service is that resource's; to a role it would be everyone's.
        if kind == "identity" and allowed:
            yield f"{action} allows all of a service"
    elif "*" in name or "?" in name:
        pattern = re.compile(re.escape(action).replace(r"\*", ".*").replace(r"\?", "."))
        if not any(pattern.fullmatch(one) for one in known):
            yield f"{action} matches no action"
    elif action not in known:
        yield f"{action} is no action; nearest: {nearest(action, known)}"


def _faults_of_conditions(conditions: Mapping[str, Any]) -> Iterator[str]:
    for operator, tests in conditions.items():
        plain = _SET_OPERATOR.sub("", operator).removesuffix("IfExists")
        if plain not in load_tables().operators:
            yield f"{operator} is no operator; nearest: {nearest(plain, load_tables().operators)}"
        if not isinstance(tests, dict) or not tests:
            yield f"{operator} tests nothing"


def _everyone(principal: Any) -> list[Any]:
    if isinstance(principal, dict):
        parties = cast("dict[str, Any]", principal)
        return [one for named in parties.values() for one in _listed(named)]
    return _listed(principal)


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return cast("list[Any]", value) if isinstance(value, list) else [value]
