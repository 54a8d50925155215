"""What a node is told when it boots: scratch on its local disks, and its true number of pods."""

from __future__ import annotations

import base64

from argosy.catalog import InstanceType
from argosy_aws.nics import choose_max_pods

_BOUNDARY = "argosy-node"

_NODE_CONFIG = """\
Content-Type: application/node.eks.aws

---
apiVersion: node.eks.aws/v1alpha1
kind: NodeConfig
spec:
  instance:
    localStorage:
      strategy: RAID0
"""

# EKS merges a NodeConfig of its own with ours and may set maxPods in it. What stands in nodeadm.d is read
# last, so the number holds either way.
_MAX_PODS = """\
Content-Type: text/x-shellscript; charset="us-ascii"

#!/bin/sh
set -eu
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


def choose_user_data(instance_type: InstanceType) -> str | None:
    """The multi-part user data of AL2023, or None where EKS's own is enough. Holds no secret."""
    parts: list[str] = []
    if instance_type.local_ssd is not None:
        parts.append(_NODE_CONFIG)
    max_pods = choose_max_pods(instance_type)
    if max_pods is not None:
        parts.append(_MAX_PODS.format(max_pods=max_pods))
    return _multipart(parts) if parts else None


def encoded(user_data: str) -> str:
    """User data as a launch template holds it."""
    return base64.b64encode(user_data.encode()).decode()


def _multipart(parts: list[str]) -> str:
    head = f'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="{_BOUNDARY}"\n\n'
    return head + "".join(f"--{_BOUNDARY}\n{part}\n" for part in parts) + f"--{_BOUNDARY}--\n"
