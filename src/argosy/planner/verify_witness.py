"""Is each case's witness possible, and does it meet the floors? Whole numbers only: no solver, no search.

Nothing here is shared with what finds plans. A kind's nodes stand in for each other, so that it is enough to
count them: what rows take of a kind, and what jobs take of its pools, must be left of it in the case.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from argosy.planner.problem import MICRO, Case, Gang, Holdings, Limit, Offering, Problem, Witness


@dataclass(frozen=True)
class Short:
    """A floor that a witness does not meet, in the units of its row, or in nodes for jobs."""

    case: Case
    workload: str
    """A row, a gang, or `training` for the sum over all jobs."""
    needed: int
    kept: int


def broken_limits(problem: Problem, held: Holdings) -> Iterator[tuple[Limit, int]]:
    """Limits that the holdings break, each with what stands against its bound."""
    for limit in problem.limits:
        total = sum(factor * held.get(offering, 0) for offering, factor in limit.coefficients.items())
        if (limit.upper is not None and total > limit.upper) or (
            limit.lower is not None and total < limit.lower
        ):
            yield limit, total


def out_of_bounds(problem: Problem, held: Holdings) -> Iterator[Offering]:
    """Offerings of which too few, too many, or no whole multiple are held."""
    for offering in problem.offerings:
        nodes = held.get(offering.id, 0)
        if not offering.low <= nodes <= offering.high or nodes % offering.step:
            yield offering


class Verifier:
    """Judges the witnesses of one plan; what all cases share is counted once."""

    def __init__(self, problem: Problem, held: Holdings, nominal: Witness) -> None:
        self._problem = problem
        self._held = held
        self._homes = nominal.jobs
        self._kind_of_pool = {offering.pool: offering.kind for offering in problem.offerings}
        self._of_kind: Counter[str] = Counter()
        self._of_pool: Counter[str] = Counter()
        for offering in problem.offerings:
            nodes = held.get(offering.id, 0)
            self._of_kind[offering.kind] += nodes
            self._of_pool[offering.pool] += nodes

    def shortfalls(self, case: Case, witness: Witness) -> Iterator[Short]:
        """Floors of the case that the witness does not meet."""
        for row, needed in case.floors.items():
            rates = self._problem.row[row].rates
            served = sum(rates.get(kind, 0) * nodes for kind, nodes in witness.serves.get(row, {}).items())
            if served < needed * MICRO:
                yield Short(case, row, needed, served // MICRO)
        for job in sorted(case.jobs - witness.jobs.keys()):
            yield Short(case, job, self._problem.gang[job].nodes, 0)
        running = sum(self._problem.gang[job].nodes for job in witness.jobs if job in self._problem.gang)
        if running < case.training:
            yield Short(case, "training", case.training, running)

    def wrong(self, case: Case, witness: Witness) -> Iterator[str]:
        """One sentence per thing in the witness that is impossible."""
        yield from self._wrong_words(case, witness)
        yield from self._wrong_power(case, witness)
        gone_of_pool, gone_of_kind = self._gone(case, witness)
        loads = self._loads(case, witness, gone_of_pool)
        for pool, nodes in sorted(loads.items()):
            left = self._of_pool[pool] - gone_of_pool[pool]
            if nodes > left:
                yield f"jobs take {nodes} nodes of {pool}, of which {left} are left"
        yield from self._wrong_kinds(case, witness, loads, gone_of_kind)
        yield from self._wrong_links(case, witness)

    def _gone(self, case: Case, witness: Witness) -> tuple[Counter[str], Counter[str]]:
        """Nodes that are not left, by pool; nodes that cannot serve, by kind."""
        of_pool: Counter[str] = Counter()
        of_kind: Counter[str] = Counter()
        offerings, held = self._problem.offering, self._held
        for name in case.lost:
            offering = offerings[name]
            of_pool[offering.pool] += held.get(name, 0)
            of_kind[offering.kind] += held.get(name, 0)
        for name in case.capped - case.lost:
            offering = offerings[name]
            dark = held.get(name, 0) - witness.powered.get(name, 0)
            of_pool[offering.pool] += dark
            of_kind[offering.kind] += dark
        for name in case.unserving - case.lost:
            offering = offerings[name]
            # What is dark has been taken off above.
            on = witness.powered.get(name, 0) if name in case.capped else held.get(name, 0)
            of_kind[offering.kind] += on
        return of_pool, of_kind

    def _loads(self, case: Case, witness: Witness, gone: Counter[str]) -> Counter[str]:
        """Nodes of each pool that jobs take, those included that there is no time to stop."""
        loads: Counter[str] = Counter()
        at_home: Counter[str] = Counter()
        gangs = self._problem.gang
        for job, pool in witness.jobs.items():
            gang = gangs.get(job)
            if gang is not None:
                loads[pool] += gang.pools.get(pool, 0)
                if self._homes.get(job) == pool:
                    at_home[pool] += gang.pools.get(pool, 0)
        if case.minutes == 0:
            for pool, nodes in self._standing(case, witness, gone).items():
                # Those that find no node beside the jobs that run there have lost theirs.
                left = self._of_pool[pool] - gone[pool]
                loads[pool] += min(nodes, max(0, left - at_home[pool]))
        return loads

    def _standing(self, case: Case, witness: Witness, gone: Counter[str]) -> Counter[str]:
        """Home to nodes of jobs that the witness leaves out, and of which nobody can say they are down."""
        standing: Counter[str] = Counter()
        for job, pool in self._homes.items():
            gang = self._problem.gang.get(job)
            if gang is not None and job not in witness.jobs and not case.cuts(gang, pool):
                size = gang.pools.get(pool, 0)
                # With fewer nodes left it has lost one, and is down.
                if self._of_pool[pool] - gone[pool] >= size:
                    standing[pool] += size
        return standing

    def _touched(self, case: Case, pool: str, gone: Counter[str]) -> bool:
        return gone[pool] > 0 or any(pool in link.pools for link in case.links)

    def _wrong_kinds(
        self, case: Case, witness: Witness, loads: Mapping[str, int], gone: Counter[str]
    ) -> Iterator[str]:
        taken: Counter[str] = Counter()
        for kinds in witness.serves.values():
            taken.update(kinds)
        jobs: Counter[str] = Counter()
        in_pool = self._problem.in_pool
        for pool, nodes in loads.items():
            if pool in in_pool and not any(o.id in case.unserving for o in in_pool[pool]):
                jobs[self._kind_of_pool[pool]] += nodes
        for kind, micro_nodes in sorted(taken.items()):
            left = self._of_kind[kind] - gone[kind] - jobs[kind]
            if micro_nodes > left * MICRO:
                yield f"services take {in_nodes(micro_nodes)} nodes of {kind}, of which {left} are left"

    def _wrong_words(self, case: Case, witness: Witness) -> Iterator[str]:
        problem = self._problem
        for row, kinds in sorted(witness.serves.items()):
            if row not in problem.row:
                yield f"serves {row}, which the fleet file does not demand"
                continue
            for kind, micro_nodes in sorted(kinds.items()):
                if not problem.serves(kind, problem.row[row], case):
                    yield f"{row} is served from {kind}, which may not serve it in time"
                elif micro_nodes < 0:
                    yield f"{row} is served by {micro_nodes} micro-nodes of {kind}"
        nominal = case is problem.cases[0]
        for job, pool in sorted(witness.jobs.items()):
            gang = problem.gang.get(job)
            if gang is None:
                yield f"runs {job}, which the fleet file does not demand"
            elif pool not in (gang.home_pools if nominal else gang.pools):
                yield f"{job} runs in {pool}, where it may not"

    def _wrong_power(self, case: Case, witness: Witness) -> Iterator[str]:
        for name, nodes in sorted(witness.powered.items()):
            if name not in case.capped - case.lost:
                yield f"says how much of {name} has power, which nothing in this case limits"
            elif not 0 <= nodes <= self._held.get(name, 0):
                yield f"keeps {nodes} nodes of {name} on, of {self._held.get(name, 0)} held"
        for limit in case.power:
            drawn = sum(f * witness.powered.get(o, 0) for o, f in limit.coefficients.items())
            if limit.upper is not None and drawn > limit.upper:
                yield f"{limit.id} would carry {drawn} of its {limit.upper} units of power"

    def _wrong_links(self, case: Case, witness: Witness) -> Iterator[str]:
        for link in case.links:
            sent = sum(
                self._problem.gang[job].traffic.get(pool, 0)
                for job, pool in witness.jobs.items()
                if pool in link.pools and job in self._problem.gang
            )
            if sent > link.mbps:
                yield f"{link.id} would carry {sent} Mbit/s of checkpoints, of {link.mbps} left"

    def moved_without_need(self, case: Case, witness: Witness) -> Iterator[str]:
        """Jobs that leave a home of which nothing was lost: possible, but nobody would do it."""
        gone, _ = self._gone(case, witness)
        for job, pool in sorted(witness.jobs.items()):
            home = self._homes.get(job)
            if home is not None and pool != home and not self._touched(case, home, gone):
                yield f"{job} moves from {home} to {pool} although its home loses nothing"


def in_nodes(micro_nodes: int) -> str:
    """Micro-nodes as nodes, with as many decimals as there are."""
    whole, part = divmod(micro_nodes, MICRO)
    return f"{whole}.{part:06d}".rstrip("0").rstrip(".")


def judge(
    problem: Problem, held: Holdings, witnesses: Sequence[Witness]
) -> tuple[list[tuple[Case, str]], list[Short]]:
    """Everything impossible and every floor not met, over all cases, in their order.

    `witnesses` stand in the order of the problem's cases.
    """
    verifier = Verifier(problem, held, witnesses[0])
    wrong: list[tuple[Case, str]] = []
    short: list[Short] = []
    for case, witness in zip(problem.cases, witnesses, strict=True):
        wrong += [(case, reason) for reason in verifier.wrong(case, witness)]
        wrong += [(case, reason) for reason in verifier.moved_without_need(case, witness)]
        short += verifier.shortfalls(case, witness)
    return wrong, short


def run_cost(problem: Problem, held: Holdings, homes: Mapping[str, str]) -> int:
    """What the holdings cost, in micro-dollars per hour, with the jobs' egress from their homes."""
    gangs: Mapping[str, Gang] = problem.gang
    nodes = sum(offering.price * held.get(offering.id, 0) for offering in problem.offerings)
    return nodes + sum(gangs[job].price.get(pool, 0) for job, pool in homes.items())
