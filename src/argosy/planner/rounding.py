"""From fractions to whole nodes: dives that raise a few columns at a time and solve again, then a trim."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor
from typing import Any

from argosy.planner.linear import Answer
from argosy.planner.place import Placement

_WHOLE = 1e-5
"""Nodes below which a part of one is the noise of a solver: with 1e-6 highspy and SciPy parted ways."""
_SHARES = (0.5, 0.15)
"""Of the fractional columns, how many a dive raises at once."""
_MANY_COLUMNS = 1_000
"""From here on the first share alone is tried: a node more or less is little then, and dives are long."""
_MOST_TRIMS = 40
"""Columns that a trim looks at."""


@dataclass(frozen=True)
class _Column:
    number: int
    step: int
    lower: float
    upper: float
    cost: float

    def down(self, value: float) -> float:
        return max(self.lower, floor(value / self.step + _WHOLE) * self.step)

    def up(self, value: float) -> float:
        return ceil(value / self.step - _WHOLE) * self.step


Ranking = Callable[[_Column, float], tuple[float, int]]


def _by_fraction(column: _Column, value: float) -> tuple[float, int]:
    return round(column.up(value) - value, 6), column.number


def _by_price(column: _Column, value: float) -> tuple[float, int]:
    return round((column.up(value) - value) * column.cost, 6), column.number


def round_up(placement: Placement) -> Answer | None:
    """The cheapest optimum with whole nodes that the dives find; None if none does."""
    columns = _columns(placement)
    best: Answer | None = None
    for share in _SHARES if len(columns) < _MANY_COLUMNS else _SHARES[:1]:
        for ranking in (_by_fraction, _by_price):
            found = _dive(placement, columns, ranking, share)
            if found is not None:
                answer = _trim(placement, columns, *found)
                if best is None or answer.cost < best.cost - _WHOLE:
                    best = answer
            placement.capacity.solver.bound_columns({c.number: (c.lower, c.upper) for c in columns})
    return best


def _columns(placement: Placement) -> list[_Column]:
    capacity = placement.capacity
    found: list[_Column] = []
    for offering in capacity.problem.offerings:
        number = capacity.held[offering.id]
        least = placement.least.get(number, float(offering.low))
        cost = capacity.program.cost[number]
        # In whole steps, or a dive that lowers a column to the last of them would never end.
        step = offering.step
        lower, upper = float(ceil(least / step) * step), float(offering.high // step * step)
        found.append(_Column(number, step, lower, upper, cost))
    for (offering_id, _), number in capacity.powered.items():
        found.append(_Column(number, 1, 0.0, float(capacity.problem.offering[offering_id].high), 0.0))
    return found


def _dive(
    placement: Placement, columns: Sequence[_Column], ranking: Ranking, share: float
) -> tuple[Answer, list[_Column]] | None:
    """An optimum with whole nodes, and the columns that were raised for it."""
    import numpy as np

    solver = placement.capacity.solver
    lower = {column.number: column.lower for column in columns}
    upper = {column.number: column.upper for column in columns}
    numbers, steps = np.array([c.number for c in columns], dtype=int), np.array([c.step for c in columns])
    answer = placement.solve()
    while answer is not None:
        values = answer.values
        broken = sorted(_broken(columns, numbers, steps, values), key=lambda c: ranking(c, values[c.number]))
        if not broken:
            return answer, [column for column in columns if lower[column.number] > column.lower]
        batch = broken[: max(1, int(share * len(broken)))]
        answer = _raise(placement, batch, values, lower, upper)
        if answer is None and len(batch) > 1:
            answer = _raise(placement, batch[:1], values, lower, upper)
        if answer is None:
            column = batch[0]
            upper[column.number] = column.down(values[column.number])
            solver.bound_columns({column.number: (lower[column.number], upper[column.number])})
            answer = placement.solve()
    return None


def _broken(columns: Sequence[_Column], numbers: Any, steps: Any, values: Sequence[float]) -> list[_Column]:
    """Columns that are not whole."""
    import numpy as np

    parts = np.asarray(values)[numbers] / steps
    return [columns[int(place)] for place in np.nonzero(np.abs(parts - np.rint(parts)) > _WHOLE)[0]]


def _raise(
    placement: Placement,
    batch: Sequence[_Column],
    values: Sequence[float],
    lower: dict[int, float],
    upper: Mapping[int, float],
) -> Answer | None:
    """Raise the batch to whole nodes; undone if nothing fits then."""
    solver = placement.capacity.solver
    before = {column.number: lower[column.number] for column in batch}
    raised = {column.number: column.up(values[column.number]) for column in batch}
    if all(raised[number] <= upper[number] for number in raised):
        solver.bound_columns({number: (value, upper[number]) for number, value in raised.items()})
        answer = placement.solve()
        if answer is not None:
            lower.update(raised)
            return answer
    solver.bound_columns({number: (value, upper[number]) for number, value in before.items()})
    return None


def _trim(
    placement: Placement, columns: Sequence[_Column], answer: Answer, raised: Sequence[_Column]
) -> Answer:
    """Take away what the dive left over: one step of each raised column, the dearest first."""
    solver = placement.capacity.solver
    fixed = {c.number: float(round(answer.values[c.number])) for c in columns}
    solver.bound_columns({number: (value, value) for number, value in fixed.items()})
    best = placement.solve()
    if best is None:  # what was whole within the tolerance is not whole exactly
        return answer
    loose = [c for c in raised if c.cost > 0 and fixed[c.number] - c.step >= c.lower]
    for column in sorted(loose, key=lambda c: (-c.cost, c.number))[:_MOST_TRIMS]:
        smaller = fixed[column.number] - column.step
        solver.bound_columns({column.number: (smaller, smaller)})
        trimmed = placement.solve()
        if trimmed is None:
            solver.bound_columns({column.number: (fixed[column.number], fixed[column.number])})
        else:
            fixed[column.number], best = smaller, trimmed
    return best
