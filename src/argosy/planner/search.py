"""Give every job a place: largest first, each where the re-solved program gets cheapest, then one by one
again.

The bound on the search is a count of programs solved, never a clock.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from argosy.planner.linear import Answer
from argosy.planner.place import Chain, Placement, Seat
from argosy.planner.problem import Gang
from argosy.planner.relax import nudge

TRIED = 4
"""Chains per job of which the program is solved."""
MOST_TRIED = 40
"""Chains per job that are tried while none fits at all."""
ROUNDS = 2
"""Times that every job may be placed anew."""
LONGEST_CHAIN = 6
_LEAST_GAIN = 1e-7


def place_all(placement: Placement, preferred: Mapping[str, Chain] | None = None) -> Answer | None:
    """Seat every gang; the program's optimum with all of them seated, or None where the search finds no way.

    `preferred`: chains that are tried first, such as those of the lock before.
    """
    answer = placement.solve()
    for gang in in_order(placement):
        if answer is None:
            return None
        answer = _place(placement, gang, answer, (preferred or {}).get(gang.id))
    for _ in range(ROUNDS if answer else 0):
        improved = False
        for gang in in_order(placement):
            better = _place_anew(placement, gang, answer) if answer else None
            if better is not None:
                answer, improved = better, True
        if not improved:
            break
    return answer


def in_order(placement: Placement) -> list[Gang]:
    """Gangs in the order in which they are seated: the hardest to place first."""

    def weight(gang: Gang) -> int:
        least = min(gang.pools.values(), default=0)
        return 2 * least if gang.protected else least

    return sorted(placement.capacity.problem.gangs, key=lambda gang: (-weight(gang), gang.id))


def _place(placement: Placement, gang: Gang, answer: Answer, preferred: Chain | None) -> Answer | None:
    """Seat the gang where the program gets cheapest."""
    chains = list(_Chains(placement, gang, answer).best(MOST_TRIED))
    if preferred is not None and all(pool in gang.pools for pool in preferred):
        chains.insert(0, preferred)
    best: tuple[float, Seat] | None = None
    for number, chain in enumerate(chains):
        if best is not None and number >= TRIED:
            break
        found = _try(placement, gang, chain)
        if found is not None and (best is None or found[0] < best[0] - _LEAST_GAIN):
            best = found
    if best is None:
        return None
    placement.put(gang, best[1])
    return placement.solve()


def _try(placement: Placement, gang: Gang, chain: Chain) -> tuple[float, Seat] | None:
    seat = placement.seat(gang, chain)
    if seat is None:
        return None
    placement.put(gang, seat)
    answer = placement.solve()
    cost = None if answer is None else placement.cost(answer)
    placement.take(gang)
    return None if cost is None else (cost, seat)


def _place_anew(placement: Placement, gang: Gang, answer: Answer) -> Answer | None:
    """Seat the gang elsewhere if that is cheaper; None where it stays."""
    before = placement.cost(answer)
    old = placement.take(gang)
    without = placement.solve()
    best: tuple[float, Seat] = (before, old)
    for chain in _Chains(placement, gang, without).best(TRIED) if without else ():
        if chain == old.chain:
            continue
        found = _try(placement, gang, chain)
        if found is not None and found[0] < best[0] - _LEAST_GAIN:
            best = found
    placement.put(gang, best[1])
    return None if best[1] is old else placement.solve()


@dataclass(frozen=True)
class _Pool:
    name: str
    dead: frozenset[int]
    """Cases, of those in which the job must run, in which it cannot run here."""
    growth: float
    """What the nodes that are not there yet cost, at a guess."""


class _Chains:
    """Promising chains for one gang, by the prices of the program's last answer."""

    def __init__(self, placement: Placement, gang: Gang, answer: Answer) -> None:
        self._placement, self._gang, self._answer = placement, gang, answer
        self._cases = [
            number
            for number in range(len(placement.capacity.problem.cases))
            if placement.must_run(gang, number)
        ]
        self._worth = self._prices()
        self._loaded = {pool for (pool, _), load in placement.loads.of_pool.items() if load}
        self._pools = list(self._representatives())

    def _prices(self) -> dict[tuple[str, int], float]:
        duals = self._answer.duals
        supply = self._placement.capacity.supply
        return {key: max(0.0, -duals[row]) for key, row in supply.items()}

    def best(self, most: int) -> Iterator[Chain]:
        """The most promising chains, best first."""
        scored = [
            (score, nudge(self._gang.id, *chain), chain)
            for home in self._homes(2 * most)
            if (found := self._complete(home)) is not None
            for score, chain in (found,)
        ]
        yield from (chain for _, _, chain in sorted(scored)[:most])

    def _homes(self, most: int) -> list[_Pool]:
        # A job does not leave a home that loses nothing, so that the home must take it there.
        touched = self._placement.ground.touched
        homes = [
            p
            for p in self._pools
            if p.name in self._gang.home_pools and 0 not in p.dead and p.dead <= touched[p.name]
        ]
        # A home that dies in many cases needs a backup: its cost is guessed as that of staying at home.
        ranked = sorted(homes, key=lambda p: (self._score(p, self._cases), nudge(self._gang.id, p.name)))
        return ranked[:most]

    def _score(self, pool: _Pool, cases: Sequence[int]) -> float:
        gang, kind = self._gang, self._placement.capacity.kind_of_pool[pool.name]
        worth = sum(self._worth.get((kind, number), 0.0) for number in cases if number not in pool.dead)
        return gang.pools[pool.name] * worth + pool.growth

    def _complete(self, home: _Pool) -> tuple[float, Chain] | None:
        """The home with the backups that it needs, and the guessed cost of them all."""
        chain, score = [home], self._score(home, self._cases) + self._gang.price.get(home.name, 0) / 1e6
        missing = home.dead
        while missing and len(chain) < LONGEST_CHAIN:
            backup = min(
                (p for p in self._pools if not missing <= p.dead and p not in chain),
                key=lambda p: (len(missing & p.dead), self._score(p, sorted(missing)), p.name),
                default=None,
            )
            if backup is None:
                return None
            chain.append(backup)
            score += self._score(backup, sorted(missing))
            missing &= backup.dead
        return None if missing else (score, tuple(pool.name for pool in chain))

    def _representatives(self) -> Iterator[_Pool]:
        """Of pools without a job that die alike, those that cost least; every pool with a job."""
        alike: defaultdict[tuple[str, frozenset[int], bool], list[_Pool]] = defaultdict(list)
        for name in sorted(self._gang.pools):
            if name not in self._placement.ground.room:
                continue
            pool = _Pool(name, self._dead(name), self._growth(name))
            if name in self._loaded:
                yield pool
            else:
                kind = self._placement.capacity.kind_of_pool[name]
                alike[kind, pool.dead, name in self._gang.home_pools].append(pool)
        for pools in alike.values():
            yield from sorted(pools, key=lambda p: (p.growth, nudge(self._gang.id, p.name)))[:2]

    def _dead(self, name: str) -> frozenset[int]:
        ground, loads = self._placement.ground, self._placement.loads.of_pool
        size, touched = self._gang.pools[name], ground.touched[name]
        if name not in self._loaded:
            if ground.room[name] < size:
                return frozenset(self._cases)
            return frozenset(n for n in self._cases if n in touched and ground.room_in(name, n) < size)
        return frozenset(n for n in self._cases if ground.room_in(name, n) - loads[name, n] < size)

    def _growth(self, name: str) -> float:
        capacity, loads = self._placement.capacity, self._placement.loads.of_pool
        offerings = capacity.problem.in_pool[name]
        columns = [capacity.held[offering.id] for offering in offerings]
        held = sum(self._answer.values[column] for column in columns)
        taken = max((loads[name, n] for n in self._cases), default=0) if name in self._loaded else 0
        missing = max(0.0, self._gang.pools[name] + taken - held)
        reduced = max(0.0, min(self._answer.reduced_costs[column] for column in columns))
        cheapest = min(capacity.program.cost[column] for column in columns)
        # Beyond what the program holds anyway, nodes replace others at best; a part of their price is lost.
        return missing * (reduced + 0.02 * cheapest)
