"""Every declared input is a real field of the vendor's API with a value that it takes."""

import inspect
import re
from collections.abc import Iterator
from typing import Any, cast

import pytest

from argosy_component.mock_engine import UNKNOWN, RegisteredResource, ResourceGraph

from .api_calls import api_calls, input_violations
from .api_rules import load_rows
from .conftest import declared
from .plans import site_of_everything
from .resources import (
    CLUSTER,
    NODE_GROUP,
    SUBNET,
    TEMPLATE,
    VPC,
    at,
    aws_resources,
    changed,
    made,
    with_resource,
    without,
)
from .service_model import Shape, input_of, operations
from .violations import shown


def faults(resource: RegisteredResource) -> str:
    return shown(api_calls(resource, frozenset({resource.id or ""})).violations)


def test_every_type_that_can_be_declared_has_a_row_and_no_other(
    everything: ResourceGraph, bought: ResourceGraph
) -> None:
    declared = {resource.type for graph in (everything, bought) for resource in aws_resources(graph)}

    assert declared == set(load_rows())


def test_every_input_of_a_site_with_everything_is_one_that_the_vendor_takes(
    everything: ResourceGraph,
) -> None:
    assert "" == shown(input_violations(everything))


def test_every_input_of_a_pool_of_every_type_is_one_that_the_vendor_takes(every_type: ResourceGraph) -> None:
    assert "" == shown(input_violations(every_type))


def test_every_input_of_a_purchase_is_one_that_the_vendor_takes(bought: ResourceGraph) -> None:
    assert "" == shown(input_violations(bought))


def test_what_is_not_known_before_a_first_run_is_no_fault() -> None:
    preview = declared(site_of_everything(), preview=True)

    assert UNKNOWN is preview.of_type(SUBNET)[0].inputs["vpcId"]
    assert "" == shown(input_violations(preview))


def lost_inputs(graph: ResourceGraph) -> list[str]:
    """Inputs that are made of another resource's outputs, and of which nothing arrived."""
    return [
        f"{resource.type} {resource.name}: {key}"
        for resource in aws_resources(graph)
        for key in resource.options.get("propertyDependencies", {})
        if resource.inputs.get(key) in (None, [None])
    ]


def test_no_input_is_lost_on_its_way(everything: ResourceGraph, bought: ResourceGraph) -> None:
    assert [] == lost_inputs(everything) + lost_inputs(bought)


def test_a_lost_input_is_noticed(everything: ResourceGraph) -> None:
    subnet = without(everything.of_type(SUBNET)[0], "vpcId")

    assert [f"{SUBNET} {subnet.name}: vpcId"] == lost_inputs(with_resource(everything, subnet))


def test_a_type_without_a_row_is_a_fault() -> None:
    assert "no row for this type" in faults(made("aws:ec2/eip:Eip", "public"))


def test_a_misspelt_field_is_named_with_what_is_near(everything: ResourceGraph) -> None:
    subnet = changed(everything.of_type(SUBNET)[0], "availabilityZonId", "use1-az4")

    assert "availabilityZonId: ec2.CreateSubnet (CreateSubnetRequest) has no member availabilityZonId; " in (
        faults(subnet)
    )
    assert "nearest: AvailabilityZoneId" in faults(subnet)


def test_a_misspelt_field_deep_in_a_template_is_named_by_its_path(everything: ResourceGraph) -> None:
    template = changed(everything.of_type(TEMPLATE)[0], "networkInterfaces.0.networkCardIndx", 0)

    assert "networkInterfaces[0].networkCardIndx: " in faults(template)
    assert "nearest: NetworkCardIndex" in faults(template)


def names_in(value: Any, path: str = "") -> Iterator[str]:
    """Dotted paths of all names in inputs, but those that a program chooses: tags, labels, dimensions."""
    if isinstance(value, dict):
        for key, member in cast("dict[str, Any]", value).items():
            yield f"{path}{key}"
            if key not in ("dimensions", "labels", "tags"):
                yield from names_in(member, f"{path}{key}.")
    elif isinstance(value, list) and value:
        yield from names_in(value[0], f"{path}0.")


@pytest.mark.parametrize("type_", load_rows())
def test_no_name_in_any_input_can_be_misspelt_unnoticed(
    type_: str, everything: ResourceGraph, bought: ResourceGraph
) -> None:
    resources = [*everything.of_type(type_), *bought.of_type(type_)]
    longest = max(resources, key=lambda one: len(list(names_in(one.inputs))))
    assert list(names_in(longest.inputs))
    for path in names_in(longest.inputs):
        misspelt = changed(without(longest, path), f"{path}Xy", at(longest.inputs, path))
        assert f"{path.rpartition('.')[2]}Xy" in faults(misspelt), path


def test_a_field_in_the_api_s_spelling_is_none_of_the_sdk_s(everything: ResourceGraph) -> None:
    vpc = changed(everything.one(VPC), "CidrBlock", "10.0.0.0/16")

    assert "CidrBlock: the SDK writes no field like that" in faults(vpc)


@pytest.mark.parametrize(
    ("type_", "path", "value", "legal"),
    [
        (TEMPLATE, "instanceType", "p5en.96xlarge", "p5en.48xlarge"),
        (TEMPLATE, "instanceMarketOptions.marketType", "capacity_block", "capacity-block"),
        (TEMPLATE, "networkInterfaces.0.interfaceType", "efa_only", "efa-only"),
        (TEMPLATE, "metadataOptions.httpTokens", "always", "required"),
        (TEMPLATE, "tagSpecifications.0.resourceType", "instances", "instance"),
        (NODE_GROUP, "amiType", "AL2023_ARM64_NVIDIA", "AL2023_ARM_64_NVIDIA"),
        (NODE_GROUP, "capacityType", "RESERVED", "CAPACITY_BLOCK"),
        (NODE_GROUP, "taints.0.effect", "NoSchedule", "NO_SCHEDULE"),
        (NODE_GROUP, "updateConfig.updateStrategy", "SURGE", "MINIMAL"),
        (CLUSTER, "accessConfig.authenticationMode", "IAM", "CONFIG_MAP"),
        (CLUSTER, "enabledClusterLogTypes.0", "apis", "api"),
        ("aws:ec2/placementGroup:PlacementGroup", "strategy", "clusters", "cluster"),
        ("aws:cloudwatch/logGroup:LogGroup", "retentionInDays", 360, "365"),
    ],
)
def test_a_value_that_the_model_does_not_know_is_named_with_legal_ones(
    type_: str, path: str, value: object, legal: str, everything: ResourceGraph
) -> None:
    found = faults(changed(everything.of_type(type_)[0], path, value))

    assert re.search(rf"{value!r} is not a legal value.*legal: .*\b{legal}\b", found), found


@pytest.mark.parametrize(
    ("type_", "path", "value", "expected"),
    [
        (
            TEMPLATE,
            "blockDeviceMappings.0.ebs.volumeSize",
            "200",
            "'200' is given where a whole number stands",
        ),
        (
            TEMPLATE,
            "metadataOptions.httpPutResponseHopLimit",
            1.5,
            "1.5 is given where a whole number stands",
        ),
        (TEMPLATE, "blockDeviceMappings.0.ebs.encrypted", "yes", "'yes' is given where a boolean stands"),
        (TEMPLATE, "networkInterfaces", {}, "{} is given where a list stands"),
        (SUBNET, "mapPublicIpOnLaunch", "false", "'false' is given where a boolean stands"),
        (SUBNET, "cidrBlock", 10, "10 is given where a text stands"),
        (SUBNET, "tags.Name", 7, "7 is given where a text stands"),
        (NODE_GROUP, "labels.role", True, "True is given where a text stands"),
        (NODE_GROUP, "scalingConfig.minSize", True, "True is given where a whole number stands"),
        (NODE_GROUP, "scalingConfig", [], "[] is given where a structure stands"),
    ],
)
def test_a_value_of_another_type_is_a_fault(
    type_: str, path: str, value: object, expected: str, everything: ResourceGraph
) -> None:
    assert expected in faults(changed(everything.of_type(type_)[0], path, value))


@pytest.mark.parametrize(
    ("type_", "path", "value", "expected"),
    [
        (NODE_GROUP, "scalingConfig.maxSize", 0, "0 is less than 1"),
        (NODE_GROUP, "updateConfig.maxUnavailable", 0, "0 is less than 1"),
        (NODE_GROUP, "taints.0.key", "k" * 64, "64 characters is more than 63"),
        (NODE_GROUP, "tags", {f"tag-{number}": "" for number in range(51)}, "51 items is more than 50"),
        (CLUSTER, "name", "prod fleet", "'prod fleet' does not match"),
        (CLUSTER, "name", "p" * 101, "101 characters is more than 100"),
        ("aws:iam/role:Role", "description", "d" * 1001, "1001 characters is more than 1000"),
        ("aws:kms/key:Key", "rotationPeriodInDays", 30, "30 is less than 90"),
        ("aws:kms/key:Key", "deletionWindowInDays", 366, "366 is more than 365"),
        ("aws:cloudwatch/logGroup:LogGroup", "name", "/aws/eks/é", "does not match"),
    ],
)
def test_a_value_beyond_the_model_s_bounds_is_a_fault(
    type_: str, path: str, value: object, expected: str, everything: ResourceGraph
) -> None:
    assert expected in faults(changed(everything.of_type(type_)[0], path, value))


@pytest.mark.parametrize(
    ("type_", "path", "member"),
    [
        (NODE_GROUP, "subnetIds", "eks.CreateNodegroup needs subnets"),
        (NODE_GROUP, "nodeRoleArn", "eks.CreateNodegroup needs nodeRole"),
        (SUBNET, "vpcId", "ec2.CreateSubnet needs VpcId"),
        (CLUSTER, "roleArn", "eks.CreateCluster needs roleArn"),
    ],
)
def test_a_member_that_the_api_needs_and_nobody_gives_is_a_fault(
    type_: str, path: str, member: str, everything: ResourceGraph
) -> None:
    assert member in faults(without(everything.of_type(type_)[0], path))


def test_text_of_a_resource_that_does_not_exist_yet_is_held_against_no_pattern(
    everything: ResourceGraph,
) -> None:
    group = made(
        "aws:fsx/dataRepositoryAssociation:DataRepositoryAssociation", "d", fileSystemId="fs-of-ours"
    )
    group.inputs["dataRepositoryPath"] = "s3://weights"

    assert "" == shown(api_calls(group, frozenset({"fs-of-ours"})).violations)
    assert "does not match" in shown(api_calls(group).violations)


def test_every_call_of_every_row_is_an_operation_of_the_vendor() -> None:
    for row in load_rows().values():
        for call in {row.call, *(rule.call for rule in row.rules.values())} - {None}:
            assert call is not None
            service, _, name = call.partition(".")
            assert name in operations(service)
            assert input_of(call).members


def test_whatever_the_provider_supplies_is_something_that_the_api_needs() -> None:
    for row in load_rows().values():
        for path in row.supplied:
            call, _, member = path.rpartition(".")
            assert member in input_of(call).required, path


def test_legal_values_of_a_rule_are_those_of_the_vendor_s_documentation(
    everything: ResourceGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the model lists no values, its documentation names them: at the leaf, or at the list it is in."""
    asked: dict[tuple[str, ...], Shape] = {}

    def note(shape: Shape, value: Any, legal: tuple[str, ...], made_up: bool) -> None:
        if legal:
            assert not shape.legal, f"the model lists values of {shape.name} itself"
            asked[legal] = shape

    monkeypatch.setattr("tests.oracles.api_calls.fault_of_leaf", note)
    input_violations(everything)

    assert len(asked) >= 8
    for legal, shape in asked.items():
        said = " ".join(shape.said[-3:])
        # Multiples are said in words.
        assert [] == [one for one in legal if one not in said and int(one) % 12_000], said


@pytest.mark.parametrize("type_", load_rows())
def test_every_rule_is_about_an_input_of_the_sdk(type_: str) -> None:
    known = _sdk_inputs(type_)

    assert set() == {name.partition(".")[0] for name in load_rows()[type_].rules} - known


def test_a_rule_about_no_input_would_be_noticed() -> None:
    assert "cidrBlock" in _sdk_inputs(VPC)
    assert "cidrBlok" not in _sdk_inputs(VPC)


def _sdk_inputs(type_: str) -> set[str]:
    """The inputs of the SDK's class for a type, under their names on the wire."""
    import importlib

    _, module, class_name = type_.split(":")
    found = getattr(importlib.import_module(f"pulumi_aws.{module.partition('/')[0]}"), class_name)
    names = inspect.signature(found._internal_init).parameters
    return {re.sub(r"_([a-z0-9])", lambda match: match[1].upper(), name) for name in names}
