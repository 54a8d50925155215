"""The power of a hall in the planner's terms: what offerings draw, what goes dark, what live nodes carry."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from math import lcm
from typing import TYPE_CHECKING

from argosy.catalog.models import ServerType
from argosy.catalog.pools import drawn_watts
from argosy.planner.problem import Limit
from argosy.site_facts.graph import Cell, PowerGraph
from argosy.site_facts.supplies import Supplies
from argosy.spec.power import node_path

if TYPE_CHECKING:
    from argosy.catalog import NodeType
    from argosy.planner.contingencies import Loss
    from argosy.spec.models import HallSpec, NodePoolSpec

__all__ = ["Cell", "Dark", "HallPower", "Node", "lost_nodes", "node_of", "supplies_of"]


@dataclass(frozen=True)
class Node:
    """What one node of an offering asks of its power."""

    cell: Cell
    watts: int
    """The most that it draws, cooling not counted: its cap, where it has one."""
    full_watts: int
    """The most that it draws without a cap."""
    supplies: Supplies | None
    """None where the catalogue knows none: then any live inlet carries it."""


@dataclass(frozen=True)
class Dark:
    """Why a server is down."""

    inlets: int
    live_inlets: int
    supplies: Supplies | None = None
    live_supplies: int = 0

    @property
    def words(self) -> str:
        """`no inlet has power`, `3 of 6 supplies have power, 4 are needed`."""
        if self.supplies is None or not self.live_inlets:
            return "none of what it hangs on has power"
        return (
            f"{self.live_supplies} of its {self.supplies.count} supplies have power, and it needs "
            f"{self.supplies.needed}"
        )


def node_of(cell: Cell, pool: NodePoolSpec, node_type: NodeType) -> Node:
    """What one node of a pool asks of its power where it stands."""
    full = node_type.node_power_watts or 0
    return Node(cell, drawn_watts(pool, node_type) or 0, full, supplies_of(node_type))


def supplies_of(node_type: NodeType) -> Supplies | None:
    """The power supplies of a server type, where the catalogue knows them."""
    known = node_type.power_supplies if isinstance(node_type, ServerType) else None
    if known is None:
        return None
    return Supplies(known.count, known.needed, known.watts, known.needed_to_boot or 1)


def lost_nodes(loss: Loss, site: str) -> frozenset[str]:
    """Feeds and power units of a hall that a loss takes away."""
    return frozenset(name for where, name in (*loss.feeds, *loss.units) if where == site)


@dataclass(frozen=True)
class HallPower:
    """The power of one hall, and what its offerings ask of it."""

    site: str
    hall: HallSpec
    graph: PowerGraph
    nodes: Mapping[str, Node]
    """By offering."""

    @cached_property
    def _unit(self) -> int:
        """The least number that every even split over inlets divides."""
        most = max([len(self.hall.power.feeds), *map(len, self.graph.racks.values())])
        return lcm(*range(1, most + 1)) * self.graph.pue.denominator

    def dark(self, node: Node, lost: frozenset[str]) -> Dark | None:
        """Why a node is down once these feeds and units are lost; None while it runs.

        Where a hall describes its feeds alone, one live feed carries a server.
        """
        inlets = len(self.graph.inlets(node.cell))
        live = len(self.graph.live_inlets(node.cell, lost))
        if not live:
            return Dark(inlets, live)
        if node.supplies is None or not self.graph.has_units:
            return None
        left = node.supplies.left(inlets, live)
        if node.supplies.carries(left, node.watts, node.full_watts):
            return None
        return Dark(inlets, live, node.supplies, left)

    def limits(self, lost: frozenset[str]) -> list[Limit]:
        """What every live feed and unit carries once these are lost, in watts times a common unit.

        A node's draw is shared evenly by the inlets that are live; cooling comes on top everywhere but in the
        racks.
        """
        draws: dict[str, dict[str, int]] = {name: {} for name in self.graph.nodes if name not in lost}
        for offering, node in self.nodes.items():
            for name, share in self.graph.shares(node.cell, lost).items():
                draws[name][offering] = int(share * self._unit) * node.watts
        return [
            self._limit(name, found) for name, found in draws.items() if found or name in self.graph.feeds
        ]

    def _limit(self, name: str, draws: Mapping[str, int]) -> Limit:
        return Limit(
            f"power of {self.site}/{name}",
            f"{node_path(self.site, self.hall, name)}.rated_kw",
            dict(draws),
            self.graph.nodes[name].room_watts * self._unit,
        )

    def single_failure_limits(self, stock: Counter[tuple[str, Cell]]) -> list[Limit]:
        """What the live nodes carry in every single failure, for halls that describe more than their feeds.

        Rows that no holding can break, or that another row implies, are left out.
        """
        if not self.graph.has_units:
            return []
        in_cells = _by_cell(stock)
        nominal = {_name(limit): limit for limit in self.limits(frozenset())}
        most = {name: self._most(limit, in_cells) for name, limit in nominal.items()}
        kept: dict[str, list[Limit]] = {}
        for words, lost in self.graph.failures():
            for name, moved in self._moved(lost).items():
                room = self.graph.nodes[name].room_watts * self._unit
                before: Mapping[str, int] = nominal[name].coefficients if name in nominal else {}
                rise = self._most_of(moved, in_cells) - self._most_of(
                    {offering: before.get(offering, 0) for offering in moved}, in_cells
                )
                if most.get(name, 0) + rise > room:
                    limit = self._limit(name, {**before, **moved})
                    kept.setdefault(name, []).append(replace(limit, id=f"{limit.id} without {words}"))
        return [limit for limits in kept.values() for limit in _undominated(limits)]

    def _moved(self, lost: frozenset[str]) -> dict[str, dict[str, int]]:
        """Node that carries more, once these are lost, to the draws of the offerings that hang on them."""
        found: dict[str, dict[str, int]] = {}
        for offering in self.touched(lost):
            node = self.nodes[offering]
            for name, share in self.graph.shares(node.cell, lost).items():
                found.setdefault(name, {})[offering] = int(share * self._unit) * node.watts
        return found

    @cached_property
    def _touched(self) -> Mapping[str, list[str]]:
        """Feed or unit to the offerings whose power its loss changes."""
        found: dict[str, list[str]] = {}
        touching = {cell: self.graph.touching(cell) for cell in {node.cell for node in self.nodes.values()}}
        for offering, node in self.nodes.items():
            for name in touching[node.cell]:
                found.setdefault(name, []).append(offering)
        return found

    @cached_property
    def started_by(self) -> frozenset[str]:
        """Feeds and units whose loss starts a generator."""
        graph = self.graph
        generators = {node.name for node in graph.nodes.values() if node.kind == "generator"}
        found: set[str] = set(generators)
        for node in graph.nodes.values():
            before: list[str] = []
            for parent in node.parents:
                if parent in generators:
                    found.update(name for one in before for name in graph.path(one, frozenset()))
                before.append(parent)
        return frozenset(found)

    def touched(self, lost: frozenset[str]) -> list[str]:
        """Offerings whose nodes hang on something else, or on nothing, once these are lost; sorted."""
        return sorted({offering for name in lost for offering in self._touched.get(name, ())})

    def _most(self, limit: Limit, in_cells: Mapping[Cell, int]) -> int:
        """What would be carried if every server of the inventory ran."""
        return self._most_of(limit.coefficients, in_cells)

    def _most_of(self, draws: Mapping[str, int], in_cells: Mapping[Cell, int]) -> int:
        of_cell: dict[Cell, int] = {}
        for offering, draw in draws.items():
            cell = self.nodes[offering].cell
            of_cell[cell] = max(draw, of_cell.get(cell, 0))
        return sum(draw * in_cells.get(cell, 0) for cell, draw in of_cell.items())

    def binds(self, limits: list[Limit], stock: Counter[tuple[str, Cell]]) -> bool:
        """Whether some holding could break one of the limits."""
        in_cells = _by_cell(stock)
        return any(self._most(limit, in_cells) > (limit.upper or 0) for limit in limits)


def _name(limit: Limit) -> str:
    return limit.id.rpartition("/")[2]


def _by_cell(stock: Counter[tuple[str, Cell]]) -> Counter[Cell]:
    found = Counter[Cell]()
    for (_, cell), count in stock.items():
        found[cell] += count
    return found


def _undominated(limits: list[Limit]) -> Iterator[Limit]:
    """Rows over one node that no other row implies: those that ask of every offering as much or more."""
    kept: list[Limit] = []
    for limit in sorted(limits, key=lambda one: (-sum(one.coefficients.values()), one.id)):
        if not any(_implies(other, limit) for other in kept):
            kept.append(limit)
            yield limit


def _implies(one: Limit, other: Limit) -> bool:
    return all(one.coefficients.get(offering, 0) >= draw for offering, draw in other.coefficients.items())
