"""What the software of a pool's nodes is chosen by, in the words of NVIDIA's AICR recipes."""

from __future__ import annotations

from collections.abc import Mapping

from argosy_aws.pools.facts import load_pool_facts
from argosy_aws.pools.images import is_neuron
from argosy_aws.settings import settings_of_pool
from argosy_component.contract import NodePoolPlan


def choose_criteria(pool: NodePoolPlan) -> Mapping[str, str]:
    """The criteria of a pool. What AICR has no word for is left out, never likened to something else.

    Nothing is said of AWS's own accelerators, which AICR's software does not drive, and nothing of the
    operating system of an image of one's own.
    """
    if is_neuron(pool):
        return {}
    criteria = {"service": "eks", "intent": pool.role}
    accelerator = load_pool_facts().aicr_accelerators.get(pool.node_type.accelerator)
    if accelerator is not None:
        criteria["accelerator"] = accelerator
    if settings_of_pool(pool).image is None:
        criteria["os"] = "amazonlinux"
    return dict(sorted(criteria.items()))
