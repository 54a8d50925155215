"""Has the fleet file, or a fact the plan rests on, changed since the lock was written?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, cast

from argosy.planner.canonical import differences
from argosy.planner.facts import plan_facts, spec_parts

if TYPE_CHECKING:
    from argosy.catalog import Catalog
    from argosy.planner.models import Lock
    from argosy.spec.loader import LoadedFleet


def changed_parts(fleet: LoadedFleet, lock: Lock) -> Iterator[str]:
    """One sentence per part of the fleet file that is not as it was planned."""
    if lock.fleet != fleet.spec.name:
        yield f"it is the lock of fleet {lock.fleet!r}, not of {fleet.spec.name!r}"
    if lock.spec_sha256 == fleet.sha256:
        return  # the parts only tell what it is that differs
    parts = list(differences({**lock.spec_parts}, {**spec_parts(fleet.spec)}))
    for part, old, new in parts:
        what = "is new" if old is None else "is gone" if new is None else "was changed"
        yield f"fleet file: {part} {what} since it was planned"
    if not parts:
        yield "fleet file: changed since it was planned"


def changed_facts(fleet: LoadedFleet, lock: Lock, catalog: Catalog) -> Iterator[str]:
    """One sentence per fact that is not as it was planned, with its old and its new value."""
    for fact, old, new in differences(lock.facts, plan_facts(fleet, catalog, lock.pools)):
        yield f"fact {fact}: planned with {_told(old)}, now {_told(new)}"


def _told(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, Mapping):
        facts = cast("Mapping[str, object]", value)
        return ", ".join(f"{name} {_told(fact)}" for name, fact in sorted(facts.items())) or "nothing"
    if isinstance(value, (list, tuple)):
        return " and ".join(map(str, cast("Sequence[object]", value)))
    return str(value)
