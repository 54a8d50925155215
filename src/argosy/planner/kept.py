"""What each scenario of a lock keeps of every workload, beside what its floor demands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_UP, Decimal
from typing import TYPE_CHECKING

from argosy.planner.problem import MICRO, Case, Problem

if TYPE_CHECKING:
    from argosy.planner.models import Lock, ScenarioPlan


@dataclass(frozen=True)
class Kept:
    """One workload in one scenario, in nodes or in requests per second."""

    required: Decimal
    kept: Decimal
    unit: str
    """`nodes` or `requests/s`."""

    def __str__(self) -> str:
        """`16/16`: kept over required. What is required is rounded up and a shortfall is never hidden."""
        required = _short(self.required, ROUND_UP)
        kept = required if self.kept >= self.required else _short(self.kept, ROUND_DOWN)
        return f"{kept}/{required}"


def _short(number: Decimal, rounding: str) -> str:
    text = f"{number.quantize(Decimal('0.01'), rounding=rounding):f}"
    return text.rstrip("0").rstrip(".")


def kept_by_scenario(problem: Problem, lock: Lock) -> dict[tuple[str, str], dict[str, Kept]]:
    """(scenario, time) to workload to what is kept; workloads without a floor are left out.

    Workloads are rows (`inference/assistant`, `inference/assistant@eu`), jobs (`training/pretrain`) and
    `training`, all jobs together. The lock must have been verified.
    """
    plans = {(plan.id, plan.within): plan for plan in lock.scenarios}
    return {case.key: dict(sorted(_kept(problem, case, plans[case.key]).items())) for case in problem.cases}


def _kept(problem: Problem, case: Case, plan: ScenarioPlan) -> Mapping[str, Kept]:
    found: dict[str, Kept] = {}
    for row_id, needed in case.floors.items():
        row = problem.row[row_id]
        served = sum(row.rates[kind] * nodes for kind, nodes in plan.serves.get(row_id, {}).items())
        # What is served beyond the floor is not shown, since a witness serves no more than it must.
        kept = Decimal(min(served, needed * MICRO)) / MICRO / row.grain
        found[row_id] = Kept(Decimal(needed) / row.grain, kept, row.unit)
    for job in case.jobs:
        nodes = Decimal(problem.gang[job].nodes)
        found[job] = Kept(nodes, nodes if job in plan.jobs else Decimal(0), "nodes")
    if case.training:
        running = Decimal(sum(problem.gang[job].nodes for job in plan.jobs))
        found["training"] = Kept(Decimal(case.training), running, "nodes")
    return found
