"""A second opinion: SciPy's own build of HiGHS behind the planner's `Solver`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.metadata import version
from typing import Any

import numpy as np

from argosy.planner.linear import Answer, NothingFoundError, Program

# SciPy ships no types.
_optimize: Any = import_module("scipy.optimize")
_sparse: Any = import_module("scipy.sparse")

Row = tuple[Mapping[int, float], float, float]


class SciPySolver:
    """Solves every program from its start, with nothing kept from the one before."""

    def __init__(self) -> None:
        self.name = f"scipy {version('scipy')}"
        self._cost: Any = np.zeros(0)
        self._lower: Any = np.zeros(0)
        self._upper: Any = np.zeros(0)
        self._integers: list[int] = []
        self._rows: list[Mapping[int, float]] = []
        self._row_lower: list[float] = []
        self._row_upper: list[float] = []
        self._matrix: Any = None

    def load(self, program: Program) -> None:
        """Begin with this program."""
        self._cost = np.array(program.cost, dtype=float)
        self._lower = np.array(program.lower, dtype=float)
        self._upper = np.array(program.upper, dtype=float)
        self._integers = list(program.integers)
        self._rows, self._row_lower, self._row_upper = [], [], []
        self.add_rows(list(zip(program.rows, program.row_lower, program.row_upper, strict=True)))

    def add_rows(self, rows: Sequence[Row]) -> None:
        """Append rows, each with its lower and upper bound."""
        for terms, lower, upper in rows:
            self._rows.append(dict(terms))
            self._row_lower.append(lower)
            self._row_upper.append(upper)
        self._matrix = None

    def bound_columns(self, bounds: Mapping[int, tuple[float, float]]) -> None:
        """Replace the bounds of columns."""
        for column, (lower, upper) in bounds.items():
            self._lower[column], self._upper[column] = lower, upper

    def bound_row(self, row: int, lower: float, upper: float) -> None:
        """Replace the bounds of a row."""
        self._row_lower[row], self._row_upper[row] = lower, upper

    def price_columns(self, costs: Mapping[int, float]) -> None:
        """Replace the costs of columns."""
        for column, cost in costs.items():
            self._cost[column] = cost

    def solve(self) -> Answer | None:
        """The optimum over fractions, None if nothing fits the bounds."""
        if not len(self._cost):
            return Answer(0.0, ())
        matrix, low, high = self._all_rows()
        # An equation, what is below, what is above: the three that linprog tells apart.
        equal, below, above = low == high, (low != high) & np.isfinite(high), (low != high) & np.isfinite(low)
        found: Any = _optimize.linprog(
            self._cost,
            A_ub=_sparse.vstack([matrix[below], -matrix[above]]),
            b_ub=np.concatenate([high[below], -low[above]]),
            A_eq=matrix[equal],
            b_eq=low[equal],
            bounds=np.column_stack([self._lower, self._upper]),
            method="highs",
        )
        if found.status == 2:
            return None
        assert found.status == 0, found.message
        duals = np.zeros(len(low))
        duals[equal] = found.eqlin.marginals
        duals[below] += found.ineqlin.marginals[: below.sum()]
        duals[above] -= found.ineqlin.marginals[below.sum() :]
        reduced = found.lower.marginals + found.upper.marginals
        return Answer(found.fun, found.x.tolist(), reduced.tolist(), duals.tolist())

    def solve_whole(self, most_nodes: int) -> Answer | None:
        """The best with every integer column whole, looking at that many nodes of the search tree at most."""
        if not len(self._cost):
            return Answer(0.0, ())
        matrix, low, high = self._all_rows()
        whole = np.zeros(len(self._cost))
        whole[self._integers] = 1
        found: Any = _optimize.milp(
            self._cost,
            integrality=whole,
            bounds=_optimize.Bounds(self._lower, self._upper),
            constraints=_optimize.LinearConstraint(matrix, low, high),
            # Its presolve has called plans impossible that are not.
            options={"mip_rel_gap": 0.0, "node_limit": most_nodes, "presolve": False},
        )
        if found.status == 2:
            return None
        if found.x is None:
            raise NothingFoundError(found.message)
        return Answer(found.fun, found.x.tolist(), proven=found.status == 0)

    def _all_rows(self) -> tuple[Any, Any, Any]:
        if self._matrix is None:
            starts = np.cumsum([0, *[len(terms) for terms in self._rows]])
            columns = [column for terms in self._rows for column in terms]
            values = [value for terms in self._rows for value in terms.values()]
            self._matrix = _sparse.csr_array(
                (values, columns, starts), shape=(len(self._rows), len(self._cost))
            )
        return self._matrix, np.array(self._row_lower), np.array(self._row_upper)
