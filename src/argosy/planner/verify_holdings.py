"""Do the lock's pools match the fleet file and the inventories?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from argosy.planner.slots import slot_order
from argosy.spec.models import CloudSiteSpec, HallSpec
from argosy.spec.words import counted

if TYPE_CHECKING:
    from argosy.planner.models import Lock, PoolPlan
    from argosy.spec.loader import LoadedFleet
    from argosy.spec.models import NodePoolSpec


def wrong_holdings(fleet: LoadedFleet, lock: Lock) -> Iterator[str]:
    """One sentence per pool, zone, slot or spare that is not as fleet file and inventories have it."""
    wanted = {f"{name}/{pool}" for name, site in fleet.spec.sites.items() for pool in site.node_pools}
    for pool_id in sorted(wanted - lock.pools.keys()):
        yield f"{pool_id}: the lock does not hold this pool"
    for pool_id in sorted(lock.pools.keys() - wanted):
        yield f"{pool_id}: the fleet file does not know this pool"
    for pool_id in sorted(lock.pools.keys() & wanted):
        site_name, _, pool_name = pool_id.partition("/")
        site, plan = fleet.spec.sites[site_name], lock.pools[pool_id]
        spec = site.node_pools[pool_name]
        yield from _wrong_size(pool_id, spec, plan)
        if isinstance(site, HallSpec):
            yield from _wrong_slots(fleet, site_name, pool_id, spec, lock)
        else:
            yield from _wrong_zones(site, pool_id, spec, plan)
    yield from _used_twice(lock)


def _wrong_size(pool_id: str, spec: NodePoolSpec, plan: PoolPlan) -> Iterator[str]:
    if isinstance(spec.nodes, int):
        low = high = spec.nodes
    else:
        low, high = spec.nodes.min, spec.nodes.max
    if not low <= plan.nodes <= high:
        wanted = str(low) if low == high else f"{low} to {high}"
        yield f"{pool_id}: holds {counted(plan.nodes, 'node')}; the fleet file wants {wanted}"


def _wrong_zones(site: CloudSiteSpec, pool_id: str, spec: NodePoolSpec, plan: PoolPlan) -> Iterator[str]:
    if plan.slots or plan.spares:
        yield f"{pool_id}: has slots, which only bare metal has ({site.provider} runs it)"
    zones = {*spec.zones, *([spec.zone] if spec.zone else [])}
    if plan.by_zone.keys() != zones:
        yield f"{pool_id}: spreads over zones {sorted(plan.by_zone)}; the fleet file wants {sorted(zones)}"
        return
    if sum(plan.by_zone.values()) != plan.nodes:
        yield f"{pool_id}: its zones add up to {sum(plan.by_zone.values())} nodes, not {plan.nodes}"
    # The planner chooses the zones of an open pool: more may have to stand where another pool's are few.
    pinned = isinstance(spec.nodes, int)
    step = spec.capacity.multiple_of if spec.capacity else 1
    if pinned and max(plan.by_zone.values(), default=0) - min(plan.by_zone.values(), default=0) > step:
        yield f"{pool_id}: its zones do not share the nodes evenly"


def _wrong_slots(
    fleet: LoadedFleet, site: str, pool_id: str, spec: NodePoolSpec, lock: Lock
) -> Iterator[str]:
    plan, spare_room = lock.pools[pool_id], _spares_used_up(fleet, site, spec.server_type or "", lock)
    if plan.by_zone:
        yield f"{pool_id}: has zones, which a hall does not have"
    for kind, bound, wanted in (("slot", plan.slots, plan.nodes), ("spare", plan.spares, spec.spares)):
        names = {f"{kind}-{number:02d}" for number in range(1, wanted + 1)}
        lacking = names - bound.keys()
        if kind == "spare" and bound.keys() <= names and len(lacking) <= spare_room:
            continue
        if bound.keys() != names:
            odd = ", ".join(sorted(bound.keys() ^ names, key=slot_order))
            verb = "is" if wanted == 1 else "are"
            yield f"{pool_id}: {counted(wanted, kind)} {verb} wanted; missing or too many: {odd}"
    inventory = fleet.inventories[site]
    types = {server.serial: inventory.server_type_of(server) for server in inventory.servers}
    out = inventory.out_of_service
    held = plan.slots | plan.spares
    for slot in sorted(held, key=slot_order):
        serial = held[slot]
        if serial not in types:
            yield f"{pool_id}: {slot} names server {serial}, which the inventory of {site} lacks"
        elif serial in out:
            yield (
                f"{pool_id}: {slot} names server {serial}, which is out of service ({out[serial].reason});"
                " if `argosy metal replace` was interrupted, run it again"
            )
        elif types[serial] != spec.server_type:
            yield f"{pool_id}: {slot} names server {serial}, a {types[serial]}, not a {spec.server_type}"


def _spares_used_up(fleet: LoadedFleet, site: str, server_type: str, lock: Lock) -> int:
    """How many spares may lack since they stand in for servers out of service; none while any is free."""
    inventory = fleet.inventories[site]
    held = {
        serial
        for pool_id, plan in lock.pools.items()
        if pool_id.partition("/")[0] == site
        for serial in (*plan.slots.values(), *plan.spares.values())
    }
    free = any(
        inventory.server_type_of(server) == server_type and server.serial not in held
        for server in inventory.in_service
    )
    return 0 if free else inventory.out_of_type(server_type)


def _used_twice(lock: Lock) -> Iterator[str]:
    uses = Counter(
        (pool_id.partition("/")[0], serial)
        for pool_id, plan in lock.pools.items()
        for serial in (*plan.slots.values(), *plan.spares.values())
    )
    for (site, serial), count in sorted(uses.items()):
        if count > 1:
            yield f"{site}: server {serial} fills {count} slots"
