"""Which resources a change of the program would replace or delete, against what was declared before.

A fingerprint of a graph holds, for each resource of the vendor, its URN, its id, and those of its inputs that
the provider cannot change in place (`replace_forcing.yaml`). A resource may take another URN if the new one
names the old among its aliases; what its id stood for is followed through the inputs of others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

from argosy_component.mock_engine import RegisteredResource, ResourceGraph

from .resources import at, aws_resources
from .tables import HERE, read_table

Fingerprint = Mapping[str, Mapping[str, Any]]
"""By URN: `id`, and `fields` that force a replacement, by dotted path."""


@dataclass(frozen=True)
class Forcing:
    """The inputs of one resource type that the provider cannot change in place."""

    fields: tuple[str, ...]
    source: str
    verified: bool
    """Whether the provider's own source was read, and not its documentation or a habit of the API."""


@cache
def load_forcing() -> Mapping[str, Forcing]:
    """The table, by resource type."""
    return {
        type_: Forcing(tuple(row["fields"]), str(row["source"]), bool(row["verified"]))
        for type_, row in read_table(HERE / "replace_forcing.yaml").items()
    }


def fingerprint(graph: ResourceGraph) -> dict[str, dict[str, Any]]:
    """What must not change by accident. Raises KeyError for a type that the table does not know."""
    return {
        resource.urn: {
            "id": resource.id,
            "fields": {
                field: value
                for field in load_forcing()[resource.type].fields
                if (value := at(resource.inputs, field)) is not None
            },
        }
        for resource in aws_resources(graph)
    }


def replacements(before: Fingerprint, graph: ResourceGraph) -> list[str]:
    """What would be deleted or replaced if `graph` were brought up where `before` stands."""
    after = fingerprint(graph)
    moved = _moved(before, graph)
    ids = {after[new]["id"]: before[old]["id"] for new, old in moved.items()}
    faults = [f"{urn} would be deleted" for urn in sorted(before.keys() - after.keys() - set(moved.values()))]
    for urn in sorted(after):
        old = moved.get(urn, urn)
        if old in before:
            faults += _changes(urn, before[old]["fields"], _in_old_ids(after[urn]["fields"], ids))
    return faults


def unguarded(before: Fingerprint, graph: ResourceGraph) -> list[str]:
    """URNs of resources that the fingerprint does not know, under no name of theirs."""
    known = before.keys() | _moved(before, graph).keys()
    return sorted(urn for urn in fingerprint(graph) if urn not in known)


def _changes(urn: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    for field in sorted(before.keys() | after.keys()):
        if before.get(field) != after.get(field):
            was, would_be = before.get(field), after.get(field)
            yield f"{urn} would be replaced: {field} was {was!r} and would be {would_be!r}"


def _moved(before: Fingerprint, graph: ResourceGraph) -> dict[str, str]:
    """URN of each resource that goes by another name now, to the URN it had."""
    moved: dict[str, str] = {}
    for resource in aws_resources(graph):
        if resource.urn not in before:
            known = [alias for alias in aliases(resource, graph) if alias in before]
            if known:
                moved[resource.urn] = known[0]
    return moved


def aliases(resource: RegisteredResource, graph: ResourceGraph) -> list[str]:
    """Every URN that a resource may have had: by its own aliases, and by those of what it stands below.

    Reckoned as the SDK does (`all_aliases` of pulumi.runtime.resource): a child whose name begins with its
    parent's follows the parent's old name, whatever the child itself was called.
    """
    own = [_collapsed(alias, resource) for alias in resource.options.get("aliases", [])]
    parent = next((one for one in graph.resources if one.urn == resource.parent), None)
    if parent is None:
        return own
    called = [(resource.name, resource.type), *((_name(urn), _type(urn)) for urn in own)]
    return [
        *own,
        *(
            _urn(resource, before, _followed(name, parent.name, _name(before)), type_)
            for before in aliases(parent, graph)
            for name, type_ in called
        ),
    ]


def _collapsed(alias: str | Mapping[str, Any], resource: RegisteredResource) -> str:
    """The URN that an alias stands for."""
    if isinstance(alias, str):
        return alias
    parent = None if alias.get("noParent") else alias.get("parentUrn", resource.parent)
    return _urn(resource, parent, alias.get("name", resource.name), alias.get("type", resource.type))


def _followed(name: str, parent: str, parent_before: str) -> str:
    return parent_before + name.removeprefix(parent) if name.startswith(parent) else name


def _name(urn: str) -> str:
    return urn.rpartition("::")[2]


def _type(urn: str) -> str:
    return urn.split("::")[2].rpartition("$")[2]


def _urn(resource: RegisteredResource, parent: str | None, name: str, type_: str) -> str:
    stack, project, *_ = resource.urn.split("::")
    above = parent.split("::")[2] if parent else ""
    # The stack itself is in no resource's type.
    way = "" if above in ("", "pulumi:pulumi:Stack") else f"{above}$"
    return f"{stack}::{project}::{way}{type_}::{name}"


def _in_old_ids(value: Any, ids: Mapping[str | None, str]) -> Any:
    """A value in which ids of resources that go by another name now are those they had."""
    if isinstance(value, dict):
        return {key: _in_old_ids(member, ids) for key, member in cast("dict[str, Any]", value).items()}
    if isinstance(value, list):
        return [_in_old_ids(item, ids) for item in cast("list[Any]", value)]
    return ids.get(value, value) if isinstance(value, str) else value
