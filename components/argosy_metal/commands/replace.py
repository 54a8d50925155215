"""`argosy metal replace ENV SITE/POOL/slot-17 --reason TEXT`: a spare takes the slot of a broken server.

Two files change, for a review: the inventory keeps the old server's serial and the reason, the lock has the
spare's serial in the slot. Nothing is done to any server; that is the next `pulumi up`.
"""

from __future__ import annotations

from pathlib import Path

import typer

from argosy.errors import LockError
from argosy.planner.lock import load_lock, write_lock
from argosy.planner.replace import Replacement, replace_server
from argosy.planner.verify import verify_plan
from argosy.resolve import load_fleet
from argosy.spec.loader import LoadedFleet
from argosy_metal.commands.halls import halls_of
from argosy_metal.commands.inventory_file import put_out_of_service


def replace_slot(env: str, place: str, reason: str) -> None:
    """Rewrite inventory and lock. Raises NotReplaceableError, and LockError for a lock that is not good.

    Raises InventoryEditError for an inventory that cannot be changed; neither file is changed then.
    """
    fleet, catalog = load_fleet(env)
    found = replace_server(fleet, catalog, load_lock(fleet), place, reason)
    path, known = _inventory_path(fleet, found.site), fleet.inventories[found.site]
    # This order: a run that is killed in between is ended by the same command again.
    put_out_of_service(path, fleet.named(path), known, found.old, found.entry)
    # The lock is held against the file as it is, not as it was meant to be.
    verify_plan(load_fleet(env)[0], found.lock, catalog)
    try:
        write_lock(found.lock, fleet.lock_path)
    except OSError as error:
        raise LockError(
            f"{fleet.named(fleet.lock_path)}: cannot be written ({error.strerror}), though the inventory was;"
            " mend that, then run the same command again"
        ) from None
    _tell(env, fleet, found)


def _inventory_path(fleet: LoadedFleet, site: str) -> Path:
    return fleet.path.parent / halls_of(fleet)[site].inventory


def _spares_left(found: Replacement) -> str:
    pool = f"{found.site}/{found.slot.partition('/')[0]}"
    return ", ".join(sorted(found.lock.pools[pool].spares.values())) or "none"


def _tell(env: str, fleet: LoadedFleet, found: Replacement) -> None:
    typer.echo(f"{found.site}/{found.slot}: {found.old} → {found.new}")
    typer.echo(f"  {fleet.named(_inventory_path(fleet, found.site))}: {found.old} is out of service")
    typer.echo(f"  {fleet.named(fleet.lock_path)}: {found.slot} is filled by {found.new}")
    typer.echo(f"  spares that the pool still holds: {_spares_left(found)}")
    typer.echo(
        "review both files; then `pulumi up` takes the old server down, wipes it as its pool says, and"
        f" installs the new one; argosy metal status {env} shows how far it is"
    )
