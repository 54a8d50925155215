"""The plan as a linear program: how many nodes of each offering, if nodes and jobs could be split.

Recourse is written per kind and case, not per offering: a failure enters only as a smaller sum, so that the
program's size beyond its offerings does not grow with them. Losses are subtracted from a kind's whole, since
few of a kind's offerings are lost in a case.

Jobs that have no place yet are split over kinds. Nested rows, added when they are violated, keep large jobs
in large pools: for a kind, a case and a size, jobs at least that large fit the pools at least that large.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from argosy.planner.ground import Ground
from argosy.planner.linear import INFINITY, Answer, Program, Solver
from argosy.planner.problem import Case, Gang, Offering, Problem

PERTURBATION_USD = 1e-4
"""Most that an offering's price is raised by, by a hash of its name: with it the optimum is one point, so
that every order of the input and every solver finds the same. It is added, not multiplied: a price of 0 would
stay 0, and a millionth of a price drowns in a solver's tolerance of 1e-7."""

_VIOLATED = 1e-6


def nudge(*words: str) -> float:
    """A number from 0 to 1 that is always the same for the same words."""
    digest = hashlib.sha256("\0".join(words).encode()).digest()
    return int.from_bytes(digest[:4], "big") / 2**32


@dataclass(frozen=True)
class Fates:
    """What becomes of each offering in each case, by the number of the case."""

    lost: Mapping[str, frozenset[int]]
    """Cases in which it is gone."""
    capped: Mapping[str, frozenset[int]]
    """Cases in which only a part may have power."""
    unserving: Mapping[str, frozenset[int]]
    """Cases in which it stands but nobody is served from it."""

    @classmethod
    def of(cls, problem: Problem) -> Fates:
        """The fates of every offering that something happens to."""
        lost: defaultdict[str, list[int]] = defaultdict(list)
        capped: defaultdict[str, list[int]] = defaultdict(list)
        unserving: defaultdict[str, list[int]] = defaultdict(list)
        for number, case in enumerate(problem.cases):
            for offering in case.lost:
                lost[offering].append(number)
            for offering in case.capped - case.lost:
                capped[offering].append(number)
            for offering in case.unserving - case.lost:
                unserving[offering].append(number)
        return cls(*({o: frozenset(n) for o, n in found.items()} for found in (lost, capped, unserving)))


_NEVER: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Bundle:
    """Offerings of one kind that share their fate in every case; their sum is one column."""

    kind: str
    unserving: frozenset[int]
    """Cases in which none of them serves, or in which each is counted by itself."""
    lost: frozenset[int]
    size: int
    """Largest job that fits, of the sizes there are; 0: none may run here."""


class CapacityProgram:
    """The linear program of a problem, and what its columns mean."""

    def __init__(self, problem: Problem, solver: Solver) -> None:
        self.problem, self.solver = problem, solver
        self.program = Program()
        self.fates = Fates.of(problem)
        self.ground = Ground(problem)
        self.kind_of_pool = {offering.pool: offering.kind for offering in problem.offerings}
        self.held: dict[str, int] = {}
        """Offering to its column."""
        self.powered: dict[tuple[str, int], int] = {}
        self.serves: dict[tuple[str, str, int], int] = {}
        """(row, kind, case) to its column."""
        self.supply: dict[tuple[str, int], int] = {}
        """(kind, case) to its row."""
        self.limits: dict[str, int] = {}
        """Limit to its row."""
        self.floors: dict[tuple[str, int], int] = {}
        """(row, case) to the row of its floor."""
        self.split: dict[tuple[str, str, int], int] = {}
        """(gang, kind, case) to the column of the share of the gang that is there."""
        self.whole: dict[tuple[str, int], int] = {}
        """(gang, case) to the row that makes it run whole."""
        self.nested: dict[tuple[str, int, int], int] = {}
        """(kind, size, case) to the row that keeps large jobs in large pools."""
        self.sizes = sorted({size for gang in problem.gangs for size in gang.pools.values()})
        self.gang_sizes = _gang_sizes(problem, self.kind_of_pool)
        """(gang, kind) to the fewest nodes that it takes there."""
        self._rooms: dict[tuple[str, int], tuple[Any, Any]] = {}
        self._split_of: dict[tuple[str, str], Any] = {}
        self._beside: dict[str, frozenset[int]] = {}
        self._kinds: dict[tuple[str, bool], list[str]] = {}
        self._bundles: dict[Bundle, int] = {}
        self._of_kind: defaultdict[str, list[Bundle]] = defaultdict(list)
        self._totals: dict[str, int] = {}
        self._usable = _usable_kinds(problem)
        self._build()
        solver.load(self.program)

    def costs(self, *, exact: bool = False) -> dict[int, float]:
        """Column to cost, in dollars per hour; perturbed unless they must be exact."""
        factor = 0.0 if exact else PERTURBATION_USD
        return {
            self.held[offering.id]: offering.price / 1e6 + factor * nudge(offering.id)
            for offering in self.problem.offerings
        }

    def _build(self) -> None:
        self._hold()
        self._limit()
        self._power()
        for number, case in enumerate(self.problem.cases):
            self._serve(number, case)
        self._split_gangs()

    def _hold(self) -> None:
        program, job_pools = self.program, {pool for gang in self.problem.gangs for pool in gang.pools}
        room = {p: sum(o.high for o in offerings) for p, offerings in self.problem.in_pool.items()}
        members: defaultdict[Bundle, list[int]] = defaultdict(list)
        for offering in self.problem.offerings:
            cost = offering.price / 1e6 + PERTURBATION_USD * nudge(offering.id)
            column = program.column(offering.low, offering.high, cost, whole=True)
            self.held[offering.id] = column
            size = self._largest(room[offering.pool]) if offering.pool in job_pools else 0
            members[self._bundle_of(offering, size)].append(column)
        for bundle, columns in members.items():
            self._bundles[bundle] = self._sum_of(columns)
            self._of_kind[bundle.kind].append(bundle)
        for kind, bundles in self._of_kind.items():
            self._totals[kind] = self._sum_of([self._bundles[bundle] for bundle in bundles])

    def _sum_of(self, columns: Sequence[int]) -> int:
        if len(columns) == 1:
            return columns[0]
        total = self.program.column()
        self.program.add({total: -1.0, **dict.fromkeys(columns, 1.0)}, 0, 0)
        return total

    def _largest(self, room: int) -> int:
        return max((size for size in self.sizes if size <= room), default=0)

    def _bundle_of(self, offering: Offering, size: int) -> Bundle:
        lost = self.fates.lost.get(offering.id, _NEVER)
        capped = self.fates.capped.get(offering.id, _NEVER)
        unserving = self.fates.unserving.get(offering.id, _NEVER)
        return Bundle(offering.kind, lost | capped | unserving, lost, size)

    def _limit(self) -> None:
        for limit in self.problem.limits:
            terms = {self.held[o]: float(f) for o, f in limit.coefficients.items() if f}
            scale = max((abs(f) for f in terms.values()), default=1.0)
            self.limits[limit.id] = self.program.add(
                {column: f / scale for column, f in terms.items()},
                -INFINITY if limit.lower is None else limit.lower / scale,
                INFINITY if limit.upper is None else limit.upper / scale,
            )

    def _power(self) -> None:
        for number, case in enumerate(self.problem.cases):
            for offering in sorted(case.capped - case.lost):
                held, most = self.held[offering], self.problem.offering[offering].high
                on = self.program.column(0, most, 0, whole=True)
                self.powered[offering, number] = on
                self.program.add({on: 1.0, held: -1.0}, upper=0)
            for limit in case.power:
                terms = {
                    self.powered[o, number]: float(f)
                    for o, f in limit.coefficients.items()
                    if o not in case.lost
                }
                scale = max(terms.values(), default=1.0)
                upper = INFINITY if limit.upper is None else limit.upper / scale
                self.program.add({column: f / scale for column, f in terms.items()}, upper=upper)

    def _serve(self, number: int, case: Case) -> None:
        taken: defaultdict[str, dict[int, float]] = defaultdict(dict)
        for row_id in sorted(case.floors):
            row = self.problem.row[row_id]
            rates = {kind: rate for kind in row.rates if (rate := self.problem.serves(kind, row, case))}
            scale = max(rates.values(), default=1)
            served: dict[int, float] = {}
            for kind in sorted(rates):
                if kind in self._totals:
                    column = self.program.column()
                    self.serves[row_id, kind, number] = column
                    served[column] = rates[kind] / scale
                    taken[kind][column] = 1.0
            self.floors[row_id, number] = self.program.add(served, lower=case.floors[row_id] / scale)
        powered = self._powered_of_kind(number, case)
        for kind in sorted(taken.keys() | (self._totals.keys() & self._usable)):
            self._supply(number, kind, taken[kind], powered.get(kind, ()))

    def _powered_of_kind(self, number: int, case: Case) -> dict[str, list[int]]:
        found: defaultdict[str, list[int]] = defaultdict(list)
        for offering in sorted(case.capped - case.lost - case.unserving):
            found[self.problem.offering[offering].kind].append(self.powered[offering, number])
        return found

    def _supply(self, number: int, kind: str, taken: Mapping[int, float], powered: Iterable[int]) -> None:
        terms = {**taken, self._totals[kind]: -1.0}
        for bundle in self._of_kind[kind]:
            if number in bundle.unserving:
                column = self._bundles[bundle]
                terms[column] = terms.get(column, 0.0) + 1.0
        for column in powered:
            terms[column] = -1.0
        self.supply[kind, number] = self.program.add(
            {column: value for column, value in terms.items() if value}, upper=0
        )

    def _split_gangs(self) -> None:
        touched = self._touched_kinds()
        for gang in self.problem.gangs:
            for number, case in enumerate(self.problem.cases):
                if gang.id in case.jobs:
                    shares = dict(self._shares(gang, number))
                    self.whole[gang.id, number] = self.program.add(shares, 1, 1)
                if number and (gang.id in case.jobs or case.minutes == 0):
                    self._stay(gang, number, touched)

    def _touched_kinds(self) -> dict[str, set[int]]:
        """Kind to the cases in which something happens to a pool of it that jobs may use."""
        found: defaultdict[str, set[int]] = defaultdict(set)
        for pool in {pool for gang in self.problem.gangs for pool in gang.pools} & self.kind_of_pool.keys():
            found[self.kind_of_pool[pool]] |= self.ground.touched[pool]
        return found

    def _stay(self, gang: Gang, number: int, touched: Mapping[str, set[int]]) -> None:
        """Where nothing happens to a kind, a job stays in it: it need not, or there is no time to leave."""
        for kind in self._kinds_of(gang, gang.home_pools, home=True):
            home = self.split.get((gang.id, kind, 0))
            if home is None or number in touched[kind]:
                continue
            there = self.split.get((gang.id, kind, number))
            if there is not None:
                self.program.add({there: 1.0, home: -1.0}, lower=0)
            else:
                self._occupy(kind, number, home, gang)

    def _occupy(self, kind: str, number: int, share: int, gang: Gang) -> None:
        row = self.supply.get((kind, number))
        if row is not None and number not in self._all_unserving(kind):
            self.program.rows[row] = {**self.program.rows[row], share: float(self.gang_sizes[gang.id, kind])}

    def _shares(self, gang: Gang, number: int) -> Iterator[tuple[int, float]]:
        allowed = gang.home_pools if number == 0 else gang.pools.keys()
        for kind in self._kinds_of(gang, allowed, home=number == 0):
            column = self.program.column(0, 1)
            self.split[gang.id, kind, number] = column
            self._occupy(kind, number, column, gang)
            yield column, 1.0

    def _kinds_of(self, gang: Gang, pools: Iterable[str], *, home: bool) -> list[str]:
        key = gang.id, home
        if key not in self._kinds:
            self._kinds[key] = sorted({self.kind_of_pool[p] for p in pools if p in self.kind_of_pool})
        return self._kinds[key]

    def _all_unserving(self, kind: str) -> frozenset[int]:
        """Cases in which a job of this kind may stand where nobody is served, so that it takes no supply."""
        if kind not in self._beside:
            self._beside[kind] = frozenset(
                number for bundle in self._of_kind[kind] for number in bundle.unserving - bundle.lost
            )
        return self._beside[kind]

    def add_nested(
        self, answer: Answer, loads: Mapping[tuple[str, int], Any], placed: Container[str]
    ) -> bool:
        """Add the nested rows that the answer violates; whether there were any.

        `loads`: (kind, size) to the nodes, by case, that placed jobs of just that size take already.
        """
        import numpy as np

        values = np.asarray(answer.values)
        found: list[tuple[str, int, int]] = []
        for (kind, size), gangs in self._split_by_size(placed).items():
            used = self._load_of(kind, size, loads)
            for gang in gangs:
                columns = self._columns_of(gang, kind)
                used = used + self.gang_sizes[gang, kind] * np.where(columns >= 0, values[columns], 0.0)
            columns, alive = self._room_of(kind, size)
            over = used - alive @ values[columns] > _VIOLATED
            found += [
                (kind, size, int(n)) for n in np.nonzero(over)[0] if (kind, size, int(n)) not in self.nested
            ]
        rows = [self._nested_row(*key, loads) for key in found]
        for key, row in zip(found, rows, strict=True):
            # The program keeps a copy, so that numbers of rows agree with the solver's.
            self.nested[key] = self.program.add(*row)
        if rows:
            self.solver.add_rows(rows)
        return bool(rows)

    def _split_by_size(self, placed: Container[str]) -> dict[tuple[str, int], list[str]]:
        """(kind, size) to the gangs without a seat that are at least that large there."""
        found: dict[tuple[str, int], list[str]] = {}
        for gang, kind in sorted(self.gang_sizes):
            if gang not in placed:
                for size in self.sizes:
                    if size <= self.gang_sizes[gang, kind]:
                        found.setdefault((kind, size), []).append(gang)
        return found

    def _load_of(self, kind: str, size: int, loads: Mapping[tuple[str, int], Any]) -> Any:
        import numpy as np

        taken = np.zeros(len(self.problem.cases))
        for larger in self.sizes:
            if larger >= size and (kind, larger) in loads:
                taken = taken + loads[kind, larger]
        return taken

    def _columns_of(self, gang: str, kind: str) -> Any:
        """By case, the column of the gang's share in the kind; -1 where there is none."""
        import numpy as np

        if (gang, kind) not in self._split_of:
            numbers = range(len(self.problem.cases))
            columns = [self.split.get((gang, kind, number), -1) for number in numbers]
            self._split_of[gang, kind] = np.array(columns)
        return self._split_of[gang, kind]

    def _room_of(self, kind: str, size: int) -> tuple[Any, Any]:
        """Columns of the kind's bundles that take such jobs, and case by column whether they are left."""
        import numpy as np

        if (kind, size) not in self._rooms:
            fitting = [bundle for bundle in self._of_kind[kind] if bundle.size >= size]
            alive = np.ones((len(self.problem.cases), len(fitting)))
            for place, bundle in enumerate(fitting):
                alive[sorted(bundle.lost), place] = 0.0
            self._rooms[kind, size] = np.array([self._bundles[b] for b in fitting], dtype=int), alive
        return self._rooms[kind, size]

    def _nested_row(
        self, kind: str, size: int, number: int, loads: Mapping[tuple[str, int], Any]
    ) -> tuple[dict[int, float], float, float]:
        terms = {
            self.split[gang, kind, number]: float(nodes)
            for (gang, other), nodes in self.gang_sizes.items()
            if other == kind and nodes >= size and (gang, kind, number) in self.split
        }
        columns, alive = self._room_of(kind, size)
        terms |= {int(column): -1.0 for column, left in zip(columns, alive[number], strict=True) if left}
        return terms, -INFINITY, -float(self._load_of(kind, size, loads)[number])


def _gang_sizes(problem: Problem, kind_of_pool: Mapping[str, str]) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = {}
    for gang in problem.gangs:
        for pool, nodes in gang.pools.items():
            if pool in kind_of_pool:
                key = gang.id, kind_of_pool[pool]
                found[key] = min(found.get(key, nodes), nodes)
    return found


def _usable_kinds(problem: Problem) -> frozenset[str]:
    return frozenset(kind for row in problem.rows for kind in row.rates)
