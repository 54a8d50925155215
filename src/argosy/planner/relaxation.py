"""The least that one statement must give way for a plan to be possible, and what must give way beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from argosy.planner.infeasible_filter import needed
from argosy.planner.infeasible_oracle import SpentError
from argosy.planner.infeasible_words import Choice, by_rank, dropped, unbundled

if TYPE_CHECKING:
    from argosy.planner.infeasible_oracle import Oracle
    from argosy.planner.infeasible_words import Lever, Variant, Words

_MOST_SCANNED = 100
"""Values that are tried one by one."""
_MOST_REPAIRS = 3
"""Steps by which a bound found is moved on where the planner itself does not find a plan at it yet."""


def enough(oracle: Oracle, variant: Variant, near: Sequence[Words], one: Words) -> str:
    """The least change of one statement that makes a plan possible; empty where it cannot help.

    Where statements `near` it stand in its way as well, they are named: `…, once PATH is no longer in the
    way`.
    Raises SpentError.
    """
    beside: list[Words] = []
    if not oracle.possible(one.drop(variant)):
        found = _beside(oracle, variant, near, one)
        if found is None:
            return ""
        beside = found
        variant = dropped(variant, beside)
    changes = list(_changes(oracle, variant, one))
    if not changes:
        return ""
    text = ", or ".join(changes)
    return text + (f", once {_and(beside)} no longer in the way" if beside else "")


def _and(beside: Sequence[Words]) -> str:
    paths = [one.path for one in beside]
    verb = "is" if len(paths) == 1 else "are"
    return f"{' and '.join(paths)} {verb}"


def _beside(oracle: Oracle, variant: Variant, near: Sequence[Words], one: Words) -> list[Words] | None:
    """The statements near it that must give way as well; None where even they are not enough."""
    freed = one.drop(variant)
    if not near or not oracle.possible(dropped(freed, near)):
        return None

    def still_free(rest: Sequence[Words]) -> bool:
        return oracle.possible(dropped(freed, rest))

    # What ranks last is rather kept as it is.
    found, _ = needed(list(reversed(list(by_rank(near)))), still_free)
    return [other for other in near if other in found]


def _changes(oracle: Oracle, variant: Variant, one: Words) -> Iterator[str]:
    """Each way in which the statement could give way and that helps; last resorts where no other does."""
    helped = False
    for way in one.ways:
        if way.last_resort and helped:
            return
        if isinstance(way, Choice):
            changed = way.change(variant)
            found = way.shown if oracle.possible(changed) and oracle.proven(changed) else None
        else:
            value = least(oracle, variant, way)
            found = None if value is None else way.shown(value)
        if found is not None:
            helped = True
            yield found


def least(oracle: Oracle, variant: Variant, lever: Lever) -> int | None:
    """The value nearest to what the statement says at which there is a plan; None where there is none."""

    def helps(value: int) -> bool:
        return oracle.possible(lever.to(variant, value))

    value = _nearest(lever.start, lever.stop, helps)
    if value is None and lever.scanned:
        value = next((v for v in range(lever.start - 1, lever.stop, -1)[:_MOST_SCANNED] if helps(v)), None)
    for _ in range(_MOST_REPAIRS):
        if value is None or oracle.proven(lever.to(variant, value)):
            return value
        value = None if value == lever.stop else value + (1 if lever.stop > lever.start else -1)
    return None


def _nearest(start: int, stop: int, helps: Callable[[int], bool]) -> int | None:
    """Of the whole numbers from start (which does not help) to stop the first that helps, if helping goes on.

    Steps double until one helps; then the gap is halved.
    """
    sign, span = (1 if stop > start else -1), abs(stop - start)
    low, step = 0, 1
    while low < span:
        high = min(span, low + step)
        if helps(start + sign * high):
            break
        low, step = high, 2 * step
    else:
        return None
    while high - low > 1:
        middle = (low + high) // 2
        if helps(start + sign * middle):
            high = middle
        else:
            low = middle
    return start + sign * high


@dataclass(frozen=True)
class Relaxation:
    """How far one statement of a conflict must give way."""

    enough: str | None = None
    """For a plan of the whole fleet; empty: no change of it is enough, None: none was looked for."""
    mends: str = ""
    """For the statements of the conflict, where nothing is enough for the whole fleet."""


def relaxations(
    oracle: Oracle, variant: Variant, words: Sequence[Words], found: Sequence[Words]
) -> dict[Words, Relaxation]:
    """Of each statement of a conflict, as far as the bound on the work allows."""
    told: dict[Words, Relaxation] = {}
    taking_part = unbundled(found)
    alone = dropped(variant, [one for one in words if one not in taking_part])
    for one in found:
        # Any other statement of the conflict would do by itself, so that none stands in the way of this one.
        near = [o for o in words if one.group and o.group == one.group and o not in taking_part]
        try:
            text = enough(oracle, variant, near, one)
            told[one] = Relaxation(text, "" if text else enough(oracle, alone, (), one))
        except SpentError:
            break
    return told
