"""What one plan changes against the one before, in lines for a reviewer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from argosy.planner.verify_stale import changed_facts, changed_parts
from argosy.spec.words import counted

if TYPE_CHECKING:
    from argosy.catalog import Catalog
    from argosy.planner.models import Lock, PoolPlan
    from argosy.spec.loader import LoadedFleet

_SHOWN_DIGITS = 12


def changes(fleet: LoadedFleet, catalog: Catalog, before: Lock | None, after: Lock) -> Iterator[str]:
    """Pools, images, and what `argosy check` says of the lock before: changed parts, facts old and new."""
    yield from _changed_pools(before.pools if before else {}, after.pools)
    if before is None:
        return
    yield from _changed_images(before, after)
    stale = [*changed_parts(fleet, before), *changed_facts(fleet, before, catalog)]
    # What becomes of an image has been said above, and said better.
    yield from (line for line in stale if not line.startswith("fact images."))
    if not stale and before.pools == after.pools:
        yield from _changed_words(before, after)


def _changed_pools(before: Mapping[str, PoolPlan], after: Mapping[str, PoolPlan]) -> Iterator[str]:
    """One line per pool, and per slot, spare or zone in it, that is not as it was."""
    for pool in sorted(before.keys() | after.keys()):
        old, new = before.get(pool), after.get(pool)
        if old == new:
            continue
        if new is None:
            yield f"- {pool}"
            continue
        size = "" if old is None or old.nodes == new.nodes else f"{old.nodes} → "
        yield f"{'+' if old is None else '~'} {pool}: {size}{counted(new.nodes, 'node')}"
        yield from _changed_places(_places(old), _places(new))


def _places(plan: PoolPlan | None) -> dict[str, str]:
    if plan is None:
        return {}
    zones = {zone: counted(nodes, "node") for zone, nodes in plan.by_zone.items()}
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


def _changed_images(before: Lock, after: Lock) -> Iterator[str]:
    """One line per pool whose machines get another image, with the servers that this reinstalls."""
    old_images: Mapping[str, str] = before.facts.get("images", {})
    new_images: Mapping[str, str] = after.facts.get("images", {})
    for pool in sorted(old_images.keys() & new_images.keys()):
        old, new = old_images[pool], new_images[pool]
        if old != new:
            kept = before.pools[pool].slots.items() & after.pools[pool].slots.items()
            yield f"image of {pool}: {_short(old, new)} → {_short(new, old)}; {_reinstalled(len(kept))}"


def _short(digest: str, other: str) -> str:
    return f"{digest[:_SHOWN_DIGITS]}…" if digest[:_SHOWN_DIGITS] != other[:_SHOWN_DIGITS] else digest


def _reinstalled(servers: int) -> str:
    if servers == 0:
        return "no server is reinstalled"
    return "1 server is reinstalled" if servers == 1 else f"{servers} servers are reinstalled, all at once"


def _changed_words(before: Lock, after: Lock) -> Iterator[str]:
    """What is left to change in a lock that was not stale."""
    if before.argosy_version != after.argosy_version:
        yield f"argosy: {before.argosy_version} → {after.argosy_version}"
    old = {(plan.id, plan.within): plan for plan in before.scenarios}
    new = {(plan.id, plan.within): plan for plan in after.scenarios}
    for scenario, within in sorted(old.keys() | new.keys()):
        if old.get((scenario, within)) != new.get((scenario, within)):
            yield f"witness of {scenario} (within {within}): was changed since it was planned"
    if before == after:
        yield "nothing but the layout of the lock"
