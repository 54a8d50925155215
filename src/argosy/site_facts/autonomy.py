"""How long servers run once the utility is gone: batteries bridge to generators, and both end some day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from argosy.site_facts.graph import Cell, PowerGraph, PowerNode


@dataclass(frozen=True)
class Gap:
    """A UPS that is empty before a generator behind it carries the load."""

    ups: str
    generator: str
    minutes: int
    start_seconds: int


def autonomy_minutes(graph: PowerGraph, cell: Cell) -> int:
    """How long a server runs without a break once every utility is lost, in minutes.

    A feed that hangs on nothing is a utility's too. Of several inlets the one that lasts longest counts.
    """
    return max((_minutes(graph, graph.nodes[inlet]) for inlet in graph.inlets(cell)), default=0)


def _minutes(graph: PowerGraph, node: PowerNode) -> int:
    own = (node.minutes or 0) if node.kind == "ups" else 0
    after = max((_minutes(graph, graph.nodes[parent]) for parent in node.parents), default=0)
    if after:
        # Another battery stands above, which carries this one until it is empty itself.
        return own + after
    generators = [one for one in _generators(graph, node) if (one.start_seconds or 0) <= own * 60]
    return own + max(((one.minutes or 0) for one in generators), default=0) if own else 0


def _generators(graph: PowerGraph, node: PowerNode) -> Iterator[PowerNode]:
    """Generators that this node hangs on with no other UPS between."""
    for name in node.parents:
        parent = graph.nodes[name]
        if parent.kind == "generator":
            yield parent
        elif parent.kind != "ups":
            yield from _generators(graph, parent)


def gaps(graph: PowerGraph) -> Iterator[Gap]:
    """Every UPS that does not bridge the start of a generator behind it."""
    for node in graph.nodes.values():
        if node.kind == "ups":
            for generator in sorted(set(_generators(graph, node)), key=lambda one: one.name):
                if (node.minutes or 0) * 60 < (generator.start_seconds or 0):
                    yield Gap(node.name, generator.name, node.minutes or 0, generator.start_seconds or 0)
