"""A change of the program that would replace or delete what stands is seen before it happens."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi.runtime.resource import all_aliases

from argosy_component.mock_engine import RegisteredResource, ResourceGraph, run_program
from argosy_component.mock_engine.graph import as_json

from .api_rules import load_rows
from .resources import NODE_GROUP, TEMPLATE, aws_resources, changed, with_resource
from .upgrades import Fingerprint, aliases, fingerprint, load_forcing, replacements, unguarded

GOLDEN = Path(__file__).parent / "golden" / "upgrade.json"
NAME = "aws-use1-c-reserved-use1-az4"


def test_what_stands_is_neither_replaced_nor_deleted(
    everything: ResourceGraph, request: pytest.FixtureRequest
) -> None:
    """`--update-snapshots` notes what is new, and accepts no replacement: for that, delete the file first."""
    before: Fingerprint = json.loads(GOLDEN.read_text(encoding="utf-8")) if GOLDEN.exists() else {}
    assert [] == replacements(before, everything)

    if request.config.getoption("--update-snapshots"):
        GOLDEN.parent.mkdir(exist_ok=True)
        GOLDEN.write_text(as_json(fingerprint(everything)), encoding="utf-8")
    else:
        assert [] == unguarded(before, everything), f"note it in {GOLDEN.name} with --update-snapshots"


def test_a_resource_that_is_not_noted_is_not_guarded(everything: ResourceGraph) -> None:
    before, group = fingerprint(everything), node_group(everything)

    assert [] == unguarded(before, everything)
    assert [group.urn] == unguarded({urn: was for urn, was in before.items() if urn != group.urn}, everything)


def test_every_type_that_is_declared_is_in_the_table(
    everything: ResourceGraph, bought: ResourceGraph
) -> None:
    declared = {resource.type for graph in (everything, bought) for resource in aws_resources(graph)}

    assert set() == declared - set(load_forcing())


def test_whatever_has_a_row_of_calls_has_one_here() -> None:
    assert set(load_rows()) == set(load_forcing())


def test_the_types_that_hold_nodes_and_data_are_verified() -> None:
    for type_ in ("aws:eks/cluster:Cluster", NODE_GROUP, "aws:fsx/lustreFileSystem:LustreFileSystem"):
        assert load_forcing()[type_].verified


def node_group(graph: ResourceGraph) -> RegisteredResource:
    return graph.one(NODE_GROUP, NAME)


def renamed(resource: RegisteredResource, name: str, *known_as: Any) -> RegisteredResource:
    """A resource under another name, and under the aliases that its options then hold."""
    urn = resource.urn.removesuffix(resource.name) + name
    options = {**resource.options, "aliases": list(known_as)} if known_as else resource.options
    return replace(
        resource, name=name, urn=urn, id=f"{(resource.id or '').split('-')[0]}-{name}", options=options
    )


def instead(graph: ResourceGraph, old: RegisteredResource, new: RegisteredResource) -> ResourceGraph:
    return with_resource(replace(graph, resources=tuple(r for r in graph.resources if r.urn != old.urn)), new)


def test_a_pool_that_is_renamed_without_an_alias_would_be_deleted(everything: ResourceGraph) -> None:
    group = node_group(everything)
    after = instead(everything, group, renamed(group, "aws-use1-other-use1-az4"))

    assert [f"{group.urn} would be deleted"] == replacements(fingerprint(everything), after)


@pytest.mark.parametrize("as_text", [True, False])
def test_a_pool_that_is_renamed_with_an_alias_stays(as_text: bool, everything: ResourceGraph) -> None:
    group = node_group(everything)
    alias = group.urn if as_text else {"name": group.name}
    after = instead(everything, group, renamed(group, "aws-use1-other-use1-az4", alias))

    assert [] == replacements(fingerprint(everything), after)


def test_an_alias_of_something_else_does_not_help(everything: ResourceGraph) -> None:
    group = node_group(everything)
    after = instead(everything, group, renamed(group, "aws-use1-other-use1-az4", {"name": "aws-use1-third"}))

    assert [f"{group.urn} would be deleted"] == replacements(fingerprint(everything), after)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("capacityType", "SPOT"),
        ("amiType", "AL2023_ARM_64_NVIDIA"),
        ("nodeGroupNamePrefix", "other-"),
        ("launchTemplate.id", "launchtemplate-other"),
        ("subnetIds", ["subnet-other"]),
        ("instanceTypes", ["p5en.48xlarge"]),
    ],
)
def test_a_field_that_forces_a_replacement_is_seen(
    path: str, value: object, everything: ResourceGraph
) -> None:
    group = node_group(everything)
    after = with_resource(everything, changed(group, path, value))

    [fault] = replacements(fingerprint(everything), after)
    assert f"{group.urn} would be replaced: {path} was " in fault


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("scalingConfig.maxSize", 99),
        ("labels.team", "vision"),
        ("launchTemplate.version", "2"),
        ("version", "1.35"),
        ("updateConfig.maxUnavailable", 2),
    ],
)
def test_a_field_that_is_changed_in_place_is_none(
    path: str, value: object, everything: ResourceGraph
) -> None:
    after = with_resource(everything, changed(node_group(everything), path, value))

    assert [] == replacements(fingerprint(everything), after)


def test_a_new_pool_replaces_nothing(everything: ResourceGraph) -> None:
    after = with_resource(everything, renamed(node_group(everything), "aws-use1-new-use1-az4"))

    assert [] == replacements(fingerprint(everything), after)


def test_what_others_name_may_be_renamed_with_an_alias(everything: ResourceGraph) -> None:
    """Its new id stands in the inputs of whatever names it, and is the old one all the same."""
    template = everything.one(TEMPLATE, "aws-use1-c-reserved")
    moved = renamed(template, "aws-use1-held", {"name": template.name})
    group = changed(node_group(everything), "launchTemplate.id", moved.id)
    after = with_resource(instead(everything, template, moved), group)

    assert [] == replacements(fingerprint(everything), after)


def test_what_others_name_may_not_be_renamed_without_one(everything: ResourceGraph) -> None:
    template = everything.one(TEMPLATE, "aws-use1-c-reserved")
    moved = renamed(template, "aws-use1-held")
    group = changed(node_group(everything), "launchTemplate.id", moved.id)
    faults = replacements(fingerprint(everything), with_resource(instead(everything, template, moved), group))

    assert [
        f"{template.urn} would be deleted",
        f"{group.urn} would be replaced: launchTemplate.id was {template.id!r} and would be {moved.id!r}",
    ] == faults


def test_children_follow_the_alias_of_their_parent(everything: ResourceGraph) -> None:
    pool = everything.one("argosy:index:EksNodePool", "aws-use1-c-reserved")
    after = replace(
        everything,
        resources=tuple(
            replace(
                resource,
                name=resource.name.replace("c-reserved", "held"),
                urn=resource.urn.replace("::aws-use1-c-reserved", "::aws-use1-held"),
                parent=(resource.parent or "").replace("::aws-use1-c-reserved", "::aws-use1-held"),
                options={**resource.options, "aliases": [{"name": pool.name}]}
                if resource is pool
                else resource.options,
            )
            if resource is pool or resource.parent == pool.urn
            else resource
            for resource in everything.resources
        ),
    )

    assert [] == replacements(fingerprint(everything), after)
    bare = replace(after, resources=tuple(replace(r, options={}) for r in after.resources))
    assert [] != replacements(fingerprint(everything), bare)


def test_aliases_are_reckoned_as_the_sdk_does() -> None:
    """A component was renamed and moved, and its child renamed: by each alias, and by both together."""
    known: list[str] = []

    def program() -> None:
        component = pulumi.ComponentResource(
            "lab:index:Pool", "new", opts=_known_as("old", pulumi.Alias(parent=pulumi.ROOT_STACK_RESOURCE))
        )
        child = [pulumi.Alias(name="new-was"), pulumi.Alias(type_="lab:index:Other"), "urn:pulumi:a::b::c::d"]
        pulumi.CustomResource(
            "lab:index:Node", "new-node", opts=pulumi.ResourceOptions(parent=component, aliases=child)
        )
        for alias in all_aliases(child, "new-node", "lab:index:Node", component):
            pulumi.Output.from_input(alias).apply(known.append)

    graph = run_program(program)

    assert len(known) == 3 + 2 * 4
    assert sorted(known) == sorted(aliases(graph.one("lab:index:Node"), graph))


def _known_as(*names: str | pulumi.Alias) -> pulumi.ResourceOptions:
    return pulumi.ResourceOptions(
        aliases=[pulumi.Alias(name=name) if isinstance(name, str) else name for name in names]
    )
