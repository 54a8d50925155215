"""Prove that a lock keeps what the fleet file promises, by plain integer arithmetic: no solver, no search.

Shares with the planner what the words of the fleet file mean: the facts that count, the estate that a lock
makes of it, the list of scenarios and their effects; each is tested by itself. Everything that judges is
computed once more, so that a mistake in the planner cannot vouch for itself: what a floor demands, whether a
witness is possible and meets it, and what `max_share` allows.

| question | error |
|---|---|
| Is the lock of this fleet file, and do the facts it rests on still hold? | LockError |
| Do pools, zones, slots and spares match the fleet file and the inventories? | LockError |
| Has every service a size? | LockError |
| Does every scenario have a witness that uses only what survives, as it may be used? | LockError |
| Does the witness meet every floor, and does everybody stay within `max_share`? | ShortfallError |
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from argosy.errors import LockError, ShareExcess, ShortfallError
from argosy.planner.contingencies import enumerate_scenarios
from argosy.planner.estate import Estate, build_estate
from argosy.planner.lock import plan_command
from argosy.planner.verify_holdings import wrong_holdings
from argosy.planner.verify_stale import changed_facts, changed_parts
from argosy.planner.verify_witness import shortfalls, unsized, wrong_witnesses

if TYPE_CHECKING:
    from argosy.catalog import Catalog
    from argosy.planner.models import Lock
    from argosy.spec.loader import LoadedFleet
    from argosy.spec.models import FleetSpec


def verify_plan(fleet: LoadedFleet, lock: Lock, catalog: Catalog) -> None:
    """Return if the lock is proven; raise LockError or ShortfallError with everything that is wrong."""
    stale = list(changed_parts(fleet, lock))
    wrong = [*wrong_holdings(fleet, lock), *unsized(fleet.spec.demand)]
    if wrong:
        raise _lock_error(fleet, [*stale, *wrong])
    estate = build_estate(fleet, lock.pools, catalog)
    scenarios = enumerate_scenarios(fleet.spec.survive, estate)
    short = [*shortfalls(fleet.spec.demand, scenarios, lock), *_above_share(fleet.spec, estate)]
    stale += changed_facts(fleet, lock, catalog)
    if stale:
        # What the lock would leave unserved tells the reader whether planning again is all it takes.
        raise _lock_error(fleet, [*stale, *map(str, short)])
    wrong = list(wrong_witnesses(fleet.spec.demand, estate, scenarios, lock))
    if wrong:
        raise _lock_error(fleet, wrong)
    if short:
        raise ShortfallError(short)


def _above_share(spec: FleetSpec, estate: Estate) -> Iterator[ShareExcess]:
    if spec.max_share is None:
        return
    held: Counter[str] = Counter()
    for pool in estate.pools:
        held[pool.provider] += pool.accelerators
    share, whole = spec.max_share.provider.as_integer_ratio()
    for provider, accelerators in sorted(held.items()):
        if accelerators * whole > share * held.total():
            yield ShareExcess(provider, accelerators, share * held.total() // whole, held.total())


def _lock_error(fleet: LoadedFleet, reasons: Sequence[str]) -> LockError:
    listed = "".join(f"\n  {reason}" for reason in reasons)
    return LockError(f"{fleet.named(fleet.lock_path)}: cannot be used:{listed}\nRun: {plan_command(fleet)}")
