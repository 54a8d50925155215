"""What the cheapest plan costs, by one integer program that shares nothing with the planner.

It writes down what the verifier accepts: a variable per offering and case, and per gang, pool and case.
Only for tiny problems.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import numpy as np

from argosy.planner.problem import MICRO, Case, Gang, Holdings, Problem, Witness

# SciPy ships no types.
_optimize: Any = import_module("scipy.optimize")
_sparse: Any = import_module("scipy.sparse")
_INFINITY = float("inf")


@dataclass(frozen=True)
class Best:
    """A plan that nothing beats."""

    cost: float
    """In micro-dollars per hour."""
    held: Holdings
    witnesses: tuple[Witness, ...]
    """Short of floors by what rounding to micro-nodes took away."""


def best_plan(problem: Problem) -> Best | None:
    """The cheapest plan that the verifier accepts; None if there is none."""
    return _Model(problem).solve()


def accepts(problem: Problem, held: Holdings, witnesses: Sequence[Witness]) -> bool:
    """Whether this is a plan: the program with everything pinned to it has an answer.

    To a tenth of a micro-node or so; what is closer than that only the verifier's whole numbers tell.
    """
    model = _Model(problem)
    return model.pin(held, witnesses) and model.solve() is not None


Terms = Mapping[int, float]


@dataclass
class _Model:
    problem: Problem
    cost: list[float] = field(default_factory=list[float])
    upper: list[float] = field(default_factory=list[float])
    lower: list[float] = field(default_factory=list[float])
    whole: list[int] = field(default_factory=list[int])
    rows: list[tuple[Terms, float, float]] = field(default_factory=list[tuple[Terms, float, float]])

    def __post_init__(self) -> None:
        problem = self.problem
        self.pools = sorted(problem.in_pool)
        self.held: dict[str, dict[int, float]] = {}
        for o in problem.offerings:
            # In steps, which are what is whole.
            steps = self.variable(-(-o.low // o.step), o.high // o.step, o.price * o.step, whole=True)
            self.held[o.id] = {steps: float(o.step)}
        self.sits: dict[tuple[str, str, int], int] = {}
        self.serves: dict[tuple[int, str, str], int] = {}
        self.on: dict[tuple[str, int], int] = {}
        for limit in problem.limits:
            terms = _sum(*[(self.held[o], f) for o, f in limit.coefficients.items()])
            low = -_INFINITY if limit.lower is None else limit.lower
            self.row(terms, low, _INFINITY if limit.upper is None else limit.upper)
        for number, case in enumerate(problem.cases):
            self._case(number, case)

    def variable(self, lower: float, upper: float, cost: float = 0, *, whole: bool = False) -> int:
        self.lower.append(lower)
        self.upper.append(upper)
        self.cost.append(cost)
        self.whole.append(1 if whole else 0)
        return len(self.cost) - 1

    def row(self, terms: Terms, lower: float = -_INFINITY, upper: float = _INFINITY) -> None:
        self.rows.append((terms, lower, upper))

    def _case(self, number: int, case: Case) -> None:
        self._power(number, case)
        self._seats(number, case)
        touched = {pool: self._touched(pool, number, case) for pool in self.pools}
        loads = self._loads(number, case)
        for pool in self.pools:
            left = _sum(*[(self._left(o.id, number, case), -1) for o in self.problem.in_pool[pool]])
            self.row(_sum((loads[pool], 1), (left, 1)), upper=0)
        self._links(number, case)
        self._stay(number, touched)
        self._serve(number, case, loads)

    def _power(self, number: int, case: Case) -> None:
        for name in sorted(case.capped - case.lost):
            on = self.variable(0, self.problem.offering[name].high, whole=True)
            self.on[name, number] = on
            self.row(_sum(({on: 1.0}, 1), (self.held[name], -1)), upper=0)
        for limit in case.power:
            terms = {
                self.on[o, number]: float(f) for o, f in limit.coefficients.items() if o not in case.lost
            }
            self.row(terms, upper=_INFINITY if limit.upper is None else limit.upper)

    def _left(self, name: str, number: int, case: Case) -> Terms:
        if name in case.lost:
            return {}
        return {self.on[name, number]: 1.0} if name in case.capped else self.held[name]

    def _seats(self, number: int, case: Case) -> None:
        for gang in self.problem.gangs:
            allowed = gang.home_pools if number == 0 else gang.pools.keys()
            for pool in sorted(allowed & set(self.pools)):
                price = gang.price.get(pool, 0) if number == 0 else 0
                self.sits[gang.id, pool, number] = self.variable(0, 1, price, whole=True)
            self.row(self._sits(gang.id, number), 1 if gang.id in case.jobs else 0, 1)
        nodes = [(self._sits(gang.id, number), gang.nodes) for gang in self.problem.gangs]
        self.row(_sum(*nodes), lower=case.training)

    def _sits(self, gang: str, number: int, *, but: str = "") -> Terms:
        return {
            column: 1.0
            for (name, pool, where), column in self.sits.items()
            if (name, where) == (gang, number) and pool != but
        }

    def _touched(self, pool: str, number: int, case: Case) -> int:
        """Whether the pool loses a node that is held, or a link of it is short; may say no for yes."""
        touched = self.variable(0, 1, whole=True)
        if any(pool in link.pools for link in case.links):
            return touched
        gone: list[tuple[Terms, float]] = []
        for o in self.problem.in_pool[pool]:
            gone += [(self.held[o.id], 1.0), (self._left(o.id, number, case), -1.0)]
        self.row(_sum(({touched: 1.0}, 1), *[(terms, -f) for terms, f in gone]), upper=0)
        return touched

    def _loads(self, number: int, case: Case) -> Mapping[str, Terms]:
        loads: defaultdict[str, dict[int, float]] = defaultdict(dict)
        for (gang, pool, where), column in self.sits.items():
            if where == number:
                loads[pool][column] = float(self.problem.gang[gang].pools[pool])
        if number and case.minutes == 0:
            for pool in self.pools:
                loads[pool][self._stands(pool, number, case)] = 1.0
        return loads

    def _stands(self, pool: str, number: int, case: Case) -> int:
        """Nodes of jobs that there is no time to stop, as many as find room beside those that run at home."""
        stand, at_home, most = self.variable(0, _INFINITY), dict[int, float](), 0.0
        lingering: dict[int, float] = {}
        for gang in self.problem.gangs:
            home, here = self.sits.get((gang.id, pool, 0)), self.sits.get((gang.id, pool, number))
            if home is None or here is None:
                continue
            size = float(gang.pools[pool])
            most += size
            both = self.variable(0, 1)
            self.row({both: 1.0, home: -1.0}, upper=0)
            self.row({both: 1.0, here: -1.0}, upper=0)
            at_home[both] = size
            if not case.cuts(gang, pool):
                # Not in the witness, enough of its home left to run.
                lingers = self.variable(0, 1)
                runs = _sum((self._sits(gang.id, number), 1), ({self._down(gang, pool, number): 1.0}, 1))
                self.row(_sum(({lingers: 1.0}, 1), ({home: 1.0}, -1), (runs, 1)), lower=0)
                lingering[lingers] = size
        # At least the smaller of the two: of all that linger, and of what is left.
        left = _sum(*[(self._left(o.id, number, case), 1) for o in self.problem.in_pool[pool]])
        room = float(sum(o.high for o in self.problem.in_pool[pool])) + most
        few = self.variable(0, 1, whole=True)
        self.row(_sum(({stand: 1.0}, 1), (lingering, -1), ({few: room}, 1)), lower=0)
        self.row(_sum(({stand: 1.0}, 1), (left, -1), (at_home, 1), ({few: -room}, 1)), lower=-room)
        return stand

    def _down(self, gang: Gang, pool: str, number: int) -> int:
        """Whether fewer nodes are left of the pool than the gang takes; may say no for yes."""
        case, size = self.problem.cases[number], gang.pools[pool]
        down = self.variable(0, 1, whole=True)
        room = sum(o.high for o in self.problem.in_pool[pool])
        left = _sum(*[(self._left(o.id, number, case), 1) for o in self.problem.in_pool[pool]])
        self.row(_sum((left, 1), ({down: float(max(0, room - size + 1))}, 1)), upper=max(room, size - 1))
        return down

    def _links(self, number: int, case: Case) -> None:
        for link in case.links:
            terms = {
                column: float(self.problem.gang[gang].traffic.get(pool, 0))
                for (gang, pool, where), column in self.sits.items()
                if where == number and pool in link.pools
            }
            self.row(terms, upper=link.mbps)

    def _stay(self, number: int, touched: Mapping[str, int]) -> None:
        """A job leaves only a home that is touched."""
        for (gang, pool, where), home in list(self.sits.items()):
            if number and where == 0:
                elsewhere = self._sits(gang, number, but=pool)
                self.row(_sum((elsewhere, 1), ({home: 1.0}, 1), ({touched[pool]: 1.0}, -1)), upper=1)

    def _serve(self, number: int, case: Case, loads: Mapping[str, Terms]) -> None:
        problem = self.problem
        taken: defaultdict[str, dict[int, float]] = defaultdict(dict)
        for name, row in problem.row.items():
            floor = case.floors.get(name, 0)
            rates = {kind: problem.serves(kind, row, case) for kind in row.rates}
            scale = max(rates.values(), default=0) or 1
            columns = {kind: self.variable(0, _INFINITY) for kind, rate in rates.items() if rate}
            self.row({column: rates[kind] / scale for kind, column in columns.items()}, lower=floor / scale)
            for kind, column in columns.items():
                self.serves[number, name, kind] = column
                taken[kind][column] = 1.0
        for kind, columns in taken.items():
            terms: list[tuple[Terms, float]] = [(columns, 1)]
            for pool in self.pools:
                offerings = [o for o in problem.in_pool[pool] if o.kind == kind]
                serving = [o for o in offerings if o.id not in case.unserving]
                terms += [(self._left(o.id, number, case), -1) for o in serving]
                if offerings and len(serving) == len(problem.in_pool[pool]):
                    terms.append((loads[pool], 1))
            self.row(_sum(*terms), upper=0)

    def pin(self, held: Holdings, witnesses: Sequence[Witness]) -> bool:
        """Leave nothing to choose; whether everything that is said has a variable that may say it."""
        said: dict[int, float] = {}
        for offering, terms in self.held.items():
            ((steps, step),) = terms.items()
            said[steps] = held.get(offering, 0) / step
        for number, witness in enumerate(witnesses):
            for gang, pool in witness.jobs.items():
                said[self.sits.get((gang, pool, number), -1)] = 1
            for row, kinds in witness.serves.items():
                for kind, micro_nodes in kinds.items():
                    said[self.serves.get((number, row, kind), -1)] = micro_nodes / MICRO
            for offering, nodes in witness.powered.items():
                said[self.on.get((offering, number), -1)] = nodes
        for column in (*self.sits.values(), *self.serves.values(), *self.on.values(), *said):
            value = said.get(column, 0)
            if column < 0 or not self.lower[column] <= value <= self.upper[column]:
                return False
            if self.whole[column] and value != int(value):
                return False
            self.lower[column] = self.upper[column] = value
        return True

    def solve(self) -> Best | None:
        starts = np.cumsum([0, *[len(terms) for terms, _, _ in self.rows]])
        columns = [column for terms, _, _ in self.rows for column in terms]
        values = [value for terms, _, _ in self.rows for value in terms.values()]
        matrix = _sparse.csr_array((values, columns, starts), shape=(len(self.rows), len(self.cost)))
        found: Any = _optimize.milp(
            np.array(self.cost) / 1e6,
            integrality=np.array(self.whole),
            bounds=_optimize.Bounds(np.array(self.lower), np.array(self.upper)),
            constraints=_optimize.LinearConstraint(
                matrix, [low for _, low, _ in self.rows], [up for *_, up in self.rows]
            ),
            options={"mip_rel_gap": 0.0, "presolve": False},  # it has called plans impossible (HiGHS 1.12)
        )
        if found.status == 2:
            return None
        assert found.status == 0, found.message
        return self._read(found.fun * 1e6, found.x)

    def _read(self, cost: float, values: Any) -> Best:
        held = {o: round(sum(f * values[c] for c, f in terms.items())) for o, terms in self.held.items()}
        witnesses = [Witness({}, {}, {}) for _ in self.problem.cases]
        serves: list[dict[str, dict[str, int]]] = [{} for _ in witnesses]
        for (number, row, kind), column in self.serves.items():
            serves[number].setdefault(row, {})[kind] = max(0, int(values[column] * MICRO + 1e-3))
        for number in range(len(witnesses)):
            jobs = {g: p for (g, p, n), column in self.sits.items() if n == number and values[column] > 0.5}
            on = {o: round(values[column]) for (o, n), column in self.on.items() if n == number}
            witnesses[number] = Witness(serves[number], jobs, on)
        return Best(cost, held, tuple(witnesses))


def _sum(*parts: tuple[Terms, float]) -> dict[int, float]:
    total: defaultdict[int, float] = defaultdict(float)
    for terms, factor in parts:
        for column, value in terms.items():
            total[column] += factor * value
    return dict(total)
