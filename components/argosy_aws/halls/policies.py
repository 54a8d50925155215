"""Policy documents of halls' machines: who may log in as one, and what it may do. Plain JSON text."""

from __future__ import annotations

from argosy_aws.policies import allow, cluster_arn, document

CERTIFICATE_NAME = "${aws:PrincipalTag/x509Subject/CN}"
"""What IAM puts in place of this: the common name of the certificate by which a machine logs in."""

CLUSTER_TAG = "EKSClusterARN"
"""Tag of an activation, and so of the machines it registers: the ARN of the cluster they join."""


def certificate_trust(trust_anchor: str) -> str:
    """Lets machines take on a role by a certificate of one trust anchor, each under its own name only.

    So a machine cannot pass for another. Source: EKS user guide, prepare credentials for hybrid nodes.
    """
    service, anchor = {"Service": "rolesanywhere.amazonaws.com"}, {"aws:SourceArn": trust_anchor}
    return document(
        [
            allow(
                service,
                ["sts:SetSourceIdentity", "sts:TagSession"],
                resource=None,
                condition={"ArnEquals": anchor},
            ),
            allow(
                service,
                ["sts:AssumeRole"],
                resource=None,
                condition={"ArnEquals": anchor, "StringEquals": {"sts:RoleSessionName": CERTIFICATE_NAME}},
            ),
        ]
    )


def activation_trust(account: str, region: str) -> str:
    """Lets Systems Manager of this account and region hand a role to machines it has registered."""
    ours = {
        "StringEquals": {"aws:SourceAccount": account},
        "ArnEquals": {"aws:SourceArn": f"arn:aws:ssm:{region}:{account}:*"},
    }
    return document(
        [allow({"Service": "ssm.amazonaws.com"}, ["sts:AssumeRole"], resource=None, condition=ours)]
    )


def describe_cluster_rights(account: str, region: str, cluster: str) -> str:
    """Reads where one cluster is, what certificate it has and whom it lets in, as a node does that joins.

    Source: EKS user guide, prepare credentials for hybrid nodes; `nodeadm init` stops without the second.
    """
    actions = ["eks:DescribeCluster", "eks:ListAccessEntries"]
    return document([allow(None, actions, cluster_arn(region, account, cluster))])


def activation_rights(account: str, region: str, cluster: str) -> str:
    """Takes machines that joined one cluster off the register again, as `nodeadm uninstall` does."""
    tag = {f"ssm:resourceTag/{CLUSTER_TAG}": cluster_arn(region, account, cluster)}
    machines = f"arn:aws:ssm:{region}:{account}:managed-instance/*"
    return document(
        [
            allow(None, ["ssm:DescribeInstanceInformation"], "*"),
            allow(None, ["ssm:DeregisterManagedInstance"], machines, condition={"StringEquals": tag}),
        ]
    )
