"""The statements of a fleet file that can stand in each other's way, and how each is made to say nothing.

A statement is taken out, or changed, in the fleet file's own terms, and the problem is built anew: what is
then said to be enough is what a plan of the changed file would find.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from argosy.planner.build import build_problem
from argosy.planner.problem import Case, Problem

if TYPE_CHECKING:
    from argosy.catalog import Catalog
    from argosy.spec.loader import LoadedFleet
    from argosy.spec.values import SpecModel

Key = str | int


@dataclass(frozen=True)
class Variant:
    """A fleet of which some statements were changed, and from which some workloads were taken out."""

    fleet: LoadedFleet
    without: frozenset[str] = frozenset()
    """`training/NAME`, `inference/NAME`."""

    def edit(self, path: tuple[Key, ...], value: object) -> Variant:
        """With another value at a path of the fleet file."""
        spec = edited(self.fleet.spec, path, value)
        return dataclasses.replace(self, fleet=dataclasses.replace(self.fleet, spec=spec))

    def problem(self, catalog: Catalog) -> Problem:
        """What is left to plan; cases in which nothing must be kept are gone."""
        problem = build_problem(self.fleet, catalog)
        first, *others = (_without(case, problem, self.without) for case in problem.cases)
        cases = [case for case in others if case.floors or case.jobs or case.training]
        rows = tuple(row for row in problem.rows if row.workload not in self.without)
        gangs = tuple(gang for gang in problem.gangs if gang.id not in self.without)
        return dataclasses.replace(problem, rows=rows, gangs=gangs, cases=(first, *cases))


def _without(case: Case, problem: Problem, workloads: frozenset[str]) -> Case:
    floors = {row: units for row, units in case.floors.items() if problem.row[row].workload not in workloads}
    # What a job would add to the floor of training counts as kept: else leaving it out could ask for more.
    given = sum(gang.nodes for gang in problem.gangs if gang.id in workloads)
    return dataclasses.replace(
        case, floors=floors, jobs=case.jobs - workloads, training=max(0, case.training - given)
    )


Change = Callable[[Variant], Variant]


@dataclass(frozen=True)
class Lever:
    """One number of a statement, and how far it may be moved: from `start`, which it says, to `stop`."""

    start: int
    stop: int
    to: Callable[[Variant, int], Variant]
    shown: Callable[[int], str]
    """The change in words: `nodes 4 → 6`."""
    last_resort: bool = False
    """Whether it is looked at only where no way before it helps."""
    scanned: bool = False
    """Whether going further may help no longer: values are tried one by one where the last does not help."""


@dataclass(frozen=True)
class Choice:
    """Another way to say less: a word instead of another."""

    change: Change
    shown: str
    last_resort: bool = False
    """Whether it is looked at only where no way before it helps."""


@dataclass(frozen=True)
class Words:
    """One statement."""

    path: str
    says: str
    rank: int
    """Lower ranks are left out first, so that they show only where nothing else explains the conflict."""
    drop: Change
    """The fleet in which it says nothing."""
    ways: tuple[Lever | Choice, ...] = ()
    group: str = ""
    """What it may have to give way together with: the site that it is about, or `survive`."""

    like: str = ""
    """What it has in common with statements that may be told in one; empty: nothing."""
    members: tuple[Words, ...] = ()
    """The statements that it stands for, if it stands for many."""

    def __hash__(self) -> int:
        """By its path and what it says."""
        return hash((self.path, self.says))


def dropped(variant: Variant, words: Iterable[Words]) -> Variant:
    """The fleet in which none of these statements says anything."""
    for one in words:
        variant = one.drop(variant)
    return variant


def bundled(words: Sequence[Words]) -> list[Words]:
    """The statements, those that are alike in one."""
    alike: dict[tuple[int, str], list[Words]] = {}
    for one in words:
        alike.setdefault((one.rank, one.like or one.path), []).append(one)
    return [many[0] if len(many) == 1 else _bundle(many) for many in alike.values()]


def unbundled(words: Iterable[Words]) -> list[Words]:
    """The statements that bundles stand for, and all others."""
    return [member for one in words for member in one.members or (one,)]


def _bundle(many: Sequence[Words]) -> Words:
    levers = [one.ways[0] for one in many if isinstance(one.ways[0], Lever)]

    def each(variant: Variant, more: int) -> Variant:
        for lever in levers:
            variant = lever.to(variant, lever.start + more)
        return variant

    lever = Lever(0, max(lever.stop for lever in levers), each, lambda more: f"{more} more in each")
    key = many[0].path.rpartition(".")[2]
    says = f"`{key}` of {len(many)} pools, {many[0].like}"
    return Words(
        "sites",
        says,
        many[0].rank,
        lambda v: dropped(v, many),
        (lever,),
        like=many[0].like,
        members=tuple(many),
    )


def edited(model: SpecModel, path: tuple[Key, ...], value: object) -> Any:
    """A copy of a model with another value at the path. Nothing is checked."""
    return _edited(model, path, value)


def _edited(node: Any, path: tuple[Key, ...], value: object) -> Any:
    if not path:
        return value
    key, *rest = path
    if isinstance(key, int):
        items = cast("tuple[Any, ...]", node)
        return (*items[:key], _edited(items[key], tuple(rest), value), *items[key + 1 :])
    if isinstance(node, Mapping):
        entries = cast("Mapping[str, Any]", node)
        return {**entries, key: _edited(entries[key], tuple(rest), value)}
    return node.model_copy(update={key: _edited(getattr(node, key), tuple(rest), value)})


def by_rank(words: Iterable[Words]) -> Iterator[Words]:
    """In the order in which they are left out. Within a rank the last goes first: what stands first stays."""
    numbered = list(enumerate(words))
    yield from (one for _, one in sorted(numbered, key=lambda pair: (pair[1].rank, -pair[0])))
