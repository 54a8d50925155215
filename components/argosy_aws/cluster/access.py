"""Declares who gets into the cluster, exactly as `argosy_aws.cluster.access_choice` chose."""

from __future__ import annotations

import pulumi_aws as aws

from argosy_aws.cluster.access_choice import choose_access
from argosy_aws.scope import SiteScope


def declare_access(scope: SiteScope, cluster: aws.eks.Cluster) -> None:
    """Declare the access entries of a cluster. Nobody else gets in, not even who made it."""
    for choice in choose_access(scope.settings):
        name = f"{scope.site}-access-{choice.role}"
        entry = aws.eks.AccessEntry(
            name,
            cluster_name=cluster.name,
            principal_arn=choice.principal,
            type="STANDARD",
            tags=scope.tags,
            opts=scope.opts,
        )
        aws.eks.AccessPolicyAssociation(
            name,
            cluster_name=cluster.name,
            # The entry's own, so that it exists before a policy is bound to it.
            principal_arn=entry.principal_arn,
            policy_arn=choice.policy,
            access_scope=aws.eks.AccessPolicyAssociationAccessScopeArgs(type="cluster"),
            opts=scope.opts,
        )
