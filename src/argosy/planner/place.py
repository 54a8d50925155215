"""Jobs in their seats: who runs where in each case, and what that takes.

A job that must run on after losses gets a chain of pools, home first; in a case it sits in the first pool of
its chain that still has room.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from argosy.planner.linear import INFINITY, Answer
from argosy.planner.problem import Case, Gang, Problem
from argosy.planner.relax import CapacityProgram

Chain = tuple[str, ...]
"""Pools of one job, home first."""


@dataclass(frozen=True)
class Seat:
    """Where one job sits, by the number of the case; None where it does not run."""

    chain: Chain
    pools: tuple[str | None, ...]


class Loads:
    """Nodes that placed jobs take."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self.of_pool: Counter[tuple[str, int]] = Counter()
        self.of_kind: dict[tuple[str, int], Any] = {}
        """(kind, size of the job) to the nodes by case."""
        self.of_link: Counter[tuple[str, int]] = Counter()

    def change(self, gang: Gang, seat: Seat, kind_of_pool: Mapping[str, str], sign: int) -> None:
        """Add the gang, or take it away."""
        import numpy as np

        for number, pool in enumerate(seat.pools):
            if pool is not None:
                size = gang.pools[pool]
                self.of_pool[pool, number] += sign * size
                key = kind_of_pool[pool], size
                if key not in self.of_kind:
                    self.of_kind[key] = np.zeros(len(seat.pools), dtype=int)
                self.of_kind[key][number] += sign * size
                for link in self._problem.cases[number].links:
                    if pool in link.pools:
                        self.of_link[link.id, number] += sign * gang.traffic.get(pool, 0)


@dataclass
class Placement:
    """Jobs in their seats, over the program that prices them."""

    capacity: CapacityProgram
    extra: Mapping[int, frozenset[str]] = field(default_factory=dict[int, frozenset[str]])
    """Case to jobs that run there although they need not, to make up the floor of training."""
    seats: dict[str, Seat] = field(default_factory=dict[str, Seat])

    def __post_init__(self) -> None:
        self.ground = self.capacity.ground
        self.loads = Loads(self.capacity.problem)
        self.least: dict[int, float] = {}
        """Column of an offering to the nodes that jobs need of it."""
        self._pool_rows: dict[tuple[str, int], int] = {}

    def must_run(self, gang: Gang, number: int) -> bool:
        """Whether the job has to run in the case."""
        case = self.capacity.problem.cases[number]
        return gang.id in case.jobs or gang.id in self.extra.get(number, frozenset())

    def seat(self, gang: Gang, chain: Chain) -> Seat | None:
        """Where the chain puts the job in every case; None if it cannot stand where it must."""
        pools: list[str | None] = []
        for number, case in enumerate(self.capacity.problem.cases):
            pool = None
            if self.must_run(gang, number):
                pool = self._first_room(gang, chain, number, case)
            elif case.minutes == 0 and self._may_stand(gang, chain[0], number, case):
                # There is no time to stop it: while its home may have the nodes for it, it stands there.
                pool = self._first_room(gang, chain[:1], number, case)
            else:
                pools.append(None)
                continue
            if pool is None:
                return None
            pools.append(pool)
        return Seat(chain, tuple(pools))

    def _may_stand(self, gang: Gang, home: str, number: int, case: Case) -> bool:
        """Whether the home may have the nodes for the job, so that nobody can say that it is down."""
        return self.ground.room_in(home, number) >= gang.pools[home] and not case.cuts(gang, home)

    def _first_room(self, gang: Gang, chain: Chain, number: int, case: Case) -> str | None:
        for place, pool in enumerate(chain):
            size = gang.pools[pool]
            free = self.ground.room_in(pool, number) - self.loads.of_pool[pool, number]
            if size <= free and self._links_carry(gang, pool, number, case):
                return pool
            if place == 0 and number not in self.ground.touched[pool]:
                return None  # a job does not leave a home that is whole
        return None

    def _links_carry(self, gang: Gang, pool: str, number: int, case: Case) -> bool:
        sent = gang.traffic.get(pool, 0)
        return not sent or all(
            self.loads.of_link[link.id, number] + sent <= link.mbps
            for link in case.links
            if pool in link.pools
        )

    def put(self, gang: Gang, seat: Seat) -> None:
        """Seat the job, and tell the program."""
        self.seats[gang.id] = seat
        self.loads.change(gang, seat, self.capacity.kind_of_pool, 1)
        self._split(gang, placed=True)
        self._tell(gang, seat)

    def take(self, gang: Gang) -> Seat:
        """Unseat the job; the program splits it over kinds again."""
        seat = self.seats.pop(gang.id)
        self.loads.change(gang, seat, self.capacity.kind_of_pool, -1)
        self._split(gang, placed=False)
        self._tell(gang, seat)
        return seat

    def _split(self, gang: Gang, *, placed: bool) -> None:
        capacity = self.capacity
        bounds: dict[int, tuple[float, float]] = {}
        for number in range(len(capacity.problem.cases)):
            row = capacity.whole.get((gang.id, number))
            if row is not None:
                whole = 0.0 if placed else 1.0
                capacity.solver.bound_row(row, whole, whole)
                for column in capacity.program.rows[row]:
                    bounds[column] = (0.0, whole)
        capacity.solver.bound_columns(bounds)

    def _tell(self, gang: Gang, seat: Seat) -> None:
        """Bring the program's bounds up to the loads of every pool and kind that the seat uses."""
        places = {(pool, number) for number, pool in enumerate(seat.pools) if pool is not None}
        for pool in sorted({pool for pool, _ in places}):
            self._bound_pool(pool)
        kinds = {(self.capacity.kind_of_pool[pool], number) for pool, number in places}
        for kind, number in sorted(kinds):
            self._bound_kind(kind, number)

    def _bound_pool(self, pool: str) -> None:
        capacity, offerings = self.capacity, self.capacity.problem.in_pool[pool]
        numbers = range(len(capacity.problem.cases))
        if len(offerings) == 1 and not capacity.fates.capped.get(offerings[0].id):
            offering = offerings[0]
            least = max(offering.low, *(self.loads.of_pool[pool, number] for number in numbers))
            column = capacity.held[offering.id]
            self.least[column] = float(least)
            capacity.solver.bound_columns({column: (least, offering.high)})
            return
        for number in numbers:
            load = self.loads.of_pool[pool, number]
            row = self._pool_rows.get((pool, number))
            if row is not None:
                capacity.solver.bound_row(row, load, INFINITY)
            elif load:
                self._add_pool_row(pool, number, load)

    def _add_pool_row(self, pool: str, number: int, load: int) -> None:
        capacity, case = self.capacity, self.capacity.problem.cases[number]
        columns = [
            capacity.powered.get((offering.id, number), capacity.held[offering.id])
            for offering in capacity.problem.in_pool[pool]
            if offering.id not in case.lost
        ]
        terms = dict.fromkeys(columns, 1.0)
        self._pool_rows[pool, number] = capacity.program.add(terms, load)
        capacity.solver.add_rows([(terms, load, INFINITY)])

    def _bound_kind(self, kind: str, number: int) -> None:
        capacity, loads = self.capacity, self.loads
        of_size = [
            (size, int(loads.of_kind[kind, size][number]))
            for size in reversed(capacity.sizes)
            if (kind, size) in loads.of_kind
        ]
        row = capacity.supply.get((kind, number))
        if row is not None:
            taken = sum(load for _, load in of_size) - self._beside(kind, number)
            capacity.solver.bound_row(row, -INFINITY, -float(taken))
        for size in capacity.sizes:
            nested = capacity.nested.get((kind, size, number))
            if nested is not None:
                larger = sum(load for other, load in of_size if other >= size)
                capacity.solver.bound_row(nested, -INFINITY, -float(larger))

    def _beside(self, kind: str, number: int) -> int:
        """Nodes that jobs take where nobody is served, which serving does not miss."""
        return sum(
            self.loads.of_pool[pool, number]
            for pool, case in self.ground.unserving
            if case == number and self.capacity.kind_of_pool[pool] == kind
        )

    def solve(self) -> Answer | None:
        """The program's optimum under all seats, with the nested rows that it needs."""
        while True:
            answer = self.capacity.solver.solve()
            if answer is None or len(self.seats) == len(self.capacity.problem.gangs):
                return answer
            if not self.capacity.add_nested(answer, self.loads.of_kind, self.seats):
                return answer

    def cost(self, answer: Answer) -> float:
        """The answer's cost with what the jobs' checkpoints cost to send, in dollars per hour."""
        gangs = self.capacity.problem.gang
        return answer.cost + sum(
            gangs[gang].price.get(seat.chain[0], 0) / 1e6 for gang, seat in self.seats.items()
        )
