"""Who gets into a cluster, and how far: its access entries as plain data.

Nodes are not among them: EKS makes the entry of a managed node group's role itself.
Source: EKS user guide, "Create access entries".
"""

from __future__ import annotations

from dataclasses import dataclass

from argosy_aws.settings import AwsSiteSettings

_ACCESS_POLICY = "arn:aws:eks::aws:cluster-access-policy"

ADMINISTER = f"{_ACCESS_POLICY}/AmazonEKSClusterAdminPolicy"
"""Everything in the cluster."""
VIEW = f"{_ACCESS_POLICY}/AmazonEKSViewPolicy"
"""Workloads, their logs and configuration, but no secrets. The policy whose name promises more,
AmazonEKSAdminViewPolicy, shows secrets too. Source: EKS user guide, "Review access policy permissions"."""


@dataclass(frozen=True)
class AccessChoice:
    """One IAM role's way into the cluster, in all namespaces."""

    principal: str
    """ARN of the role, with its path if it has one."""
    policy: str
    """ARN of the EKS access policy."""

    @property
    def role(self) -> str:
        """The role's name, which no other role of its account bears."""
        return role_name(self.principal)


def choose_access(settings: AwsSiteSettings) -> tuple[AccessChoice, ...]:
    """The access entries of a site: its administrators, then its viewers."""
    return (
        *(AccessChoice(role, ADMINISTER) for role in settings.administrators),
        *(AccessChoice(role, VIEW) for role in settings.viewers),
    )


def role_name(arn: str) -> str:
    """The name of the role with this ARN, without its path."""
    return arn.rpartition("/")[2]
