"""`argosy plan ENV`: write the lock, and say what changed against the one before."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from typing import Any

import typer

from argosy.cli.changes import changes
from argosy.cli.proven import claimed, proven
from argosy.cli.refusal import refusal
from argosy.errors import ArgosyError, LockError
from argosy.planner.lock import load_lock, refuse_what_is_no_file, render_lock, write_lock
from argosy.planner.models import Lock
from argosy.planner.plan import plan_capacity
from argosy.planner.verify import verify_plan
from argosy.prices import stale
from argosy.resolve import load_fleet
from argosy.spec.loader import LoadedFleet


def plan_fleet(env: str, *, fresh: bool = False, as_json: bool = False) -> None:
    """Plan, prove, write. Nothing is written when a floor cannot be met."""
    try:
        planned = _plan(env, fresh)
    except ArgosyError as error:
        if as_json:
            typer.echo(json.dumps(refusal(error), indent=2, ensure_ascii=False))
        raise
    if as_json:
        typer.echo(json.dumps(planned.as_json(), indent=2, ensure_ascii=False))
        return
    for line in planned.changes:
        typer.echo(line)
    what = f"written; {planned.proven}" if planned.written else "unchanged"
    typer.echo(f"{planned.place}: {what}; {claimed(planned.lock)}")


@dataclass(frozen=True)
class _Planned:
    lock: Lock
    place: str
    written: bool
    changes: tuple[str, ...]
    proven: str

    def as_json(self) -> dict[str, Any]:
        return {
            "fleet": self.lock.fleet,
            "lock": self.place,
            "proven": True,
            "written": self.written,
            "changes": list(self.changes),
            "claimed": self.lock.claim.model_dump(),
            "pools": {pool: plan.nodes for pool, plan in self.lock.pools.items()},
        }


def _plan(env: str, fresh: bool) -> _Planned:
    fleet, catalog = load_fleet(env)
    for warning in stale(fleet, catalog, _today()):
        typer.echo(f"warning: {warning}", err=True)
    previous = _previous(fleet)
    lock = plan_capacity(fleet, catalog, previous, fresh=fresh)
    verify_plan(fleet, lock, catalog)
    place = fleet.named(fleet.lock_path)
    if previous is not None and fleet.lock_path.read_text(encoding="utf-8") == render_lock(lock):
        return _Planned(lock, place, False, (), proven(fleet.spec, lock))
    write_lock(lock, fleet.lock_path)
    told = tuple(changes(fleet, catalog, previous, lock))
    return _Planned(lock, place, True, told, proven(fleet.spec, lock))


def _previous(fleet: LoadedFleet) -> Lock | None:
    """The lock whose slots should stay as they are; one that cannot be read binds nothing, which is said."""
    refuse_what_is_no_file(fleet)
    if not fleet.lock_path.exists():
        return None
    try:
        return load_lock(fleet)
    except LockError as error:
        typer.echo(f"{error}\nPlanning without it: slots are bound afresh.", err=True)
        return None


def _today() -> dt.date:
    return dt.datetime.now(dt.UTC).date()
