"""The drill: what happens when something is lost, with exactly what the lock holds.

The case is built as the planner builds its own, and the best that can be kept is sought in it; then the
verifier judges the witness. That a floor is kept is proven; that nothing better can be kept, the times and
the money are claimed. The lock must have been verified (`argosy.planner.verify.verify_plan`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from argosy.errors import ArgosyError, Shortfall
from argosy.planner.cases import case_of, nominal_scenario
from argosy.planner.contingencies import MINUTES, Scenario, Within, named_loss, union
from argosy.planner.offerings import Supply, holdings
from argosy.planner.power import lost_nodes
from argosy.planner.power_after import moments
from argosy.planner.problem import Case, Gang, Problem, Witness
from argosy.planner.verify_witness import Short, judge
from argosy.planner.workloads import convertible_kinds, gangs_of, rows_of
from argosy.what_if.drill_best import Habits, best_witness
from argosy.what_if.drill_floors import Asked, asked_of
from argosy.what_if.drill_jobs import has_copy, job_fates
from argosy.what_if.drill_left import Remains
from argosy.what_if.drill_model import Drill
from argosy.what_if.drill_money import cost_changes, started_cold
from argosy.what_if.drill_readiness import Readiness
from argosy.what_if.drill_time import Clock
from argosy.what_if.drill_workloads import workloads_of

if TYPE_CHECKING:
    from argosy.catalog import Catalog
    from argosy.planner.models import Lock, ScenarioPlan
    from argosy.spec.loader import LoadedFleet


_WITHIN: Mapping[int, Within] = {minutes: word for word, minutes in MINUTES.items()}


class LossError(ArgosyError):
    """The words name nothing that the fleet can lose; the message says what comes closest."""

    exit_code = 2


class DrillError(ArgosyError):
    """The verifier refuses what the drill found: a defect of Argosy, which says nothing of the fleet."""


def drill(
    fleet: LoadedFleet,
    lock: Lock,
    catalog: Catalog,
    losses: Sequence[str],
    minutes: int = 15,
    readiness: Readiness | None = None,
) -> Drill:
    """What can be kept `minutes` (0, 15 or 240) after all of `losses` are lost at once.

    `losses` are words of `survive` for one domain each; `readiness` has the terms of the times to recover.
    Raises LossError, DrillError, NotInCatalogError.
    """
    scene = _scene(fleet, lock, catalog, _scenario(fleet, losses, minutes))
    witness, certain, short = _found(scene)
    until = _kept_until(scene, is_kept=not short) if scene.asked.by else None
    now, scenario = scene.asked.case, scene.scenario
    late = _case(scene, dataclasses.replace(scenario, within="4h"), minutes * 60)
    remains = Remains(fleet, scene.supply, scene.held, scenario.loss, (now, late), witness)
    problem, homes = scene.problem, scene.nominal.jobs
    started = started_cold(problem, remains, witness)
    jobs = tuple(job_fates(fleet, problem, remains, homes, witness.jobs))
    clock = Clock(readiness or Readiness(), problem, remains, scene.nominal, witness, started)
    return Drill(
        fleet=fleet.spec.name,
        scenario=scenario.id,
        minutes=minutes,
        asked_by=tuple(_lines(fleet, scene.asked.by)),
        asked_later=tuple(_lines(fleet, scene.asked.later)),
        workloads=tuple(workloads_of(problem, scene.held, remains, witness, jobs, clock)),
        jobs=jobs,
        quotas=tuple(remains.quotas()),
        feeds=tuple(remains.feeds()),
        down=tuple(remains.down()),
        costs=tuple(cost_changes(fleet, catalog, problem, scene.held, remains, homes, witness)),
        in_time=tuple(remains.in_time()),
        broken=tuple(_told(problem, one) for one in short),
        kept_until_seconds=until,
        certain=certain,
        case=now,
        witness=witness,
        started=started,
    )


@dataclass(frozen=True)
class _Scene:
    """One loss, and everything that is known before the search."""

    fleet: LoadedFleet
    scenario: Scenario
    supply: Supply
    problem: Problem
    """Its cases are `nothing lost` and the drill's."""
    asked: Asked
    held: Mapping[str, int]
    nominal: Witness
    planned: Witness | None
    """What the lock has for just this loss and time."""


def _scenario(fleet: LoadedFleet, losses: Sequence[str], minutes: int) -> Scenario:
    within = _WITHIN.get(minutes)
    if within is None:
        raise LossError(f"{minutes} minutes: floors are known at 0, 15 and 240 minutes; give one of these")
    try:
        named = dict(named_loss(words, fleet) for words in losses)
    except ValueError as error:
        raise LossError(f"--lose: {error}") from None
    name = "lose " + ", ".join(sorted(words.removeprefix("lose ") for words in named))
    return Scenario(name, within, Fraction(0), Fraction(0), {}, union(named.values()))


def _scene(fleet: LoadedFleet, lock: Lock, catalog: Catalog, scenario: Scenario) -> _Scene:
    supply = Supply(fleet, catalog)
    rows, gangs = tuple(rows_of(fleet, supply, catalog)), tuple(gangs_of(fleet, supply, catalog))
    asked = asked_of(fleet, supply, rows, gangs, scenario, scenario.minutes * 60)
    nominal = case_of(fleet, supply, rows, gangs, nominal_scenario())
    cases, limits = (nominal, asked.case), tuple(supply.limits)
    problem = Problem(tuple(supply.offerings), rows, gangs, cases, limits, convertible_kinds(supply))
    keys = {one.key for one in asked.by if one.loss == scenario.loss and one.minutes == scenario.minutes}
    planned = next((_witness(plan) for plan in lock.scenarios if (plan.id, plan.within) in keys), None)
    held = holdings(fleet, lock.pools)
    return _Scene(
        fleet, scenario, supply, problem.canonical(), asked, held, _witness(lock.scenarios[0]), planned
    )


def _witness(plan: ScenarioPlan) -> Witness:
    return Witness(plan.serves, plan.jobs, plan.powered)


def _case(scene: _Scene, scenario: Scenario, moment: float) -> Case:
    return case_of(scene.fleet, scene.supply, scene.problem.rows, scene.problem.gangs, scenario, moment)


def _kept_until(scene: _Scene, *, is_kept: bool) -> float | None:
    """Seconds after the loss at which batteries and generators no longer keep what is asked."""
    asking = scene.scenario.minutes * 60
    ahead = (moment for moment in sorted({0.0, *_moments(scene)}) if (moment > asking) == is_kept)
    broken = next((moment for moment in ahead if not _is_kept_at(scene, moment)), None)
    return broken or None


def _is_kept_at(scene: _Scene, moment: float) -> bool:
    """Whether what is asked is kept at another moment, with the power and the nodes that there are then."""
    asked = scene.asked.case
    within = max((minutes for minutes in _WITHIN if minutes * 60 <= moment), default=0)
    case = dataclasses.replace(
        _case(scene, dataclasses.replace(scene.scenario, within=_WITHIN[within]), moment),
        floors=asked.floors,
        jobs=asked.jobs,
        training=asked.training,
        statements=asked.statements,
    )
    problem = dataclasses.replace(scene.problem, cases=(scene.problem.cases[0], case))
    asked_then = dataclasses.replace(scene.asked, case=case)
    return not _found(dataclasses.replace(scene, problem=problem, asked=asked_then))[2]


def _moments(scene: _Scene) -> Iterator[float]:
    loss = scene.scenario.loss
    for name, site in scene.supply.sites.items():
        if site.power is not None and name not in loss.sites and (lost := lost_nodes(loss, name)):
            yield from moments(site.power, lost)


def _found(scene: _Scene) -> tuple[Witness, bool, list[Short]]:
    """The best witness, whether the solver claims so, and the floors that it does not keep."""
    case = scene.asked.case
    habits = Habits(scene.nominal.jobs, scene.nominal.serves, dict(_dislikes(scene)))
    witness, certain = best_witness(scene.problem, scene.held, case, habits, raised=True)
    if _short(scene, witness):
        witness, certain = best_witness(scene.problem, scene.held, case, habits)
    short = _short(scene, witness)
    if short and scene.planned is not None and not any(_judged(scene, scene.planned)):
        # What the lock proves holds, even where a solver's tolerance misses it.
        return scene.planned, False, []
    return witness, certain, short


def _short(scene: _Scene, witness: Witness) -> list[Short]:
    wrong, short = _judged(scene, witness)
    if wrong:
        reasons = "; ".join(reason for _, reason in wrong)
        raise DrillError(
            f"{scene.scenario.id}: the verifier refuses what was found ({reasons}): please report it"
        )
    return short


def _judged(scene: _Scene, witness: Witness) -> tuple[list[tuple[Case, str]], list[Short]]:
    """What the verifier refuses of a witness, and the floors that it does not keep."""
    wrong, short = judge(scene.problem, scene.held, (scene.nominal, witness))
    return wrong, [one for one in short if one.case is scene.problem.cases[1]]


def _dislikes(scene: _Scene) -> Iterator[tuple[tuple[str, str], float]]:
    """How much worse than another a pool is for a job to move to."""
    specs = {f"training/{job.name}": job for job in scene.fleet.spec.demand.training}
    facts = {pool.id: pool for pool in scene.supply.pools}
    for gang in scene.problem.gangs:
        home = scene.nominal.jobs[gang.id]
        for pool in gang.pools:
            if pool != home:
                copy = has_copy(specs[gang.id], home, pool)
                worse = {True: 0.0, None: 0.1, False: 0.4}[copy] + 0.2 * (
                    facts[pool].spec.readiness == "cold"
                )
                yield (gang.id, pool), worse - 0.2 * _is_planned(scene, gang, pool)


def _is_planned(scene: _Scene, gang: Gang, pool: str) -> bool:
    return scene.planned is not None and scene.planned.jobs.get(gang.id) == pool


def _lines(fleet: LoadedFleet, scenarios: Sequence[Scenario]) -> Iterator[str]:
    for index in sorted({index for scenario in scenarios for index in scenario.statements}):
        line = fleet.spec.survive[index]
        yield f"survive[{index}]: lose {line.lose}, within {line.within}"


def _told(problem: Problem, short: Short) -> str:
    row = problem.row.get(short.workload)
    needed = f"{short.needed} nodes" if row is None else row.in_words(short.needed)
    # Kept is rounded down, so that a shortfall never looks like none.
    cent = 1 if row is None else max(1, row.grain // 100)
    kept = f"{short.kept} nodes" if row is None else row.in_words(short.kept // cent * cent)
    return str(Shortfall(short.case.id, short.case.within, short.workload, needed, kept))
