"""Names, labels and taints that every provider gives alike. Imports no SDK."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from argosy_component.contract import NodePoolPlan, Toleration

POOL_LABEL = "argosy.dev/node-pool"
ROLE_LABEL = "argosy.dev/role"
ACCELERATOR_LABEL = "argosy.dev/accelerator"
"""Node labels that mean the same at every site."""

GPU_TAINT = Toleration(key="nvidia.com/gpu", value="present", effect="NoSchedule")
"""Keeps pods that need no GPU off the nodes; the key and value that GKE gives GPU pools by itself."""

_HASH_LENGTH = 6


def short_name(*parts: str, limit: int) -> str:
    """The parts joined by dashes, at most `limit` characters long.

    A longer name is cut and ends in a hash of the whole, so that two long names stay two names and the same
    parts always give the same name.
    """
    whole = "-".join(parts)
    if len(whole) <= limit:
        return whole
    digest = hashlib.sha256(whole.encode()).hexdigest()[:_HASH_LENGTH]
    return f"{whole[: limit - _HASH_LENGTH - 1].rstrip('-')}-{digest}"


def pool_labels(pool: NodePoolPlan) -> Mapping[str, str]:
    """The labels of every node of the pool, whoever the vendor is."""
    return {
        ACCELERATOR_LABEL: pool.node_type.accelerator,
        POOL_LABEL: pool.name,
        ROLE_LABEL: pool.role,
    }


def pool_selector(pool: NodePoolPlan) -> Mapping[str, str]:
    """The node selector that picks the pool's nodes and no others of its cluster."""
    return {POOL_LABEL: pool.name}
