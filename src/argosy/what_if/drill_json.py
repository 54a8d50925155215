"""A drill as plain JSON: the same facts, amounts in whole units of `1 / grain` of their unit."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from argosy.what_if.drill_show import verdict

if TYPE_CHECKING:
    from argosy.what_if.drill_model import Drill, Recovery, Workload


def drill_as_json(found: Drill) -> dict[str, object]:
    """Everything that the lines say. Money is in whole micro-dollars per hour."""
    return {
        "fleet": found.fleet,
        "scenario": found.scenario,
        "minutes": found.minutes,
        "asked_by": list(found.asked_by),
        "asked_later": list(found.asked_later),
        "kept": found.is_kept,
        "proven": found.is_kept and bool(found.asked_by),
        "verdict": verdict(found),
        "broken": list(found.broken),
        "kept_until_seconds": found.kept_until_seconds,
        "claimed_best": found.certain,
        "workloads": [_workload(workload) for workload in found.workloads],
        "jobs": [dataclasses.asdict(job) for job in found.jobs],
        "quotas": [dataclasses.asdict(left) for left in found.quotas],
        "down": list(found.down),
        "in_time": list(found.in_time),
        "feeds": [dataclasses.asdict(left) for left in found.feeds],
        "costs": [dataclasses.asdict(cost) for cost in found.costs],
        "micro_usd_per_hour": found.micro_usd_per_hour,
        "started": dict(found.started),
        "witness": dataclasses.asdict(found.witness),
    }


def _workload(workload: Workload) -> dict[str, object]:
    return {
        "id": workload.id,
        "scope": workload.scope,
        "unit": workload.unit,
        "grain": workload.grain,
        "demand": workload.demand,
        "floor": workload.floor,
        **dataclasses.asdict(workload.left),
        "kept": workload.kept,
        "short_of_floor": workload.short_of_floor,
        "short_of_demand": workload.short_of_demand,
        "recovery": _recovery(workload.recovery),
    }


def _recovery(recovery: Recovery) -> dict[str, object]:
    known = recovery.high_seconds is not None
    return {
        "low_seconds": recovery.low_seconds,
        "high_seconds": recovery.high_seconds,
        "demonstrated": known and recovery.is_demonstrated,
        "why": recovery.why,
        "terms": [dataclasses.asdict(term) for term in recovery.terms],
    }
