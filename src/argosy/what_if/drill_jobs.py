"""What becomes of each training job: it stays, is re-placed, is stopped for others, or has nowhere to run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from argosy.what_if.drill_model import Job, JobStatus

if TYPE_CHECKING:
    from argosy.planner.problem import Case, Gang, Problem
    from argosy.spec.demand import TrainingDemand
    from argosy.spec.loader import LoadedFleet
    from argosy.what_if.drill_left import Remains


def job_fates(
    fleet: LoadedFleet, problem: Problem, remains: Remains, homes: Mapping[str, str], jobs: Mapping[str, str]
) -> Iterator[Job]:
    """One line per job. `homes`: where they run with nothing lost; `jobs`: where they run now."""
    specs = {f"training/{job.name}": job for job in fleet.spec.demand.training}
    for gang in problem.gangs:
        home, pool, spec = homes[gang.id], jobs.get(gang.id), specs[gang.id]
        status = _status(gang, home, pool, remains)
        struck = remains.is_struck(home)
        restarts = status != "stays" or struck
        yield Job(
            gang.id,
            gang.protected,
            status,
            home,
            pool,
            struck,
            _lost_minutes(spec) if restarts else (0, 0),
            has_copy(spec, home, pool) if pool and pool != home else None,
        )


def _status(gang: Gang, home: str, pool: str | None, remains: Remains) -> JobStatus:
    if pool is not None:
        return "stays" if pool == home else "re-placed"
    # A protected job is never stopped for others: where it does not run, no pool is left that takes it.
    fits = (_takes(gang, other, remains, remains.now) for other in gang.pools)
    return "preempted" if not gang.protected and any(fits) else "stopped"


def _takes(gang: Gang, pool: str, remains: Remains, case: Case) -> bool:
    """Whether the pool would take the job if nothing else ran there."""
    sent = gang.traffic.get(pool, 0)
    carried = all(sent <= link.mbps for link in case.links if pool in link.pools)
    return carried and remains.of_pool(pool) >= gang.pools[pool]


def _lost_minutes(job: TrainingDemand) -> tuple[int, int] | None:
    every = job.checkpoint_minutes
    return None if every is None else (-(-every // 2), every)


def has_copy(job: TrainingDemand, home: str, pool: str) -> bool | None:
    """Whether the job's checkpoints are where the pool is; None where `replicated_to` says nothing."""
    site = pool.partition("/")[0]
    if site == home.partition("/")[0] or site in job.replicated_to:
        return True
    return False if job.replicated_to else None
