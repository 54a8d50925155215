"""What every feed and unit of a hall carries, and how far that fits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from argosy.site_facts.graph import Cell, PowerGraph

NOTHING_LOST = "nothing lost"


@dataclass(frozen=True)
class Servers:
    """Servers that draw alike, where they stand, and how many of them run."""

    cells: tuple[tuple[Cell, int], ...]
    """Cell to the servers that stand there."""
    running: int
    """How many of them run. With fewer than stand there, those that burden a node least are taken to run, so
    that what a node carries is never overstated."""
    watts: int
    """The most that one of them draws, cooling not counted."""


@dataclass(frozen=True)
class Overload:
    """A feed or unit that would carry more than it may."""

    node: str
    lost: str
    """Words of what is lost; `nothing lost` if it is too much already."""
    carried_watts: Fraction
    room_watts: int
    cap_watts: int
    """The most that each running server may draw for it to fit, in watts."""


def carried(
    graph: PowerGraph, servers: Iterable[Servers], lost: frozenset[str] = frozenset()
) -> dict[str, Fraction]:
    """Node to the watts that it carries at the least once `lost` are lost; who carries none is left out."""
    found: dict[str, Fraction] = {}
    for alike in servers:
        for name, heads in _heads(graph, alike, lost).items():
            found[name] = found.get(name, Fraction(0)) + heads * alike.watts
    return {name: watts for name, watts in found.items() if watts}


def _heads(graph: PowerGraph, alike: Servers, lost: frozenset[str]) -> dict[str, Fraction]:
    """Node to the watts that it carries at the least per watt that one server draws."""
    names = {name for cell, _ in alike.cells for name in graph.shares(cell, lost)}
    return {name: _heads_on(graph, alike, name, lost) for name in names}


def _heads_on(graph: PowerGraph, alike: Servers, name: str, lost: frozenset[str]) -> Fraction:
    shares = ((graph.shares(cell, lost).get(name, Fraction(0)), count) for cell, count in alike.cells)
    return _lightest(sorted(shares), alike.running)


def _lightest(choices: Iterable[tuple[Fraction, int]], running: int) -> Fraction:
    heads, left = Fraction(0), running
    for share, count in choices:
        taken = min(left, count)
        heads, left = heads + share * taken, left - taken
    return heads


def heaviest(graph: PowerGraph, servers: Sequence[Servers]) -> dict[str, tuple[Fraction, str]]:
    """Node to the most that it carries in any single failure, or in none, and the words for that failure."""
    nominal = carried(graph, servers)
    touched = _touched(graph, servers)
    found = {name: (watts, NOTHING_LOST) for name, watts in nominal.items()}
    for words, lost in graph.failures():
        # A failure changes nothing for servers that have nothing to do with it.
        changed = [servers[place] for place in sorted(touched.get(next(iter(lost)), ()))]
        before, after = carried(graph, changed), carried(graph, changed, lost)
        for name, watts in after.items():
            total = nominal.get(name, Fraction(0)) - before.get(name, Fraction(0)) + watts
            if name not in found or total > found[name][0]:
                found[name] = total, words
    return {name: found[name] for name in graph.nodes if name in found}


def _touched(graph: PowerGraph, servers: Sequence[Servers]) -> dict[str, set[int]]:
    """Node to the places of the servers whose power its loss changes."""
    found: dict[str, set[int]] = {}
    for place, alike in enumerate(servers):
        for name in {name for cell, _ in alike.cells for name in graph.touching(cell)}:
            found.setdefault(name, set()).add(place)
    return found


def overloads(graph: PowerGraph, servers: Sequence[Servers]) -> Iterator[Overload]:
    """Every node that a single failure, or none, overloads, with the failure that does so most."""
    if_all_ran = heaviest(graph, [one for alike in servers for one in _by_cell(alike)])
    for name, (most, _) in if_all_ran.items():
        if most > graph.nodes[name].room_watts:
            yield from _overload(graph, servers, name)


def _by_cell(alike: Servers) -> Iterator[Servers]:
    """All of them, running or not, cell by cell."""
    return (Servers(((cell, count),), count, alike.watts) for cell, count in alike.cells)


def _overload(graph: PowerGraph, servers: Sequence[Servers], name: str) -> Iterator[Overload]:
    """How far a node is overloaded by what runs, if it is."""
    room = graph.nodes[name].room_watts
    worst, words, lost = max(
        (
            (_watts_on(graph, servers, name, lost), words, lost)
            for words, lost in ((NOTHING_LOST, frozenset[str]()), *graph.failures())
        ),
        key=lambda found: found[0],
    )
    if worst > room:
        heads = sum((_heads_on(graph, alike, name, lost) for alike in servers), Fraction(0))
        yield Overload(name, words, worst, room, int(room / heads))


def _watts_on(graph: PowerGraph, servers: Sequence[Servers], name: str, lost: frozenset[str]) -> Fraction:
    return sum((_heads_on(graph, alike, name, lost) * alike.watts for alike in servers), Fraction(0))


def starts_at_once(graph: PowerGraph, servers: Sequence[Servers], inrush: Fraction) -> dict[str, int]:
    """Node to the servers behind it that may start within one window, while all others run at their most.

    A start draws `inrush` times (more than once) what a server draws at the most, for some tens of
    milliseconds, so that the node's rating counts, not what it may carry continuously.
    """
    steepest: dict[str, Fraction] = {}
    for alike in servers:
        for cell, _ in alike.cells if alike.running else ():
            for name, share in graph.shares(cell).items():
                steepest[name] = max(steepest.get(name, Fraction(0)), share * alike.watts)
    return {
        name: max(0, int((graph.nodes[name].rated_watts - watts) / ((inrush - 1) * steepest[name])))
        for name, watts in carried(graph, servers).items()
    }
