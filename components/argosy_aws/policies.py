"""Policy documents of a site: who may take on a role, and who may use a key. Plain JSON text."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

MANAGED_POLICY = "arn:aws:iam::aws:policy"

POD_IDENTITY = "pods.eks.amazonaws.com"
"""The service that hands a role to pods; it also tags the session it opens."""


def trust_policy(service: str) -> str:
    """Lets one AWS service take on a role."""
    actions = ["sts:AssumeRole", "sts:TagSession"] if service == POD_IDENTITY else ["sts:AssumeRole"]
    return document([allow({"Service": service}, actions, resource=None)])


def cluster_key_policy(account: str, region: str, cluster: str) -> str:
    """The key for Kubernetes secrets and the control plane's logs: the account, and its log group."""
    logs = f"arn:aws:logs:{region}:{account}:log-group:/aws/eks/{cluster}/cluster"
    return document(
        [
            _account(account),
            allow(
                {"Service": f"logs.{region}.amazonaws.com"},
                _KEY_USE,
                condition={"ArnEquals": {"kms:EncryptionContext:aws:logs:arn": logs}},
            ),
        ]
    )


def volume_key_policy(account: str, region: str) -> str:
    """The key for node volumes: the account, and whoever in it creates volumes through EC2.

    Auto Scaling launches the nodes with a service-linked role that a new account does not have yet, so the
    role cannot be named; the conditions say the same. It is how the policy of AWS's own key for EBS reads.
    """
    through_ec2 = {
        "StringEquals": {"kms:CallerAccount": account, "kms:ViaService": f"ec2.{region}.amazonaws.com"}
    }
    return document(
        [_account(account), allow({"AWS": "*"}, [*_KEY_USE, "kms:CreateGrant"], condition=through_ec2)]
    )


_KEY_USE = ("kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*")


def _account(account: str) -> dict[str, Any]:
    return allow({"AWS": f"arn:aws:iam::{account}:root"}, ["kms:*"])


def allow(
    principal: Mapping[str, str] | None,
    actions: Sequence[str],
    resource: str | Sequence[str] | None = "*",
    condition: Mapping[str, Mapping[str, Any]] | None = None,
) -> dict[str, Any]:
    """One statement that allows `actions`. Without a principal it is a role's, without a resource it stands on
    its own resource."""
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
