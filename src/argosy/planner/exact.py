"""Small problems, solved whole: nodes and the places of jobs together, by one integer program.

Answers for certain: a plan that nothing beats, or that there is none. What it takes grows with jobs x pools x
cases, so that only small problems come here (`is_small`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from argosy.planner.linear import INFINITY, Answer, Solver
from argosy.planner.place import Seat
from argosy.planner.problem import Case, Gang, Problem
from argosy.planner.relax import PERTURBATION_USD, CapacityProgram, nudge

MOST_CHOICES = 400
"""Offerings with a choice x cases up to which a problem is solved whole: a second or so."""
MOST_PLACES = 500
"""Jobs x pools x cases up to which a problem is solved whole."""
PATIENCE = 3
"""How many times larger a problem may be that is solved whole after the search found nothing."""
MOST_NODES = 500
"""Bound on the search tree; a search that meets it answers with the best so far and claims nothing more."""


def is_small(problem: Problem, patience: int = 1) -> bool:
    """Whether the problem is small enough for a certain answer; `patience` times more work is allowed."""
    cases = len(problem.cases)
    choices = sum(offering.low < offering.high for offering in problem.offerings) * cases
    places = sum(len(gang.pools) for gang in problem.gangs) * cases
    return choices <= MOST_CHOICES * patience and places <= MOST_PLACES * patience


@dataclass
class ExactProgram:
    """The integer program of a small problem."""

    problem: Problem
    solver: Solver
    sits: dict[tuple[str, str, int], int] = field(default_factory=dict[tuple[str, str, int], int])
    """(gang, pool, case) to the column that says whether the gang runs there."""

    def __post_init__(self) -> None:
        self._struck_columns: dict[tuple[str, int], int] = {}
        without_jobs = dataclasses.replace(
            self.problem,
            gangs=(),
            cases=tuple(dataclasses.replace(c, jobs=frozenset()) for c in self.problem.cases),
        )
        self.capacity = CapacityProgram(without_jobs, self.solver)
        self._ground = self.capacity.ground
        self._step()
        for number, case in enumerate(self.problem.cases):
            for gang in self.problem.gangs:
                self._seat(gang, number, case)
            self._train(number, case)
            self._fit_pools(number, case)
            self._fit_links(number, case)
        for gang in self.problem.gangs:
            self._stay(gang)
        self.solver.load(self.capacity.program)

    def _step(self) -> None:
        """Hold whole multiples where nodes come in multiples."""
        program = self.capacity.program
        for offering in self.problem.offerings:
            if offering.step > 1:
                parts = program.column(0, offering.high // offering.step, whole=True)
                program.add({self.capacity.held[offering.id]: 1.0, parts: -float(offering.step)}, 0, 0)

    def solve(self) -> Answer | None:
        """The best plan, None if there is none."""
        return self.solver.solve_whole(MOST_NODES)

    def seats(self, values: Sequence[float]) -> dict[str, Seat]:
        """Where each gang sits."""
        pools: dict[str, list[str | None]] = {
            gang.id: [None] * len(self.problem.cases) for gang in self.problem.gangs
        }
        for (gang, pool, number), column in self.sits.items():
            if values[column] > 0.5:
                pools[gang][number] = pool
        return {gang: Seat(_chain(where), tuple(where)) for gang, where in pools.items()}

    def _seat(self, gang: Gang, number: int, case: Case) -> None:
        program = self.capacity.program
        allowed = gang.home_pools if number == 0 else gang.pools.keys()
        columns: dict[int, float] = {}
        for pool in sorted(allowed):
            if self._ground.room_in(pool, number) >= gang.pools[pool]:
                price = gang.price.get(pool, 0) / 1e6 if number == 0 else 0.0
                cost = price + PERTURBATION_USD * nudge(gang.id, pool) / (1 if number == 0 else 100)
                column = program.column(0, 1, cost, whole=True)
                self.sits[gang.id, pool, number] = column
                columns[column] = 1.0
        program.add(columns, 1 if gang.id in case.jobs else 0, 1)

    def _train(self, number: int, case: Case) -> None:
        if case.training:
            terms = {
                column: float(self.problem.gang[gang].nodes)
                for (gang, _, where), column in self.sits.items()
                if where == number
            }
            self.capacity.program.add(terms, lower=case.training)

    def _fit_pools(self, number: int, case: Case) -> None:
        capacity = self.capacity
        for pool, terms in self._by_pool(number):
            offerings = self.problem.in_pool[pool]
            stand = self._stand(pool, number, case) if number and case.minutes == 0 else None
            terms = terms if stand is None else {**terms, stand: 1.0}
            if not any(offering.id in case.unserving for offering in offerings):
                row = capacity.supply.get((offerings[0].kind, number))
                if row is not None:
                    capacity.program.rows[row] = {**capacity.program.rows[row], **terms}
            left = dict.fromkeys(self._left(pool, number, case), -1.0)
            capacity.program.add({**terms, **left}, upper=0)

    def _by_pool(self, number: int) -> Iterator[tuple[str, dict[int, float]]]:
        found: dict[str, dict[int, float]] = {}
        for (gang, pool, where), column in self.sits.items():
            if where == number:
                found.setdefault(pool, {})[column] = float(self.problem.gang[gang].pools[pool])
        yield from sorted(found.items())

    def _fit_links(self, number: int, case: Case) -> None:
        for link in case.links:
            terms = {
                column: float(self.problem.gang[gang].traffic.get(pool, 0))
                for (gang, pool, where), column in self.sits.items()
                if where == number and pool in link.pools
            }
            self.capacity.program.add(terms, upper=link.mbps)

    def _stay(self, gang: Gang) -> None:
        """A job does not leave a home that loses nothing."""
        for number, case in enumerate(self.problem.cases[1:], start=1):
            for pool in sorted(gang.home_pools):
                home = self.sits.get((gang.id, pool, 0))
                if home is None:
                    continue
                if not any(pool in link.pools for link in case.links):
                    self._hold(gang, pool, number, case, home)

    def _hold(self, gang: Gang, pool: str, number: int, case: Case, home: int) -> None:
        elsewhere = {
            column: 1.0
            for (name, other, where), column in self.sits.items()
            if name == gang.id and where == number and other != pool
        }
        struck = self._struck(pool, number, case)
        free = {} if struck is None else {struck: -1.0}
        self.capacity.program.add({**elsewhere, home: 1.0, **free}, -INFINITY, 1)

    def _stand(self, pool: str, number: int, case: Case) -> int | None:
        """The column of nodes of jobs that there is no time to stop; None if there are none.

        As many as find room beside the jobs that run at home.
        """
        program, room = self.capacity.program, self._ground.room_in(pool, number)
        standing: dict[int, float] = {}
        at_home: dict[int, float] = {}
        for gang in self.problem.gangs:
            home, here = self.sits.get((gang.id, pool, 0)), self.sits.get((gang.id, pool, number))
            if home is not None and here is not None:
                at_home[self._both(home, here)] = float(gang.pools[pool])
                if not case.cuts(gang, pool):
                    standing[self._stands(gang, pool, number, case, home)] = -float(gang.pools[pool])
        if not standing:
            return None
        stand, few = program.column(), program.column(0, 1, whole=True)
        most = room - sum(standing.values())
        left = dict.fromkeys(self._left(pool, number, case), -1.0)
        program.add({stand: 1.0, **standing, few: most}, 0)
        program.add({stand: 1.0, **left, **at_home, few: -most}, -most)
        return stand

    def _both(self, one: int, other: int) -> int:
        both = self.capacity.program.column(0, 1)
        for column in (one, other):
            self.capacity.program.add({both: 1.0, column: -1.0}, upper=0)
        return both

    def _stands(self, gang: Gang, pool: str, number: int, case: Case, home: int) -> int:
        """The column that is 1 unless the job runs, or too little of its home is left for it."""
        program, size = self.capacity.program, gang.pools[pool]
        runs = {c: 1.0 for (name, _, where), c in self.sits.items() if (name, where) == (gang.id, number)}
        room = self._ground.room_in(pool, number)
        stands, down = program.column(0, 1), program.column(0, 1, whole=True)
        program.add({**self._left(pool, number, case), down: float(room - size + 1)}, upper=room)
        program.add({stands: 1.0, **runs, down: 1.0, home: -1.0}, 0)
        return stands

    def _left(self, pool: str, number: int, case: Case) -> dict[int, float]:
        """Columns that add up to the nodes that are left of the pool."""
        capacity = self.capacity
        return {
            capacity.powered.get((offering.id, number), capacity.held[offering.id]): 1.0
            for offering in self.problem.in_pool[pool]
            if offering.id not in case.lost
        }

    def _struck(self, pool: str, number: int, case: Case) -> int | None:
        """The column that is 1 only if something held of the pool is gone; None if nothing can be."""
        if number not in self._ground.touched[pool]:
            return None
        if (pool, number) not in self._struck_columns:
            capacity, program = self.capacity, self.capacity.program
            struck = program.column(0, 1, whole=True)
            gone: dict[int, float] = {struck: -1.0}
            for offering in self.problem.in_pool[pool]:
                held = capacity.held[offering.id]
                if offering.id in case.lost or (offering.id, number) in capacity.powered:
                    gone[held] = 1.0
                if (offering.id, number) in capacity.powered:
                    gone[capacity.powered[offering.id, number]] = -1.0
            program.add(gone, lower=0)
            self._struck_columns[pool, number] = struck
        return self._struck_columns[pool, number]


def _chain(where: Sequence[str | None]) -> tuple[str, ...]:
    """Pools in the order in which a job first sits in them."""
    return tuple(dict.fromkeys(pool for pool in where if pool is not None))
