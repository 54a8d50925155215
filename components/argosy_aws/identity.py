"""The keys and roles of a site, declared alike everywhere. What they allow: `argosy_aws.policies`."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from argosy_aws.policies import MANAGED_POLICY, cluster_arn, pod_trust_policy, trust_policy
from argosy_aws.scope import SiteScope


def declare_key(scope: SiteScope, thing: str, policy: str) -> aws.kms.Key:
    """A key of the site's own, which rotates every year and can be brought back for 30 days."""
    return aws.kms.Key(
        f"{scope.site}-{thing}",
        description=f"{scope.site}: {thing}",
        enable_key_rotation=True,
        deletion_window_in_days=30,
        policy=policy,
        tags=scope.tags,
        opts=scope.opts,
    )


def declare_role(
    scope: SiteScope,
    thing: str,
    service: str,
    managed: tuple[str, ...] = (),
    inline: Mapping[str, pulumi.Input[str]] | None = None,
) -> tuple[aws.iam.Role, list[pulumi.Resource]]:
    """A role that one AWS service takes on, and what must exist before it may do what it is for.

    `managed` names policies of AWS's own; `inline` maps a name to a policy document of ours.
    """
    return declare_trusted_role(scope, thing, trust_policy(service), managed, inline)


def declare_pod_role(
    scope: SiteScope,
    thing: str,
    namespace: str,
    service_account: str,
    managed: tuple[str, ...] = (),
    inline: Mapping[str, pulumi.Input[str]] | None = None,
) -> tuple[aws.iam.Role, list[pulumi.Resource]]:
    """A role that the pods of one service account of the site's cluster take on; else like `declare_role`."""
    cluster = cluster_arn(scope.region, scope.account, scope.cluster_name)
    trust = pod_trust_policy(cluster, namespace, service_account)
    return declare_trusted_role(scope, thing, trust, managed, inline)


def declare_trusted_role(
    scope: SiteScope,
    thing: str,
    trust: pulumi.Input[str],
    managed: tuple[str, ...] = (),
    inline: Mapping[str, pulumi.Input[str]] | None = None,
) -> tuple[aws.iam.Role, list[pulumi.Resource]]:
    """A role with a trust policy of its own; else like `declare_role`."""
    role = aws.iam.Role(f"{scope.site}-{thing}", assume_role_policy=trust, tags=scope.tags, opts=scope.opts)
    policies: list[pulumi.Resource] = [
        aws.iam.RolePolicyAttachment(
            f"{scope.site}-{thing}-{policy}",
            role=role.name,
            policy_arn=f"{MANAGED_POLICY}/{policy}",
            opts=scope.opts,
        )
        for policy in managed
    ]
    policies += [
        aws.iam.RolePolicy(f"{scope.site}-{thing}-{name}", role=role.name, policy=document, opts=scope.opts)
        for name, document in sorted((inline or {}).items())
    ]
    return role, policies
