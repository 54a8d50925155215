"""Does the power of every hall carry the lock's servers, in every single failure? Server by server.

Nothing of this is shared with what the planner counts with: neither its offerings nor its limits, and the
ways up through the units are walked here once more, in fractions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING

from argosy.catalog.models import ServerType
from argosy.catalog.pools import node_type_of
from argosy.site_facts.defaults import derate_of
from argosy.spec.models import HallSpec

if TYPE_CHECKING:
    from argosy.catalog import Catalog
    from argosy.planner.models import Lock
    from argosy.spec.hall import FeedSpec, PowerUnitSpec
    from argosy.spec.inventory import ServerSpec
    from argosy.spec.loader import LoadedFleet

    Point = FeedSpec | PowerUnitSpec

_IN_THE_RACK = ("rack-pdu", "power-shelf")


def wrong_power(fleet: LoadedFleet, lock: Lock, catalog: Catalog) -> Iterator[str]:
    """One sentence per feed or unit that carries too much, and per server that a single failure takes down.

    Only of halls that describe more than their feeds; the lock's slots must be of the inventories.
    """
    for name, hall in fleet.spec.sites.items():
        if isinstance(hall, HallSpec) and (hall.power.units or hall.power.racks):
            walk = _Walk(name, hall, dict(_running(fleet, name, hall, lock, catalog)))
            for failed in (None, *walk.points):
                yield from walk.wrong(failed)


def _running(
    fleet: LoadedFleet, site: str, hall: HallSpec, lock: Lock, catalog: Catalog
) -> Iterator[tuple[str, tuple[ServerSpec, Fraction, ServerType]]]:
    """Serial to the server, what it draws at most in watts, and its type."""
    servers = {server.serial: server for server in fleet.inventories[site].servers}
    for pool_name, pool in hall.node_pools.items():
        plan = lock.pools.get(f"{site}/{pool_name}")
        node_type = node_type_of(hall, pool, catalog)
        if plan is None or not isinstance(node_type, ServerType) or node_type.node_power_kw is None:
            continue
        watts = Fraction(node_type.node_power_kw) * 1000
        if pool.power_cap_watts is not None:
            watts = min(watts, Fraction(pool.power_cap_watts))
        for serial in plan.slots.values():
            if serial in servers:
                yield serial, (servers[serial], watts, node_type)


class _Walk:
    """The ways up from every running server of one hall."""

    def __init__(
        self, site: str, hall: HallSpec, running: Mapping[str, tuple[ServerSpec, Fraction, ServerType]]
    ) -> None:
        self._site, self._hall, self._running = site, hall, running
        self.points: dict[str, Point] = {one.name: one for one in (*hall.power.feeds, *hall.power.units)}
        self._inlets = {serial: self._inlets_of(server) for serial, (server, _, _) in running.items()}
        self._concerned: dict[str | None, list[str]] = {None: list(running)}
        for serial, inlets in self._inlets.items():
            for name in {name for inlet in inlets for name in self._all_above(inlet)}:
                self._concerned.setdefault(name, []).append(serial)
        self._rooms = {name: self._room(name) for name in self.points}
        self._usual: dict[str, Fraction] = {}
        for serial in running:
            self._add(self._usual, serial, None, 1)
        self._always = {name for name, watts in self._usual.items() if watts > self._rooms[name]}

    def _inlets_of(self, server: ServerSpec) -> list[str]:
        hangs_on = self._hall.power.racks.get(server.rack, ())
        return [name for name in hangs_on if self._all_above(name) & set(server.feeds)]

    def _all_above(self, name: str) -> set[str]:
        found, waiting = set[str](), [name]
        while waiting:
            point = waiting.pop()
            if point not in found:
                found.add(point)
                waiting += self.points[point].parents
        return found

    def _ways_up(self, serial: str, failed: str | None) -> list[list[str]]:
        ways = (self._way_up(name, failed, set()) for name in self._inlets[serial])
        return [way for way in ways if way is not None]

    def _way_up(self, name: str, failed: str | None, dead: set[str]) -> list[str] | None:
        if name == failed or name in dead:
            return None
        parents = self.points[name].parents
        if not parents:
            return [name]
        for parent in parents:
            if (way := self._way_up(parent, failed, dead)) is not None:
                return [name, *way]
        dead.add(name)
        return None

    def _add(self, loads: dict[str, Fraction], serial: str, failed: str | None, sign: int) -> int:
        """Add (or take off) what a server draws along its ways up; how many of these there are."""
        watts, ways = self._running[serial][1], self._ways_up(serial, failed)
        for way in ways:
            for name in way:
                drawn = sign * watts * self._overhead(name) / len(ways)
                loads[name] = loads.get(name, Fraction(0)) + drawn
        return len(ways)

    def wrong(self, failed: str | None) -> Iterator[str]:
        """What is wrong once one feed or unit has failed; None: with nothing lost."""
        loads = dict(self._usual)
        changed = set(self._always)
        for serial in self._concerned.get(failed, ()):
            # Servers that have nothing to do with the failure draw as usual.
            self._add(loads, serial, None, -1)
            live = self._add(loads, serial, failed, 1)
            changed.update(name for way in self._ways_up(serial, failed) for name in way)
            _, watts, node_type = self._running[serial]
            if not _carried(node_type, watts, len(self._inlets[serial]), live):
                yield f"{self._site}: server {serial} goes down{_once(failed)}"
        for name in sorted(changed):
            if (watts := loads[name]) > self._rooms[name]:
                yield (
                    f"{self._site}: {name} would carry {float(watts):,.0f} W{_once(failed)}, of the "
                    f"{float(self._rooms[name]):,.0f} W that it may"
                )

    def _overhead(self, name: str) -> Fraction:
        kind = getattr(self.points[name], "kind", None)
        return Fraction(1) if kind in _IN_THE_RACK else Fraction(self._hall.power.pue)

    def _room(self, name: str) -> Fraction:
        point = self.points[name]
        rated = Fraction(point.rated_kw) * 1000
        kind = getattr(point, "kind", None)
        if kind is None:
            return rated
        stated = getattr(point, "derate", None)
        return rated * (derate_of(kind) if stated is None else Fraction(stated))


def _once(failed: str | None) -> str:
    return "" if failed is None else f" once {failed} is lost"


def _carried(node_type: ServerType, watts: Fraction, inlets: int, live: int) -> bool:
    """Whether the supplies on live inlets carry a server; those on dark ones are taken to be the most."""
    supplies = node_type.power_supplies
    if supplies is None or not live:
        return live > 0
    on_inlets = sorted((supplies.count + inlet) // inlets for inlet in range(inlets))
    left = sum(on_inlets[:live])
    if left >= supplies.needed:
        return True
    is_capped = watts < Fraction(node_type.node_power_kw or 0) * 1000
    return is_capped and left >= (supplies.needed_to_boot or 1) and left * supplies.watts >= watts
