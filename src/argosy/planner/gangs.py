"""Place training jobs whole, each inside one pool, by exact search in a fixed order.

Largest first with backtracking. The search ends at the first placement that runs every job that must run and
enough nodes in all; failing that it knows the best there is, unless it ran into its bound of steps: a count,
never a clock, so that every machine gets the same answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

MAX_STEPS = 100_000


@dataclass(frozen=True)
class Gang:
    """A job of `nodes` nodes that runs in one of `pools`, best first, or not at all."""

    name: str
    nodes: int
    pools: tuple[str, ...]
    must_run: bool


@dataclass(frozen=True)
class Placement:
    """Where jobs run."""

    pool_of: Mapping[str, str]
    """Job to pool; a job that does not run is absent."""
    complete: bool
    """Whether the search saw everything there is: if not, a better placement may exist."""


def place_gangs(gangs: Sequence[Gang], room: Mapping[str, int], enough: int) -> Placement:
    """Where `gangs` run in pools with that much `room`, `enough` nodes in all. Ties go to the earlier pool.

    When that cannot be had: the placement with the most nodes of jobs that must run, then the most nodes.
    """
    return _Search(gangs, room, enough).run()


class _Search:
    def __init__(self, gangs: Sequence[Gang], room: Mapping[str, int], enough: int) -> None:
        self._gangs = sorted(gangs, key=lambda gang: (not gang.must_run, -gang.nodes, gang.name))
        self._room = dict(room)
        self._users = {
            pool: frozenset(i for i, gang in enumerate(self._gangs) if pool in gang.pools) for pool in room
        }
        self._goal = (sum(gang.nodes for gang in gangs if gang.must_run), enough)
        self._still_to_come = self._sums_from_each_gang()
        self._chosen: list[str | None] = []
        self._score = (0, 0)
        self._best: dict[str, str] = {}
        self._best_score = (0, 0)

    def run(self) -> Placement:
        # An explicit stack: a fleet may have more jobs than Python has frames.
        stack = [self._choices()]
        steps = 0
        while stack and steps < MAX_STEPS and not self._reached(self._best_score):
            steps += 1
            if len(self._chosen) == len(stack):
                self._undo()
            choice = next(stack[-1], _NO_CHOICE)
            if choice is _NO_CHOICE:
                stack.pop()
                continue
            self._do(choice)
            stack.append(self._choices())
        return Placement(self._best, complete=not stack or self._reached(self._best_score))

    def _sums_from_each_gang(self) -> list[tuple[int, int]]:
        sums = [(0, 0)]
        for gang in reversed(self._gangs):
            must, total = sums[-1]
            sums.append((must + gang.nodes * gang.must_run, total + gang.nodes))
        return sums[::-1]

    def _reached(self, score: tuple[int, int]) -> bool:
        return score[0] >= self._goal[0] and score[1] >= self._goal[1]

    def _choices(self) -> Iterator[str | None]:
        """Pools for the next job, then leaving it out; none where nothing better can follow."""
        depth = len(self._chosen)
        must, total = self._still_to_come[depth]
        reachable = (self._score[0] + must, self._score[1] + min(total, sum(self._room.values())))
        if depth == len(self._gangs) or reachable <= self._best_score:
            return iter(())
        if depth and self._chosen[-1] is None and self._alike(depth - 1, depth):
            return iter([None])  # what the job's twin was refused does not help here
        return iter([*self._fitting(self._gangs[depth]), None])

    def _fitting(self, gang: Gang) -> Iterator[str]:
        """Pools with room for the job; of pools that are all the same from here on, the first."""
        seen: set[tuple[int, frozenset[int]]] = set()
        for pool in gang.pools:
            kind = self._room[pool], self._users[pool]
            if self._room[pool] >= gang.nodes and kind not in seen:
                seen.add(kind)
                yield pool

    def _alike(self, one: int, other: int) -> bool:
        first, second = self._gangs[one], self._gangs[other]
        same = first.nodes == second.nodes and first.must_run == second.must_run
        return same and set(first.pools) == set(second.pools)

    def _do(self, pool: str | None) -> None:
        gang = self._gangs[len(self._chosen)]
        self._chosen.append(pool)
        if pool is None:
            return
        self._move(gang, pool, 1)
        if self._score > self._best_score:
            self._best_score = self._score
            self._best = {
                gang.name: pool for gang, pool in zip(self._gangs, self._chosen, strict=False) if pool
            }

    def _undo(self) -> None:
        pool = self._chosen.pop()
        if pool is not None:
            self._move(self._gangs[len(self._chosen)], pool, -1)

    def _move(self, gang: Gang, pool: str, sign: int) -> None:
        self._room[pool] -= sign * gang.nodes
        must, total = self._score
        self._score = (must + sign * gang.nodes * gang.must_run, total + sign * gang.nodes)


_NO_CHOICE = "\0"
