import base64
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from argosy_aws.descriptor import PROVIDER
from argosy_component.contract import Site, SitePlan, Toleration
from argosy_component.mock_engine import UNKNOWN, ResourceGraph, run_program
from argosy_component.testing import Declare

from ..aws_plans import RESERVATION, aws_plan, aws_pool, aws_type
from .once import once

TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
NODE_GROUP = "aws:eks/nodeGroup:NodeGroup"
CLUSTER = "aws:eks/cluster:Cluster"
SUBNET = "aws:ec2/subnet:Subnet"
BLOCK_TEMPLATE = f"aws-use1-train.{RESERVATION}"

TRAIN = aws_pool(capacity_type="block", reservation=RESERVATION, capacity_ends="2027-03-01T00:00:00+00:00")
SERVE = aws_pool(name="serve", role="inference", by_zone={"use1-az4": 5, "use1-az6": 3})
PLAN = aws_plan(
    SERVE,
    TRAIN,
)
World = Callable[..., ResourceGraph]


@pytest.fixture(scope="module")
def world() -> World:
    """The graph of the site, with its plan or a preview of it."""

    @once
    def make(plan: SitePlan = PLAN, *, preview: bool = False) -> ResourceGraph:
        return run_program(lambda: PROVIDER.declare_site(plan), preview=preview)

    return make


def pool_alone(**changes: Any) -> SitePlan:
    return replace(PLAN, node_pools=(replace(TRAIN, **changes),))


def test_every_resource_stands_under_the_site(world: World) -> None:
    graph = world()
    site = graph.one("argosy:index:AwsSite")
    parents = {resource.urn: resource.parent for resource in graph.resources}

    for resource in graph.resources:
        above: str | None = resource.urn
        while above not in (site.urn, None):
            above = parents[above]
        assert above == site.urn or resource.type == "pulumi:pulumi:Stack", resource.urn


def test_a_p5en_node_gets_an_address_and_16_efas_on_the_wire(world: World) -> None:
    nics = world().one(TEMPLATE, BLOCK_TEMPLATE).inputs["networkInterfaces"]

    assert 17 == len(nics)
    assert ("interface", 0, 0) == (
        nics[0]["interfaceType"],
        nics[0]["networkCardIndex"],
        nics[0]["deviceIndex"],
    )
    assert ["efa-only"] * 16 == [nic["interfaceType"] for nic in nics[1:]]
    assert [(0, 1), *((card, 0) for card in range(1, 16))] == [
        (nic["networkCardIndex"], nic["deviceIndex"]) for nic in nics[1:]
    ]
    # RunInstances refuses address settings on an interface that takes none.
    assert not any("associatePublicIpAddress" in nic for nic in nics[1:])
    assert all({"securitygroup-aws-use1-efa"} < set(nic["securityGroups"]) for nic in nics[1:])


def test_nothing_is_public(world: World) -> None:
    graph = world()

    assert not graph.of_type("aws:ec2/internetGateway:InternetGateway")
    assert not graph.of_type("aws:ec2/natGateway:NatGateway")
    assert not graph.of_type("aws:ec2/route:Route")
    assert {False} == {subnet.inputs["mapPublicIpOnLaunch"] for subnet in graph.of_type(SUBNET)}
    for template in graph.of_type(TEMPLATE):
        assert "false" == template.inputs["networkInterfaces"][0]["associatePublicIpAddress"]
    access = graph.one(CLUSTER).inputs["vpcConfig"]
    assert (True, False) == (access["endpointPrivateAccess"], access["endpointPublicAccess"])
    for rule in graph.of_type("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"):
        assert "0.0.0.0/0" != rule.inputs.get("cidrIpv4")


def test_the_efa_group_lets_itself_in_and_out(world: World) -> None:
    graph, group = world(), "securitygroup-aws-use1-efa"

    for direction in ("Ingress", "Egress"):
        type_ = f"aws:vpc/securityGroup{direction}Rule:SecurityGroup{direction}Rule"
        rule = graph.one(type_, "aws-use1-efa-self").inputs
        assert (group, group, "-1") == (
            rule["securityGroupId"],
            rule["referencedSecurityGroupId"],
            rule["ipProtocol"],
        )


def test_volumes_secrets_and_logs_are_encrypted_with_keys_that_rotate(world: World) -> None:
    graph = world()

    for template in graph.of_type(TEMPLATE):
        volume = template.inputs["blockDeviceMappings"][0]["ebs"]
        assert ("true", "gp3") == (volume["encrypted"], volume["volumeType"])
        assert volume["kmsKeyId"].endswith("key/aws-use1-volumes")
    cluster = graph.one(CLUSTER).inputs
    assert ["secrets"] == cluster["encryptionConfig"]["resources"]
    assert cluster["encryptionConfig"]["provider"]["keyArn"].endswith("key/aws-use1-cluster")
    assert (
        graph.one("aws:cloudwatch/logGroup:LogGroup", "aws-use1-logs")
        .inputs["kmsKeyId"]
        .endswith("key/aws-use1-cluster")
    )
    assert {True} == {key.inputs["enableKeyRotation"] for key in graph.of_type("aws:kms/key:Key")}


def test_instance_metadata_demands_tokens(world: World) -> None:
    for template in world().of_type(TEMPLATE):
        options = template.inputs["metadataOptions"]
        assert ("required", 1) == (options["httpTokens"], options["httpPutResponseHopLimit"])


def test_the_cluster_trusts_access_entries_alone_and_keeps_every_log(world: World) -> None:
    cluster = world().one(CLUSTER)

    assert {
        "authenticationMode": "API",
        "bootstrapClusterCreatorAdminPermissions": False,
    } == cluster.inputs["accessConfig"]
    assert 5 == len(cluster.inputs["enabledClusterLogTypes"])
    assert cluster.inputs["deletionProtection"]
    assert cluster.options["protect"]


def test_each_zone_is_a_node_group_in_its_own_subnet_with_the_plan_s_nodes(world: World) -> None:
    graph = world()

    for zone, nodes in SERVE.by_zone.items():
        group = graph.one(NODE_GROUP, f"aws-use1-serve-{zone}").inputs
        assert [f"subnet-aws-use1-nodes-{zone}"] == group["subnetIds"]
        assert {"minSize": nodes, "maxSize": nodes, "desiredSize": nodes} == group["scalingConfig"]
        assert zone == graph.one(SUBNET, f"aws-use1-nodes-{zone}").inputs["availabilityZoneId"]


def test_the_instance_type_stands_in_the_template_and_nowhere_else(world: World) -> None:
    graph = world()

    assert "p5en.48xlarge" == graph.one(TEMPLATE, BLOCK_TEMPLATE).inputs["instanceType"]
    for group in graph.of_type(NODE_GROUP):
        assert not {"instanceTypes", "diskSize", "remoteAccess"} & set(group.inputs)
        assert "1" == group.inputs["launchTemplate"]["version"]


def test_a_block_says_so_in_the_template_and_in_the_group(world: World) -> None:
    graph = world(pool_alone())
    template = graph.one(TEMPLATE, BLOCK_TEMPLATE).inputs

    assert {"marketType": "capacity-block"} == template["instanceMarketOptions"]
    target = template["capacityReservationSpecification"]["capacityReservationTarget"]
    assert {"capacityReservationId": "cr-0123456789abcdef0"} == target
    assert "placement" not in template
    group = graph.one(NODE_GROUP, "aws-use1-train-use1-az4")
    assert "CAPACITY_BLOCK" == group.inputs["capacityType"]
    assert group.options["deleteBeforeReplace"]
    assert not graph.of_type("aws:ec2/placementGroup:PlacementGroup")


def test_training_on_demand_is_packed_into_a_placement_group(world: World) -> None:
    graph = world(pool_alone(capacity_type="on-demand", reservation=None))

    assert "cluster" == graph.one("aws:ec2/placementGroup:PlacementGroup").inputs["strategy"]
    assert "aws-use1-train" == graph.one(TEMPLATE, "aws-use1-train").inputs["placement"]["groupName"]


def test_nodes_wait_for_what_they_need_to_join(world: World) -> None:
    graph = world(pool_alone())
    waits = "\n".join(graph.one(NODE_GROUP, "aws-use1-train-use1-az4").options["dependsOn"])

    for needed in ("::aws-use1-vpc-cni", "::aws-use1-s3", "::aws-use1-ecr-dkr", "::aws-use1-nodes-self"):
        assert needed in waits


def test_no_other_account_than_the_plan_s_is_touched(world: World) -> None:
    provider = world().one("pulumi:providers:aws")

    assert '["111122223333"]' == provider.inputs["allowedAccountIds"]
    assert "us-east-1" == provider.inputs["region"]


def test_every_resource_uses_the_site_s_own_provider(world: World) -> None:
    graph = world()
    provider = graph.one("pulumi:providers:aws").urn

    for resource in graph.resources:
        if resource.custom and resource.type.startswith("aws:"):
            assert resource.options["provider"].startswith(provider), resource.urn


def test_what_ec2_creates_for_a_node_bears_the_fleet_s_tags(world: World) -> None:
    specifications = world(pool_alone()).one(TEMPLATE, BLOCK_TEMPLATE).inputs["tagSpecifications"]

    assert ["instance", "network-interface", "volume"] == [spec["resourceType"] for spec in specifications]
    assert all(spec["tags"]["argosy-fleet"] == "prod" for spec in specifications)


def test_user_data_reaches_the_template_encoded_and_says_nothing_secret(world: World) -> None:
    text = base64.b64decode(world(pool_alone()).one(TEMPLATE, BLOCK_TEMPLATE).inputs["userData"]).decode()

    assert "strategy: RAID0" in text
    assert "AKIA" not in text


def test_the_site_says_what_a_job_needs_of_each_pool(declare: Declare) -> None:
    sites: list[Site] = []
    declare(lambda: sites.append(PROVIDER.declare_site(PLAN)))
    train = sites[0].pools["train"]

    assert {"vpc.amazonaws.com/efa": 16} == train.rdma_resources
    assert {"argosy.dev/node-pool": "train"} == train.node_selector
    assert (Toleration("nvidia.com/gpu", "present", "NoSchedule"),) == train.tolerations
    assert (8, 8) == (train.accelerators_per_node, train.nodes)
    assert "2027-03-01T00:00:00+00:00" == train.capacity_ends
    assert "kubernetes.io/hostname" == train.topology_keys[-1]


def test_a_pool_without_efa_offers_none(declare: Declare) -> None:
    sites: list[Site] = []
    plain = aws_type("p5.4xlarge")
    plain = plain.model_copy(update={"max_efa_interfaces": None})
    plan = pool_alone(node_type=plain, capacity_type="on-demand", reservation=None)
    declare(lambda: sites.append(PROVIDER.declare_site(plan)))

    assert {} == sites[0].pools["train"].rdma_resources


def test_the_kubeconfig_is_secret_and_holds_no_token(world: World) -> None:
    site = world().one("argosy:index:AwsSite")

    assert ("kubeconfig",) in site.secret_outputs
    assert site.outputs is not None
    assert "get-token" in site.outputs["kubeconfig"]
    assert '"token"' not in site.outputs["kubeconfig"]


def test_a_preview_before_anything_exists_has_unknowns_and_the_whole_graph(world: World) -> None:
    preview, after = world(preview=True), world()

    assert [resource.urn for resource in after.resources] == [resource.urn for resource in preview.resources]
    group = preview.one(NODE_GROUP, "aws-use1-train-use1-az4").inputs
    assert UNKNOWN is group["launchTemplate"]["id"]
    assert "CAPACITY_BLOCK" == group["capacityType"]


def test_two_runs_of_one_plan_declare_the_same(world: World, declare: Declare) -> None:
    again = declare(lambda: PROVIDER.declare_site(PLAN))

    assert world() is not again
    assert world().snapshot() == again.snapshot()


def test_a_new_pool_changes_no_resource_of_another(world: World) -> None:
    alone = {resource.urn: resource.inputs for resource in world(pool_alone()).resources}
    both = {resource.urn: resource.inputs for resource in world().resources}

    for urn, inputs in alone.items():
        assert inputs == both[urn], urn


def test_a_plan_without_an_account_is_refused(world: World) -> None:
    with pytest.raises(ValueError, match="needs region, account, cidr"):
        world(replace(PLAN, account=None))
