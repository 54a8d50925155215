"""The EKS cluster of a site: private, encrypted with keys of its own, every log kept."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pulumi
import pulumi_aws as aws

from argosy_aws.cluster.access import declare_access
from argosy_aws.cluster.addons import declare_node_addons
from argosy_aws.cluster.choice import ClusterChoice, choose_cluster
from argosy_aws.halls.choice import RemoteNetworks
from argosy_aws.identity import declare_key, declare_role
from argosy_aws.network.vpc import SiteNetwork
from argosy_aws.policies import cluster_key_policy, volume_key_policy
from argosy_aws.scope import SiteScope

# The last lets people onto a node through Session Manager: there is no other way, and a node that did not
# join says why nowhere else.
_NODE_POLICIES = (
    "AmazonEC2ContainerRegistryPullOnly",
    "AmazonEKSWorkerNodePolicy",
    "AmazonSSMManagedInstanceCore",
)
# A new version of Kubernetes or another tier takes EKS up to hours; the defaults give up before.
_TIMEOUTS = pulumi.CustomTimeouts(create="1h", update="3h", delete="1h")


@dataclass(frozen=True)
class SiteCluster:
    """The declared cluster of a site."""

    cluster: aws.eks.Cluster
    node_role: aws.iam.Role
    volume_key: aws.kms.Key
    """The key of the volumes of nodes and pods."""
    ready: tuple[pulumi.Resource, ...]
    """What must exist before a node can join: add-ons and the node role's policies."""


def declare_cluster(scope: SiteScope, network: SiteNetwork) -> SiteCluster:
    """Declare control plane, keys, roles, who gets in, and the add-ons that nodes need to join."""
    choice = choose_cluster(scope.plan)
    # Volumes of pods and logs stay when a cluster goes, and nobody reads them without their keys.
    kept = replace(scope, opts=pulumi.ResourceOptions.merge(scope.opts, pulumi.ResourceOptions(protect=True)))
    key = declare_key(kept, "cluster", cluster_key_policy(scope.account, scope.region, scope.cluster_name))
    volume_key = declare_key(kept, "volumes", volume_key_policy(scope.account, scope.region))
    # Made first, or EKS makes one that is kept for ever under no key.
    logs = aws.cloudwatch.LogGroup(
        f"{scope.site}-logs",
        name=f"/aws/eks/{scope.cluster_name}/cluster",
        retention_in_days=choice.log_retention_days,
        kms_key_id=key.arn,
        tags=scope.tags,
        opts=scope.opts,
    )
    role, role_policies = declare_role(scope, "cluster", "eks.amazonaws.com", ("AmazonEKSClusterPolicy",))
    cluster = _cluster(scope, choice, network, key, role, [logs, *role_policies])
    declare_access(scope, cluster)
    node_role, node_policies = declare_role(scope, "nodes", "ec2.amazonaws.com", _NODE_POLICIES)
    addons = declare_node_addons(scope, cluster)
    return SiteCluster(cluster, node_role, volume_key, ready=(*node_policies, *addons))


def _cluster(
    scope: SiteScope,
    choice: ClusterChoice,
    network: SiteNetwork,
    key: aws.kms.Key,
    role: aws.iam.Role,
    first: list[pulumi.Resource],
) -> aws.eks.Cluster:
    protected = pulumi.ResourceOptions(protect=True, custom_timeouts=_TIMEOUTS)
    return aws.eks.Cluster(
        f"{scope.site}-cluster",
        name=scope.cluster_name,
        role_arn=role.arn,
        version=scope.kubernetes_version,
        vpc_config=aws.eks.ClusterVpcConfigArgs(
            subnet_ids=[subnet.id for subnet in network.control_plane_subnets],
            security_group_ids=[group.id for group in network.control_plane_groups],
            endpoint_private_access=True,
            endpoint_public_access=False,
        ),
        kubernetes_network_config=aws.eks.ClusterKubernetesNetworkConfigArgs(
            ip_family="ipv4", service_ipv4_cidr=choice.service_cidr
        ),
        remote_network_config=_remote(choice.remote),
        access_config=aws.eks.ClusterAccessConfigArgs(
            authentication_mode=choice.authentication_mode, bootstrap_cluster_creator_admin_permissions=False
        ),
        # All add-ons are declared, so that none comes with a version and rights nobody reviewed.
        bootstrap_self_managed_addons=False,
        enabled_cluster_log_types=list(choice.log_types),
        encryption_config=aws.eks.ClusterEncryptionConfigArgs(
            provider=aws.eks.ClusterEncryptionConfigProviderArgs(key_arn=key.arn), resources=["secrets"]
        ),
        upgrade_policy=aws.eks.ClusterUpgradePolicyArgs(support_type=choice.support_type),
        zonal_shift_config=aws.eks.ClusterZonalShiftConfigArgs(enabled=choice.zonal_shift),
        # Said even where it is EKS's default: left out, a larger tier would stay when its line goes.
        control_plane_scaling_config=aws.eks.ClusterControlPlaneScalingConfigArgs(
            tier=choice.control_plane_tier
        ),
        deletion_protection=True,
        tags=scope.tags,
        opts=pulumi.ResourceOptions.merge(scope.opts_with(first), protected),
    )


def _remote(networks: RemoteNetworks) -> aws.eks.ClusterRemoteNetworkConfigArgs | None:
    if not networks:
        return None
    return aws.eks.ClusterRemoteNetworkConfigArgs(
        remote_node_networks=aws.eks.ClusterRemoteNetworkConfigRemoteNodeNetworksArgs(
            cidrs=list(networks.nodes)
        ),
        remote_pod_networks=aws.eks.ClusterRemoteNetworkConfigRemotePodNetworksArgs(
            cidrs=list(networks.pods)
        ),
    )
