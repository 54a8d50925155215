"""From a solver's fractions to a witness in whole micro-nodes that takes no more than there is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from argosy.planner.problem import MICRO, Case, Holdings, Problem, Witness
from argosy.planner.witness import NOISE, room_of


def whole_witness(
    problem: Problem,
    held: Holdings,
    case: Case,
    serves: Mapping[tuple[str, str], float],
    jobs: Mapping[str, str],
    powered: Mapping[str, int],
) -> Witness:
    """The witness of an answer; what rounding takes is given back. `serves`: (row, kind) to nodes."""
    room = room_of(problem, case, held, jobs, powered)
    kept: dict[str, dict[str, int]] = {}
    for (row, kind), nodes in sorted(serves.items()):
        micro_nodes = min(int(nodes * MICRO + NOISE), max(0, room[kind]))
        if micro_nodes > 0:
            kept.setdefault(row, {})[kind] = micro_nodes
            room[kind] -= micro_nodes
    # Floors first: where there is too little for all, they are what was promised.
    for wanted in (case.floors, {row.id: row.demand for row in problem.rows}):
        for row, units in sorted(wanted.items()):
            _give_back(problem, case, row, units, kept.setdefault(row, {}), room)
    return Witness(
        {row: dict(sorted(kinds.items())) for row, kinds in sorted(kept.items()) if kinds},
        dict(jobs),
        dict(powered),
    )


def _give_back(
    problem: Problem, case: Case, row_id: str, units: int, kinds: dict[str, int], room: Counter[str]
) -> None:
    """Raise what serves a row by the few micro-nodes that rounding took."""
    row = problem.row[row_id]
    missing = units * MICRO - sum(row.rates[kind] * nodes for kind, nodes in kinds.items())
    for kind in sorted(kinds, key=lambda kind: (-kinds[kind], kind)):
        rate = problem.serves(kind, row, case)
        more = min(-(-missing // rate), max(0, room[kind])) if missing > 0 and rate else 0
        kinds[kind] += more
        room[kind] -= more
        missing -= more * rate
