"""What a node is told when it boots: scratch on its local disks, its images, and its true number of pods.

The parts are read in this order: the node's settings (`nodeadm`), then cloud-init's scripts, and last what
the scripts have put into `/etc/eks/nodeadm.d`; only then are container runtime and kubelet started.
Source: amazon-eks-ami, units nodeadm-config.service and nodeadm-run.service.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass

from argosy.catalog import InstanceType
from argosy_aws.cards.nics import choose_max_pods
from argosy_aws.pools.facts import load_pool_facts
from argosy_component.contract import Toleration

CACHE_DEVICE = "/dev/xvdb"
"""The volume with container images."""

_BOUNDARY = "argosy-node"

_NODE_CONFIG = """\
Content-Type: application/node.eks.aws

---
apiVersion: node.eks.aws/v1alpha1
kind: NodeConfig
spec:
"""

_SCRIPT = """\
Content-Type: text/x-shellscript; charset="us-ascii"

#!/bin/sh
set -eu
"""

# EKS merges a NodeConfig of its own with ours and may set maxPods in it. What stands in nodeadm.d is read
# last, so the number holds either way.
_MAX_PODS = """\
mkdir -p /etc/eks/nodeadm.d
cat > /etc/eks/nodeadm.d/50-max-pods.yaml <<'END'
---
apiVersion: node.eks.aws/v1alpha1
kind: NodeConfig
spec:
  kubelet:
    config:
      maxPods: {max_pods}
END
"""

# As AWS's pattern ml-container-cache mounts it: over the image's own directory, before the runtime starts.
# `nofail`: a node that starts again without the volume pulls its images, and does not stop at a prompt.
_MOUNT_CACHE = f"""\
systemctl stop containerd
mkdir -p /var/lib/containerd
echo '{CACHE_DEVICE} /var/lib/containerd auto defaults,noatime,nofail 0 0' >> /etc/fstab
mount /var/lib/containerd
"""


@dataclass(frozen=True)
class Registration:
    """How a node of an image of one's own finds its cluster; EKS tells only nodes of its own images."""

    cluster: str
    endpoint: str
    certificate_authority: str
    """Base64, as EKS gives it."""
    service_cidr: str
    labels: Mapping[str, str]
    taint: Toleration


def choose_user_data(
    instance_type: InstanceType, *, image_cache: bool = False, registration: Registration | None = None
) -> str | None:
    """The multi-part user data of AL2023, or None where EKS's own is enough. Holds no secret."""
    parts: list[str] = []
    if registration is not None:
        parts.append(_NODE_CONFIG + _registered(registration))
    if instance_type.local_ssd is not None:
        parts.append(_NODE_CONFIG + _local_storage(image_cache=image_cache))
    if image_cache:
        parts.append(_SCRIPT + _MOUNT_CACHE)
    max_pods = choose_max_pods(instance_type)
    if max_pods is not None:
        parts.append(_SCRIPT + _MAX_PODS.format(max_pods=max_pods))
    return _multipart(parts) if parts else None


def encoded(user_data: str) -> str:
    """User data as a launch template holds it. Raises ValueError for more than EC2 takes."""
    raw, most = user_data.encode(), load_pool_facts().user_data_bytes
    if len(raw) > most:
        raise ValueError(f"user data of {len(raw)} bytes; EC2 takes {most}")
    return base64.b64encode(raw).decode()


def _local_storage(*, image_cache: bool) -> str:
    # Else the array would be mounted over the images of the cache.
    kept_off = "      disabledMounts: [Containerd]\n" if image_cache else ""
    return f"  instance:\n    localStorage:\n      strategy: RAID0\n{kept_off}"


def _registered(registration: Registration) -> str:
    labels = ",".join(f"{key}={value}" for key, value in sorted(registration.labels.items()))
    taint = registration.taint
    return f"""\
  cluster:
    name: "{registration.cluster}"
    apiServerEndpoint: "{registration.endpoint}"
    certificateAuthority: "{registration.certificate_authority}"
    cidr: "{registration.service_cidr}"
  kubelet:
    flags:
      - "--node-labels={labels}"
      - "--register-with-taints={taint.key}={taint.value}:{taint.effect}"
"""


def _multipart(parts: list[str]) -> str:
    head = f'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="{_BOUNDARY}"\n\n'
    return head + "".join(f"--{_BOUNDARY}\n{part}\n" for part in parts) + f"--{_BOUNDARY}--\n"
