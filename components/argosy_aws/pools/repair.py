"""When EKS repairs a node, what it does, and when it stops: a fault of all nodes is not the hardware's."""

from __future__ import annotations

from dataclasses import dataclass

from argosy_aws.pools.facts import load_pool_facts
from argosy_aws.pools.images import is_neuron
from argosy_component.contract import NodePoolPlan

_UNHEALTHY_SHARE, _LEAST_UNHEALTHY = 5, 2
_PARALLEL_SHARE = 20


@dataclass(frozen=True)
class RepairOverride:
    """What is done about one reason. EKS takes all four values or none."""

    condition: str
    reason: str
    wait_minutes: int
    action: str


@dataclass(frozen=True)
class RepairChoice:
    """The node repair of one node group."""

    max_unhealthy: int
    """Unhealthy nodes above which EKS repairs none."""
    max_parallel: int
    """Nodes repaired at a time."""
    overrides: tuple[RepairOverride, ...]
    """By reason."""


def choose_repair(pool: NodePoolPlan, nodes: int) -> RepairChoice:
    """The node repair of a group of `nodes` nodes.

    A fifth of the group may be unhealthy, as EKS has it by itself, but always two: by share alone, a reserved
    group of eight would be left with two broken nodes, which nobody else can replace. One node in twenty is
    replaced at a time, since held capacity gives a node back only when its host has been cleaned.
    """
    return RepairChoice(
        max_unhealthy=max(_LEAST_UNHEALTHY, nodes // _UNHEALTHY_SHARE),
        max_parallel=max(1, nodes // _PARALLEL_SHARE),
        overrides=_overrides(pool),
    )


def _overrides(pool: NodePoolPlan) -> tuple[RepairOverride, ...]:
    # The agent does not watch NVIDIA's accelerators on Arm, so nothing there would ever give a reason.
    # Source: aws/eks-node-monitoring-agent, monitors/nvidia/monitor.go.
    if pool.node_type.arch == "arm64":
        return ()
    facts, maker = load_pool_facts(), "neuron" if is_neuron(pool) else "nvidia"
    return tuple(
        RepairOverride(facts.repair_condition, reason, facts.repair_wait_minutes, action)
        for reason, action in sorted(facts.repairs[maker].items())
    )
