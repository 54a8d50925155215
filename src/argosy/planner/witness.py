"""From the solver's fractions to witnesses in whole micro-nodes, which the verifier re-checks."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from argosy.planner.place import Seat
from argosy.planner.problem import MICRO, Case, Problem, Witness
from argosy.planner.relax import CapacityProgram

NOISE = 1e-3
"""Of a micro-node: what a solver's answer may be below a whole number that it means."""


def witnesses_of(
    problem: Problem,
    capacity: CapacityProgram,
    values: Sequence[float],
    held: Mapping[str, int],
    seats: Mapping[str, Seat],
) -> tuple[Witness, ...]:
    """A witness per case, in the order of the problem's cases; `capacity` says what the columns mean."""
    serves: list[defaultdict[str, dict[str, int]]] = [defaultdict(dict) for _ in problem.cases]
    for (row, kind, number), column in capacity.serves.items():
        micro_nodes = int(values[column] * MICRO + NOISE)
        if micro_nodes > 0:
            serves[number][row][kind] = micro_nodes
    powered: list[dict[str, int]] = [{} for _ in problem.cases]
    for (offering, number), column in capacity.powered.items():
        powered[number][offering] = round(values[column])
    return tuple(
        _fitted(
            problem, case, held, serves[number], _jobs(seats, number), dict(sorted(powered[number].items()))
        )
        for number, case in enumerate(problem.cases)
    )


def _jobs(seats: Mapping[str, Seat], number: int) -> dict[str, str]:
    found = {gang: seat.pools[number] for gang, seat in sorted(seats.items())}
    return {gang: pool for gang, pool in found.items() if pool is not None}


def _fitted(
    problem: Problem,
    case: Case,
    held: Mapping[str, int],
    serves: Mapping[str, Mapping[str, int]],
    jobs: Mapping[str, str],
    powered: Mapping[str, int],
) -> Witness:
    """The witness with what rounding took away given back from the room that it left."""
    room = room_of(problem, case, held, jobs, powered)
    fitted = {row: dict(sorted(kinds.items())) for row, kinds in sorted(serves.items())}
    for kinds in fitted.values():
        for kind, micro_nodes in kinds.items():
            room[kind] -= micro_nodes
    for row_id, floor in sorted(case.floors.items()):
        row, kinds = problem.row[row_id], fitted.setdefault(row_id, {})
        missing = floor * MICRO - sum(row.rates[kind] * nodes for kind, nodes in kinds.items())
        for kind in sorted(row.rates, key=lambda kind: (-kinds.get(kind, 0), kind)):
            rate = problem.serves(kind, row, case)
            if missing <= 0 or not rate:
                continue
            more = min(-(-missing // rate), max(0, room[kind]))
            if more:
                kinds[kind] = kinds.get(kind, 0) + more
                room[kind] -= more
                missing -= more * rate
    return Witness({row: kinds for row, kinds in sorted(fitted.items()) if kinds}, jobs, powered)


def room_of(
    problem: Problem,
    case: Case,
    held: Mapping[str, int],
    jobs: Mapping[str, str],
    powered: Mapping[str, int],
) -> Counter[str]:
    """Kind to micro-nodes that can serve in the case, jobs taken off."""
    room: Counter[str] = Counter()
    for offering in problem.offerings:
        if offering.id not in case.lost and offering.id not in case.unserving:
            nodes = powered.get(offering.id, 0) if offering.id in case.capped else held.get(offering.id, 0)
            room[offering.kind] += nodes * MICRO
    for gang, pool in jobs.items():
        offerings = problem.in_pool[pool]
        if not any(offering.id in case.unserving for offering in offerings):
            room[offerings[0].kind] -= problem.gang[gang].pools[pool] * MICRO
    return room
