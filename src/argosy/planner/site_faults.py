"""What the catalogue shows to be impossible in a hall: more than its power carries, in any single failure.

Held against what must run at the least; what the planner chooses beyond that it keeps within the same bounds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING

from argosy.catalog import NotInCatalogError
from argosy.catalog.models import ServerType
from argosy.catalog.pools import drawn_watts, node_type_of
from argosy.planner.power import Cell, Dark, HallPower, Node, node_of
from argosy.site_facts.loads import NOTHING_LOST, Servers, overloads, starts_at_once
from argosy.spec.models import HallSpec, NodePoolSpec, NodeRange
from argosy.spec.power import derating, inrush_of, node_path, power_graph
from argosy.spec.words import counted

if TYPE_CHECKING:
    from argosy.catalog import Catalog, NodeType
    from argosy.errors import Fault
    from argosy.site_facts.graph import PowerGraph
    from argosy.site_facts.loads import Overload
    from argosy.spec.loader import LoadedFleet


def site_faults(fleet: LoadedFleet, catalog: Catalog) -> Iterator[Fault]:
    """Faults of the power of every hall beside the catalogue."""
    for name, site in fleet.spec.sites.items():
        if not isinstance(site, HallSpec):
            continue
        try:
            types = {pool: node_type_of(site, spec, catalog) for pool, spec in site.node_pools.items()}
        except NotInCatalogError:
            continue  # that has a fault of its own
        hall = _Hall(fleet, name, site, types)
        yield from hall.check_caps()
        if hall.graph.has_units:
            too_much = list(hall.check_loads())
            yield from too_much
            yield from hall.check_supplies()
            if not too_much:
                yield from hall.check_starts()


@dataclass(frozen=True)
class _Hall:
    fleet: LoadedFleet
    site: str
    spec: HallSpec
    types: dict[str, NodeType]

    @cached_property
    def graph(self) -> PowerGraph:
        return power_graph(self.spec)

    def _servers(self) -> list[Servers]:
        """What must run at the least, by server type, each at the least that a pool of its type draws."""
        inventory = self.fleet.inventories[self.site]
        found: list[Servers] = []
        for server_type in sorted({pool.server_type or "" for pool in self.spec.node_pools.values()}):
            pools = {n: p for n, p in self.spec.node_pools.items() if p.server_type == server_type}
            stock = Counter(
                (server.rack, tuple(sorted(server.feeds)))
                for server in inventory.in_service
                if inventory.server_type_of(server) == server_type
            )
            needed = sum(_least(pool) for pool in pools.values())
            watts = min(drawn_watts(pool, self.types[name]) or 0 for name, pool in pools.items())
            found.append(Servers(tuple(sorted(stock.items())), min(needed, stock.total()), watts))
        return found

    def check_caps(self) -> Iterator[Fault]:
        """Caps that cap nothing, or that the server type cannot keep."""
        for name, pool in self.spec.node_pools.items():
            full, cap = self.types[name].node_power_watts, pool.power_cap_watts
            if cap is None or full is None:
                continue
            least = _lowest_cap(self.types[name])
            if cap >= full:
                given, expected = (
                    f"{cap:,} W, which a {pool.server_type} never draws",
                    f"less than its {full:,} W",
                )
            elif least is not None and cap < least:
                given = f"{cap:,} W, below the lowest cap of a {pool.server_type}"
                expected = f"at least {least:,} W"
            else:
                continue
            yield self.fleet.fault(
                f"sites.{self.site}.node_pools.{name}.power_cap_watts",
                given=given,
                expected=expected,
                fix="correct it, or leave it out",
            )

    def check_loads(self) -> Iterator[Fault]:
        """Feeds and units that would carry too much, with nothing lost or once any single one is."""
        servers = self._servers()
        running = sum(alike.running for alike in servers)
        for overload in overloads(self.graph, servers):
            node = self.graph.nodes[overload.node]
            cooling = f", times the PUE of {self.spec.power.pue:f}" if node.carries_cooling else ""
            yield self.fleet.fault(
                f"{node_path(self.site, self.spec, node.name)}.rated_kw",
                given=f"{self._room(overload)}, though it would carry {_kw(overload.carried_watts)} "
                f"{_when(overload)}",
                expected=f"what {counted(running, 'node')} that must run draw at most{cooling}",
                fix=self._cap(overload),
            )

    def _room(self, overload: Overload) -> str:
        for unit in self.spec.power.units:
            if unit.name == overload.node and derating(unit) != 1:
                return f"{_kw(overload.room_watts)} ({unit.rated_kw:f} kW x {float(derating(unit)):g})"
        return _kw(overload.room_watts)

    def _cap(self, overload: Overload) -> str:
        known = [least for type_ in self.types.values() if (least := _lowest_cap(type_)) is not None]
        if known and overload.cap_watts < max(known):
            return f"raise it, or hold fewer nodes: no cap helps, since the lowest is {max(known):,} W"
        unsure = "" if known else "; nobody states the lowest cap of these servers"
        return (
            f"cap each node at {overload.cap_watts:,} W (`power_cap_watts` of its pool{unsure}), raise it, "
            "or hold fewer nodes"
        )

    def check_supplies(self) -> Iterator[Fault]:
        """Servers that go down once any single feed or unit is lost; those told alike are told once."""
        inventory = self.fleet.inventories[self.site]
        for name, pool in self.spec.node_pools.items():
            first: dict[Cell, int] = {}
            count = Counter[Cell]()
            for index, server in enumerate(inventory.servers):
                fits = inventory.server_type_of(server) == pool.server_type
                if fits and server.serial not in inventory.out_of_service:
                    cell = server.rack, tuple(sorted(server.feeds))
                    first.setdefault(cell, index)
                    count[cell] += 1
            alike: dict[Dark, list[tuple[int, str, int]]] = {}
            for cell, index in first.items():
                if found := self._first_dark(node_of(cell, pool, self.types[name])):
                    alike.setdefault(found[1], []).append((index, found[0], count[cell]))
            for dark, cells in alike.items():
                yield self._goes_down(name, pool, dark, cells)

    def _first_dark(self, node: Node) -> tuple[str, Dark] | None:
        power = HallPower(self.site, self.spec, self.graph, {})
        touching = self.graph.touching(node.cell)
        failures = ((words, lost) for words, lost in self.graph.failures() if touching & lost)
        return next(((words, dark) for words, lost in failures if (dark := power.dark(node, lost))), None)

    def _goes_down(
        self, name: str, pool: NodePoolSpec, dark: Dark, cells: list[tuple[int, str, int]]
    ) -> Fault:
        index, words, _ = cells[0]
        server = self.fleet.inventories[self.site].servers[index]
        others = sum(count for _, _, count in cells) - 1
        more = f" and {counted(others, 'server')} like it" if others else ""
        node = node_of((server.rack, tuple(sorted(server.feeds))), pool, self.types[name])
        return self.fleet.fault(
            f"servers[{index}].feeds",
            site=self.site,
            given=f"{server.serial}{more}, which {name} may hold: once {words} is lost, {dark.words}",
            expected="servers that no single feed or power unit takes down",
            fix=_mend(dark, node, name, self.site),
        )

    def check_starts(self) -> Iterator[Fault]:
        """Feeds and units that too few servers may start behind at once."""
        servers, inrush = self._servers(), inrush_of(self.spec)
        wanted = self.spec.power.start_up.at_once
        for name, count in starts_at_once(self.graph, servers, inrush).items():
            if count < wanted:
                at = node_path(self.site, self.spec, name)
                yield self.fleet.fault(
                    f"{at}.rated_kw",
                    given=f"{_kw(self.graph.nodes[name].rated_watts)}, behind which "
                    f"{counted(count, 'server')} may start beside those that run, each drawing "
                    f"{float(inrush):g} times its most for an instant",
                    expected=f"{counted(wanted, 'server')} at once, as power.start_up.at_once has it",
                    fix="raise it, start fewer at once, or state what you measured in power.start_up.inrush",
                )


def _least(pool: NodePoolSpec) -> int:
    return pool.nodes.min if isinstance(pool.nodes, NodeRange) else pool.nodes


def _lowest_cap(node_type: NodeType) -> int | None:
    least = node_type.node_power_min_kw if isinstance(node_type, ServerType) else None
    return None if least is None else -int(-least * 1000 // 1)


def _mend(dark: Dark, node: Node, pool: str, site: str) -> str:
    if dark.supplies is None or not dark.live_inlets:
        return "hang it on two feeds, by units that share nothing"
    cap = dark.supplies.cap_for(dark.live_supplies)
    if cap is None or cap >= node.full_watts:
        return "spread its supplies over three feeds"
    return (
        "spread its supplies over three feeds, or cap the node at "
        f"{cap:,} W (`power_cap_watts` of sites.{site}.node_pools.{pool})"
    )


def _when(overload: Overload) -> str:
    return "with nothing lost" if overload.lost == NOTHING_LOST else f"once {overload.lost} is lost"


def _kw(watts: Fraction | int) -> str:
    return f"{float(Fraction(watts) / 1000):,.6g} kW"
