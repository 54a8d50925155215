"""Policy documents of a site: who may take on a role, and who may use a key. Plain JSON text."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

MANAGED_POLICY = "arn:aws:iam::aws:policy"

KEY_USE = ("kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*")
"""All that a service does with a key to keep data under it."""


def trust_policy(service: str) -> str:
    """Lets one AWS service take on a role."""
    return document([allow({"Service": service}, ["sts:AssumeRole"], resource=None)])


def pod_trust_policy(cluster_arn: str, namespace: str, service_account: str) -> str:
    """Lets the pods of one service account of one cluster take on a role, through EKS Pod Identity.

    Source: EKS user guide, "Create IAM role with trust policy required by EKS Pod Identity", which lists the
    tags that the service puts on every session.
    """
    session = {
        "aws:RequestTag/eks-cluster-arn": cluster_arn,
        "aws:RequestTag/kubernetes-namespace": namespace,
        "aws:RequestTag/kubernetes-service-account": service_account,
    }
    return document(
        [
            allow(
                {"Service": "pods.eks.amazonaws.com"},
                ["sts:AssumeRole", "sts:TagSession"],
                resource=None,
                condition={"StringEquals": session},
            )
        ]
    )


def cluster_key_policy(account: str, region: str, cluster: str) -> str:
    """The key for Kubernetes secrets and the control plane's logs: the account, and its log group."""
    logs = f"arn:aws:logs:{region}:{account}:log-group:/aws/eks/{cluster}/cluster"
    return document(
        [
            _account(account),
            allow(
                {"Service": f"logs.{region}.amazonaws.com"},
                KEY_USE,
                condition={"ArnEquals": {"kms:EncryptionContext:aws:logs:arn": logs}},
            ),
        ]
    )


def volume_key_policy(account: str, region: str) -> str:
    """The key for volumes of nodes and pods: the account, and whoever in it creates volumes through EC2.

    Auto Scaling launches the nodes with a service-linked role that a new account does not have yet, so the
    role cannot be named; the conditions say the same. It is how the policy of AWS's own key for EBS reads.
    The EBS driver's role needs no more, since a key policy that lets it in is enough within one account.
    Grants are for EC2 alone, which holds one while a volume is attached.
    """
    through_ec2 = {"kms:CallerAccount": account, "kms:ViaService": f"ec2.{region}.amazonaws.com"}
    return document(
        [
            _account(account),
            allow({"AWS": "*"}, KEY_USE, condition={"StringEquals": through_ec2}),
            allow(
                {"AWS": "*"},
                ["kms:CreateGrant"],
                condition={"StringEquals": through_ec2, "Bool": {"kms:GrantIsForAWSResource": "true"}},
            ),
        ]
    )


def fsx_driver_policy(account: str, region: str) -> str:
    """What the FSx driver's controller may do: look at file systems.

    They stand in the fleet file and are mounted as they are: no claim of a pod makes, grows or deletes one.
    """
    return document(
        [
            allow(
                None,
                ["fsx:DescribeFileSystems"],
                resource=f"arn:aws:fsx:{region}:{account}:file-system/*",
            )
        ]
    )


def _account(account: str) -> dict[str, Any]:
    return allow({"AWS": f"arn:aws:iam::{account}:root"}, ["kms:*"])


def allow(
    principal: Mapping[str, str] | None,
    actions: Sequence[str],
    resource: str | Sequence[str] | None = "*",
    condition: Mapping[str, Mapping[str, Any]] | None = None,
) -> dict[str, Any]:
    """One statement that allows `actions`. Without a principal it is a role's, without a resource it stands
    on its own resource."""
    statement: dict[str, Any] = {"Effect": "Allow", "Action": list(actions)}
    if principal is not None:
        statement["Principal"] = principal
    # A trust policy stands on its role and names no resource; a key policy's `*` is the key itself.
    if resource is not None:
        statement["Resource"] = resource
    if condition is not None:
        statement["Condition"] = condition
    return statement


def document(statements: Sequence[Mapping[str, Any]]) -> str:
    """A policy document of these statements, as text that is the same in every run."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, sort_keys=True)


def size_for_iam(text: str) -> int:
    """How many characters IAM counts of a document: all but white space. Source: IAM user guide, quotas."""
    return len(json.dumps(json.loads(text), separators=(",", ":")))


def cluster_arn(region: str, account: str, cluster: str) -> str:
    """The ARN of an EKS cluster."""
    return f"arn:aws:eks:{region}:{account}:cluster/{cluster}"
