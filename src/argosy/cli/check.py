"""`argosy check ENV`: prove the lock, and show what each failure leaves."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import typer

from argosy.cli.load import load_fleet
from argosy.cli.proven import proven
from argosy.errors import ArgosyError, FleetError, ShortfallError
from argosy.planner.lock import load_lock
from argosy.planner.models import Lock, ScenarioPlan
from argosy.planner.verify import verify_plan
from argosy.spec.loader import LoadedFleet

LEGEND = (
    "kept/required nodes, kept at most what the workload asks for; -: not required then; "
    "training: all its jobs together"
)


def check_fleet(env: str, as_json: bool) -> None:
    """Print the proof; raise FleetError, LockError or ShortfallError where there is none."""
    try:
        fleet, lock = _proven(env)
    except ArgosyError as error:
        if as_json:
            typer.echo(json.dumps(_refusal(error), indent=2, ensure_ascii=False))
        raise
    if as_json:
        typer.echo(json.dumps(_proof(fleet, lock), indent=2, ensure_ascii=False))
    else:
        _print_proof(fleet, lock)


def _proven(env: str) -> tuple[LoadedFleet, Lock]:
    fleet, catalog = load_fleet(env)
    lock = load_lock(fleet)
    verify_plan(fleet, lock, catalog)
    return fleet, lock


def _kept(scenario: ScenarioPlan) -> dict[str, int]:
    """Workload to nodes that serve it, for every workload with a floor."""
    served = {workload: sum(pools.values()) for workload, pools in scenario.witness.items()}
    served["training"] = sum(nodes for name, nodes in served.items() if name.startswith("training/"))
    return {workload: served.get(workload, 0) for workload in scenario.required}


def _proof(fleet: LoadedFleet, lock: Lock) -> dict[str, Any]:
    return {
        "fleet": lock.fleet,
        "lock": fleet.named(fleet.lock_path),
        "proven": True,
        "scenarios": [
            {
                "id": scenario.id,
                "within": scenario.within,
                "workloads": {
                    workload: {"required": scenario.required[workload], "kept": kept}
                    for workload, kept in _kept(scenario).items()
                },
            }
            for scenario in lock.scenarios
        ],
    }


def _refusal(error: ArgosyError) -> dict[str, Any]:
    refusal: dict[str, Any] = {"proven": False, "error": str(error)}
    if isinstance(error, FleetError):
        refusal["faults"] = [dataclasses.asdict(fault) for fault in error.faults]
    if isinstance(error, ShortfallError):
        refusal["shortfalls"] = [dataclasses.asdict(shortfall) for shortfall in error.shortfalls]
    return refusal


def _print_proof(fleet: LoadedFleet, lock: Lock) -> None:
    workloads = sorted({workload for scenario in lock.scenarios for workload in scenario.required})
    rows = [["scenario", "within", *workloads]]
    for scenario in lock.scenarios:
        kept, required = _kept(scenario), scenario.required
        floors = [f"{kept[name]}/{required[name]}" if name in required else "-" for name in workloads]
        rows.append([scenario.id, scenario.within, *floors])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    typer.echo(LEGEND)
    typer.echo(f"{fleet.named(fleet.lock_path)}: {proven(fleet.spec, lock)}")
