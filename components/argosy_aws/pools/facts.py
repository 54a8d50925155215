"""What node pools must know of EKS, EC2 and the software on their nodes. Values and sources: `pools.yaml`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from argosy_aws.yaml_facts import read_facts


@dataclass(frozen=True)
class PoolFacts:
    """Limits of node pools, and what is done about broken nodes."""

    repair_condition: str
    """The node condition under which the monitoring agent reports accelerators."""
    repair_wait_minutes: int
    """How long a node must be broken before it is repaired; EKS takes 10 to 120 in steps of 10."""
    repairs: Mapping[str, Mapping[str, str]]
    """Maker of the accelerator (`nvidia`, `neuron`) to reason to `Replace`, `Reboot` or `NoAction`."""
    partitions: int
    """Partitions of a partition placement group, in each zone."""
    user_data_bytes: int
    """Most bytes of user data before they are encoded."""
    most_unavailable: int
    """Most nodes that an update of a managed node group takes at a time."""
    aicr_accelerators: Mapping[str, str]
    """The catalogue's accelerators in the words of NVIDIA's AICR; others have no word there."""


@lru_cache(maxsize=1)
def load_pool_facts() -> PoolFacts:
    """The facts, read once per process."""
    content = read_facts(__file__, "pools.yaml")
    repairs = content["repairs"]
    return PoolFacts(
        repair_condition=repairs["condition"],
        repair_wait_minutes=repairs["wait_minutes"],
        repairs={maker: dict(repairs[maker]) for maker in ("neuron", "nvidia")},
        partitions=content["partitions"],
        user_data_bytes=content["user_data_bytes"],
        most_unavailable=content["most_unavailable"],
        aicr_accelerators=dict(content["aicr_accelerators"]),
    )
