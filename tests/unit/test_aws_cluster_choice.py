"""What a cluster says, who gets in, and which add-ons it has: decided without any SDK of Pulumi's."""

import json
from dataclasses import replace
from typing import Any, get_args

import botocore.session  # pyright: ignore[reportMissingTypeStubs]
import pytest
from moto.iam.aws_managed_policies import aws_managed_policies_data  # pyright: ignore[reportMissingTypeStubs]
from pydantic import ValidationError

from argosy_aws.cluster.access_choice import ADMINISTER, VIEW, AccessChoice, choose_access
from argosy_aws.cluster.addon_choice import (
    AddonChoice,
    choose_csi_drivers,
    choose_dns,
    choose_node_addons,
    minimum_versions,
)
from argosy_aws.cluster.choice import SUPPORT_TYPES, choose_cluster
from argosy_aws.settings import AddonName, AwsSiteSettings
from argosy_component.contract import PeerPlan, SitePlan

from ..aws_plans import aws_plan
from ..aws_plans import site_settings as settings

PLAN = aws_plan(
    peers=(PeerPlan("oslo", "metal", cidr="10.64.0.0/16"),),
)
ROLE = "arn:aws:iam::111122223333:role"
MODEL: Any = botocore.session.Session().get_service_model("eks")  # pyright: ignore[reportUnknownMemberType]


def everything(chosen: AwsSiteSettings) -> list[AddonChoice]:
    return [
        *choose_node_addons(chosen),
        choose_dns(chosen),
        *choose_csi_drivers(chosen),
    ]


STORED = settings(
    buckets={"weights": {"holds": "weights"}},
    lustre={"scratch": {"zone": "use1-az4", "capacity_gib": 4800}},
)


def with_settings(**values: Any) -> SitePlan:
    return replace(PLAN, settings=settings(**values))


def enum_of(shape: str, member: str) -> list[str]:
    return MODEL.shape_for(shape).members[member].enum


def test_a_cluster_leaves_standard_support_as_its_settings_say() -> None:
    assert "STANDARD" == choose_cluster(PLAN).support_type
    assert "EXTENDED" == choose_cluster(with_settings(support="extended")).support_type
    assert set(SUPPORT_TYPES.values()) == set(enum_of("UpgradePolicyRequest", "supportType"))


def test_every_tier_of_the_control_plane_is_one_of_eks_s() -> None:
    for tier in ("standard", "tier-xl", "tier-2xl", "tier-4xl", "tier-8xl"):
        assert tier == choose_cluster(with_settings(control_plane=tier)).control_plane_tier
        assert tier in enum_of("ControlPlaneScalingConfig", "tier")


def test_every_log_that_eks_has_is_kept() -> None:
    known = MODEL.shape_for("LogTypes").member.enum

    assert sorted(known) == sorted(choose_cluster(PLAN).log_types)
    assert 365 == choose_cluster(PLAN).log_retention_days


def test_the_service_range_never_follows_from_other_sites() -> None:
    clash = replace(PLAN, peers=(PeerPlan("oslo", "metal", cidr="172.20.0.0/16"),))

    assert "172.20.0.0/16" == choose_cluster(PLAN).service_cidr == choose_cluster(clash).service_cidr
    assert "10.100.0.0/16" == choose_cluster(with_settings(service_cidr="10.100.0.0/16")).service_cidr


def test_a_hall_that_joins_is_a_remote_network_and_others_are_none() -> None:
    hall = {"vpn": [{"location": "a", "address": "198.51.100.1", "asn": 65010}]}
    joined = choose_cluster(with_settings(halls={"oslo": {**hall, "joins": {"pods": "10.65.0.0/16"}}})).remote

    assert (("10.64.0.0/16",), ("10.65.0.0/16",)) == (joined.nodes, joined.pods)
    assert not choose_cluster(with_settings(halls={"oslo": hall})).remote


def test_administrators_administer_and_viewers_see_no_secrets() -> None:
    chosen = choose_access(settings(administrators=[f"{ROLE}/ops/platform"], viewers=[f"{ROLE}/research"]))

    assert (
        AccessChoice(f"{ROLE}/ops/platform", ADMINISTER),
        AccessChoice(f"{ROLE}/research", VIEW),
    ) == chosen
    assert ["platform", "research"] == [choice.role for choice in chosen]
    assert ADMINISTER.endswith("/AmazonEKSClusterAdminPolicy")
    # AmazonEKSAdminViewPolicy lists secrets.
    assert VIEW.endswith("/AmazonEKSViewPolicy")


def test_nobody_named_is_nobody_in() -> None:
    assert () == choose_access(settings())


@pytest.mark.parametrize(
    "role",
    [
        "platform",
        "arn:aws:iam::111122223333:user/anna",
        "arn:aws:sts::111122223333:assumed-role/platform/anna",
        "arn:aws:iam::111122223333:role/",
        "arn:aws:iam::111122223333:role/ops/",
        "arn:aws:iam::111122223333:root",
        f"{ROLE}/{'x' * 65}",
    ],
)
def test_only_the_arn_of_a_role_names_someone_who_gets_in(role: str) -> None:
    with pytest.raises(ValidationError):
        settings(administrators=[role])


def test_what_nodes_need_comes_first_and_the_identity_agent_before_all() -> None:
    assert ["eks-pod-identity-agent", "vpc-cni", "eks-node-monitoring-agent", "kube-proxy"] == [
        choice.name for choice in choose_node_addons(settings())
    ]


def test_pods_keep_their_address_on_the_way_to_peers() -> None:
    cni = choose_node_addons(settings())[1]

    assert "true" == cni.configuration["env"]["AWS_VPC_K8S_CNI_EXTERNALSNAT"]


def test_a_node_keeps_few_addresses_ahead_and_not_two_interfaces_full_of_them() -> None:
    env = choose_node_addons(settings())[1].configuration["env"]

    assert ("16", "4") == (env["MINIMUM_IP_TARGET"], env["WARM_IP_TARGET"])


def test_the_part_that_watches_gpus_runs_on_tainted_nodes() -> None:
    monitoring = choose_node_addons(settings())[2]

    assert {"dcgmAgent": {"tolerations": [{"operator": "Exists"}]}} == monitoring.configuration


def test_what_is_no_daemon_bears_no_taint_of_a_pool() -> None:
    for addon in (choose_dns(settings()), *choose_csi_drivers(STORED)):
        assert "tolerations" not in json.dumps(addon.configuration)


def test_drivers_follow_from_the_storage_that_the_site_has() -> None:
    def names(chosen: AwsSiteSettings) -> list[str]:
        return [driver.name for driver in choose_csi_drivers(chosen)]

    assert ["aws-ebs-csi-driver"] == names(settings())
    assert ["aws-ebs-csi-driver", "aws-fsx-csi-driver", "aws-mountpoint-s3-csi-driver"] == names(STORED)
    assert ["aws-ebs-csi-driver", "aws-mountpoint-s3-csi-driver"] == names(
        settings(buckets={"weights": {"holds": "weights"}})
    )


def test_network_and_names_stay_when_an_add_on_slips_out_of_the_stack() -> None:
    kept = {choice.name for choice in everything(STORED) if choice.kept}

    assert {"coredns", "eks-pod-identity-agent", "kube-proxy", "vpc-cni"} == kept


def test_the_fleet_file_wins_over_changes_made_by_hand() -> None:
    legal = enum_of("CreateAddonRequest", "resolveConflicts")

    assert {"OVERWRITE"} == {choice.resolve_conflicts for choice in everything(STORED)}
    assert "OVERWRITE" in legal


def test_a_version_stands_in_the_settings_or_is_eks_s_to_choose() -> None:
    assert {None} == {choice.version for choice in everything(STORED)}
    pins = {name: f"v1.{number}.0-eksbuild.1" for number, name in enumerate(get_args(AddonName))}
    pinned = STORED.model_copy(update={"addons": pins})
    assert pins == {choice.name: choice.version for choice in everything(pinned)}


@pytest.mark.parametrize(
    "addons", [{"vpc-cni": "1.21.1"}, {"vpc-cni": "latest"}, {"cni": "v1.21.1-eksbuild.3"}]
)
def test_an_add_on_that_there_is_not_or_no_version_of_eks_s_is_refused(addons: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        settings(addons=addons)


def test_every_add_on_that_has_a_minimum_is_one_of_ours() -> None:
    assert set(minimum_versions()) <= set(get_args(AddonName))
    assert "1.18.5" == minimum_versions()["vpc-cni"]


def test_every_managed_policy_that_an_add_on_is_given_is_one_of_aws_s() -> None:
    policies: dict[str, Any] = json.loads(aws_managed_policies_data)
    given = {policy for choice in everything(STORED) if choice.role for policy in choice.role.managed}

    assert {"AmazonEKS_CNI_Policy", "AmazonEBSCSIDriverPolicyV2"} == given
    for policy in (*given, "AmazonEC2ContainerRegistryPullOnly", "AmazonEKSClusterPolicy"):
        # The ARN is made without a path.
        assert "/" == policies[policy]["Path"]


def test_no_two_add_ons_share_a_service_account() -> None:
    roles = [choice.role for choice in everything(STORED) if choice.role]

    assert ["aws-node", "ebs-csi-controller-sa", "fsx-csi-controller-sa", "s3-csi-driver-sa"] == [
        role.service_account for role in roles
    ]
    assert len(roles) == len({role.thing for role in roles})


def test_a_configuration_is_the_same_text_in_every_run_and_none_where_defaults_do() -> None:
    there, back = ({"a": 1, "b": 2}, {"b": 2, "a": 1})

    assert '{"a": 1, "b": 2}' == AddonChoice("coredns", None, configuration=there).configuration_text
    assert '{"a": 1, "b": 2}' == AddonChoice("coredns", None, configuration=back).configuration_text
    assert choose_node_addons(settings())[3].configuration_text is None
