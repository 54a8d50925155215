"""Linear programs, and the solver that answers them. Nothing here knows what is being planned.

A program is built once and then changed step by step, so that the solver goes on from its last answer. Bounds
on its work are counts, never seconds: every computer gets the same answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from argosy.errors import ArgosyError

INFINITY = float("inf")

_OPTIONS = {"output_flag": False, "threads": 1, "mip_rel_gap": 0.0, "mip_abs_gap": 0.0}


@dataclass(frozen=True)
class Answer:
    """An optimum: its cost, and by column and row what holds there."""

    cost: float
    values: Sequence[float]
    reduced_costs: Sequence[float] = ()
    duals: Sequence[float] = ()
    """What the cost changes by when a row's bound rises by one."""
    proven: bool = True
    """Whether nothing is better; an integer search that ran into its bound does not know."""


@dataclass
class Program:
    """Minimise cost over columns within bounds, with rows that bound sums of columns."""

    lower: list[float] = field(default_factory=list[float])
    upper: list[float] = field(default_factory=list[float])
    cost: list[float] = field(default_factory=list[float])
    row_lower: list[float] = field(default_factory=list[float])
    row_upper: list[float] = field(default_factory=list[float])
    rows: list[Mapping[int, float]] = field(default_factory=list[Mapping[int, float]])
    integers: list[int] = field(default_factory=list[int])
    """Columns that an integer search must make whole."""

    def column(
        self, lower: float = 0, upper: float = INFINITY, cost: float = 0, *, whole: bool = False
    ) -> int:
        """A new column; answers its number."""
        self.lower.append(lower)
        self.upper.append(upper)
        self.cost.append(cost)
        if whole:
            self.integers.append(len(self.cost) - 1)
        return len(self.cost) - 1

    def add(self, terms: Mapping[int, float], lower: float = -INFINITY, upper: float = INFINITY) -> int:
        """A new row; answers its number."""
        self.rows.append(terms)
        self.row_lower.append(lower)
        self.row_upper.append(upper)
        return len(self.rows) - 1


class Solver(Protocol):
    """What the planner asks of a solver."""

    name: str
    """Name and version, as a lock records it."""

    def load(self, program: Program) -> None:
        """Begin with this program."""
        ...

    def add_rows(self, rows: Sequence[tuple[Mapping[int, float], float, float]]) -> None:
        """Append rows, each with its lower and upper bound."""
        ...

    def bound_columns(self, bounds: Mapping[int, tuple[float, float]]) -> None:
        """Replace the bounds of columns."""
        ...

    def bound_row(self, row: int, lower: float, upper: float) -> None:
        """Replace the bounds of a row."""
        ...

    def price_columns(self, costs: Mapping[int, float]) -> None:
        """Replace the costs of columns."""
        ...

    def solve(self) -> Answer | None:
        """The optimum over fractions, None if nothing fits the bounds."""
        ...

    def solve_whole(self, most_nodes: int) -> Answer | None:
        """The best with every integer column whole, looking at that many nodes of the search tree at most."""
        ...


class SolverError(ArgosyError):
    """The solver gave up without an answer: a defect of the planner, not of the fleet file. Report it."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what}; this is a defect of the planner: please report it with the fleet file")


class NothingFoundError(SolverError):
    """The search met its bound before it found anything; nothing follows from that."""


class Highs:
    """HiGHS, single-threaded and with its default seed: other seeds have given wrong optima (HiGHS #2349)."""

    def __init__(self) -> None:
        import highspy

        self._api: Any = highspy
        self._highs: Any = highspy.Highs()
        self.name = f"highs {self._highs.version()}"
        self._integers: list[int] = []

    def load(self, program: Program) -> None:
        """Begin with this program."""
        import numpy as np

        lp = self._api.HighsLp()
        lp.num_col_, lp.num_row_ = len(program.cost), len(program.rows)
        lp.col_cost_ = np.array(program.cost, dtype=np.double)
        lp.col_lower_ = np.array(program.lower, dtype=np.double)
        lp.col_upper_ = np.array(program.upper, dtype=np.double)
        lp.row_lower_ = np.array(program.row_lower, dtype=np.double)
        lp.row_upper_ = np.array(program.row_upper, dtype=np.double)
        lp.a_matrix_.format_ = self._api.MatrixFormat.kRowwise
        starts, columns, values = _sparse(program.rows)
        lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = starts, columns, values
        self._integers = list(program.integers)
        self._highs.clear()
        for option, value in _OPTIONS.items():
            self._highs.setOptionValue(option, value)
        self._highs.passModel(lp)

    def add_rows(self, rows: Sequence[tuple[Mapping[int, float], float, float]]) -> None:
        """Append rows, each with its lower and upper bound."""
        import numpy as np

        starts, columns, values = _sparse([terms for terms, _, _ in rows])
        lower = np.array([low for _, low, _ in rows], dtype=np.double)
        upper = np.array([high for _, _, high in rows], dtype=np.double)
        self._highs.addRows(len(rows), lower, upper, len(values), starts[:-1], columns, values)

    def bound_columns(self, bounds: Mapping[int, tuple[float, float]]) -> None:
        """Replace the bounds of columns."""
        import numpy as np

        if bounds:
            columns = np.array(sorted(bounds), dtype=np.int32)
            lower = np.array([bounds[column][0] for column in sorted(bounds)], dtype=np.double)
            upper = np.array([bounds[column][1] for column in sorted(bounds)], dtype=np.double)
            self._highs.changeColsBounds(len(columns), columns, lower, upper)

    def bound_row(self, row: int, lower: float, upper: float) -> None:
        """Replace the bounds of a row."""
        self._highs.changeRowBounds(row, lower, upper)

    def price_columns(self, costs: Mapping[int, float]) -> None:
        """Replace the costs of columns."""
        import numpy as np

        columns = np.array(sorted(costs), dtype=np.int32)
        self._highs.changeColsCost(
            len(columns), columns, np.array([costs[column] for column in sorted(costs)], dtype=np.double)
        )

    def solve(self) -> Answer | None:
        """The optimum over fractions, None if nothing fits the bounds."""
        status = self._run()
        if status not in (self._api.HighsModelStatus.kOptimal, self._api.HighsModelStatus.kInfeasible):
            # Going on from the last answer can end in numbers it cannot judge ("Unknown"); afresh it can.
            self._highs.clearSolver()
            status = self._run()
        if status == self._api.HighsModelStatus.kInfeasible:
            return None
        if status == self._api.HighsModelStatus.kModelEmpty:
            return Answer(0.0, ())
        if status != self._api.HighsModelStatus.kOptimal:
            raise SolverError(f"{self.name} ended with {self._highs.modelStatusToString(status)}")
        solution = self._highs.getSolution()
        return Answer(
            self._highs.getInfo().objective_function_value,
            solution.col_value,
            solution.col_dual,
            solution.row_dual,
        )

    def _run(self) -> Any:
        self._highs.run()
        return self._highs.getModelStatus()

    def solve_whole(self, most_nodes: int) -> Answer | None:
        """The best with every integer column whole, looking at that many nodes of the search tree at most."""
        import numpy as np

        columns = np.array(self._integers, dtype=np.int32)
        whole = np.full(len(columns), 1, dtype=np.uint8)  # HighsVarType.kInteger
        self._highs.changeColsIntegrality(len(columns), columns, whole)
        self._highs.setOptionValue("mip_max_nodes", most_nodes)
        # With presolve HiGHS 1.12 and 1.15 call programs infeasible that are not, and suboptimal plans
        # optimal (tests/e2e/planner/test_planner_exact_oracle.py holds such programs).
        self._highs.setOptionValue("presolve", "off")
        self._highs.run()
        self._highs.setOptionValue("presolve", "choose")
        status, states = self._highs.getModelStatus(), self._api.HighsModelStatus
        if status == states.kInfeasible:
            return None
        if status == states.kModelEmpty:
            return Answer(0.0, ())
        solution = self._highs.getSolution()
        if not solution.value_valid:
            raise NothingFoundError(f"{self.name} found nothing within {most_nodes} nodes of its search")
        cost = self._highs.getInfo().objective_function_value
        return Answer(cost, solution.col_value, proven=status == states.kOptimal)


def _sparse(rows: Sequence[Mapping[int, float]]) -> tuple[Any, Any, Any]:
    import numpy as np

    starts = np.zeros(len(rows) + 1, dtype=np.int32)
    np.cumsum([len(terms) for terms in rows], out=starts[1:])
    columns = np.fromiter((column for terms in rows for column in terms), dtype=np.int32)
    values = np.fromiter((value for terms in rows for value in terms.values()), dtype=np.double)
    return starts, columns, values
