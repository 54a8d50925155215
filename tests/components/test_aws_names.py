"""Every name that a site gives, or lets be made, is one that AWS takes, however long a fleet's names are."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import botocore.session  # pyright: ignore[reportMissingTypeStubs]
import pulumi_aws as aws
import pytest

from argosy.catalog import load_catalog
from argosy.planner.plan import plan_capacity
from argosy.providers import load_providers
from argosy.resolve import resolve
from argosy.spec.loader import load_spec
from argosy_aws.descriptor import PROVIDER
from argosy_component.mock_engine import ResourceGraph
from argosy_component.mock_engine.graph import RegisteredResource
from argosy_component.site_plan import site_plans
from argosy_component.testing import Declare

SAMPLE = Path(__file__).parents[1] / "fixtures" / "fleets" / "every-aws-capacity.yaml"
UNIQUE = len("-0123abc")
"""What Pulumi puts behind a resource's name where the program gives none."""

# Type to service, operation and parameter of the vendor's own model, which knows the limit.
MODELLED: Mapping[str, tuple[str, str, str]] = {
    "aws:cloudwatch/eventRule:EventRule": ("events", "PutRule", "Name"),
    "aws:cloudwatch/logGroup:LogGroup": ("logs", "CreateLogGroup", "logGroupName"),
    "aws:eks/cluster:Cluster": ("eks", "CreateCluster", "name"),
    "aws:iam/policy:Policy": ("iam", "CreatePolicy", "PolicyName"),
    "aws:iam/role:Role": ("iam", "CreateRole", "RoleName"),
    "aws:iam/rolePolicy:RolePolicy": ("iam", "PutRolePolicy", "PolicyName"),
    "aws:scheduler/schedule:Schedule": ("scheduler", "CreateSchedule", "Name"),
    "aws:scheduler/scheduleGroup:ScheduleGroup": ("scheduler", "CreateScheduleGroup", "Name"),
    "aws:resourcegroups/group:Group": ("resource-groups", "CreateGroup", "Name"),
    "aws:rolesanywhere/profile:Profile": ("rolesanywhere", "CreateProfile", "name"),
    "aws:rolesanywhere/trustAnchor:TrustAnchor": ("rolesanywhere", "CreateTrustAnchor", "name"),
}
# Limits of which the models say nothing. Sources: the services' API references and user guides.
WRITTEN: Mapping[str, int] = {
    "aws:ec2/launchTemplate:LaunchTemplate": 128,
    "aws:ec2/placementGroup:PlacementGroup": 255,
    "aws:ec2/securityGroup:SecurityGroup": 255,
    "aws:eks/nodeGroup:NodeGroup": 63,
    "aws:kms/alias:Alias": 256,
    "aws:s3/bucket:Bucket": 63,
    "aws:s3/bucketV2:BucketV2": 63,
    "aws:sqs/queue:Queue": 80,
}
# What the provider puts behind a prefix: a time stamp and a counter.
AFTER_PREFIX = 26


@cache
def limit_of(kind: str) -> int | None:
    """Most characters of a name of this type; None for a type without names."""
    if kind in WRITTEN:
        return WRITTEN[kind]
    if kind not in MODELLED:
        return None
    service, operation, parameter = MODELLED[kind]
    session: Any = botocore.session.Session()
    shape = session.get_service_model(service).operation_model(operation).input_shape
    return int(shape.members[parameter].metadata["max"])


def lengths(resource: RegisteredResource) -> Iterator[int]:
    """How long the names of a resource become."""
    given = [(key, value) for key, value in resource.inputs.items() if is_name(key)]
    for key, value in given:
        assert isinstance(value, str), resource.urn
        yield len(value) + (AFTER_PREFIX if key.endswith("Prefix") else 0)
    if not given:
        yield len(resource.name) + UNIQUE


def is_name(key: str) -> bool:
    return key in ("bucket", "bucketPrefix", "name", "namePrefix", "nodeGroupName", "nodeGroupNamePrefix")


def too_long(graph: ResourceGraph) -> list[str]:
    """Resources whose names AWS would not take, by how many characters."""
    return [
        f"{resource.type} {resource.name}: {length} of {limit}"
        for resource in graph.resources
        if resource.custom and (limit := limit_of(resource.type)) is not None
        for length in lengths(resource)
        if length > limit
    ]


@pytest.fixture
def world(tmp_path: Path, declare: Declare) -> Callable[..., ResourceGraph]:
    """The graph of the sample's first site, with other names of its sites, pools and buckets."""

    def make(names: Mapping[str, str], site: str = "aws-use1") -> ResourceGraph:
        folder = tmp_path / "tests" / "fixtures" / "fleets"
        shutil.copytree(SAMPLE.parent, folder)
        (tmp_path / "Pulumi.yaml").write_text("name: argosy\n")
        for file in (folder / SAMPLE.name, folder / "inventories" / "oslo.yaml"):
            file.write_text(renamed(file.read_text(encoding="utf-8"), names), encoding="utf-8")
        fleet, catalog = load_spec(str(folder / SAMPLE.name)), load_catalog()
        assert [] == resolve(fleet, catalog, load_providers())
        [plan] = site_plans(fleet, plan_capacity(fleet, catalog, None), catalog, site)
        return declare(lambda: PROVIDER.declare_site(plan))

    return make


def renamed(text: str, names: Mapping[str, str]) -> str:
    """The text with other words where one stands as a key, in a list, or alone behind a colon."""
    for old, new in names.items():
        text = re.sub(rf"(?<![\w./-]){old}(?=:|\]|}}|,|$)(?<!holds: {old})", new, text, flags=re.MULTILINE)
    return text


def test_names_of_usual_length_are_taken(world: Callable[..., ResourceGraph]) -> None:
    assert [] == too_long(world({}))


def test_long_names_that_are_not_refused_are_taken(world: Callable[..., ResourceGraph]) -> None:
    names = {
        # As long as a cluster on Google Cloud lets it be.
        "every-aws-capacity": "f" * 38,
        "gcp-euw4": "g",
        "aws-use1": "s" * 40,
        "serve-p5en": "p" * 27,
        "train-b300": "b" * 27,
        "train-gb200": "g" * 22,
        "checkpoints": "c" * 40,
        "weights": "w" * 40,
        "scratch": "l" * 40,
        "oslo": "h" * 40,
    }

    assert [] == too_long(world(names, site=names["aws-use1"]))


def test_a_name_that_is_too_long_is_found(declare: Declare) -> None:
    graph = declare(lambda: aws.iam.Role("r" * 57, assume_role_policy="{}"))

    assert [f"aws:iam/role:Role {'r' * 57}: 65 of 64"] == too_long(graph)
