"""Declares the cluster's add-ons, exactly as `argosy_aws.cluster.addon_choice` chose them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi
import pulumi_aws as aws

from argosy_aws.cluster.addon_choice import (
    NAMESPACE,
    AddonChoice,
    AddonRole,
    choose_csi_drivers,
    choose_dns,
    choose_node_addons,
)
from argosy_aws.identity import declare_pod_role
from argosy_aws.policies import fsx_driver_policy
from argosy_aws.scope import SiteScope

Documents = Mapping[str, pulumi.Input[str]]
"""Policy documents of a role, by their names."""


def declare_node_addons(scope: SiteScope, cluster: aws.eks.Cluster) -> list[pulumi.Resource]:
    """Declare what must run on every node from its first minute, and return it."""
    agent, *others = choose_node_addons(scope.settings)
    identity = _declare(scope, cluster, agent, [])
    return [identity, *(_declare(scope, cluster, choice, [identity]) for choice in others)]


def declare_cluster_dns(scope: SiteScope, cluster: aws.eks.Cluster, nodes: Sequence[pulumi.Resource]) -> None:
    """Declare the cluster's DNS, which runs on the system nodes and so comes after them."""
    _declare(scope, cluster, choose_dns(scope.settings), nodes)


def declare_csi_drivers(
    scope: SiteScope,
    cluster: aws.eks.Cluster,
    nodes: Sequence[pulumi.Resource],
    bucket_policy: pulumi.Input[str] | None,
) -> None:
    """Declare the drivers of the site's storage, which run on the system nodes like the cluster's DNS.

    `bucket_policy` says what pods that mount the site's buckets may do with them. Raises ValueError for a
    site with buckets and without it.
    """
    if scope.settings.buckets and bucket_policy is None:
        raise ValueError(f"{scope.site} has buckets, and no policy says what its pods may do with them")
    documents: dict[str, Documents] = {
        "aws-fsx-csi-driver": {"file-systems": fsx_driver_policy(scope.account, scope.region)},
        "aws-mountpoint-s3-csi-driver": {"buckets": bucket_policy} if bucket_policy is not None else {},
    }
    for choice in choose_csi_drivers(scope.settings):
        _declare(scope, cluster, choice, nodes, documents.get(choice.name))


def _declare(
    scope: SiteScope,
    cluster: aws.eks.Cluster,
    choice: AddonChoice,
    first: Sequence[pulumi.Resource],
    documents: Documents | None = None,
) -> aws.eks.Addon:
    identity, rights = _identity(scope, choice.role, documents) if choice.role else (None, [])
    return aws.eks.Addon(
        f"{scope.site}-{choice.name}",
        cluster_name=cluster.name,
        addon_name=choice.name,
        addon_version=choice.version,
        configuration_values=choice.configuration_text,
        pod_identity_associations=[identity] if identity else None,
        preserve=choice.kept,
        resolve_conflicts_on_create=choice.resolve_conflicts,
        resolve_conflicts_on_update=choice.resolve_conflicts,
        tags=scope.tags,
        opts=scope.opts_with([*first, *rights]),
    )


def _identity(
    scope: SiteScope, role: AddonRole, documents: Documents | None
) -> tuple[aws.eks.AddonPodIdentityAssociationArgs, list[pulumi.Resource]]:
    made, rights = declare_pod_role(
        scope, role.thing, NAMESPACE, role.service_account, role.managed, documents
    )
    association = aws.eks.AddonPodIdentityAssociationArgs(
        role_arn=made.arn, service_account=role.service_account
    )
    return association, rights
