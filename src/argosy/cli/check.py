"""`argosy check ENV`: prove the lock, and show what each failure leaves."""

from __future__ import annotations

import json
from typing import Any

import typer

from argosy.catalog import Catalog
from argosy.cli.proven import proven
from argosy.cli.refusal import refusal
from argosy.errors import ArgosyError
from argosy.planner.build import build_problem
from argosy.planner.kept import kept_by_scenario
from argosy.planner.lock import load_lock
from argosy.planner.models import Lock
from argosy.planner.offerings import Supply, holdings
from argosy.planner.power_report import hall_reports, report_lines
from argosy.planner.problem import Problem
from argosy.planner.verify import verify_plan
from argosy.resolve import load_fleet
from argosy.spec.loader import LoadedFleet

LEGEND = (
    "kept/required, kept at most what the floor asks for, in nodes or (services sized from requests) in "
    "requests/s; -: not required then; training: all its jobs together"
)


def check_fleet(env: str, as_json: bool) -> None:
    """Print the proof; raise FleetError, LockError or ShortfallError where there is none."""
    try:
        fleet, catalog, lock, problem = _proven(env)
    except ArgosyError as error:
        if as_json:
            typer.echo(json.dumps(refusal(error), indent=2, ensure_ascii=False))
        raise
    if as_json:
        typer.echo(json.dumps(_proof(fleet, catalog, lock, problem), indent=2, ensure_ascii=False))
    else:
        _print_proof(fleet, catalog, lock, problem)


def _proven(env: str) -> tuple[LoadedFleet, Catalog, Lock, Problem]:
    fleet, catalog = load_fleet(env)
    lock = load_lock(fleet)
    verify_plan(fleet, lock, catalog)
    return fleet, catalog, lock, build_problem(fleet, catalog)


def _power_lines(fleet: LoadedFleet, catalog: Catalog, lock: Lock) -> list[str]:
    """What any single failure of a hall's power takes down."""
    reports = hall_reports(Supply(fleet, catalog), holdings(fleet, lock.pools))
    return [line for report in reports for line in report_lines(report)]


def _proof(fleet: LoadedFleet, catalog: Catalog, lock: Lock, problem: Problem) -> dict[str, Any]:
    return {
        "fleet": lock.fleet,
        "lock": fleet.named(fleet.lock_path),
        "proven": True,
        "claimed": lock.claim.model_dump(),
        "power": _power_lines(fleet, catalog, lock),
        "scenarios": [
            {
                "id": scenario,
                "within": within,
                "workloads": {
                    workload: {"required": float(cell.required), "kept": float(cell.kept), "unit": cell.unit}
                    for workload, cell in cells.items()
                },
            }
            for (scenario, within), cells in kept_by_scenario(problem, lock).items()
        ],
    }


def _print_proof(fleet: LoadedFleet, catalog: Catalog, lock: Lock, problem: Problem) -> None:
    table = kept_by_scenario(problem, lock)
    workloads = sorted({workload for cells in table.values() for workload in cells})
    rows = [["scenario", "within", *workloads]]
    for (scenario, within), cells in table.items():
        floors = [str(cells[name]) if name in cells else "-" for name in workloads]
        rows.append([scenario, within, *floors])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    typer.echo(LEGEND)
    for line in _power_lines(fleet, catalog, lock):
        typer.echo(line)
    typer.echo(f"{fleet.named(fleet.lock_path)}: {proven(fleet.spec, lock)}")
