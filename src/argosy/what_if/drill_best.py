"""The best that can be kept in one case with just what is held: a small integer program, rung by rung.

| rung | what is kept first |
|---|---|
| 1 | the floors that apply, and the jobs that must run |
| 2 | protected jobs |
| 3 | services, up to their demand: first the same share of each, then as much as there is |
| 4 | jobs that may be stopped |
| 5 | jobs at home, or where the lock and copies of their checkpoints are; services where they were |

No rung gives up what one before has reached. That nothing is better is claimed by the solver; that the answer
is possible is for the verifier to say.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from argosy.planner.linear import INFINITY, Highs, Program
from argosy.planner.problem import Case, Gang, Holdings, Problem, Witness
from argosy.planner.relax import nudge
from argosy.what_if.drill_whole import whole_witness

MOST_NODES = 5_000
"""Of the search tree, per rung."""
_HAIR_PPM = 3
_SLACK = 1e-7
"""Of what a rung has reached: what the rungs after it may give up to a solver's tolerance."""

_KEPT = 1e-6
"""Nodes that a floor may lack in a solver's eyes and still be kept."""

Gains = dict[int, float]
Values = Mapping[int, float]


@dataclass(frozen=True)
class Habits:
    """What is so with nothing lost, and which places jobs would rather not move to."""

    homes: Mapping[str, str]
    """Job to its pool."""
    serves: Mapping[str, Mapping[str, int]]
    """Row to kinds that serve it."""
    dislike: Mapping[tuple[str, str], float] = field(default_factory=dict[tuple[str, str], float])
    """(job, pool) to how much worse it is than another place to move to."""


def best_witness(
    problem: Problem, held: Holdings, case: Case, habits: Habits, *, raised: bool = False
) -> tuple[Witness, bool]:
    """The best that can be kept, and whether the solver claims that nothing is better.

    `raised`: floors and demand are aimed at a hair higher, so that rounding leaves no fine floor short.
    """
    aimed = _raised(problem, case) if raised else (problem, case)
    program = _Keeping(*aimed, held, habits)
    values, certain = program.climb()
    # Again with the whole numbers fixed: a solver takes 0.999999 for a job that runs, the rest being free.
    values, _ = program.climb({column: round(values[column]) for column in program.base.integers})
    serves = {key: values[column] for key, column in program.serves.items()}
    jobs = {gang: pool for (gang, pool), column in sorted(program.sits.items()) if values[column] > 0.5}
    powered = {offering: round(values[column]) for offering, column in sorted(program.powered.items())}
    return whole_witness(problem, held, case, serves, jobs, powered), certain


def _raised(problem: Problem, case: Case) -> tuple[Problem, Case]:
    hair = {row.id: max(row.rates.values(), default=0) * _HAIR_PPM // 1_000_000 for row in problem.rows}
    rows = tuple(dataclasses.replace(row, demand=row.demand + hair[row.id]) for row in problem.rows)
    floors = {row: units + hair[row] for row, units in case.floors.items()}
    return dataclasses.replace(problem, rows=rows), dataclasses.replace(case, floors=floors)


class _Keeping:
    """The program of one case, and what its columns mean."""

    def __init__(self, problem: Problem, case: Case, held: Holdings, habits: Habits) -> None:
        self.problem, self.case, self.held, self.habits = problem, case, held, habits
        self.base = Program()
        self.serves: dict[tuple[str, str], int] = {}
        self.sits: dict[tuple[str, str], int] = {}
        self.powered: dict[str, int] = {}
        self._floors: Gains = {}
        self._shorts: list[int] = []
        """Columns of what floors lack."""
        self._services: Gains = {}
        self._worst = self.base.column(0, 1)
        """The share that every service is served to at least."""
        self._fixed_of_pool = dict.fromkeys(problem.in_pool, 0)
        self._fixed_of_kind = {offering.kind: 0 for offering in problem.offerings}
        self._standing: Counter[str] = Counter()
        """Home to nodes of jobs that there is no time to stop."""
        self._count_left()
        self._serve()
        self._seat()
        self._train()
        self._fit()
        self._power()

    def climb(self, fixed: Mapping[int, float] | None = None) -> tuple[Values, bool]:
        """The values after the last rung; whole numbers where they are `fixed`."""
        base = self.base
        program = dataclasses.replace(
            base, rows=list(base.rows), lower=list(base.lower), upper=list(base.upper)
        )
        program.row_lower, program.row_upper = list(base.row_lower), list(base.row_upper)
        for column, value in (fixed or {}).items():
            program.lower[column] = program.upper[column] = value
        program.integers = [] if fixed is not None else base.integers
        values, certain = dict.fromkeys(range(len(program.cost)), 0.0), True
        for gains in filter(None, self._rungs()):
            solver = Highs()
            program.cost = [-gains.get(column, 0.0) for column in range(len(program.cost))]
            solver.load(program)
            answer = solver.solve() if fixed is not None else solver.solve_whole(MOST_NODES)
            if answer is None:  # what was reached before stays possible: this is a tolerance of the solver
                return values, False
            values, certain = dict(enumerate(answer.values)), certain and answer.proven
            self._hold(program, gains, values)
        return values, certain

    def _hold(self, program: Program, gains: Gains, values: Values) -> None:
        """Let no later rung give up what this one has reached; a floor that is kept stays kept exactly."""
        reached = sum(gain * values[column] for column, gain in gains.items())
        program.add(gains, lower=reached - _SLACK * max(1.0, abs(reached)))
        if gains is self._floors:
            program.upper = [
                0.0 if column in self._shorts and values[column] < _KEPT else upper
                for column, upper in enumerate(program.upper)
            ]

    def _rungs(self) -> tuple[Gains, ...]:
        protected, others = self._running(protected=True), self._running(protected=False)
        return self._floors, protected, {self._worst: 1.0}, self._services, others, self._order()

    def _running(self, *, protected: bool) -> Gains:
        gangs = self.problem.gang
        return {
            column: float(gangs[gang].nodes)
            for (gang, _), column in self.sits.items()
            if gangs[gang].protected == protected
        }

    def _order(self) -> Gains:
        gains: Gains = {}
        for (gang, pool), column in self.sits.items():
            moved = 0.0 if pool == self.habits.homes.get(gang) else 1.0
            gains[column] = 1.0 - moved - self.habits.dislike.get((gang, pool), 0.0) - nudge(gang, pool) / 1e3
        for (row, kind), column in self.serves.items():
            strange = kind not in self.habits.serves.get(row, {})
            lent = kind in self.problem.convertible
            gains[column] = -(1e-3 * strange + 1e-2 * lent + 1e-5 * nudge(row, kind))
        return gains | dict.fromkeys(self.powered.values(), 1e-6)

    def _count_left(self) -> None:
        for offering in self.problem.offerings:
            if offering.id in self.case.lost:
                continue
            nodes = self.held.get(offering.id, 0)
            if offering.id in self.case.capped:
                self.powered[offering.id] = self.base.column(0, nodes, whole=True)
                continue
            self._fixed_of_pool[offering.pool] += nodes
            if offering.id not in self.case.unserving:
                self._fixed_of_kind[offering.kind] += nodes

    def _serve(self) -> None:
        for row in self.problem.rows:
            rates = {kind: self.problem.serves(kind, row, self.case) for kind in sorted(row.rates)}
            rates = {kind: rate for kind, rate in rates.items() if rate and kind in self._fixed_of_kind}
            # In nodes of the fastest kind: a solver's tolerance is then a tenth of a micro-node.
            scale, floor = max(rates.values(), default=1), self.case.floors.get(row.id, 0)
            served: Gains = {}
            for kind, rate in rates.items():
                column = self.serves[row.id, kind] = self.base.column()
                served[column] = rate / scale
            self.base.add(served, upper=max(row.demand, floor) / scale)
            shares = {column: rate * scale / max(row.demand, 1) for column, rate in served.items()}
            self._services |= shares
            self.base.add({**shares, self._worst: -1.0}, lower=0)
            if floor:
                short = self.base.column(0, floor / scale)
                self.base.add({**served, short: 1.0}, lower=floor / scale)
                self._floors[short] = -scale / floor
                self._shorts.append(short)

    def _seat(self) -> None:
        for gang in self.problem.gangs:
            home = self.habits.homes.get(gang.id)
            free = home is None or self._is_touched(home)
            dark = {} if home is None or free else self._dark_of(home)
            for pool in sorted(gang.pools):
                if pool in self.problem.in_pool and (free or dark or pool == home):
                    self.sits[gang.id, pool] = self.base.column(0, 1, whole=True)
            seats = self._seats_of(gang)
            self.base.add(seats, upper=1)
            if home is not None and not free:
                self._stay(self.sits[gang.id, home], seats, dark)
            elif home is not None and self.case.minutes == 0 and self._stands(gang, home):
                self.base.add(seats, lower=1)
            if gang.id in self.case.jobs:
                self._floors |= seats

    def _stands(self, gang: Gang, home: str) -> bool:
        """Whether the home has the nodes for the job, which there is no time to stop then."""
        if self.case.cuts(gang, home):
            return False
        left = sum(self.held.get(o.id, 0) for o in self.problem.in_pool[home] if o.id not in self.case.lost)
        free = left - self._standing[home]
        if free < gang.pools[home]:
            if left >= gang.pools[home]:
                # One of the jobs there is down, but nobody knows which: what is left is nobody else's.
                self._withhold(home, free)
            return False
        self._standing[home] += gang.pools[home]
        return True

    def _withhold(self, pool: str, nodes: int) -> None:
        self._fixed_of_pool[pool] -= nodes
        if not any(o.id in self.case.unserving for o in self.problem.in_pool[pool]):
            self._fixed_of_kind[self.problem.in_pool[pool][0].kind] -= nodes
        self._standing[pool] += nodes

    def _is_touched(self, pool: str) -> bool:
        """Whether the pool loses something for certain, or its links carry less."""
        lost = any(o.id in self.case.lost and self.held.get(o.id, 0) for o in self.problem.in_pool[pool])
        return lost or any(pool in link.pools for link in self.case.links)

    def _dark_of(self, pool: str) -> dict[int, float]:
        return {self.powered[o.id]: 1.0 for o in self.problem.in_pool[pool] if o.id in self.powered}

    def _stay(self, home: int, seats: Mapping[int, float], powered: Mapping[int, float]) -> None:
        """A job leaves a home only if part of it is dark; with no time at all it cannot be stopped there."""
        held = sum(self.base.upper[column] for column in powered)
        elsewhere = {column: 1.0 for column in seats if column != home}
        self.base.add({**elsewhere, **powered}, upper=held)
        if self.case.minutes == 0:
            self.base.add({home: 1.0, **dict.fromkeys(powered, -1.0)}, lower=1 - held)

    def _seats_of(self, gang: Gang) -> dict[int, float]:
        return {column: 1.0 for (name, _), column in self.sits.items() if name == gang.id}

    def _train(self) -> None:
        if self.case.training:
            short = self.base.column(0, self.case.training)
            running = self._running(protected=True) | self._running(protected=False)
            self.base.add({**running, short: 1.0}, lower=self.case.training)
            self._floors[short] = -1.0 / self.case.training
            self._shorts.append(short)

    def _fit(self) -> None:
        of_kind: dict[str, Gains] = {kind: {} for kind in self._fixed_of_kind}
        for (_, kind), column in self.serves.items():
            of_kind[kind][column] = 1.0
        for pool, offerings in self.problem.in_pool.items():
            jobs = {c: float(self.problem.gang[g].pools[p]) for (g, p), c in self.sits.items() if p == pool}
            on = {self.powered[o.id]: -1.0 for o in offerings if o.id in self.powered}
            self.base.add({**jobs, **on}, upper=self._fixed_of_pool[pool])
            if not any(o.id in self.case.unserving for o in offerings):
                of_kind[offerings[0].kind] |= jobs
        for offering, column in self.powered.items():
            if offering not in self.case.unserving:
                of_kind[self.problem.offering[offering].kind][column] = -1.0
        for kind, terms in of_kind.items():
            self.base.add(terms, upper=self._fixed_of_kind[kind])

    def _power(self) -> None:
        for limit in self.case.power:
            draws = {self.powered[o]: float(f) for o, f in limit.coefficients.items() if o in self.powered}
            scale = max(draws.values(), default=1.0) or 1.0
            upper = INFINITY if limit.upper is None else limit.upper / scale
            self.base.add({column: draw / scale for column, draw in draws.items()}, upper=upper)
        for link in self.case.links:
            sent = {
                column: float(self.problem.gang[gang].traffic.get(pool, 0))
                for (gang, pool), column in self.sits.items()
                if pool in link.pools
            }
            self.base.add(sent, upper=link.mbps)
