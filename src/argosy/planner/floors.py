"""What must still be served in a scenario, in whole nodes per workload."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from argosy.planner.contingencies import NOMINAL, Scenario

if TYPE_CHECKING:
    from argosy.spec.models import DemandSpec, InferenceDemand

TRAINING = "training"
"""The workload under which the sum over all training jobs stands."""


def required_nodes(demand: DemandSpec, scenario: Scenario) -> dict[str, int]:
    """Workload to the nodes that its floor demands; a floor of 0 is left out.

    A service keeps its share of nodes, rounded up. Jobs run whole or not at all: protected ones in every
    scenario with a training floor, all of them with nothing lost; those that run add up to the floor's share.
    Raises ValueError for a service without a size, which `plan_capacity` refuses before it asks.
    """
    required = {
        f"inference/{service.name}": _share(scenario.inference, _size(service))
        for service in demand.inference
    }
    if scenario.training > 0:
        whole = [job for job in demand.training if job.protected or scenario.id == NOMINAL]
        required |= {f"training/{job.name}": job.nodes for job in whole}
        required[TRAINING] = _share(scenario.training, sum(job.nodes for job in demand.training))
    return {workload: nodes for workload, nodes in sorted(required.items()) if nodes}


def _size(service: InferenceDemand) -> int:
    if service.nodes is None:
        raise ValueError(f"inference/{service.name} is unsized")
    return service.nodes


def _share(share: Fraction, nodes: int) -> int:
    return -(-share.numerator * nodes // share.denominator)
