"""Is there a plan? Asked of many variants of one problem, as often as a bound allows.

A small problem is answered whole and for certain. Of a large one the linear program is asked, which splits
nodes and jobs: where it finds nothing there is nothing; where it finds something there may still be nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from argosy.planner.exact import ExactProgram
from argosy.planner.linear import Highs, SolverError
from argosy.planner.place import Placement
from argosy.planner.relax import CapacityProgram
from argosy.planner.solve import NoPlanError, WitnessError, extra_jobs, solve

if TYPE_CHECKING:
    from argosy.catalog import Catalog
    from argosy.planner.infeasible_words import Variant
    from argosy.planner.problem import Problem

MOST_CALLS = 1_500
"""Problems looked at to explain one conflict."""
MOST_LARGE_CALLS = 200
"""The same for problems that only the linear program is asked of."""


class SpentError(Exception):
    """The bound on the work was reached."""


class Oracle:
    """Says whether variants of a fleet have a plan."""

    def __init__(self, catalog: Catalog, *, small: bool, most: int | None = None) -> None:
        self.catalog = catalog
        self.small = small
        self.calls = 0
        self.certain = True
        """Whether every no was certain so far."""
        self.most = most if most is not None else (MOST_CALLS if small else MOST_LARGE_CALLS)

    def possible(self, variant: Variant) -> bool:
        """Whether a plan keeps what the variant says; raises SpentError."""
        return self.solvable(variant.problem(self.catalog))

    def solvable(self, problem: Problem) -> bool:
        """Whether the problem has a plan; raises SpentError."""
        if self.calls >= self.most:
            raise SpentError
        self.calls += 1
        problem = problem.canonical()
        placement = Placement(CapacityProgram(problem, Highs()), extra_jobs(problem))
        if placement.solve() is None and not placement.extra:
            return False
        return not self.small or self._whole(problem)

    def proven(self, variant: Variant) -> bool:
        """Whether the planner itself finds a plan of the variant, which the verifier has passed."""
        problem = variant.problem(self.catalog)
        if not self.small:
            return self.solvable(problem)
        try:
            solve(problem)
        except (NoPlanError, SolverError, WitnessError):
            return False
        return True

    def _whole(self, problem: Problem) -> bool:
        program = ExactProgram(problem, Highs())
        # Any plan will do, so that none needs to be the cheapest.
        program.capacity.program.cost = [0.0] * len(program.capacity.program.cost)
        program.solver.load(program.capacity.program)
        try:
            return program.solve() is not None
        except SolverError:
            # Nothing was found within the search's bound: as good as none.
            self.certain = False
            return False
