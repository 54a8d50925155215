"""The graph of a site's cluster: what EKS is told, who gets in, and what comes before what."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest

from argosy_aws.cluster.addons import declare_cluster_dns, declare_csi_drivers
from argosy_aws.cluster.cluster import declare_cluster
from argosy_aws.network.vpc import declare_network
from argosy_aws.scope import SiteScope
from argosy_component.contract import PeerPlan
from argosy_component.mock_engine import UNKNOWN, ResourceGraph, run_program

from ..aws_plans import aws_plan, site_settings
from .once import once

CLUSTER = "aws:eks/cluster:Cluster"
ADDON = "aws:eks/addon:Addon"
ENTRY = "aws:eks/accessEntry:AccessEntry"
BOUND = "aws:eks/accessPolicyAssociation:AccessPolicyAssociation"
ROLE = "aws:iam/role:Role"
ATTACHED = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
INLINE = "aws:iam/rolePolicy:RolePolicy"

ARN = "arn:aws:iam::111122223333:role"
CLUSTER_ARN = "arn:aws:eks:us-east-1:111122223333:cluster/prod-aws-use1"
PLAN = aws_plan(
    peers=(PeerPlan("oslo", "metal", cidr="10.64.0.0/16"),),
)
SETTINGS: dict[str, Any] = {"administrators": [f"{ARN}/ops/platform"], "viewers": [f"{ARN}/research"]}
STORED: dict[str, Any] = {
    **SETTINGS,
    "buckets": {"weights": {"holds": "weights"}},
    "lustre": {"scratch": {"zone": "use1-az4", "capacity_gib": 4800}},
}
BUCKET_POLICY = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["s3:GetObject"]}]}
)
World = Callable[..., ResourceGraph]


@pytest.fixture(scope="module")
def world() -> World:
    """The cluster of a site, with one thing that stands for its nodes."""

    @once
    def make(
        settings: dict[str, Any] = SETTINGS,
        *,
        preview: bool = False,
        bucket_policy: str | None = None,
        secretly: bool = False,
    ) -> ResourceGraph:
        plan = replace(PLAN, settings=site_settings(**settings))

        def program() -> None:
            scope = SiteScope.of(plan, pulumi.ResourceOptions())
            cluster = declare_cluster(scope, declare_network(scope, ["use1-az4"]))
            nodes = aws.ec2.PlacementGroup("nodes", strategy="cluster")
            declare_cluster_dns(scope, cluster.cluster, [nodes])
            # As another room hands it over: known once its buckets exist.
            policy = nodes.placement_group_id.apply(lambda _: bucket_policy) if secretly else bucket_policy
            declare_csi_drivers(scope, cluster.cluster, [nodes], policy)  # pyright: ignore

        return run_program(program, preview=preview)

    return make


def waits_for(graph: ResourceGraph, name: str) -> str:
    return "\n".join(graph.one(ADDON, f"aws-use1-{name}").options["dependsOn"])


def test_the_endpoint_is_private_alone(world: World) -> None:
    access = world().one(CLUSTER).inputs["vpcConfig"]

    assert (True, False) == (access["endpointPrivateAccess"], access["endpointPublicAccess"])
    assert "publicAccessCidrs" not in access


def test_access_entries_alone_let_anyone_in(world: World) -> None:
    assert {
        "authenticationMode": "API",
        "bootstrapClusterCreatorAdminPermissions": False,
    } == world().one(CLUSTER).inputs["accessConfig"]


def test_every_log_goes_to_a_group_that_is_there_first_under_a_key(world: World) -> None:
    graph = world()
    cluster, logs = graph.one(CLUSTER), graph.one("aws:cloudwatch/logGroup:LogGroup", "aws-use1-logs")

    assert ["api", "audit", "authenticator", "controllerManager", "scheduler"] == cluster.inputs[
        "enabledClusterLogTypes"
    ]
    assert "/aws/eks/prod-aws-use1/cluster" == logs.inputs["name"]
    assert 365 == logs.inputs["retentionInDays"]
    assert logs.inputs["kmsKeyId"].endswith("key/aws-use1-cluster")
    assert logs.urn in cluster.options["dependsOn"]


def test_secrets_are_encrypted_with_a_key_that_rotates(world: World) -> None:
    graph = world()

    encryption = graph.one(CLUSTER).inputs["encryptionConfig"]
    assert ["secrets"] == encryption["resources"]
    assert encryption["provider"]["keyArn"].endswith("key/aws-use1-cluster")
    for thing in ("cluster", "volumes"):
        assert graph.one("aws:kms/key:Key", f"aws-use1-{thing}").inputs["enableKeyRotation"]


def test_neither_aws_nor_a_slip_of_the_hand_deletes_a_cluster(world: World) -> None:
    cluster = world().one(CLUSTER)

    assert cluster.inputs["deletionProtection"]
    assert cluster.options["protect"]


def test_the_cluster_leaves_standard_support_shifts_zones_and_scales_as_chosen(world: World) -> None:
    plain, other = (
        world().one(CLUSTER).inputs,
        world({**SETTINGS, "support": "extended", "control_plane": "tier-2xl"}).one(CLUSTER).inputs,
    )

    assert {"supportType": "STANDARD"} == plain["upgradePolicy"]
    assert {"supportType": "EXTENDED"} == other["upgradePolicy"]
    assert {"enabled": True} == plain["zonalShiftConfig"]
    # Said even where it is the default, so that a smaller tier is a change.
    assert {"tier": "standard"} == plain["controlPlaneScalingConfig"]
    assert {"tier": "tier-2xl"} == other["controlPlaneScalingConfig"]


def test_nothing_overrides_what_blocks_an_upgrade(world: World) -> None:
    assert "forceUpdateVersion" not in world().one(CLUSTER).inputs


def test_no_add_on_comes_by_itself(world: World) -> None:
    assert world().one(CLUSTER).inputs["bootstrapSelfManagedAddons"] is False


def test_services_have_a_range_of_their_own(world: World) -> None:
    assert {"ipFamily": "ipv4", "serviceIpv4Cidr": "172.20.0.0/16"} == world().one(CLUSTER).inputs[
        "kubernetesNetworkConfig"
    ]


def test_a_hall_that_joins_is_a_remote_network_of_the_cluster(world: World) -> None:
    hall = {"vpn": [{"location": "a", "address": "198.51.100.1", "asn": 65010}]}
    joined = {**hall, "joins": {"pods": "10.65.0.0/16"}}

    assert {
        "remoteNodeNetworks": {"cidrs": ["10.64.0.0/16"]},
        "remotePodNetworks": {"cidrs": ["10.65.0.0/16"]},
    } == world({**SETTINGS, "halls": {"oslo": joined}}).one(CLUSTER).inputs["remoteNetworkConfig"]
    assert "remoteNetworkConfig" not in world({**SETTINGS, "halls": {"oslo": hall}}).one(CLUSTER).inputs


def test_administrators_and_viewers_get_an_entry_and_one_policy_each(world: World) -> None:
    graph = world()

    entries = {entry.inputs["principalArn"]: entry for entry in graph.of_type(ENTRY)}
    assert {f"{ARN}/ops/platform", f"{ARN}/research"} == set(entries)
    assert {"STANDARD"} == {entry.inputs["type"] for entry in entries.values()}
    assert {
        f"{ARN}/ops/platform": "AmazonEKSClusterAdminPolicy",
        f"{ARN}/research": "AmazonEKSViewPolicy",
    } == {
        bound.inputs["principalArn"]: bound.inputs["policyArn"].rpartition("/")[2]
        for bound in graph.of_type(BOUND)
    }
    for bound in graph.of_type(BOUND):
        assert {"type": "cluster"} == bound.inputs["accessScope"]
        # Bound to the entry itself, which must exist first.
        assert [entries[bound.inputs["principalArn"]].urn] == bound.options["propertyDependencies"][
            "principalArn"
        ]


def test_a_cluster_whose_settings_name_nobody_lets_nobody_in(world: World) -> None:
    graph = world({})

    assert () == graph.of_type(ENTRY) == graph.of_type(BOUND)


def test_add_ons_that_have_a_role_wait_for_its_rights_and_for_the_agent_that_hands_it_over(
    world: World,
) -> None:
    waits = waits_for(world(), "vpc-cni")

    assert "::aws-use1-eks-pod-identity-agent" in waits
    assert "::aws-use1-cni-AmazonEKS_CNI_Policy" in waits


def test_what_nodes_need_does_not_wait_for_nodes_and_the_rest_does(world: World) -> None:
    graph = world(STORED, bucket_policy=BUCKET_POLICY)
    late = {
        addon.inputs["addonName"]
        for addon in graph.of_type(ADDON)
        if any(urn.endswith("::nodes") for urn in addon.options["dependsOn"])
    }

    assert {
        "aws-ebs-csi-driver",
        "aws-fsx-csi-driver",
        "aws-mountpoint-s3-csi-driver",
        "coredns",
    } == late
    assert {"eks-node-monitoring-agent", "eks-pod-identity-agent", "kube-proxy", "vpc-cni"} == {
        addon.inputs["addonName"] for addon in graph.of_type(ADDON)
    } - late


def test_what_is_no_daemon_bears_no_taint_of_a_pool_and_so_runs_on_the_system_nodes(world: World) -> None:
    graph = world(STORED, bucket_policy=BUCKET_POLICY)

    for name in ("coredns", "aws-ebs-csi-driver", "aws-fsx-csi-driver"):
        assert "configurationValues" not in graph.one(ADDON, f"aws-use1-{name}").inputs


def test_a_site_without_file_systems_and_buckets_has_no_driver_for_them(world: World) -> None:
    names = {addon.inputs["addonName"] for addon in world().of_type(ADDON)}

    assert "aws-ebs-csi-driver" in names
    assert not {"aws-fsx-csi-driver", "aws-mountpoint-s3-csi-driver"} & names


@pytest.mark.parametrize(
    ("thing", "addon", "service_account"),
    [
        ("cni", "vpc-cni", "aws-node"),
        ("ebs-csi", "aws-ebs-csi-driver", "ebs-csi-controller-sa"),
        ("fsx-csi", "aws-fsx-csi-driver", "fsx-csi-controller-sa"),
        ("s3-csi", "aws-mountpoint-s3-csi-driver", "s3-csi-driver-sa"),
    ],
)
def test_a_pod_s_role_is_its_service_account_s_alone(
    world: World, thing: str, addon: str, service_account: str
) -> None:
    graph = world(STORED, bucket_policy=BUCKET_POLICY)
    trust = json.loads(graph.one(ROLE, f"aws-use1-{thing}").inputs["assumeRolePolicy"])["Statement"]

    assert [{"Service": "pods.eks.amazonaws.com"}] == [rule["Principal"] for rule in trust]
    assert {
        "aws:RequestTag/eks-cluster-arn": CLUSTER_ARN,
        "aws:RequestTag/kubernetes-namespace": "kube-system",
        "aws:RequestTag/kubernetes-service-account": service_account,
    } == trust[0]["Condition"]["StringEquals"]
    (association,) = graph.one(ADDON, f"aws-use1-{addon}").inputs["podIdentityAssociations"]
    assert service_account == association["serviceAccount"]
    assert association["roleArn"].endswith(f"aws-use1-{thing}")


def test_no_role_may_do_everything(world: World) -> None:
    graph = world(STORED, bucket_policy=BUCKET_POLICY)

    attached = {policy.inputs["policyArn"].rpartition("/")[2] for policy in graph.of_type(ATTACHED)}
    assert {
        "AmazonEBSCSIDriverPolicyV2",
        "AmazonEC2ContainerRegistryPullOnly",
        "AmazonEKSClusterPolicy",
        "AmazonEKSWorkerNodePolicy",
        "AmazonEKS_CNI_Policy",
        "AmazonSSMManagedInstanceCore",
    } == attached
    for policy in graph.of_type(INLINE):
        for rule in json.loads(policy.inputs["policy"])["Statement"]:
            assert not {"*", "*:*"} & set(rule["Action"])


def test_nodes_have_neither_the_cni_s_rights_nor_a_driver_s(world: World) -> None:
    of_nodes = {
        policy.inputs["policyArn"].rpartition("/")[2]
        for policy in world().of_type(ATTACHED)
        if policy.name.startswith("aws-use1-nodes-")
    }

    assert {
        "AmazonEC2ContainerRegistryPullOnly",
        "AmazonEKSWorkerNodePolicy",
        "AmazonSSMManagedInstanceCore",
    } == of_nodes


def test_the_keys_of_what_outlives_a_cluster_are_protected(world: World) -> None:
    keys = {key.name: key.options.get("protect") for key in world().of_type("aws:kms/key:Key")}

    assert (True, True) == (keys["aws-use1-cluster"], keys["aws-use1-volumes"])


def test_pods_may_do_with_buckets_what_the_buckets_own_room_says(world: World) -> None:
    graph = world(STORED, bucket_policy=BUCKET_POLICY)

    assert BUCKET_POLICY == graph.one(INLINE, "aws-use1-s3-csi-buckets").inputs["policy"]
    assert "::aws-use1-s3-csi-buckets" in waits_for(graph, "aws-mountpoint-s3-csi-driver")


def test_buckets_whose_policy_nobody_hands_over_are_a_mistake_of_the_program(world: World) -> None:
    with pytest.raises(ValueError, match="aws-use1 has buckets, and no policy"):
        world(STORED)


def test_the_fleet_file_wins_over_the_cluster_and_network_outlives_its_declaration(world: World) -> None:
    addons = world(STORED, bucket_policy=BUCKET_POLICY).of_type(ADDON)

    for addon in addons:
        assert "OVERWRITE" == addon.inputs["resolveConflictsOnCreate"]
        assert "OVERWRITE" == addon.inputs["resolveConflictsOnUpdate"]
    assert {"coredns", "eks-pod-identity-agent", "kube-proxy", "vpc-cni"} == {
        addon.inputs["addonName"] for addon in addons if addon.inputs["preserve"]
    }


def test_a_version_of_an_add_on_is_the_settings_or_eks_s(world: World) -> None:
    graph = world({**SETTINGS, "addons": {"vpc-cni": "v1.21.1-eksbuild.3"}})

    assert "v1.21.1-eksbuild.3" == graph.one(ADDON, "aws-use1-vpc-cni").inputs["addonVersion"]
    assert "addonVersion" not in graph.one(ADDON, "aws-use1-kube-proxy").inputs


def test_a_preview_before_anything_exists_shows_the_whole_graph(world: World) -> None:
    preview = world(STORED, preview=True, bucket_policy=BUCKET_POLICY, secretly=True)
    after = world(STORED, bucket_policy=BUCKET_POLICY)

    assert [resource.urn for resource in after.resources] == [resource.urn for resource in preview.resources]
    assert UNKNOWN is preview.one(INLINE, "aws-use1-s3-csi-buckets").inputs["policy"]
    assert UNKNOWN is preview.one(CLUSTER).inputs["encryptionConfig"]["provider"]["keyArn"]
    entry = preview.one(ENTRY, "aws-use1-access-platform").inputs
    assert f"{ARN}/ops/platform" == entry["principalArn"]


def test_a_new_administrator_changes_nobody_else_s_access(world: World) -> None:
    more = {**SETTINGS, "administrators": [f"{ARN}/breakglass", *SETTINGS["administrators"]]}
    before = {entry.urn: entry.inputs for entry in world().of_type(ENTRY)}
    after = {entry.urn: entry.inputs for entry in world(more).of_type(ENTRY)}

    assert before.items() <= after.items()
    assert 1 == len(after) - len(before)
