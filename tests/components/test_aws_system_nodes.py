from collections.abc import Callable
from dataclasses import replace

import pytest

from argosy_aws.descriptor import PROVIDER
from argosy_component.contract import SitePlan
from argosy_component.mock_engine import ResourceGraph, run_program

from ..aws_plans import aws_plan, site_settings
from .once import once

NODE_GROUP = "aws:eks/nodeGroup:NodeGroup"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
ADDON = "aws:eks/addon:Addon"
NAME = "aws-use1.system"
PLAN = aws_plan(
    settings=site_settings(
        image_release="1.34.1-20251120", system_nodes={"instance_type": "m7i.xlarge", "nodes": 3}
    ),
)
World = Callable[..., ResourceGraph]


@pytest.fixture(scope="module")
def world() -> World:
    @once
    def make(plan: SitePlan = PLAN) -> ResourceGraph:
        return run_program(lambda: PROVIDER.declare_site(plan))

    return make


def test_a_site_without_any_node_in_its_pools_has_nodes_for_its_own_software(world: World) -> None:
    group = world().one(NODE_GROUP, NAME).inputs

    assert {"minSize": 3, "maxSize": 3, "desiredSize": 3} == group["scalingConfig"]
    assert "m7i.xlarge" == world().one(TEMPLATE, NAME).inputs["instanceType"]
    assert "1.34.1-20251120" == group["releaseVersion"]
    assert "taints" not in group


def test_they_stand_in_both_zones_of_the_control_plane(world: World) -> None:
    subnets = world().one(NODE_GROUP, NAME).inputs["subnetIds"]

    assert ["subnet-aws-use1-control-use1-az1", "subnet-aws-use1-control-use1-az2"] == subnets


def test_two_are_bought_where_the_file_says_nothing(world: World) -> None:
    group = world(replace(PLAN, settings=None)).one(NODE_GROUP, NAME).inputs

    assert 2 == group["scalingConfig"]["desiredSize"]


@pytest.mark.parametrize("addon", ["coredns", "aws-ebs-csi-driver"])
def test_what_runs_on_them_waits_for_them(world: World, addon: str) -> None:
    graph = world()

    assert graph.one(NODE_GROUP, NAME).urn in graph.one(ADDON, f"aws-use1-{addon}").options["dependsOn"]


def test_their_volumes_are_encrypted_and_their_metadata_demands_tokens(world: World) -> None:
    template = world().one(TEMPLATE, NAME).inputs

    volume = template["blockDeviceMappings"][0]["ebs"]
    assert ("true", True) == (volume["encrypted"], volume["kmsKeyId"].endswith("key/aws-use1-volumes"))
    assert "required" == template["metadataOptions"]["httpTokens"]
    assert "false" == template["networkInterfaces"][0]["associatePublicIpAddress"]


def test_one_node_alone_is_refused() -> None:
    with pytest.raises(ValueError, match="greater than or equal to 2"):
        site_settings(system_nodes={"nodes": 1})
