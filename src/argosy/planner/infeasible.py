"""Why there is no plan: the statements of the fleet file that conflict, and how far each must give way.

Of all statements, those are left out one after another without which the rest still conflicts; what remains
is a conflict of which nothing is too many. Then each of them is moved, in the fleet file's own terms, until
there is a plan.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from argosy.errors import InfeasiblePlanError, Shortfall, Statement
from argosy.planner.exact import is_small
from argosy.planner.infeasible_checks import Plain, plain_conflicts, told
from argosy.planner.infeasible_filter import least_conflict
from argosy.planner.infeasible_oracle import Oracle, SpentError
from argosy.planner.infeasible_shown import shown
from argosy.planner.infeasible_statements import POOL, all_words
from argosy.planner.infeasible_words import Variant, Words, bundled, dropped, unbundled
from argosy.planner.relaxation import Relaxation, relaxations

if TYPE_CHECKING:
    from argosy.catalog import Catalog
    from argosy.planner.problem import Case
    from argosy.spec.loader import LoadedFleet

_CERTAIN = "no plan keeps all of these statements; without any one of them there is one:"
_ONE = "no plan keeps this statement, whatever else gives way:"
_PERHAPS_FEWER = "no plan keeps all of these statements; perhaps not all of them are needed for that:"
MOST_SINGLE = 60
"""Statements that are looked at one by one; of more, those that are alike are told in one."""
MOST_POOLS = 10
"""Pools of a conflict of which the least change is looked for."""
_UNSURE = "no plan was found that keeps all of these statements, which does not prove that there is none:"
_NOTHING_FOUND = "no plan was found, which does not prove that there is none: please report the fleet file"
_NOT_FOUND = (
    "no plan was found that keeps these statements, which does not prove that there is none: nodes would do "
    "if jobs could be split, but no place was found for them whole:"
)


def explain_conflict(fleet: LoadedFleet, catalog: Catalog, *, certain: bool) -> InfeasiblePlanError:
    """The error that names the statements in conflict.

    `certain`: whether it is known that there is no plan.
    """
    whole = Variant(fleet)
    problem = whole.problem(catalog)
    words = all_words(fleet, catalog, problem)
    oracle = Oracle(catalog, small=is_small(problem))
    try:
        possible = oracle.possible(whole)
    except SpentError:
        possible = True
    if possible:
        return _not_found(fleet, words)
    plain = next(plain_conflicts(fleet, catalog, problem), None)
    found, sure = _conflict(oracle, whole, words, plain)
    taking_part = unbundled(found)
    alone = dropped(whole, [one for one in words if one not in taking_part])
    if plain is None or not plain.only:
        # Of what is plain in the whole fleet, only what these statements say themselves is told.
        plain = next(plain_conflicts(alone.fleet, catalog, alone.problem(catalog)), None)
    shortfalls, together = ([], []) if _is_only(plain) else shown(oracle, alone.problem(catalog))
    changes = relaxations(oracle, whole, words, _of_interest(found))
    statements = [_statement(fleet, one, changes.get(one, Relaxation())) for one in found]
    proven = certain or oracle.certain
    header = (_CERTAIN if sure else _PERHAPS_FEWER) if proven else _UNSURE
    header = _ONE if _is_only(plain) else header
    lines = _lines(header, statements, shortfalls, together, plain)
    return InfeasiblePlanError(statements, "\n".join(lines), certain=proven, shortfalls=shortfalls)


def _is_only(plain: Plain | None) -> bool:
    return plain is not None and bool(plain.only)


def _conflict(
    oracle: Oracle, whole: Variant, words: Sequence[Words], plain: Plain | None
) -> tuple[list[Words], bool]:
    """The conflict, looked for first among the statements that a plain one is about."""
    if plain is not None and plain.only:
        return [one for one in words if one.path == plain.only], True
    try:
        some = words if len(words) <= MOST_SINGLE else bundled(words)
        within = None if plain is None else [one for one in some if _about(whole.fleet, one, plain)]
        found, sure = least_conflict(oracle, whole, some, within)
        single = unbundled(found)
        if not sure or len(single) == len(found) or len(single) > MOST_SINGLE:
            return found, sure
        return least_conflict(oracle, whole, words, single)
    except SpentError:
        return list(words), False


def _about(fleet: LoadedFleet, one: Words, plain: Plain) -> bool:
    if one.path.startswith("survive"):
        return one.path in plain.statements
    if one.path.startswith("demand.training"):
        place = int(one.path.partition("[")[2].partition("]")[0])
        return plain.workload in ("training", f"training/{fleet.spec.demand.training[place].name}")
    if one.path.startswith("demand.inference"):
        place = int(one.path.partition("[")[2].partition("]")[0])
        return plain.workload == f"inference/{fleet.spec.demand.inference[place].name}"
    return one.path.startswith("sites")


def _of_interest(found: Sequence[Words]) -> list[Words]:
    """The statements of which a change is looked for: of many pools only the first."""
    pools = [one for one in found if one.rank == POOL][MOST_POOLS:]
    return [one for one in found if one not in pools]


def _statement(fleet: LoadedFleet, one: Words, way: Relaxation) -> Statement:
    at = fleet.fault(one.path, given="", expected="", fix="")
    return Statement(at.file, at.line, at.column, one.path, one.says, way.enough, way.mends)


def _not_found(fleet: LoadedFleet, words: Sequence[Words]) -> InfeasiblePlanError:
    """What can be said where only the search failed: the jobs that it had to place."""
    jobs = [one for one in words if one.path.startswith("demand.training") and one.path.endswith(".nodes")]
    statements = [_statement(fleet, one, Relaxation()) for one in jobs]
    lines = [_NOT_FOUND if jobs else _NOTHING_FOUND, *(f"  {one}" for one in statements)]
    return InfeasiblePlanError(statements, "\n".join(lines), certain=False)


def _pool(statement: Statement) -> str:
    _, site, _, pool, *_ = statement.path.split(".")
    return f"{site}/{pool}"


def _lines(
    header: str,
    statements: Sequence[Statement],
    shortfalls: Sequence[Shortfall],
    together: Sequence[Case],
    plain: Plain | None,
) -> Iterator[str]:
    yield header
    more = [one for one in statements if one.enough is None and ".node_pools." in one.path]
    few = len(more) <= 1
    yield from (f"  {one}" for one in statements if few or one not in more)
    if not few:
        yield f"  and so does what {len(more)} more pools may hold: {', '.join(_pool(one) for one in more)}"
    if shortfalls:
        yield "at best:"
        yield from (f"  {one}" for one in shortfalls)
    elif together:
        yield f"each scenario could be survived, but not all of these: {'; '.join(told(c) for c in together)}"
    if plain is not None:
        yield f"in short: {plain.sentence}"
