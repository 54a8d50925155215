"""Machines of bare-metal halls as nodes of a site's cluster: how they prove who they are, what they may do.

Each hall has a role of its own, so that one can be shut out without the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from pathlib import Path

import pulumi
import pulumi_aws as aws

from argosy_aws.halls.certificates import read_certificates
from argosy_aws.halls.choice import ActivationCredentials, CertificateCredentials, hybrid_node_config
from argosy_aws.halls.policies import (
    CLUSTER_TAG,
    activation_rights,
    activation_trust,
    certificate_trust,
    describe_cluster_rights,
)
from argosy_aws.identity import declare_trusted_role
from argosy_aws.policies import cluster_arn
from argosy_aws.scope import SiteScope
from argosy_aws.settings import JoinSettings
from argosy_component.naming import short_name

HallOutputs = Mapping[str, pulumi.Output[str]]

_PULL_IMAGES = "AmazonEC2ContainerRegistryPullOnly"
_MANAGED_BY_SSM = "AmazonSSMManagedInstanceCore"
_ROLE_LIMIT = 64 - 8
# The longest session of a role that says nothing else; a profile may not ask for more.
_SESSION_SECONDS = 3600


def declare_hybrid_nodes(scope: SiteScope, cluster: aws.eks.Cluster) -> Mapping[str, HallOutputs]:
    """Let the machines of every hall that joins become nodes; by hall, what an operator needs to add them.

    With certificates: `trustAnchorArn`, `profileArn`, `roleArn`; with an activation: `activationId` and the
    secret `activationCode`, `roleArn`. In both cases `nodeConfig`, the text of `hybrid_node_config`.
    """
    return {
        name: _hall(scope, cluster, name, hall.joins)
        for name, hall in sorted(scope.settings.halls.items())
        if hall.joins is not None
    }


def _hall(scope: SiteScope, cluster: aws.eks.Cluster, hall: str, joins: JoinSettings) -> HallOutputs:
    by_certificate = joins.through == "roles-anywhere"
    return (_with_certificates if by_certificate else _with_activation)(scope, cluster, hall, joins)


def _with_certificates(
    scope: SiteScope, cluster: aws.eks.Cluster, hall: str, joins: JoinSettings
) -> HallOutputs:
    anchor = aws.rolesanywhere.TrustAnchor(
        f"{scope.site}-{hall}",
        name=f"{scope.cluster_name}-{hall}",
        enabled=True,
        source=_source(scope, joins),
        tags=scope.tags,
        opts=scope.opts,
    )
    role, rights = declare_trusted_role(
        scope,
        _role_name(scope, hall),
        anchor.arn.apply(certificate_trust),
        (_PULL_IMAGES,),
        {"cluster": describe_cluster_rights(scope.account, scope.region, scope.cluster_name)},
    )
    profile = aws.rolesanywhere.Profile(
        f"{scope.site}-{hall}",
        name=f"{scope.cluster_name}-{hall}",
        enabled=True,
        # A node's name is its session's name.
        accept_role_session_name=True,
        duration_seconds=_SESSION_SECONDS,
        role_arns=[role.arn],
        tags=scope.tags,
        opts=scope.opts_with(rights),
    )
    _admit(scope, cluster, hall, role)
    config = pulumi.Output.all(anchor.arn, profile.arn, role.arn).apply(
        lambda arns: hybrid_node_config(
            scope.cluster_name, scope.region, hall, CertificateCredentials(*(str(arn) for arn in arns))
        )
    )
    return {
        "trustAnchorArn": anchor.arn,
        "profileArn": profile.arn,
        "roleArn": role.arn,
        "nodeConfig": config,
    }


def _with_activation(
    scope: SiteScope, cluster: aws.eks.Cluster, hall: str, joins: JoinSettings
) -> HallOutputs:
    rights_of_ssm = activation_rights(scope.account, scope.region, scope.cluster_name)
    role, rights = declare_trusted_role(
        scope,
        _role_name(scope, hall),
        activation_trust(scope.account, scope.region),
        (_PULL_IMAGES, _MANAGED_BY_SSM),
        {
            "cluster": describe_cluster_rights(scope.account, scope.region, scope.cluster_name),
            "register": rights_of_ssm,
        },
    )
    activation = aws.ssm.Activation(
        f"{scope.site}-{hall}",
        name=f"{scope.cluster_name}-{hall}",
        iam_role=role.name,
        registration_limit=joins.machines,
        expiration_date=_utc(joins),
        # Machines bear the tags of what registered them, and by this one they may take themselves off again.
        tags={**scope.tags, CLUSTER_TAG: cluster_arn(scope.region, scope.account, scope.cluster_name)},
        opts=pulumi.ResourceOptions.merge(
            scope.opts_with(rights), pulumi.ResourceOptions(additional_secret_outputs=["activationCode"])
        ),
    )
    _admit(scope, cluster, hall, role)
    code = pulumi.Output.secret(activation.activation_code)
    config = pulumi.Output.all(activation.id, code).apply(
        lambda values: hybrid_node_config(
            scope.cluster_name, scope.region, hall, ActivationCredentials(str(values[0]), str(values[1]))
        )
    )
    return {
        "activationId": activation.id,
        "activationCode": code,
        "roleArn": role.arn,
        "nodeConfig": config,
    }


def _role_name(scope: SiteScope, hall: str) -> str:
    """What stands behind the site's name in the role's: IAM takes 64 characters, the SDK adds eight."""
    return short_name(hall, "node", limit=_ROLE_LIMIT - len(scope.site) - 1)


def _admit(scope: SiteScope, cluster: aws.eks.Cluster, hall: str, role: aws.iam.Role) -> None:
    aws.eks.AccessEntry(
        f"{scope.site}-{hall}-node",
        cluster_name=cluster.name,
        principal_arn=role.arn,
        type="HYBRID_LINUX",
        tags=scope.tags,
        opts=scope.opts,
    )


def _source(scope: SiteScope, joins: JoinSettings) -> aws.rolesanywhere.TrustAnchorSourceArgs:
    authority = joins.certificate_authority
    if authority is None:
        # `argosy_aws.halls.refusals` says so with the line in the fleet file; this guards hand-made plans.
        raise ValueError("a hall that joins by certificates needs a certificate_authority")
    if authority.startswith("arn:"):
        return aws.rolesanywhere.TrustAnchorSourceArgs(
            source_type="AWS_ACM_PCA",
            source_data=aws.rolesanywhere.TrustAnchorSourceSourceDataArgs(acm_pca_arn=authority),
        )
    pem = read_certificates(Path(scope.plan.root), authority)
    return aws.rolesanywhere.TrustAnchorSourceArgs(
        source_type="CERTIFICATE_BUNDLE",
        source_data=aws.rolesanywhere.TrustAnchorSourceSourceDataArgs(x509_certificate_data=pem),
    )


def _utc(joins: JoinSettings) -> str | None:
    return joins.expires.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if joins.expires else None
