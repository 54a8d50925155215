"""The power of a hall as a graph: feeds and units, what hangs on what, and which paths are live.

A unit that has several parents hangs on the first of them that is live, in the order written, as behind a
transfer switch: the whole load moves to the next when one is lost. A server hangs on those units of its rack
that lead up to one of its own feeds (its inlets), and its load is shared evenly by the live ones. In a hall
without units a server's feeds are its inlets.

Nothing here recurses or follows one edge twice: what is asked of one unit takes time linear in the edges
above it. Every single failure is another question, so that all of them take that times their number.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from graphlib import CycleError, TopologicalSorter

Cell = tuple[str, tuple[str, ...]]
"""A rack, and the feeds that a server in it hangs on, sorted."""

FEED = "feed"
_BEHIND_THE_COOLING = ("rack-pdu", "power-shelf")


@dataclass(frozen=True)
class PowerNode:
    """A feed or a unit."""

    name: str
    kind: str
    """`feed`, or the kind of the unit."""
    rated_watts: int
    room_watts: int
    """What it may carry continuously, in watts: its rating after derating."""
    parents: tuple[str, ...] = ()
    minutes: int | None = None
    """How long a UPS or a generator carries its rating."""
    start_seconds: int | None = None
    """How long a generator takes until it carries the load."""

    @property
    def words(self) -> str:
        """As `survive` names it, less the site: `feed a`, `power unit r1-a`."""
        return f"{FEED if self.kind == FEED else 'power unit'} {self.name}"

    @property
    def carries_cooling(self) -> bool:
        """Whether the cooling of the servers behind it counts too; in a rack they hang alone."""
        return self.kind not in _BEHIND_THE_COOLING


@dataclass(frozen=True)
class PowerGraph:
    """All feeds and units of a hall. It must be sound: parents that exist, and no circle."""

    nodes: Mapping[str, PowerNode]
    """By name, in the order of the fleet file."""
    racks: Mapping[str, tuple[str, ...]]
    """Rack to the units that it hangs on; empty in a hall that describes its feeds alone."""
    pue: Fraction
    _above: dict[str, frozenset[str]] = field(
        init=False, repr=False, compare=False, default_factory=dict[str, frozenset[str]]
    )
    _touching: dict[Cell, frozenset[str]] = field(
        init=False, repr=False, compare=False, default_factory=dict[Cell, frozenset[str]]
    )
    _shares: dict[tuple[Cell, frozenset[str]], dict[str, Fraction]] = field(
        init=False,
        repr=False,
        compare=False,
        default_factory=dict[tuple[Cell, frozenset[str]], dict[str, Fraction]],
    )

    @property
    def has_units(self) -> bool:
        """Whether more than the feeds is described."""
        return any(node.kind != FEED for node in self.nodes.values()) or bool(self.racks)

    @cached_property
    def feeds(self) -> frozenset[str]:
        """Names of the feeds."""
        return frozenset(node.name for node in self.nodes.values() if node.kind == FEED)

    @cached_property
    def downwards(self) -> tuple[PowerNode, ...]:
        """All feeds and units, each after everything that it hangs on."""
        order = TopologicalSorter({name: node.parents for name, node in self.nodes.items()})
        return tuple(self.nodes[name] for name in order.static_order())

    def above(self, name: str) -> frozenset[str]:
        """The unit itself and everything that it may hang on, directly or not."""
        if name not in self._above:
            found, waiting = set[str](), [name]
            while waiting:
                if (one := waiting.pop()) not in found:
                    found.add(one)
                    waiting += self.nodes[one].parents
            self._above[name] = frozenset(found)
        return self._above[name]

    def inlets(self, cell: Cell) -> tuple[str, ...]:
        """What the supplies of a server hang on."""
        rack, feeds = cell
        if not self.racks:
            return feeds
        mine = frozenset(feeds)
        return tuple(unit for unit in self.racks.get(rack, ()) if self.above(unit) & mine)

    def path(self, name: str, lost: frozenset[str]) -> tuple[str, ...]:
        """From the unit up to what supplies it, once `lost` are lost; empty if nothing does."""
        if name in lost:
            return ()
        way, untried, dark = [name], [iter(self.nodes[name].parents)], set[str]()
        while way and self.nodes[way[-1]].parents:
            above = next((one for one in untried[-1] if one not in lost and one not in dark), None)
            if above is None:
                dark.add(way.pop())
                untried.pop()
            else:
                way.append(above)
                untried.append(iter(self.nodes[above].parents))
        return tuple(way)

    def live_inlets(self, cell: Cell, lost: frozenset[str]) -> tuple[str, ...]:
        """The inlets that still have power once `lost` are lost."""
        return tuple(inlet for inlet in self.inlets(cell) if self.path(inlet, lost))

    def shares(self, cell: Cell, lost: frozenset[str] = frozenset()) -> Mapping[str, Fraction]:
        """Node to the watts that it carries per watt that a server of the cell draws."""
        key = cell, lost & self.touching(cell)
        if key not in self._shares:
            self._shares[key] = self._shared(cell, key[1])
        return self._shares[key]

    def _shared(self, cell: Cell, lost: frozenset[str]) -> dict[str, Fraction]:
        paths = [path for inlet in self.inlets(cell) if (path := self.path(inlet, lost))]
        on_paths = Counter(name for path in paths for name in path)
        watts: dict[tuple[bool, int], Fraction] = {}
        found: dict[str, Fraction] = {}
        for name, count in on_paths.items():
            alike = self.nodes[name].carries_cooling, count
            if alike not in watts:
                watts[alike] = (self.pue if alike[0] else 1) * Fraction(count, len(paths))
            found[name] = watts[alike]
        return found

    def touching(self, cell: Cell) -> frozenset[str]:
        """Everything whose loss changes what a server of the cell hangs on."""
        if cell not in self._touching:
            self._touching[cell] = frozenset[str]().union(*map(self.above, self.inlets(cell)))
        return self._touching[cell]

    def failures(self) -> Iterator[tuple[str, frozenset[str]]]:
        """Every single failure: the words for it, and what is lost."""
        for node in self.nodes.values():
            yield node.words, frozenset({node.name})


def circle(parents: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Names that hang on each other in a circle, from one back to itself; empty if there is no circle.

    Of the names in the circle the one that `parents` has first begins.
    """
    try:
        TopologicalSorter(parents).prepare()
    except CycleError as error:
        # There each name is one that the next hangs on.
        found: list[str] = error.args[1][:0:-1]
        places = {name: place for place, name in enumerate(parents)}
        first = min(range(len(found)), key=lambda place: places[found[place]])
        return (*found[first:], *found[: first + 1])
    return ()


def levels(graph: PowerGraph) -> dict[str, int]:
    """Name to the feeds and units on the longest way up from it, itself included."""
    found: dict[str, int] = {}
    for node in graph.downwards:
        found[node.name] = 1 + max((found[parent] for parent in node.parents), default=0)
    return found
