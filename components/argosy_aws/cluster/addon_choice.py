"""Which add-ons of EKS's own a cluster has, in which order and with which configuration. Plain data.

| add-on | when | why it is configured |
|---|---|---|
| eks-pod-identity-agent | before nodes | hands their roles to the add-ons below |
| vpc-cni | before nodes | pods keep their own address towards peers and halls |
| eks-node-monitoring-agent | before nodes | or its DCGM server bears no taint and GPU nodes seem broken |
| kube-proxy | before nodes | |
| coredns | after the system nodes | |
| aws-ebs-csi-driver | after the system nodes | |
| aws-fsx-csi-driver | the same, if the site has Lustre file systems | |
| aws-mountpoint-s3-csi-driver | the same, if the site has buckets | its daemon bears every taint |

A version stands in the settings, or EKS takes its default for the cluster's Kubernetes version when it makes
the add-on, and changes it no more. It is never looked up, or a preview would change with what EKS offers.
Sources: EKS user guide, "Amazon EKS add-ons"; the add-ons' own configuration schemas.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from argosy_aws.settings import AddonName, AwsSiteSettings
from argosy_aws.yaml_facts import read_facts

ADDRESSES_KEPT = 16
"""Addresses that a node takes for pods as soon as it is there."""

NAMESPACE = "kube-system"
"""Where all of these add-ons run."""


@dataclass(frozen=True)
class AddonRole:
    """The role that an add-on's pods take on, and nothing else does."""

    thing: str
    """What the role is called in the site."""
    service_account: str
    managed: tuple[str, ...] = ()
    """Policies of AWS's own. What they do not say stands in documents that are made with the role."""


@dataclass(frozen=True)
class AddonChoice:
    """One add-on.

    What stands in the fleet file wins over what someone changed in the cluster, when it is made and whenever
    it is updated.
    """

    name: AddonName
    version: str | None
    """None leaves it to EKS."""
    role: AddonRole | None = None
    configuration: Mapping[str, Any] = field(default_factory=dict[str, Any])
    kept: bool = False
    """Whether the software stays in the cluster when the add-on is taken out of the stack. Every pod needs
    network and names, so no slip of the hand may take them away."""
    resolve_conflicts: str = "OVERWRITE"

    @property
    def configuration_text(self) -> str | None:
        """The configuration as EKS takes it, the same in every run; None where defaults do."""
        return json.dumps(self.configuration, sort_keys=True) if self.configuration else None


def choose_node_addons(settings: AwsSiteSettings) -> tuple[AddonChoice, ...]:
    """What runs on every node from its first minute, in the order it is made."""
    agent = AddonChoice("eks-pod-identity-agent", _version(settings, "eks-pod-identity-agent"), kept=True)
    cni = AddonChoice(
        "vpc-cni",
        _version(settings, "vpc-cni"),
        role=AddonRole("cni", "aws-node", ("AmazonEKS_CNI_Policy",)),
        # No way leads out of the site but to peers, whose routes lead back to every pod; behind the address
        # of the node, all would share its first interface. Source: EKS user guide, "SNAT for pods".
        configuration={
            "env": {
                "AWS_VPC_K8S_CNI_EXTERNALSNAT": "true",
                # By default a node takes two interfaces full of addresses, a hundred of its subnet, before
                # it runs a pod. Source: aws/amazon-vpc-cni-k8s, README, and issue 2294.
                "MINIMUM_IP_TARGET": str(ADDRESSES_KEPT),
                "WARM_IP_TARGET": "4",
            }
        },
        kept=True,
    )
    monitoring = AddonChoice(
        "eks-node-monitoring-agent",
        _version(settings, "eks-node-monitoring-agent"),
        # By default the agent itself bears every taint and its DCGM server bears none.
        # Source: charts/eks-node-monitoring-agent/values.yaml of aws/eks-node-monitoring-agent, 1.7.0.
        configuration={"dcgmAgent": {"tolerations": [{"operator": "Exists"}]}},
    )
    proxy = AddonChoice("kube-proxy", _version(settings, "kube-proxy"), kept=True)
    return (agent, cni, monitoring, proxy)


def choose_dns(settings: AwsSiteSettings) -> AddonChoice:
    """The cluster's DNS. It bears no taint of a pool, so it runs on the system nodes."""
    return AddonChoice("coredns", _version(settings, "coredns"), kept=True)


def choose_csi_drivers(settings: AwsSiteSettings) -> tuple[AddonChoice, ...]:
    """The drivers of the storage that the site has. EBS volumes it always has."""
    ebs = AddonChoice(
        "aws-ebs-csi-driver",
        _version(settings, "aws-ebs-csi-driver"),
        role=AddonRole("ebs-csi", "ebs-csi-controller-sa", ("AmazonEBSCSIDriverPolicyV2",)),
    )
    fsx = AddonChoice(
        "aws-fsx-csi-driver",
        _version(settings, "aws-fsx-csi-driver"),
        role=AddonRole("fsx-csi", "fsx-csi-controller-sa"),
    )
    s3 = AddonChoice(
        "aws-mountpoint-s3-csi-driver",
        _version(settings, "aws-mountpoint-s3-csi-driver"),
        role=AddonRole("s3-csi", "s3-csi-driver-sa"),
        configuration={"node": {"tolerateAllTaints": True}},
    )
    return (ebs, *((fsx,) if settings.lustre else ()), *((s3,) if settings.buckets else ()))


@lru_cache(maxsize=1)
def minimum_versions() -> Mapping[str, str]:
    """The oldest version of an add-on that works here, by its name. Source: `addons.yaml`."""
    return read_facts(__file__, "addons.yaml")["minimum"]


def _version(settings: AwsSiteSettings, name: AddonName) -> str | None:
    return settings.addons.get(name)
