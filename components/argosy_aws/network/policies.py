"""Policy documents of the network and of hybrid nodes. Plain JSON text."""

from __future__ import annotations

from collections.abc import Sequence

from argosy_aws.policies import allow, document

_KEY_USE = ("kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*")

CERTIFICATE_NAME = "${aws:PrincipalTag/x509Subject/CN}"
"""What IAM puts in place of this: the common name of the certificate by which a machine logs in."""

CLUSTER_TAG = "EKSClusterARN"
"""Tag of an activation, and so of the machines it registers: the ARN of the cluster they join."""


def log_group_arn(region: str, account: str, group: str) -> str:
    """The ARN of a log group, without the `:*` that stands for its streams."""
    return f"arn:aws:logs:{region}:{account}:log-group:{group}"


def cluster_arn(region: str, account: str, cluster: str) -> str:
    """The ARN of an EKS cluster."""
    return f"arn:aws:eks:{region}:{account}:cluster/{cluster}"


def logs_key_policy(account: str, region: str, groups: Sequence[str]) -> str:
    """A key for these log groups: the account, and CloudWatch Logs on behalf of them alone."""
    arns = [log_group_arn(region, account, group) for group in groups]
    return document(
        [
            allow({"AWS": f"arn:aws:iam::{account}:root"}, ["kms:*"]),
            allow(
                {"Service": f"logs.{region}.amazonaws.com"},
                _KEY_USE,
                condition={"ArnEquals": {"kms:EncryptionContext:aws:logs:arn": arns}},
            ),
        ]
    )


def flow_logs_trust(account: str, region: str) -> str:
    """Lets VPC flow logs of this account and region take on a role, on behalf of no one else.

    Source: Amazon VPC user guide, IAM role for publishing flow logs to CloudWatch Logs.
    """
    ours = {
        "StringEquals": {"aws:SourceAccount": account},
        "ArnLike": {"aws:SourceArn": f"arn:aws:ec2:{region}:{account}:vpc-flow-log/*"},
    }
    return document(
        [allow({"Service": "vpc-flow-logs.amazonaws.com"}, ["sts:AssumeRole"], resource=None, condition=ours)]
    )


def flow_logs_rights(account: str, region: str, group: str) -> str:
    """Writes streams of one log group. It cannot make the group, which would then be kept under no key."""
    arn = log_group_arn(region, account, group)
    return document(
        [
            allow(
                None,
                ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
                [arn, f"{arn}:*"],
            ),
            # CloudWatch Logs lists groups of the whole account or none.
            allow(None, ["logs:DescribeLogGroups"], "*"),
        ]
    )


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
    """Reads where one cluster is and what certificate it has, which a node needs to join."""
    return document([allow(None, ["eks:DescribeCluster"], cluster_arn(region, account, cluster))])


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
