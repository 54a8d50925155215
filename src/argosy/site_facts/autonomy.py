"""How long servers run once the utility is gone: batteries bridge to generators, and both end some day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from argosy.site_facts.graph import Cell, PowerGraph, PowerNode


@dataclass(frozen=True)
class Gap:
    """A UPS that is empty before a generator behind it carries the load."""

    ups: str
    generator: str
    minutes: int
    start_seconds: int


def autonomy_minutes(graph: PowerGraph, cells: Iterable[Cell]) -> dict[Cell, int]:
    """Cell to how long a server there runs without a break once every utility is lost, in minutes.

    A feed that hangs on nothing is a utility's too. Of several inlets the one that lasts longest counts.
    Takes time linear in the graph's edges times its generators, however many cells there are.
    """
    lasting = _minutes(graph)
    return {cell: max((lasting[inlet] for inlet in graph.inlets(cell)), default=0) for cell in cells}


def _minutes(graph: PowerGraph) -> dict[str, int]:
    """Name to how long it has power once every utility is lost, in minutes."""
    generators = _generators(graph)
    found: dict[str, int] = {}
    for node in graph.downwards:
        own = (node.minutes or 0) if node.kind == "ups" else 0
        # A battery above carries this one until it is empty itself.
        after = max((found[parent] for parent in node.parents), default=0)
        if own:
            behind = (graph.nodes[name] for name in generators[node.name])
            started = (one.minutes or 0 for one in behind if (one.start_seconds or 0) <= own * 60)
            after = max(after, max(started, default=0))
        found[node.name] = own + after
    return found


def _generators(graph: PowerGraph) -> dict[str, frozenset[str]]:
    """Name to the generators that it hangs on with no other UPS between."""
    found: dict[str, frozenset[str]] = {}
    for node in graph.downwards:
        found[node.name] = frozenset[str]().union(
            *(_led_to(graph.nodes[parent], found[parent]) for parent in node.parents)
        )
    return found


def _led_to(parent: PowerNode, behind: frozenset[str]) -> frozenset[str]:
    """The generators that a way up through this parent leads to; a UPS ends the way."""
    if parent.kind == "generator":
        return frozenset({parent.name})
    return frozenset() if parent.kind == "ups" else behind


def gaps(graph: PowerGraph) -> Iterator[Gap]:
    """Every UPS that does not bridge the start of a generator behind it."""
    generators = _generators(graph)
    for node in graph.nodes.values():
        if node.kind == "ups":
            for generator in (graph.nodes[name] for name in sorted(generators[node.name])):
                if (node.minutes or 0) * 60 < (generator.start_seconds or 0):
                    yield Gap(node.name, generator.name, node.minutes or 0, generator.start_seconds or 0)
