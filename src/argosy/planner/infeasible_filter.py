"""The deletion filter: of many statements that conflict, some of which none is too many."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from argosy.planner.infeasible_oracle import SpentError
from argosy.planner.infeasible_words import by_rank, dropped

if TYPE_CHECKING:
    from argosy.planner.infeasible_oracle import Oracle
    from argosy.planner.infeasible_words import Variant, Words

_T = TypeVar("_T")


def least_conflict(
    oracle: Oracle, variant: Variant, words: Sequence[Words], within: Sequence[Words] | None = None
) -> tuple[list[Words], bool]:
    """Statements that conflict, in the order of the fleet file, and whether each is known to be needed.

    Begins with the statements `within`, where they conflict by themselves. Without any one of the answer,
    what is left of it does not conflict.
    """
    kept = list(words)
    if within is not None and not oracle.possible(dropped(variant, _others(words, within))):
        kept = list(within)

    def conflicts(some: Sequence[Words]) -> bool:
        return not oracle.possible(dropped(variant, _others(words, some)))

    found, sure = needed(list(by_rank(kept)), conflicts)
    return [one for one in words if one in found], sure


def needed(items: Sequence[_T], conflicts: Callable[[Sequence[_T]], bool]) -> tuple[list[_T], bool]:
    """What is left of the items once each that can be left out is, the first first; False where work ran out.

    Leaves out halves at once: the answer is that of leaving out one by one.
    """
    kept = list(items)

    def trim(part: Sequence[_T]) -> None:
        nonlocal kept
        rest = [one for one in kept if one not in part]
        if conflicts(rest):
            kept = rest
        elif len(part) > 1:
            half = len(part) // 2
            trim(part[:half])
            trim(part[half:])

    try:
        if items:
            trim(items)
    except SpentError:
        return kept, False
    return kept, True


def _others(words: Sequence[Words], some: Sequence[Words]) -> list[Words]:
    return [one for one in words if one not in some]
