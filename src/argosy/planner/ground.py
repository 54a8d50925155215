"""What the pools can take in each case at most, whatever is held."""

from __future__ import annotations

from collections import Counter, defaultdict

from argosy.planner.problem import Problem


class Ground:
    """Room of pools, and the cases in which something happens to them, by the number of the case."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.touched: defaultdict[str, set[int]] = defaultdict(set)
        """Pool to the cases in which something of it is lost or short."""
        self.cut: Counter[tuple[str, int]] = Counter()
        self.room = {p: sum(o.high for o in offerings) for p, offerings in problem.in_pool.items()}
        self.unserving: set[tuple[str, int]] = set()
        pool_of = {offering.id: offering.pool for offering in problem.offerings}
        for number, case in enumerate(problem.cases):
            for offering in case.lost:
                self.cut[pool_of[offering], number] += problem.offering[offering].high
                self.touched[pool_of[offering]].add(number)
            for offering in case.capped - case.lost:
                self.touched[pool_of[offering]].add(number)
            for link in case.links:
                for pool in link.pools:
                    self.touched[pool].add(number)
            self.unserving |= {(pool_of[offering], number) for offering in case.unserving}

    def room_in(self, pool: str, number: int) -> int:
        """Most nodes of the pool that can be left in the case."""
        return self.room.get(pool, 0) - self.cut[pool, number]
