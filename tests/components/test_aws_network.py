"""The graph of a site's network: where things stand, who may talk, and what is written down about it."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pulumi
import pytest

from argosy_aws.network.vpc import declare_network
from argosy_aws.scope import SiteScope
from argosy_component.contract import PeerPlan
from argosy_component.mock_engine import ResourceGraph, run_program

from ..aws_plans import aws_plan, site_settings
from .once import once

SUBNET = "aws:ec2/subnet:Subnet"
ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
GROUP = "aws:ec2/securityGroup:SecurityGroup"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
ZONE_GROUP = "aws:ec2/availabilityZoneGroup:AvailabilityZoneGroup"
FLOW_LOG = "aws:ec2/flowLog:FlowLog"

PLAN = aws_plan(
    peers=(PeerPlan("oslo", "metal", cidr="10.48.0.0/16"),),
)
VPNS = [
    {"location": "east room", "address": "8.8.4.4", "asn": 65010},
    {"location": "west room", "address": "8.8.8.8", "asn": 65010},
]
LINKED: dict[str, Any] = {"halls": {"oslo": {"vpn": VPNS}}}
JOINED: dict[str, Any] = {
    "halls": {"oslo": {"vpn": VPNS, "joins": {"pods": "10.49.0.0/16", "certificate_authority": "ca.pem"}}}
}
World = Callable[..., ResourceGraph]


@pytest.fixture(scope="module")
def world() -> World:
    """The network of a site with nodes in the given zones."""

    @once
    def make(*zones: str, **settings: Any) -> ResourceGraph:
        plan = replace(PLAN, settings=site_settings(**settings))
        return run_program(lambda: declare_network(SiteScope.of(plan, pulumi.ResourceOptions()), zones))

    return make


def services(graph: ResourceGraph) -> dict[str, str]:
    return {
        endpoint.inputs["serviceName"].removeprefix("com.amazonaws.us-east-1."): endpoint.inputs[
            "vpcEndpointType"
        ]
        for endpoint in graph.of_type(ENDPOINT)
    }


def test_all_traffic_is_written_down_minute_by_minute(world: World) -> None:
    log = world("use1-az4").one(FLOW_LOG).inputs

    assert ("ALL", 60, "cloud-watch-logs") == (
        log["trafficType"],
        log["maxAggregationInterval"],
        log["logDestinationType"],
    )
    assert "vpc-aws-use1-vpc" == log["vpcId"]
    assert log["logDestination"].endswith("/aws-use1-flows")
    assert log["iamRoleArn"].endswith("/aws-use1-flows")


def test_flow_logs_are_kept_a_quarter_of_a_year_under_a_key_of_the_network_s_own(world: World) -> None:
    graph = world("use1-az4")
    group = graph.one("aws:cloudwatch/logGroup:LogGroup", "aws-use1-flows").inputs

    assert ("/aws/vpc/prod-aws-use1/flows", 90) == (group["name"], group["retentionInDays"])
    assert group["kmsKeyId"].endswith("key/aws-use1-network-logs")
    key = graph.one("aws:kms/key:Key", "aws-use1-network-logs").inputs
    assert key["enableKeyRotation"]
    assert "log-group:/aws/vpc/prod-aws-use1/flows" in key["policy"]


def test_flow_logs_wait_for_the_right_to_write(world: World) -> None:
    graph = world("use1-az4")

    assert any("aws-use1-flows-write" in urn for urn in graph.one(FLOW_LOG).options["dependsOn"])
    rights = json.loads(graph.one("aws:iam/rolePolicy:RolePolicy", "aws-use1-flows-write").inputs["policy"])
    assert not any("*" == action for rule in rights["Statement"] for action in rule["Action"])


def test_what_a_private_cluster_calls_is_inside_the_network(world: World) -> None:
    found = services(world("use1-az4"))

    for needed in (
        "ec2",
        "ecr.api",
        "ecr.dkr",
        "eks",
        "eks-auth",
        "elasticloadbalancing",
        "logs",
        "ssm",
        "sts",
    ):
        assert "Interface" == found[needed]
    assert "Gateway" == found["s3"]


def test_every_endpoint_with_addresses_answers_to_the_service_s_public_name(world: World) -> None:
    for endpoint in world("use1-az4", **LINKED).of_type(ENDPOINT):
        if endpoint.inputs["vpcEndpointType"] == "Interface":
            assert endpoint.inputs["privateDnsEnabled"]
            assert 2 == len(endpoint.inputs["subnetIds"])


def test_fsx_is_inside_the_network_where_a_file_system_is_and_nowhere_else(world: World) -> None:
    lustre = {"lustre": {"scratch": {"zone": "use1-az4", "capacity_gib": 4800}}}

    assert "fsx" in services(world("use1-az4", **lustre))
    assert "fsx" not in services(world("use1-az4"))


def test_a_subnet_in_a_local_zone_waits_until_the_account_has_opted_in(world: World) -> None:
    graph = world("use1-az4", "use1-dfw2-az1")

    assert ("us-east-1-dfw-2", "opted-in") == (
        graph.one(ZONE_GROUP).inputs["groupName"],
        graph.one(ZONE_GROUP).inputs["optInStatus"],
    )
    dallas = graph.one(SUBNET, "aws-use1-nodes-use1-dfw2-az1")
    assert any("us-east-1-dfw-2" in urn for urn in dallas.options["dependsOn"])
    assert not world("use1-az4").of_type(ZONE_GROUP)


def test_no_subnet_of_the_control_plane_stands_in_a_local_zone(world: World) -> None:
    subnets = world("use1-dfw2-az1").of_type(SUBNET)

    assert {"aws-use1-control-use1-az1", "aws-use1-control-use1-az2", "aws-use1-nodes-use1-dfw2-az1"} == {
        subnet.name for subnet in subnets
    }


def test_nobody_from_outside_the_site_is_let_in(world: World) -> None:
    rules = world("use1-az4").of_type(INGRESS)

    assert {"10.16.0.0/16", None} == {rule.inputs.get("cidrIpv4") for rule in rules}


def test_a_hall_that_joins_reaches_the_control_plane_and_the_cluster_s_dns_and_no_node_else(
    world: World,
) -> None:
    graph = world("use1-az4", **JOINED)
    of_hall = [
        rule.inputs for rule in graph.of_type(INGRESS) if str(rule.inputs.get("cidrIpv4"))[:4] == "10.4"
    ]

    assert {
        ("securitygroup-aws-use1-halls", "tcp", 443),
        ("securitygroup-aws-use1-nodes", "tcp", 53),
        ("securitygroup-aws-use1-nodes", "udp", 53),
    } == {(rule["securityGroupId"], rule["ipProtocol"], rule["toPort"]) for rule in of_hall}
    assert {"10.48.0.0/16", "10.49.0.0/16"} == {rule["cidrIpv4"] for rule in of_hall}
    assert all(rule["fromPort"] == rule["toPort"] for rule in of_hall)


@pytest.mark.parametrize("settings", [{}, LINKED])
def test_without_a_hall_that_joins_there_is_no_group_for_halls(
    world: World, settings: dict[str, Any]
) -> None:
    assert "aws-use1-halls" not in {group.name for group in world("use1-az4", **settings).of_type(GROUP)}


def test_a_linked_hall_changes_no_subnet_that_was_there(world: World) -> None:
    before = {subnet.urn: subnet.inputs for subnet in world("use1-az4", "use1-az6").of_type(SUBNET)}
    after = {subnet.urn: subnet.inputs for subnet in world("use1-az4", "use1-az6", **LINKED).of_type(SUBNET)}

    assert before == {urn: after[urn] for urn in before}
    assert {"aws-use1-transit-use1-az4", "aws-use1-transit-use1-az6"} == {
        urn.rpartition("::")[2] for urn in set(after) - set(before)
    }
