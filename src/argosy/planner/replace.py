"""Another server for one slot: the spare steps in, and the old one is out of service. Pure."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from argosy.errors import ArgosyError
from argosy.planner.plan import keep_sizes
from argosy.planner.slots import slot_order
from argosy.planner.verify import verify_plan
from argosy.spec.hints import nearest
from argosy.spec.inventory import InventorySpec, OutOfServiceSpec

if TYPE_CHECKING:
    from argosy.catalog import Catalog
    from argosy.planner.models import Lock, PoolPlan
    from argosy.spec.loader import LoadedFleet


class NotReplaceableError(ArgosyError):
    """The slot cannot get another server; the message says why, and what would do."""


@dataclasses.dataclass(frozen=True)
class Replacement:
    """What to write: the lock, and one line of the hall's inventory."""

    lock: Lock
    site: str
    slot: str
    """`train/slot-02`."""
    old: str
    new: str
    entry: OutOfServiceSpec
    """Of the old server, below `out_of_service`."""


def replace_server(fleet: LoadedFleet, catalog: Catalog, lock: Lock, place: str, reason: str) -> Replacement:
    """Give the slot `SITE/POOL/slot-NN` to a spare of its pool, and leave all other slots as they are.

    The spare whose place in the hall is most like the old server's comes first, then the order of the spares.
    Its own place is filled by a free server if there is one.

    Raises NotReplaceableError, and LockError or ShortfallError if the lock is not good as it is.
    """
    pool_id, slot = _found(lock, place)
    site, _, pool = pool_id.partition("/")
    plan, inventory = lock.pools[pool_id], fleet.inventories[site]
    old = plan.slots[slot]
    entry = OutOfServiceSpec(reason=reason, slot=f"{pool}/{slot}")
    _refuse_a_repetition(inventory, entry, old, place)
    # A run that was killed between its two files has left the old server out of service already.
    verify_plan(_with_inventory(fleet, site, _listing(inventory, old, None)), lock, catalog)
    without = _with_inventory(fleet, site, _listing(inventory, old, entry))
    for spare in _spares(inventory, plan, old):
        moved = _moved(plan, slot, spare)
        wanted = lock.model_copy(update={"pools": {**lock.pools, pool_id: moved}})
        found = keep_sizes(without, catalog, wanted)
        if found is not None and found.pools[pool_id].slots == moved.slots:
            verify_plan(without, found, catalog)
            return Replacement(found, site, f"{pool}/{slot}", old, plan.spares[spare], entry)
    raise _no_spare(inventory, plan, old, place)


def _found(lock: Lock, place: str) -> tuple[str, str]:
    pool_id, _, slot = place.rpartition("/")
    slots = [f"{name}/{known}" for name, plan in sorted(lock.pools.items()) for known in plan.slots]
    if pool_id in lock.pools and slot in lock.pools[pool_id].slots:
        return pool_id, slot
    close = nearest(place, slots)
    hint = f"did you mean {close}?" if close else "argosy metal status shows all slots"
    raise NotReplaceableError(
        f"{place!r} is no slot of the lock; expected SITE/POOL/SLOT, e.g. hall-north/train/slot-02: {hint}"
    )


def _refuse_a_repetition(inventory: InventorySpec, entry: OutOfServiceSpec, old: str, place: str) -> None:
    """The same slot for the same reason, and another server in it by now: it was done before."""
    for serial, known in sorted(inventory.out_of_service.items()):
        if known == entry and serial != old:
            raise NotReplaceableError(
                f"{place} was replaced already: {serial} is out of service for this very reason, and {old}"
                " has the slot; if that one is broken too, give its own reason"
            )


def _with_inventory(fleet: LoadedFleet, site: str, inventory: InventorySpec) -> LoadedFleet:
    return dataclasses.replace(fleet, inventories={**fleet.inventories, site: inventory})


def _listing(inventory: InventorySpec, serial: str, entry: OutOfServiceSpec | None) -> InventorySpec:
    """The inventory with one server out of service, or in it again."""
    out = {name: known for name, known in inventory.out_of_service.items() if name != serial}
    if entry is not None:
        out[serial] = entry
    return inventory.model_copy(update={"out_of_service": out})


def _spares(inventory: InventorySpec, plan: PoolPlan, old: str) -> list[str]:
    """Spare slots that are filled with servers in service, the likeliest first."""
    servers = {server.serial: server for server in inventory.servers}
    usable = {server.serial for server in inventory.in_service}
    gone = servers.get(old)

    def unlike(slot: str) -> tuple[bool, bool, tuple[str, int, str]]:
        spare = servers[plan.spares[slot]]
        same_feeds = gone is not None and sorted(spare.feeds) == sorted(gone.feeds)
        return not same_feeds, gone is None or spare.rack != gone.rack, slot_order(slot)

    return sorted((slot for slot, serial in plan.spares.items() if serial in usable), key=unlike)


def _moved(plan: PoolPlan, slot: str, spare: str) -> PoolPlan:
    spares = {name: serial for name, serial in plan.spares.items() if name != spare}
    return plan.model_copy(
        update={"slots": {**plan.slots, slot: plan.spares[spare]}, "spares": dict(sorted(spares.items()))}
    )


def _no_spare(inventory: InventorySpec, plan: PoolPlan, old: str, place: str) -> NotReplaceableError:
    server = next((server for server in inventory.servers if server.serial == old), None)
    kind = inventory.server_type_of(server) if server else inventory.server_type
    if not plan.spares:
        return NotReplaceableError(
            f"{place}: its pool holds no spare {kind} that could stand in for {old}; give the pool `spares`"
            " and run `argosy plan`, or mend the server and leave it in its slot"
        )
    tried = ", ".join(plan.spares[slot] for slot in sorted(plan.spares, key=slot_order))
    return NotReplaceableError(
        f"{place}: with none of its pool's spares ({tried}) in the place of {old} does the plan keep every"
        " floor; put the serial below `out_of_service` of the hall's inventory by hand, and run"
        " `argosy plan`, which may choose anew"
    )
