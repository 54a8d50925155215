"""The power of one hall: which servers have it, and what every feed and unit carries for them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction

from argosy.site_facts import graph as site
from argosy.site_facts.sources import PowerSources
from argosy_metal.simulator.feeds import Load, PowerNode
from argosy_metal.simulator.world import SimulatedHall

Drawn = tuple[tuple[PowerNode, Load], ...]


class PowerNetwork:
    """All feeds and units of one hall. Servers are known by their index in it.

    A server hangs on its feeds, or on those units of its rack that lead up to one of them: its inlets. Its
    load is shared evenly by the inlets that are live, and goes on from each up to what supplies it.
    """

    def __init__(self, hall: SimulatedHall, breaker_seconds: float) -> None:
        self._breaker_seconds = breaker_seconds
        self._pue = hall.pue
        graph = _graph(hall)
        rated = {one.name: one.rated_watts * 1000 for one in (*hall.feeds, *hall.units)}
        self.nodes = {name: PowerNode(name, rated.get(name), node.kind) for name, node in graph.nodes.items()}
        self._inlets = [graph.inlets((server.rack, server.feeds)) for server in hall.servers]
        self._servers, self._has_units = hall.servers, graph.has_units
        self._behind: dict[str, list[int]] = {}
        for index, names in enumerate(self._inlets):
            for name in names:
                self._behind.setdefault(name, []).append(index)
        self._loads = [Load()] * len(hall.servers)
        self._drawn: list[Drawn] = [()] * len(hall.servers)
        self.sources = PowerSources(graph)
        self.settle(0)

    def has_power(self, server: int, limit_watts: float | None = None) -> bool:
        """Whether enough of the server's inlets live for what it may draw.

        One that hangs on no feed never lacks power; where supplies are not known, one inlet carries it.
        """
        inlets, known = self._inlets[server], self._servers[server]
        if not known.feeds:
            return True
        live = sum(self.nodes[name].alive for name in inlets)
        if not live or known.supplies is None or not self._has_units:
            return bool(live)
        most = known.max_watts if limit_watts is None else min(known.max_watts, int(limit_watts))
        return known.supplies.carries(known.supplies.left(len(inlets), live), most, known.max_watts)

    def is_live(self) -> bool:
        """Whether anything that servers hang on has power, or nothing is described."""
        return not self.nodes or any(self.nodes[name].alive for name in self._behind or self.nodes)

    def draw(self, server: int, load: Load, now: float) -> Iterable[PowerNode]:
        """From `now` on the server draws this. Returns the feeds and units that carry another load now."""
        if load == self._loads[server]:
            return ()
        self._loads[server] = load
        return self._share((server,), now)

    def switch(self, closed: Mapping[str, bool], now: float) -> Iterable[int]:
        """Close or open so many feeds and units at once, by name; loads go over to others, or come back.

        Returns the servers that this may touch, in order.
        """
        for name, is_closed in closed.items():
            self.nodes[name].closed = is_closed
        return self.settle(now)

    def settle(self, now: float) -> Iterable[int]:
        """Bring in line with batteries and generators as they are now. Returns servers as `switch` does."""
        before = {name: self.sources.way(name) for name in self._behind}
        self.sources.settle({node.name for node in self.nodes.values() if not node.closed}, now)
        for node in self.nodes.values():
            way = self.sources.way(node.name)
            node.alive, node.supplied_by = bool(way), way[1] if len(way) > 1 else None
        changed = (name for name, way in before.items() if way != self.sources.way(name))
        servers = sorted({server for name in changed for server in self._behind[name]})
        self._share(servers, now)
        return servers

    def trips_at(self, node: PowerNode) -> float | None:
        """When the breaker trips if nothing changes; None: never."""
        return None if node.over_since is None else node.over_since + self._breaker_seconds

    def reset_peaks(self) -> None:
        """Measure from now on."""
        for node in self.nodes.values():
            node.reset_peaks()

    def _share(self, servers: Iterable[int], now: float) -> Iterable[PowerNode]:
        """Put what servers draw where it belongs now; only then look at what is carried."""
        touched: dict[str, PowerNode] = {}
        for server in servers:
            drawn = tuple(self._shared(server))
            for node, load in self._drawn[server]:
                node.add(-load.steady, -load.steady - load.inrush)
            for node, load in drawn:
                node.add(load.steady, load.steady + load.inrush)
            touched |= {node.name: node for node, _ in (*self._drawn[server], *drawn)}
            self._drawn[server] = drawn
        for node in touched.values():
            node.watch(now)
        return touched.values()

    def _shared(self, server: int) -> Iterator[tuple[PowerNode, Load]]:
        ways = [way for name in self._inlets[server] if (way := self.sources.way(name))]
        load = self._loads[server]
        for way in ways:
            for name in way:
                node = self.nodes[name]
                factor = self._pue if node.carries_cooling else 1.0
                yield node, Load(*(_part(value, factor, len(ways)) for value in (load.steady, load.inrush)))


def _part(value: int, factor: float, inlets: int) -> int:
    return math.ceil(value * factor / inlets)


def _graph(hall: SimulatedHall) -> site.PowerGraph:
    """What hangs on what; a feed that only servers name hangs on nothing."""
    nodes = {
        feed.name: site.PowerNode(feed.name, site.FEED, feed.rated_watts, feed.rated_watts, feed.parents)
        for feed in hall.feeds
    }
    for unit in hall.units:
        nodes[unit.name] = site.PowerNode(
            unit.name,
            unit.kind,
            unit.rated_watts,
            unit.rated_watts,
            unit.parents,
            unit.minutes,
            unit.start_seconds,
        )
    for name in (name for server in hall.servers for name in server.feeds):
        nodes.setdefault(name, site.PowerNode(name, site.FEED, 0, 0))
    return site.PowerGraph(nodes, hall.racks, Fraction(hall.pue))
