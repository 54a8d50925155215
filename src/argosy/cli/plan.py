"""`argosy plan ENV`: write the lock, and say what changed against the one before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import typer

from argosy.cli.load import load_fleet
from argosy.errors import LockError
from argosy.planner.lock import load_lock, render_lock, write_lock
from argosy.planner.models import Lock, PoolPlan
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
    changes = list(changed_pools(previous.pools if previous else {}, lock.pools))
    for line in changes or ["no pool changes; facts, floors or witnesses do"]:
        typer.echo(line)
    typer.echo(f"{place}: written; every floor is proven in {len(lock.scenarios)} scenarios")


def _previous(fleet: LoadedFleet) -> Lock | None:
    """The lock whose slots should stay as they are; one that cannot be read binds nothing, which is said."""
    if not fleet.lock_path.exists():
        return None
    try:
        return load_lock(fleet)
    except LockError as error:
        typer.echo(f"{error}\nPlanning without it: slots are bound afresh.", err=True)
        return None


def changed_pools(before: Mapping[str, PoolPlan], after: Mapping[str, PoolPlan]) -> Iterator[str]:
    """One line per pool, and per slot, spare or zone in it, that is not as it was."""
    for pool in sorted(before.keys() | after.keys()):
        old, new = before.get(pool), after.get(pool)
        if old == new:
            continue
        if new is None:
            yield f"- {pool}"
            continue
        size = "" if old is None or old.nodes == new.nodes else f"{old.nodes} → "
        yield f"{'+' if old is None else '~'} {pool}: {size}{new.nodes} nodes"
        yield from _changed_places(_places(old), _places(new))


def _places(plan: PoolPlan | None) -> dict[str, str]:
    if plan is None:
        return {}
    zones = {zone: f"{nodes} nodes" for zone, nodes in plan.by_zone.items()}
    return {**zones, **plan.slots, **plan.spares}


def _changed_places(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[str]:
    for place in sorted(before.keys() | after.keys()):
        old, new = before.get(place), after.get(place)
        if new is None:
            yield f"    - {place}: {old}"
        elif old is None:
            yield f"    + {place}: {new}"
        elif old != new:
            yield f"    ~ {place}: {old} → {new}"
