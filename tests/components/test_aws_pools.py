import base64
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from argosy_aws.descriptor import PROVIDER
from argosy_aws.settings import AwsSiteSettings
from argosy_component.contract import PoolHandle, Site
from argosy_component.mock_engine import UNKNOWN, RegisteredResource, ResourceGraph, run_program
from argosy_component.testing import Declare

from ..aws_plans import RESERVATION, aws_plan, aws_pool, aws_type, site_settings
from ..aws_plans import pool_settings as settings
from .once import once

TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
NODE_GROUP = "aws:eks/nodeGroup:NodeGroup"
PLACEMENT_GROUP = "aws:ec2/placementGroup:PlacementGroup"
SCHEDULE = "aws:scheduler/schedule:Schedule"
SCHEDULE_GROUP = "aws:scheduler/scheduleGroup:ScheduleGroup"
ROLE = "aws:iam/role:Role"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
WINDOW_ROLE = "aws-use1-train-window"

STARTS, ENDS = "2027-03-08T11:30:00+00:00", "2027-03-15T11:30:00+00:00"
TRAIN = aws_pool()
PLAN = aws_plan(
    TRAIN,
    settings=site_settings(image_release="1.34.1-20251120"),
)
World = Callable[..., ResourceGraph]


@pytest.fixture(scope="module")
def world() -> World:
    """The graph of a site with one pool, which differs from an on-demand one by what is given."""

    @once
    def make(*, preview: bool = False, site: AwsSiteSettings | None = None, **changes: Any) -> ResourceGraph:
        plan = replace(PLAN, node_pools=(replace(TRAIN, **changes),), settings=site or PLAN.settings)
        return run_program(lambda: PROVIDER.declare_site(plan), preview=preview)

    return make


@pytest.fixture
def handle(declare: Declare) -> Callable[..., PoolHandle]:
    """What the site says of its one pool."""

    def make(**changes: Any) -> PoolHandle:
        sites: list[Site] = []
        plan = replace(PLAN, node_pools=(replace(TRAIN, **changes),))
        declare(lambda: sites.append(PROVIDER.declare_site(plan)))
        return sites[0].pools["train"]

    return make


def template_of(graph: ResourceGraph) -> RegisteredResource:
    """The pool's launch template, of whatever kind."""
    (template,) = (
        each for each in graph.of_type(TEMPLATE) if each.name.partition(".")[0] == "aws-use1-train"
    )
    return template


def group_of(graph: ResourceGraph) -> RegisteredResource:
    """The pool's node group in its first zone."""
    return graph.one(NODE_GROUP, "aws-use1-train-use1-az4")


def user_data(graph: ResourceGraph, template: str) -> str:
    return base64.b64decode(graph.one(TEMPLATE, template).inputs["userData"]).decode()


def held(kind: str = "block", **changes: Any) -> dict[str, Any]:
    return {"capacity_type": kind, "reservation": RESERVATION, **changes}


def test_nodes_run_the_site_s_pinned_release_and_its_kubernetes(world: World) -> None:
    group = group_of(world()).inputs

    assert ("AL2023_x86_64_NVIDIA", "1.34.1-20251120", "1.34") == (
        group["amiType"],
        group["releaseVersion"],
        group["version"],
    )


def test_a_pool_may_try_another_release_first(world: World) -> None:
    group = group_of(world(settings=settings(image_release="1.34.2-20260115"))).inputs

    assert "1.34.2-20260115" == group["releaseVersion"]


def test_an_image_of_one_s_own_stands_in_the_template_and_eks_s_nowhere(world: World) -> None:
    graph = world(settings=settings(image="ami-0123456789abcdef0"))

    assert "ami-0123456789abcdef0" == graph.one(TEMPLATE, "aws-use1-train.image").inputs["imageId"]
    assert not {"amiType", "releaseVersion", "version"} & set(group_of(graph).inputs)


def test_a_node_of_an_image_of_one_s_own_is_told_where_its_cluster_is(world: World) -> None:
    graph = world(settings=settings(image="ami-0123456789abcdef0"))
    cluster = graph.one("aws:eks/cluster:Cluster").inputs
    text = user_data(graph, "aws-use1-train.image")

    assert 'name: "prod-aws-use1"' in text
    assert 'apiServerEndpoint: "https://aws-use1-cluster.eks.test"' in text
    assert f'cidr: "{cluster["kubernetesNetworkConfig"]["serviceIpv4Cidr"]}"' in text
    assert "--register-with-taints=nvidia.com/gpu=present:NoSchedule" in text


def test_before_there_is_a_cluster_only_such_user_data_is_unknown(world: World) -> None:
    own = world(preview=True, settings=settings(image="ami-0123456789abcdef0"))

    assert UNKNOWN is template_of(own).inputs["userData"]
    assert "RAID0" in user_data(world(preview=True), "aws-use1-train")


def test_nodes_report_every_minute_and_reach_their_volumes_over_a_path_of_its_own(world: World) -> None:
    template = template_of(world()).inputs

    assert ("true", {"enabled": True}) == (template["ebsOptimized"], template["monitoring"])


def test_an_image_cache_is_encrypted_like_the_root_and_comes_from_its_snapshot(world: World) -> None:
    graph = world(settings=settings(image_cache="snap-0123456789abcdef0", root_volume_gib=300))
    root, cache = template_of(graph).inputs["blockDeviceMappings"]

    assert ("/dev/xvda", 300) == (root["deviceName"], root["ebs"]["volumeSize"])
    assert ("/dev/xvdb", "snap-0123456789abcdef0") == (cache["deviceName"], cache["ebs"]["snapshotId"])
    assert "volumeSize" not in cache["ebs"]
    for volume in (root["ebs"], cache["ebs"]):
        assert ("true", "true") == (volume["encrypted"], volume["deleteOnTermination"])
        assert volume["kmsKeyId"].endswith("key/aws-use1-volumes")


def test_spot_of_several_types_names_them_on_the_group_and_none_in_the_template(world: World) -> None:
    graph = world(
        node_type=aws_type("g6e.48xlarge"), capacity_type="spot", settings=settings(also=["g6e.24xlarge"])
    )

    assert "instanceType" not in graph.one(TEMPLATE, "aws-use1-train.types").inputs
    group = group_of(graph).inputs
    assert (["g6e.48xlarge", "g6e.24xlarge"], "SPOT") == (group["instanceTypes"], group["capacityType"])


def test_broken_nodes_are_repaired_and_every_override_is_whole(world: World) -> None:
    repair = group_of(world()).inputs["nodeRepairConfig"]

    assert (True, 2, 1) == (
        repair["enabled"],
        repair["maxUnhealthyNodeThresholdCount"],
        repair["maxParallelNodesRepairedCount"],
    )
    # EKS takes a count or a share, and not both.
    assert not any("Percentage" in key for key in repair)
    assert {4} == {len(override) for override in repair["nodeRepairConfigOverrides"]}
    assert {
        "nodeMonitoringCondition": "AcceleratedHardwareReady",
        "nodeUnhealthyReason": "NvidiaFabricError",
        "minRepairWaitTimeMins": 10,
        "repairAction": "Replace",
    } in repair["nodeRepairConfigOverrides"]


def test_a_node_is_taken_away_before_its_successor_comes(world: World) -> None:
    group = group_of(world())

    assert {"maxUnavailable": 1, "updateStrategy": "MINIMAL"} == group.inputs["updateConfig"]
    assert {"create": "3h", "update": "6h", "delete": "2h"} == group.options["customTimeouts"]


def test_inference_is_spread_over_partitions_in_all_its_zones(world: World) -> None:
    graph = world(role="inference", by_zone={"use1-az4": 4, "use1-az6": 4})
    group = graph.one(PLACEMENT_GROUP).inputs

    assert ("partition", 7) == (group["strategy"], group["partitionCount"])
    assert {"groupName": "aws-use1-train"} == template_of(graph).inputs["placement"]


def test_a_reservation_s_own_placement_group_is_used_and_none_is_made(world: World) -> None:
    graph = world(**held("reserved"), settings=settings(placement_group="p5-2027"))

    assert {"groupName": "p5-2027"} == template_of(graph).inputs["placement"]
    assert not graph.of_type(PLACEMENT_GROUP)


def test_a_group_of_reservations_is_the_only_place_where_nodes_may_run(world: World) -> None:
    arn = "arn:aws:resource-groups:us-east-1:111122223333:group/p5-2027"
    graph = world(**held("reserved", reservation=arn))

    assert {
        "capacityReservationPreference": "capacity-reservations-only",
        "capacityReservationTarget": {"capacityReservationResourceGroupArn": arn},
    } == template_of(graph).inputs["capacityReservationSpecification"]


def test_a_reservation_named_by_its_id_is_strict_by_itself(world: World) -> None:
    specification = template_of(world(**held("reserved"))).inputs["capacityReservationSpecification"]

    assert {"capacityReservationTarget": {"capacityReservationId": "cr-0123456789abcdef0"}} == specification


def test_a_block_that_has_not_begun_is_an_empty_group_whose_size_the_plan_leaves_alone(
    world: World,
) -> None:
    group = group_of(world(**held(capacity_starts=STARTS, capacity_ends=ENDS)))

    assert {"minSize": 0, "maxSize": 8, "desiredSize": 0} == group.inputs["scalingConfig"]
    assert "scalingConfig" in group.options["ignoreChanges"]


@pytest.mark.parametrize("capacity", ["on-demand", "block"])
def test_the_plan_owns_the_size_of_a_group_whose_capacity_is_there(world: World, capacity: str) -> None:
    group = group_of(world(**held(capacity, capacity_ends=ENDS)))

    assert 8 == group.inputs["scalingConfig"]["desiredSize"]
    assert "scalingConfig" not in group.options.get("ignoreChanges", [])


@pytest.mark.parametrize(
    ("event", "moment", "size", "age"),
    [
        ("start", "2027-03-08T11:30:00", {"DesiredSize": 8, "MaxSize": 8}, 86_400),
        ("end", "2027-03-15T10:30:00", {"DesiredSize": 0}, 3_600),
    ],
)
def test_one_schedule_brings_a_block_s_nodes_and_one_takes_them(
    world: World, event: str, moment: str, size: dict[str, int], age: int
) -> None:
    graph = world(**held(capacity_starts=STARTS, capacity_ends=ENDS))
    schedule = graph.one(SCHEDULE, f"aws-use1-train-use1-az4-{event}").inputs

    assert (f"at({moment})", "UTC") == (
        schedule["scheduleExpression"],
        schedule["scheduleExpressionTimezone"],
    )
    # It stays when it has run: what is gone would be made again, in the past.
    assert ("NONE", {"mode": "OFF"}) == (
        schedule["actionAfterCompletion"],
        schedule["flexibleTimeWindow"],
    )
    assert "arn:aws:scheduler:::aws-sdk:eks:updateNodegroupConfig" == schedule["target"]["arn"]
    assert age == schedule["target"]["retryPolicy"]["maximumEventAgeInSeconds"]
    order = json.loads(schedule["target"]["input"])
    assert (size, "prod-aws-use1") == (order["ScalingConfig"], order["ClusterName"])


@pytest.mark.parametrize("topic", [None, "arn:aws:sns:us-east-1:111122223333:on-call"])
def test_an_order_that_was_not_carried_out_is_kept_and_raises_an_alarm(
    world: World, topic: str | None
) -> None:
    graph = world(**held(capacity_ends=ENDS), site=site_settings(alarm_topic=topic))
    queue, alarm = (
        graph.one("aws:sqs/queue:Queue"),
        graph.one("aws:cloudwatch/metricAlarm:MetricAlarm").inputs,
    )

    for schedule in graph.of_type(SCHEDULE):
        lost = schedule.inputs["target"]["deadLetterConfig"]["arn"]
        assert lost.endswith(f"queue/{queue.name}")
    assert queue.inputs["sqsManagedSseEnabled"]
    assert ("ApproximateNumberOfMessagesVisible", 0) == (alarm["metricName"], alarm["threshold"])
    assert [topic] == alarm["alarmActions"] if topic else "alarmActions" not in alarm


def test_the_scheduler_may_resize_the_pool_s_own_groups_and_nothing_else(world: World) -> None:
    graph = world(**held(capacity_ends=ENDS))
    resize, lost = json.loads(graph.one(ROLE_POLICY, f"{WINDOW_ROLE}-resize").inputs["policy"])["Statement"]

    assert ["eks:UpdateNodegroupConfig"] == resize["Action"]
    assert ["nodegroup/aws-use1-train-use1-az4"] == [arn.rpartition(":")[2] for arn in resize["Resource"]]
    assert ["sqs:SendMessage"] == lost["Action"]
    assert lost["Resource"].endswith("queue/aws-use1-train")


def test_the_scheduler_takes_the_role_on_for_the_pool_s_own_schedules_only(world: World) -> None:
    graph = world(**held(capacity_ends=ENDS))
    (trust,) = json.loads(graph.one(ROLE, WINDOW_ROLE).inputs["assumeRolePolicy"])["Statement"]
    schedules = graph.one(SCHEDULE_GROUP).inputs["name"]

    assert {"Service": "scheduler.amazonaws.com"} == trust["Principal"]
    assert {
        "aws:SourceAccount": "111122223333",
        "aws:SourceArn": f"arn:aws:scheduler:us-east-1:111122223333:schedule-group/{schedules}",
    } == trust["Condition"]["StringEquals"]
    assert {schedules} == {schedule.inputs["groupName"] for schedule in graph.of_type(SCHEDULE)}


def test_schedules_wait_for_the_role_s_rights(world: World) -> None:
    (schedule,) = world(**held(capacity_ends=ENDS)).of_type(SCHEDULE)

    assert any(urn.endswith(f"{WINDOW_ROLE}-resize") for urn in schedule.options["dependsOn"])


@pytest.mark.parametrize("capacity", ["on-demand", "spot", "reserved"])
def test_capacity_without_a_window_has_no_schedule_and_no_role_for_one(world: World, capacity: str) -> None:
    graph = world(**held(capacity, capacity_ends=ENDS))

    assert not graph.of_type(SCHEDULE)
    assert not graph.of_type(SCHEDULE_GROUP)
    assert WINDOW_ROLE not in {role.name for role in graph.of_type(ROLE)}


def test_long_names_fit_what_the_vendor_allows(declare: Declare) -> None:
    pool = replace(TRAIN, name="p" * 24, **held(capacity_ends=ENDS))
    plan = replace(PLAN, fleet="f" * 40, name="s" * 40, node_pools=(pool,))
    graph = declare(lambda: PROVIDER.declare_site(plan))

    assert len(graph.one(SCHEDULE_GROUP).inputs["name"]) <= 64
    # The vendor's provider adds eight characters to a role's name, and takes 64.
    (role,) = (role for role in graph.of_type(ROLE) if "p" * 8 in role.name)
    assert len(role.name) <= 56


def test_a_block_before_anything_exists_has_the_whole_graph(world: World) -> None:
    block = held(capacity_starts=STARTS, capacity_ends=ENDS)
    preview, after = world(preview=True, **block), world(**block)

    assert [resource.urn for resource in after.resources] == [resource.urn for resource in preview.resources]
    schedule = preview.one(SCHEDULE, "aws-use1-train-use1-az4-start").inputs
    assert "at(2027-03-08T11:30:00)" == schedule["scheduleExpression"]
    assert UNKNOWN is schedule["target"]["input"]


FIXED = ("amiType", "capacityType", "instanceTypes", "diskSize", "nodeGroupNamePrefix", "subnetIds")


@pytest.mark.parametrize(
    "edit",
    [
        {"settings": settings(root_volume_gib=500)},
        {"settings": settings(image_cache="snap-0123456789abcdef0")},
        {"settings": settings(image_release="1.34.2-20260115")},
        {"settings": settings(mig="all-1g.18gb")},
        {"nodes": 9, "by_zone": {"use1-az4": 9}},
    ],
    ids=["root volume", "image cache", "release", "mig", "nodes"],
)
def test_an_edit_that_nodes_can_be_updated_for_replaces_no_group(world: World, edit: dict[str, Any]) -> None:
    before, after = world(), world(**edit)

    assert template_of(before).urn == template_of(after).urn
    assert group_of(before).urn == group_of(after).urn
    for field in FIXED:
        assert group_of(before).inputs.get(field) == group_of(after).inputs.get(field)


def test_a_change_that_eks_refuses_to_update_replaces_the_template_and_so_the_group(world: World) -> None:
    """A group takes no template of another id, so it is replaced with the template."""
    own = world(settings=settings(image="ami-0123456789abcdef0"))

    assert template_of(world()).urn != template_of(own).urn
    assert group_of(world()).urn == group_of(own).urn


def test_two_pools_whose_names_begin_alike_never_share_a_name(declare: Declare) -> None:
    image = replace(TRAIN, settings=settings(image="ami-0123456789abcdef0"))
    plan = replace(PLAN, node_pools=(image, replace(TRAIN, name="train-image")))
    graph = declare(lambda: PROVIDER.declare_site(plan))
    urns = [resource.urn for resource in graph.resources]

    assert len(set(urns)) == len(urns)
    assert {"aws-use1-train.image", "aws-use1-train-image"} <= {
        template.name for template in graph.of_type(TEMPLATE)
    }


def test_a_job_learns_when_the_pool_s_capacity_begins_and_ends(handle: Callable[..., PoolHandle]) -> None:
    train = handle(**held(capacity_starts=STARTS, capacity_ends=ENDS))

    assert (STARTS, ENDS) == (train.capacity_starts, train.capacity_ends)


def test_a_job_learns_by_what_its_software_is_chosen(handle: Callable[..., PoolHandle]) -> None:
    assert {"accelerator": "h200", "intent": "training", "os": "amazonlinux", "service": "eks"} == (
        handle().criteria
    )


@pytest.mark.parametrize(
    ("instance_type", "efas", "taint"),
    [
        ("trn1.32xlarge", 8, "aws.amazon.com/neuron"),
        ("trn2.48xlarge", 16, "aws.amazon.com/neuron"),
        ("p6e-gb200.36xlarge", 4, "nvidia.com/gpu"),
    ],
)
def test_a_job_learns_how_many_efas_to_ask_for_and_what_to_tolerate(
    handle: Callable[..., PoolHandle], instance_type: str, efas: int, taint: str
) -> None:
    train = handle(node_type=aws_type(instance_type), **held())

    assert {"vpc.amazonaws.com/efa": efas} == train.rdma_resources
    assert [taint] == [toleration.key for toleration in train.tolerations]


def test_only_racks_whose_nvlink_spans_nodes_have_a_domain_narrower_than_the_network(
    handle: Callable[..., PoolHandle],
) -> None:
    rack = handle(node_type=aws_type("p6e-gb200.36xlarge"), **held())

    assert ("nvidia.com/gpu.clique", "kubernetes.io/hostname") == rack.topology_keys[-2:]
    assert "nvidia.com/gpu.clique" not in handle().topology_keys
