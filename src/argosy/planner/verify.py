"""Prove that a lock keeps what the fleet file promises, by plain integer arithmetic: no solver, no search.

Shares with the planner only the list of scenarios and their effects. What a floor demands and whether a
witness meets it is computed once more, so that a mistake in the planner cannot vouch for itself.

| question | error |
|---|---|
| Is the lock of this fleet file, and do the facts it rests on still hold? | LockError |
| Do pools, zones, slots and spares match the fleet file and the inventories? | LockError |
| Does every scenario have a witness that uses only what survives, as it may be used? | LockError |
| Does the witness meet every floor, and does everybody stay within `max_share`? | ShortfallError |
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from argosy.errors import LockError, ShareExcess, ShortfallError
from argosy.planner.contingencies import enumerate_scenarios
from argosy.planner.estate import Estate, build_estate
from argosy.planner.lock import plan_command
from argosy.planner.verify_holdings import wrong_holdings
from argosy.planner.verify_stale import changed_facts, changed_parts
from argosy.planner.verify_witness import shortfalls, wrong_witnesses

if TYPE_CHECKING:
    from argosy.catalog import Catalog
    from argosy.planner.models import Lock
    from argosy.spec.loader import LoadedFleet
    from argosy.spec.models import FleetSpec


def verify_plan(fleet: LoadedFleet, lock: Lock, catalog: Catalog) -> None:
    """Return if the lock is proven; raise LockError or ShortfallError with everything that is wrong."""
    stale = list(changed_parts(fleet, lock))
    wrong = list(wrong_holdings(fleet, lock))
    if wrong:
        raise _lock_error(fleet, [*stale, *wrong])
    estate = build_estate(fleet, lock.pools, catalog)
    scenarios = enumerate_scenarios(fleet.spec.survive, estate)
    short = [*shortfalls(fleet.spec.demand, scenarios, lock), *share_excesses(fleet.spec, estate)]
    stale += changed_facts(fleet, lock, catalog)
    if stale:
        # What the lock would leave unserved tells the reader whether planning again is all it takes.
        raise _lock_error(fleet, [*stale, *map(str, short)])
    wrong = list(wrong_witnesses(fleet.spec.demand, estate, scenarios, lock))
    if wrong:
        raise _lock_error(fleet, wrong)
    if short:
        raise ShortfallError(short)


def share_excesses(spec: FleetSpec, estate: Estate) -> Iterator[ShareExcess]:
    """Every provider that holds more accelerators than `max_share` allows."""
    if spec.max_share is None:
        return
    total = sum(pool.accelerators for pool in estate.pools)
    allowed = int(spec.max_share.provider * total)
    for provider in sorted(set(estate.sites.values())):
        held = sum(pool.accelerators for pool in estate.pools if pool.provider == provider)
        if held > allowed:
            yield ShareExcess(provider, held, allowed, total)


def _lock_error(fleet: LoadedFleet, reasons: Sequence[str]) -> LockError:
    listed = "".join(f"\n  {reason}" for reason in reasons)
    return LockError(f"{fleet.named(fleet.lock_path)}: cannot be used:{listed}\nRun: {plan_command(fleet)}")
