"""The EKS cluster of a site: private, encrypted with keys of its own, every log kept."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from argosy_aws.identity import declare_key, declare_role
from argosy_aws.network import SiteNetwork
from argosy_aws.policies import POD_IDENTITY, cluster_key_policy, volume_key_policy
from argosy_aws.scope import SiteScope

_LOG_TYPES = ["api", "audit", "authenticator", "controllerManager", "scheduler"]
_LOG_RETENTION_DAYS = 365
_NODE_POLICIES = ("AmazonEC2ContainerRegistryPullOnly", "AmazonEKSWorkerNodePolicy")


@dataclass(frozen=True)
class SiteCluster:
    """The declared cluster of a site."""

    cluster: aws.eks.Cluster
    node_role: aws.iam.Role
    volume_key: aws.kms.Key
    ready: tuple[pulumi.Resource, ...]
    """What must exist before a node can join: add-ons and the node role's policies."""


def declare_cluster(scope: SiteScope, network: SiteNetwork) -> SiteCluster:
    """Declare control plane, keys, roles, and the add-ons that nodes need to join."""
    key = declare_key(scope, "cluster", cluster_key_policy(scope.account, scope.region, scope.cluster_name))
    volume_key = declare_key(scope, "volumes", volume_key_policy(scope.account, scope.region))
    # Made first, or EKS makes one that is kept for ever under no key.
    logs = aws.cloudwatch.LogGroup(
        f"{scope.site}-logs",
        name=f"/aws/eks/{scope.cluster_name}/cluster",
        retention_in_days=_LOG_RETENTION_DAYS,
        kms_key_id=key.arn,
        tags=scope.tags,
        opts=scope.opts,
    )
    role, role_policies = declare_role(scope, "cluster", "eks.amazonaws.com", ("AmazonEKSClusterPolicy",))
    cluster = _cluster(scope, network, key, role, [logs, *role_policies])
    node_role, node_policies = declare_role(scope, "nodes", "ec2.amazonaws.com", _NODE_POLICIES)
    addons = _addons(scope, cluster)
    return SiteCluster(cluster, node_role, volume_key, ready=(*node_policies, *addons))


def declare_cluster_dns(
    scope: SiteScope, cluster: aws.eks.Cluster, pools: list[pulumi.Resource], taints: list[str]
) -> None:
    """Declare the cluster's DNS, which runs on the pools and so comes after them and bears their taints."""
    tolerations = [{"key": key, "operator": "Exists"} for key in sorted(set(taints))]
    aws.eks.Addon(
        f"{scope.site}-coredns",
        cluster_name=cluster.name,
        addon_name="coredns",
        configuration_values=json.dumps({"tolerations": tolerations}, sort_keys=True),
        tags=scope.tags,
        opts=scope.opts_with(pools),
    )


def _cluster(
    scope: SiteScope,
    network: SiteNetwork,
    key: aws.kms.Key,
    role: aws.iam.Role,
    first: list[pulumi.Resource],
) -> aws.eks.Cluster:
    protected = pulumi.ResourceOptions.merge(
        scope.opts_with(first),
        pulumi.ResourceOptions(protect=True, custom_timeouts=pulumi.CustomTimeouts(create="60m")),
    )
    return aws.eks.Cluster(
        f"{scope.site}-cluster",
        name=scope.cluster_name,
        role_arn=role.arn,
        version=scope.kubernetes_version,
        vpc_config=aws.eks.ClusterVpcConfigArgs(
            subnet_ids=[subnet.id for subnet in network.control_plane_subnets],
            security_group_ids=[network.node_group.id],
            endpoint_private_access=True,
            endpoint_public_access=False,
        ),
        access_config=aws.eks.ClusterAccessConfigArgs(
            authentication_mode="API", bootstrap_cluster_creator_admin_permissions=False
        ),
        bootstrap_self_managed_addons=False,
        enabled_cluster_log_types=_LOG_TYPES,
        encryption_config=aws.eks.ClusterEncryptionConfigArgs(
            provider=aws.eks.ClusterEncryptionConfigProviderArgs(key_arn=key.arn), resources=["secrets"]
        ),
        deletion_protection=True,
        tags=scope.tags,
        opts=protected,
    )


def _addons(scope: SiteScope, cluster: aws.eks.Cluster) -> list[pulumi.Resource]:
    """What runs on every node from its first minute. The CNI's rights are its pods', not the nodes'."""
    cni_role, cni_policies = declare_role(scope, "cni", POD_IDENTITY, ("AmazonEKS_CNI_Policy",))
    identity = _addon(scope, cluster, "eks-pod-identity-agent", scope.opts)
    cni = aws.eks.Addon(
        f"{scope.site}-vpc-cni",
        cluster_name=cluster.name,
        addon_name="vpc-cni",
        pod_identity_associations=[
            aws.eks.AddonPodIdentityAssociationArgs(role_arn=cni_role.arn, service_account="aws-node")
        ],
        tags=scope.tags,
        opts=scope.opts_with([identity, *cni_policies]),
    )
    return [
        identity,
        cni,
        _addon(scope, cluster, "eks-node-monitoring-agent", scope.opts),
        _addon(scope, cluster, "kube-proxy", scope.opts),
    ]


def _addon(
    scope: SiteScope, cluster: aws.eks.Cluster, name: str, opts: pulumi.ResourceOptions
) -> aws.eks.Addon:
    return aws.eks.Addon(
        f"{scope.site}-{name}", cluster_name=cluster.name, addon_name=name, tags=scope.tags, opts=opts
    )
