"""Bind bare-metal slots to servers, as a package lock binds names to versions.

A slot keeps its server as long as that server exists, fits, and stands where the plan wants one. Empty slots
are filled so that a pool's servers spread over racks, then over feeds; servers with more feeds go first, ties
go by rack and serial. Nodes go before spares.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass

from argosy.planner.models import PoolPlan
from argosy.planner.offerings import Cell, cell_of
from argosy.spec.inventory import InventorySpec, ServerSpec


@dataclass(frozen=True)
class PoolWish:
    """What one pool of a hall asks for."""

    id: str
    server_type: str
    nodes: int
    spares: int
    cells: Mapping[Cell, int] | None = None
    """How many nodes stand in which cell; None: wherever they spread best. Spares stand anywhere."""


def slot_names(kind: str, count: int) -> list[str]:
    """`slot-01`, `slot-02`, …; `kind` is `slot` or `spare`."""
    return [f"{kind}-{number:02d}" for number in range(1, count + 1)]


def slot_order(slot: str) -> tuple[str, int, str]:
    """Sort key by which `slot-11` comes before `slot-100`: numbers are padded to two digits only."""
    kind, _, number = slot.rpartition("-")
    return kind, len(number), number


def bind_slots(
    inventory: InventorySpec, wishes: Iterable[PoolWish], previous: Mapping[str, PoolPlan]
) -> dict[str, PoolPlan]:
    """Every pool of a hall with its slots bound; a slot for which no server is left stays absent."""
    binding = _Binding(inventory)
    ordered = sorted(wishes, key=lambda wish: wish.id)
    held = {wish.id: previous[wish.id] for wish in ordered if wish.id in previous}
    spares = {
        serial
        for wish in ordered
        if wish.id in held
        for slot, serial in held[wish.id].spares.items()
        if slot in slot_names("spare", wish.spares)
    }
    for wish in ordered:
        if wish.id in held:
            binding.keep(wish, "slot", wish.nodes, held[wish.id].slots)
    # Nodes before spares: a spare may stand anywhere, so it yields where a cell has no other server.
    for wish in ordered:
        binding.fill(wish, "slot", wish.nodes, last=spares)
    for wish in ordered:
        if wish.id in held:
            binding.keep(wish, "spare", wish.spares, held[wish.id].spares)
    for wish in ordered:
        binding.fill(wish, "spare", wish.spares)
    return {
        wish.id: PoolPlan(
            nodes=wish.nodes, slots=binding.bound(wish, "slot"), spares=binding.bound(wish, "spare")
        )
        for wish in ordered
    }


class _Binding:
    """What is bound and what is free, by cell: there, servers of one type stand in for each other."""

    def __init__(self, inventory: InventorySpec) -> None:
        self._servers = {server.serial: server for server in inventory.in_service}
        self._type_of = {server.serial: inventory.server_type_of(server) for server in inventory.in_service}
        self._cell_of = {server.serial: cell_of(server) for server in inventory.in_service}
        self._free: defaultdict[str, defaultdict[Cell, list[str]]] = defaultdict(lambda: defaultdict(list))
        for serial in sorted(self._servers):
            self._free[self._type_of[serial]][self._cell_of[serial]].append(serial)
        self._bound: dict[tuple[str, str], dict[str, str]] = {}
        self._racks: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._feeds: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._cells: defaultdict[str, Counter[Cell]] = defaultdict(Counter)
        """Pool to the slots in each cell; spares are not counted."""

    def bound(self, wish: PoolWish, kind: str) -> dict[str, str]:
        return dict(sorted(self._bound.get((wish.id, kind), {}).items()))

    def keep(self, wish: PoolWish, kind: str, count: int, held: Mapping[str, str]) -> None:
        self._bound.setdefault((wish.id, kind), {})
        for slot in slot_names(kind, count):
            serial = held.get(slot)
            if serial in self._servers and self._fits(serial, wish, kind):
                self._take(wish, kind, slot, serial)

    def fill(self, wish: PoolWish, kind: str, count: int, last: Set[str] = frozenset()) -> None:
        """Bind what is empty; servers in `last` only when there is no other."""
        slots = self._bound.setdefault((wish.id, kind), {})
        for slot in slot_names(kind, count):
            if slot not in slots and (serial := self._next_server(wish, kind, last)):
                self._take(wish, kind, slot, serial)

    def _fits(self, serial: str, wish: PoolWish, kind: str) -> bool:
        """Whether the server is free and of the type, and its cell still wants one."""
        cell = self._cell_of[serial]
        is_free = serial in self._free[self._type_of[serial]][cell]
        return is_free and self._type_of[serial] == wish.server_type and self._wants(wish, kind, cell)

    def _wants(self, wish: PoolWish, kind: str, cell: Cell) -> bool:
        anywhere = wish.cells is None or kind == "spare"
        return anywhere or self._cells[wish.id][cell] < (wish.cells or {}).get(cell, 0)

    def _take(self, wish: PoolWish, kind: str, slot: str, serial: str) -> None:
        cell, server = self._cell_of[serial], self._servers[serial]
        self._bound[wish.id, kind][slot] = serial
        self._free[self._type_of[serial]][cell].remove(serial)
        self._racks[wish.id][server.rack] += 1
        self._feeds[wish.id].update(server.feeds)
        if kind == "slot":
            self._cells[wish.id][cell] += 1

    def _next_server(self, wish: PoolWish, kind: str, last: Set[str]) -> str | None:
        racks, feeds = self._racks[wish.id], self._feeds[wish.id]
        candidates = [
            min(serials, key=lambda serial: (serial in last, serial))
            for cell, serials in self._free[wish.server_type].items()
            if serials and self._wants(wish, kind, cell)
        ]
        return min(
            candidates,
            default=None,
            key=lambda serial: (serial in last, _order(self._servers[serial], racks, feeds)),
        )


def _order(server: ServerSpec, racks: Counter[str], feeds: Counter[str]) -> tuple[int, int, int, str, str]:
    busiest_feed = max(feeds[feed] for feed in server.feeds)
    return racks[server.rack], -len(set(server.feeds)), busiest_feed, server.rack, server.serial
