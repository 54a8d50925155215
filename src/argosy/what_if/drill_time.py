"""How long recovery takes, as a range whose every term names its source. Claimed, never proven."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from argosy.what_if.drill_model import Job, Recovery
from argosy.what_if.drill_readiness import Readiness, Step, Term

if TYPE_CHECKING:
    from argosy.planner.problem import Case, Holdings, Problem, Row, Witness
    from argosy.what_if.drill_left import Remains

UNTOUCHED = Recovery(0, 0, "nothing that it runs on is lost")


class Clock:
    """Times to recover in one case."""

    def __init__(
        self,
        readiness: Readiness,
        problem: Problem,
        remains: Remains,
        nominal: Witness,
        witness: Witness,
        started: Mapping[str, int],
    ) -> None:
        self._readiness, self._problem, self._remains = readiness, problem, remains
        self._nominal, self._witness, self._started = nominal, witness, started
        stopped = {job for job, home in nominal.jobs.items() if witness.jobs.get(job) != home}
        self._stopped = stopped
        self._freed = {nominal.jobs[job] for job in stopped}
        """Pools out of which a job went, so that what follows it has to wait for that."""

    def of_row(self, row: Row, held: Holdings, case: Case) -> Recovery:
        """Until what is kept of a service, or of its users in one region, is served again."""
        before = self._nominal.serves.get(row.id, {})
        struck = {
            offering.kind
            for offering in self._problem.offerings
            if held.get(offering.id, 0)
            and (
                self._remains.nodes(offering.id, late=True) < held[offering.id]
                or offering.id in case.unserving
            )
            and not self._remains.is_cold(offering.pool)
        }
        if not struck & before.keys():
            return UNTOUCHED
        now = self._witness.serves.get(row.id, {})
        if not now:
            return Recovery(None, None, "nothing of it is kept")
        pools = [pool for pool in self._problem.in_pool if self._may_serve(pool, now.keys(), case)]
        return self._total(("detect", "decide", "shift_traffic"), [self._serving(pool) for pool in pools])

    def _may_serve(self, pool: str, kinds: Iterable[str], case: Case) -> bool:
        offerings = self._problem.in_pool[pool]
        left = any(self._remains.nodes(o.id) and o.id not in case.unserving for o in offerings)
        needed = not self._remains.is_cold(pool) or pool in self._started
        return offerings[0].kind in kinds and left and needed

    def _serving(self, pool: str) -> list[Term]:
        """What must be done before nodes of the pool serve; nothing where they run with the model loaded."""
        lent = self._problem.in_pool[pool][0].kind in self._problem.convertible
        grace = self._grace(pool)
        if self._remains.is_cold(pool):
            return self._terms(pool, [*self._power_on(pool), "image", "weights", "warm_up"])
        return self._terms(pool, [*grace, "weights", "warm_up"] if lent or grace else [])

    def of_job(self, job: Job) -> Recovery:
        """Until a job runs on from its last checkpoint."""
        if job.pool is None:
            return Recovery(None, None, f"does not run: {job.status}")
        if job.status == "stays":
            if not job.is_struck:
                return UNTOUCHED
            again = self._total(("detect", "decide"), [self._terms(job.home, ["restore", "warm_up"])])
            return Recovery(0, again.high_seconds, "0 if it did not run on what is lost", again.terms)
        if job.has_copy is False:
            site = job.pool.partition("/")[0]
            return Recovery(None, None, f"not known: no copy of the checkpoints in {site}")
        ready: list[Step] = self._power_on(job.pool) if self._remains.is_cold(job.pool) else []
        ready = [*ready, "image"] if ready else self._grace(job.pool)
        why = "" if job.has_copy else "if a copy of the checkpoints is there: `replicated_to` says nothing"
        total = self._total(("detect", "decide"), [self._terms(job.pool, [*ready, "restore", "warm_up"])])
        return Recovery(total.low_seconds, total.high_seconds, why, total.terms)

    def _grace(self, pool: str) -> list[Step]:
        """A job that goes out of a pool that is not struck has to be stopped there."""
        return ["preempt_grace"] if pool in self._freed and not self._remains.is_struck(pool) else []

    def _power_on(self, pool: str) -> list[Step]:
        return ["post" if self._remains.pools[pool].spec.server_type else "boot"]

    def _terms(self, pool: str, steps: Iterable[Step]) -> list[Term]:
        return [self._readiness.term(step, pool) for step in steps]

    def _total(self, steps: Sequence[Step], of_pools: Sequence[Sequence[Term]]) -> Recovery:
        first = [self._readiness.term(step) for step in steps]
        low = max((sum(term.low_seconds for term in terms) for terms in of_pools), default=0)
        high = max((sum(term.high_seconds for term in terms) for terms in of_pools), default=0)
        terms = dict.fromkeys([*first, *(term for terms in of_pools for term in terms)])
        return Recovery(
            low + sum(term.low_seconds for term in first),
            high + sum(term.high_seconds for term in first),
            terms=tuple(terms),
        )


def slowest(recoveries: Iterable[Recovery]) -> Recovery:
    """The range until the last of them is back; not known where one of them is not."""
    among = list(recoveries)
    unknown = next((one for one in among if one.high_seconds is None), None)
    if unknown is not None:
        return Recovery(None, None, unknown.why)
    terms = dict.fromkeys(term for one in among for term in one.terms)
    if not terms:
        return UNTOUCHED
    low = max(one.low_seconds or 0 for one in among)
    high = max(one.high_seconds or 0 for one in among)
    return Recovery(
        low, high, "; ".join(dict.fromkeys(one.why for one in among if one.terms and one.why)), tuple(terms)
    )
