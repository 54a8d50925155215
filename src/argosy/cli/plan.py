"""`argosy plan ENV`: write the lock, and say what changed against the one before."""

from __future__ import annotations

import typer

from argosy.cli.changes import changes
from argosy.cli.load import load_fleet
from argosy.cli.proven import proven
from argosy.errors import LockError
from argosy.planner.lock import load_lock, refuse_what_is_no_file, render_lock, write_lock
from argosy.planner.models import Lock
from argosy.planner.plan import plan_capacity
from argosy.planner.verify import verify_plan
from argosy.spec.loader import LoadedFleet


def plan_fleet(env: str) -> None:
    """Plan, prove, write. Nothing is written when a floor cannot be met."""
    fleet, catalog = load_fleet(env)
    previous = _previous(fleet)
    lock = plan_capacity(fleet, catalog, previous)
    verify_plan(fleet, lock, catalog)
    place = fleet.named(fleet.lock_path)
    if previous is not None and fleet.lock_path.read_text(encoding="utf-8") == render_lock(lock):
        typer.echo(f"{place}: unchanged")
        return
    write_lock(lock, fleet.lock_path)
    for line in changes(fleet, catalog, previous, lock):
        typer.echo(line)
    typer.echo(f"{place}: written; {proven(fleet.spec, lock)}")


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
