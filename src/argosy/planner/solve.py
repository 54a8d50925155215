"""Solve a planning problem: how many nodes of each offering, where jobs run, and a witness for every case.

Small problems are solved whole. Larger ones go the long way: the linear program gives the bound, jobs are
seated one by one, fractions are rounded by dives. Every answer has passed the verifier before it leaves this
module.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass

from argosy.errors import ArgosyError
from argosy.planner.exact import PATIENCE, ExactProgram, is_small
from argosy.planner.linear import Answer, Highs, NothingFoundError, Solver
from argosy.planner.place import Chain, Placement, Seat
from argosy.planner.problem import Case, Gang, Problem, Witness
from argosy.planner.relax import PERTURBATION_USD, CapacityProgram
from argosy.planner.rounding import round_up
from argosy.planner.search import in_order, place_all
from argosy.planner.verify_witness import broken_limits, judge, out_of_bounds, run_cost
from argosy.planner.witness import witnesses_of

_INFLATION_PPM = 3
"""Micro-nodes by which a floor is raised, so that a solver's tolerance leaves no witness short by one."""


_MOST_SUMS = 20_000
"""Sums of jobs that are kept in mind when some are sought that add up to a floor."""


@dataclass(frozen=True)
class Solution:
    """What to hold, and how each case is served."""

    held: Mapping[str, int]
    """Offering to nodes; none is left out."""
    witnesses: tuple[Witness, ...]
    """In the order of the canonical problem's cases."""
    cost: int
    """In micro-dollars per hour."""
    bound: int
    """No plan costs less, in micro-dollars per hour."""
    placed_bound: int
    """The same with the jobs where this plan has them."""
    solver: str
    chains: Mapping[str, Chain]

    @property
    def gap(self) -> float:
        """How much more than the bound the plan costs at most, as a share of the bound."""
        return (self.cost - self.bound) / self.bound if self.bound > 0 else 0.0


class NoPlanError(Exception):
    """No plan was found. `certain`: there is none; otherwise the search did not find one."""

    def __init__(self, *, certain: bool) -> None:
        self.certain = certain
        super().__init__("there is no plan" if certain else "no plan was found")


class WitnessError(ArgosyError):
    """A plan did not pass the verifier: a defect of the planner. Nothing is written."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what}; this is a defect of the planner: please report it with the fleet file")


NewSolver = Callable[[], Solver]


def solve(
    problem: Problem, preferred: Mapping[str, Chain] | None = None, new_solver: NewSolver = Highs
) -> Solution:
    """The plan of least cost that is found; raises NoPlanError, WitnessError.

    `preferred`: chains of pools that jobs keep where that costs nothing more.
    """
    problem = problem.canonical()
    return _solution(problem, _found(problem, preferred or {}, new_solver), new_solver)


def _found(problem: Problem, preferred: Mapping[str, Chain], new_solver: NewSolver) -> _Found:
    aims = _aims(problem)
    for aimed in aims:
        found = _attempt(problem, aimed, preferred, new_solver, last=aimed is problem)
        if found is not None:
            return found
    raise NoPlanError(certain=False)


def _solution(problem: Problem, found: _Found, new_solver: NewSolver) -> Solution:
    homes = {gang: seat.chain[0] for gang, seat in found.seats.items()}
    return Solution(
        found.held,
        found.witnesses,
        run_cost(problem, found.held, homes),
        max(found.least, lower_bound(problem, new_solver)),
        _placed_bound(problem, found.seats, new_solver),
        new_solver().name,
        {gang: seat.chain for gang, seat in found.seats.items()},
    )


@dataclass(frozen=True)
class _Found:
    """A plan that the verifier took."""

    held: Mapping[str, int]
    seats: Mapping[str, Seat]
    witnesses: tuple[Witness, ...]
    least: int = 0
    """No plan costs less, as far as the way to it knows; in micro-dollars per hour."""


def keeps(problem: Problem, held: Mapping[str, int], chains: Mapping[str, Chain]) -> bool:
    """Whether there is a plan with just these holdings: what `keep` asks, without what it costs."""
    return _kept(problem.canonical(), held, chains) is not None


def keep(problem: Problem, held: Mapping[str, int], chains: Mapping[str, Chain]) -> Solution | None:
    """The plan with just these holdings and homes, None if it does not keep every floor.

    Raises WitnessError.
    """
    problem = problem.canonical()
    found = _kept(problem, held, chains)
    if found is None:
        return None
    return _solution(problem, _Found(dict(held), found.seats, found.witnesses), Highs)


def _kept(problem: Problem, held: Mapping[str, int], chains: Mapping[str, Chain]) -> _Found | None:
    if any(out_of_bounds(problem, held)) or any(broken_limits(problem, held)):
        return None
    found = _settle(problem, held, chains, Highs)
    if found is not None:
        return found
    try:
        return _found(pinned(problem, held), {}, Highs)
    except NoPlanError:
        return None


def pinned(problem: Problem, held: Mapping[str, int]) -> Problem:
    """The problem in which just these nodes are held; offerings without any are gone from it."""
    offerings = tuple(
        dataclasses.replace(offering, low=held[offering.id], high=held[offering.id], step=1)
        for offering in problem.offerings
        if held.get(offering.id)
    )
    names = {offering.id for offering in offerings}
    pools = {offering.pool for offering in offerings}
    return dataclasses.replace(
        problem,
        offerings=offerings,
        gangs=tuple(_within(gang, pools) for gang in problem.gangs),
        cases=tuple(_cut(case, names) for case in problem.cases),
        limits=(),
    )


def _within(gang: Gang, pools: Set[str]) -> Gang:
    return dataclasses.replace(
        gang,
        pools={pool: nodes for pool, nodes in gang.pools.items() if pool in pools},
        home_pools=gang.home_pools & pools,
    )


def _cut(case: Case, names: Set[str]) -> Case:
    power = tuple(
        dataclasses.replace(limit, coefficients={o: f for o, f in limit.coefficients.items() if o in names})
        for limit in case.power
    )
    return dataclasses.replace(case, lost=case.lost & names, unserving=case.unserving & names, power=power)


def _settle(
    problem: Problem, held: Mapping[str, int], chains: Mapping[str, Chain], new_solver: NewSolver
) -> _Found | None:
    """Seats and witnesses among just these holdings; jobs stay at home wherever there is room."""
    for aimed in _aims(problem):
        placement = Placement(CapacityProgram(pinned(aimed, held), new_solver()), extra_jobs(aimed))
        for gang in in_order(placement):
            chain = tuple(pool for pool in chains.get(gang.id, ()) if pool in gang.pools)
            seat = placement.seat(gang, chain) if chain else None
            if seat is None:
                return None
            placement.put(gang, seat)
        answer = round_up(placement)
        if answer is not None:
            witnesses = _judged(problem, placement.capacity, answer, held, placement.seats)
            if witnesses is not None:
                return _Found(held, placement.seats, witnesses)
    return None


def _aims(problem: Problem) -> Sequence[Problem]:
    # Raised by a hair first: a solver's tolerance may leave an exact floor short by a micro-node.
    raised = _raised(problem)
    return (problem,) if raised is problem else (raised, problem)


def _attempt(
    problem: Problem,
    aimed: Problem,
    preferred: Mapping[str, Chain],
    new_solver: NewSolver,
    *,
    last: bool,
) -> _Found | None:
    """A plan that meets the floors of `aimed`, judged by those of `problem`; raises NoPlanError."""
    placement = Placement(CapacityProgram(aimed, new_solver()), extra_jobs(aimed))
    if placement.solve() is None and not placement.extra:
        if last:
            raise NoPlanError(certain=True)
        return None
    small = is_small(aimed)
    found = _whole(problem, aimed, new_solver, last=last) if small else None
    if found is None:
        found = _by_search(problem, placement, preferred, new_solver)
    if found is None and not small and is_small(aimed, PATIENCE):
        found = _whole(problem, aimed, new_solver, last=last)
    return found


def _whole(problem: Problem, aimed: Problem, new_solver: NewSolver, *, last: bool) -> _Found | None:
    program = ExactProgram(aimed, new_solver())
    try:
        answer = program.solve()
    except NothingFoundError:
        return None
    if answer is None:
        if last:
            raise NoPlanError(certain=True)
        return None
    seats = program.seats(answer.values)
    found = _witnessed(problem, program.capacity, answer, seats, new_solver)
    # Floors that are raised by a hair may take a node more than the problem's own.
    least = _least(program, answer) if aimed is problem else 0
    return found and dataclasses.replace(found, least=least)


def _by_search(
    problem: Problem, placement: Placement, preferred: Mapping[str, Chain], new_solver: NewSolver
) -> _Found | None:
    if place_all(placement, preferred) is None:
        return None
    answer = round_up(placement)
    if answer is None:
        return None
    return _witnessed(problem, placement.capacity, answer, placement.seats, new_solver)


def _raised(problem: Problem) -> Problem:
    """The problem with every floor raised by a hair, where rates are fine enough to have one."""
    hair = {row.id: max(row.rates.values(), default=0) * _INFLATION_PPM // 1_000_000 for row in problem.rows}
    if not any(hair.values()):
        return problem
    return dataclasses.replace(
        problem,
        cases=tuple(
            dataclasses.replace(case, floors={row: floor + hair[row] for row, floor in case.floors.items()})
            for case in problem.cases
        ),
    )


def _witnessed(
    problem: Problem,
    capacity: CapacityProgram,
    answer: Answer,
    seats: Mapping[str, Seat],
    new_solver: NewSolver,
) -> _Found | None:
    """The answer in whole numbers; None where a floor is missed by a solver's tolerance."""
    held = {o.id: round(answer.values[capacity.held[o.id]]) for o in problem.offerings}
    odd = [*out_of_bounds(problem, held), *broken_limits(problem, held)]
    if odd:
        raise WitnessError(f"the plan breaks a bound: {odd[0]}")
    settled = _settle(problem, held, {gang: seat.chain for gang, seat in seats.items()}, new_solver)
    if settled is not None:
        return settled
    witnesses = _judged(problem, capacity, answer, held, seats)
    return None if witnesses is None else _Found(held, seats, witnesses)


def _judged(
    problem: Problem,
    capacity: CapacityProgram,
    answer: Answer,
    held: Mapping[str, int],
    seats: Mapping[str, Seat],
) -> tuple[Witness, ...] | None:
    """The answer's witnesses if the verifier takes them."""
    witnesses = witnesses_of(problem, capacity, answer.values, held, seats)
    wrong, short = judge(problem, held, witnesses)
    return None if wrong or short else witnesses


def lower_bound(problem: Problem, new_solver: NewSolver = Highs) -> int:
    """What every plan costs at least, in micro-dollars per hour.

    The linear program's optimum at exact prices; of a small problem the best plan itself, less what prices
    are perturbed by.
    """
    problem = problem.canonical()
    split = _exact_optimum(Placement(CapacityProgram(problem, new_solver())))
    return max(split, _least_of_small(problem, new_solver)) if is_small(problem) else split


def _least_of_small(problem: Problem, new_solver: NewSolver) -> int:
    program = ExactProgram(problem, new_solver())
    try:
        answer = program.solve()
    except NothingFoundError:
        return 0
    return 0 if answer is None else _least(program, answer)


def _least(program: ExactProgram, answer: Answer) -> int:
    """What every plan costs at least, once one is known that nothing beats but by what prices are raised."""
    if not answer.proven:
        return 0
    nodes = sum(answer.values[column] for column in program.capacity.held.values())
    places = len(program.sits) + len(program.problem.gangs)
    return max(0, int((answer.cost - PERTURBATION_USD * (nodes + places)) * 1e6))


def _placed_bound(problem: Problem, seats: Mapping[str, Seat], new_solver: NewSolver) -> int:
    placement = Placement(CapacityProgram(problem, new_solver()), extra_jobs(problem))
    for gang in problem.gangs:
        placement.put(gang, seats[gang.id])
    return _exact_optimum(placement)


def _exact_optimum(placement: Placement) -> int:
    placement.capacity.solver.price_columns(placement.capacity.costs(exact=True))
    answer = placement.solve()
    # A billionth below, since the solver's own sum may be off in its last digits.
    return 0 if answer is None else max(0, int(placement.cost(answer) * 1e6 * (1 - 1e-9)))


def extra_jobs(problem: Problem) -> dict[int, frozenset[str]]:
    """Case to the jobs that run there beside those that must, so that enough nodes train in all."""
    found: dict[int, frozenset[str]] = {}
    for number, case in enumerate(problem.cases):
        missing = case.training - sum(problem.gang[gang].nodes for gang in case.jobs)
        if missing > 0:
            free = [gang.id for gang in problem.gangs if gang.id not in case.jobs]
            found[number] = frozenset(_smallest_sum(free, [problem.gang[g].nodes for g in free], missing))
    return found


def _smallest_sum(names: Sequence[str], nodes: Sequence[int], enough: int) -> tuple[str, ...]:
    """Jobs that add up to the least that is enough; all of them where even that is not."""
    reached: dict[int, tuple[str, ...]] = {0: ()}
    for name, count in zip(names, nodes, strict=True):
        if len(reached) > _MOST_SUMS:
            # The smallest sums lead nowhere soon, and the largest that are not enough lead to one that is.
            reached = {total: reached[total] for total in sorted(reached)[-_MOST_SUMS // 2 :]}
        for total, chosen in list(reached.items()):
            if total < enough:
                reached.setdefault(total + count, (*chosen, name))
    fitting = [total for total in reached if total >= enough]
    return reached[min(fitting)] if fitting else tuple(names)
