"""What each single failure of a hall's power takes down, and what it leaves: of exactly what a lock holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from argosy.planner.power_after import at_moment, moments, told_seconds
from argosy.site_facts.autonomy import autonomy_minutes
from argosy.site_facts.loads import NOTHING_LOST, Servers, heaviest
from argosy.spec.words import counted

if TYPE_CHECKING:
    from argosy.planner.offerings import Supply
    from argosy.planner.power import HallPower
    from argosy.planner.problem import Holdings


@dataclass(frozen=True)
class Burden:
    """The most that a feed or unit carries, whatever single one is lost."""

    name: str
    words: str
    carried_watts: Fraction
    room_watts: int
    lost: str
    """Words of the failure; `nothing lost` if it is worst without one."""

    @property
    def left_kw(self) -> str:
        """What is left of it, in kW; negative where it is too little."""
        return f"{float(round((self.room_watts - self.carried_watts) / 100)) / 10:.1f}"


@dataclass(frozen=True)
class HallReport:
    """The power of one hall under every single failure."""

    site: str
    has_units: bool
    feeds: int
    units: int
    burdens: tuple[Burden, ...]
    down: Mapping[str, int]
    """Words of a failure to the nodes that it takes down; failures that take none are absent."""
    lines: tuple[str, ...]
    """The failures that take something down, as `losing` says them."""
    in_time: tuple[str, ...]
    """Those that take more down until a generator carries, or once batteries and generators are empty."""
    autonomy_minutes: int | None
    """How long every running server lasts once each utility is gone; None where nothing runs."""


def hall_reports(supply: Supply, held: Holdings) -> Iterator[HallReport]:
    """A report per hall, sorted by name."""
    for name, site in sorted(supply.sites.items()):
        if site.power is not None:
            yield _report(name, site.power, held)


def _report(site: str, power: HallPower, held: Holdings) -> HallReport:
    graph = power.graph
    running = {o: node for o, node in power.nodes.items() if held.get(o, 0)}
    servers = [Servers(((node.cell, held[o]),), held[o], node.watts) for o, node in running.items()]
    burdens = [
        Burden(name, graph.nodes[name].words, watts, graph.nodes[name].room_watts, lost)
        for name, (watts, lost) in heaviest(graph, servers).items()
    ]
    nodes_down = {words: _down(power, held, lost).total() for words, lost in graph.failures()}
    down = {words: nodes for words, nodes in nodes_down.items() if nodes}
    lines = [losing(site, power, held, lost) for words, lost in graph.failures() if words in down]
    return HallReport(
        site,
        graph.has_units,
        len(graph.feeds),
        len(graph.nodes) - len(graph.feeds),
        tuple(burdens),
        down,
        tuple(lines),
        tuple(_in_time(site, power, held)),
        min(autonomy_minutes(graph, {node.cell for node in running.values()}).values(), default=None),
    )


def _in_time(site: str, power: HallPower, held: Holdings) -> Iterator[str]:
    """What failures take down that start a generator; the others are told for good."""
    for _, lost in power.graph.failures():
        if lost.isdisjoint(power.started_by):
            continue
        steady, changes = _down(power, held, lost), sorted(moments(power, lost))
        at_first = at_moment(power, lost, 0.0)
        if _down(at_first, held, lost) - steady:
            yield f"{losing(site, at_first, held, lost)}, until a generator carries"
        if changes and _down(at_last := at_moment(power, lost, changes[-1]), held, lost) - steady:
            yield f"{losing(site, at_last, held, lost)}, {told_seconds(changes[-1])} later"


def _down(power: HallPower, held: Holdings, lost: frozenset[str]) -> Counter[tuple[str, str]]:
    """Pool and reason to the nodes that go down."""
    found = Counter[tuple[str, str]]()
    for offering in power.touched(lost):
        nodes = held.get(offering, 0)
        if nodes and (dark := power.dark(power.nodes[offering], lost)):
            found[offering.partition("@")[0], dark.words] += nodes
    return found


def losing(site: str, power: HallPower, held: Holdings, lost: frozenset[str]) -> str:
    """What it takes down when these feeds and units are lost, in one sentence without its full stop."""
    graph = power.graph
    named = " and ".join(_named(site, graph.nodes[name].words) for name in graph.nodes if name in lost)
    dark = [name for name in graph.nodes if name not in lost and not graph.path(name, lost)]
    leaves = f" leaves {', '.join(dark)} dark and" if dark else ""
    down = [
        f"{counted(nodes, 'node')} of {pool} ({why})"
        for (pool, why), nodes in sorted(_down(power, held, lost).items())
    ]
    return f"losing {named}{leaves} takes down {' and '.join(down) if down else 'no node'}"


def _named(site: str, words: str) -> str:
    kind, _, name = words.rpartition(" ")
    return f"{kind} {site}/{name}"


def report_lines(report: HallReport) -> Iterator[str]:
    """A hall's report for people: what any single failure takes down, and where least is left."""
    what = counted(report.feeds, "feed")
    if report.units:
        what += f" and {counted(report.units, 'power unit')}"
    if report.lines:
        yield from (f"{report.site}: {line}" for line in report.lines)
    else:
        so_long = " while generators carry" if report.in_time else ""
        yield f"{report.site}: losing any single one of its {what} takes down no node{so_long}"
    yield from (f"{report.site}: {line}" for line in report.in_time)
    tightest = min(
        report.burdens, key=lambda one: (one.room_watts - one.carried_watts, one.name), default=None
    )
    if tightest is not None:
        when = "with nothing lost" if tightest.lost == NOTHING_LOST else f"once {tightest.lost} is lost"
        room = f"{tightest.room_watts / 1000:g} kW"
        if tightest.carried_watts > tightest.room_watts:
            lacks = tightest.left_kw.lstrip("-")
            yield f"{report.site}: {tightest.words} lacks {lacks} kW {when}, beyond its {room}: nodes go off"
        else:
            yield f"{report.site}: least is left of {tightest.words}: {tightest.left_kw} of {room} {when}"
