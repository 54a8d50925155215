"""Bind bare-metal slots to servers, as a package lock binds names to versions.

A slot keeps its server as long as that server exists, fits, and stands where the plan wants one. Empty slots
are filled so that a pool's servers spread over racks, then over feeds; servers with more feeds go first, ties
go by rack and serial. Nodes go before spares.
"""

from __future__ import annotations

from collections import Counter
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
    def __init__(self, inventory: InventorySpec) -> None:
        self._servers = {server.serial: server for server in inventory.servers}
        self._type_of = {server.serial: inventory.server_type_of(server) for server in inventory.servers}
        self._free = set(self._servers)
        self._bound: dict[tuple[str, str], dict[str, str]] = {}

    def bound(self, wish: PoolWish, kind: str) -> dict[str, str]:
        return dict(sorted(self._bound.get((wish.id, kind), {}).items()))

    def keep(self, wish: PoolWish, kind: str, count: int, held: Mapping[str, str]) -> None:
        slots = self._bound.setdefault((wish.id, kind), {})
        for slot in slot_names(kind, count):
            serial = held.get(slot)
            if serial in self._free and self._fits(serial, wish, kind):
                slots[slot] = serial
                self._free.remove(serial)

    def _fits(self, serial: str, wish: PoolWish, kind: str) -> bool:
        """Whether the server is of the type, and its cell still wants one."""
        if self._type_of[serial] != wish.server_type:
            return False
        if wish.cells is None or kind == "spare":
            return True
        cell = cell_of(self._servers[serial])
        slots = self._bound.get((wish.id, kind), {})
        there = sum(cell_of(self._servers[bound]) == cell for bound in slots.values())
        return there < wish.cells.get(cell, 0)

    def fill(self, wish: PoolWish, kind: str, count: int, last: Set[str] = frozenset()) -> None:
        """Bind what is empty; servers in `last` only when there is no other."""
        slots = self._bound.setdefault((wish.id, kind), {})
        for slot in slot_names(kind, count):
            if slot not in slots and (server := self._next_server(wish, kind, last)):
                slots[slot] = server.serial
                self._free.remove(server.serial)

    def _next_server(self, wish: PoolWish, kind: str, last: Set[str]) -> ServerSpec | None:
        racks: Counter[str] = Counter()
        feeds: Counter[str] = Counter()
        for held in ("slot", "spare"):
            for serial in self._bound.get((wish.id, held), {}).values():
                racks[self._servers[serial].rack] += 1
                feeds.update(self._servers[serial].feeds)
        candidates = (self._servers[serial] for serial in self._free if self._fits(serial, wish, kind))
        return min(
            candidates,
            default=None,
            key=lambda server: (server.serial in last, _order(server, racks, feeds)),
        )


def _order(server: ServerSpec, racks: Counter[str], feeds: Counter[str]) -> tuple[int, int, int, str, str]:
    busiest_feed = max(feeds[feed] for feed in server.feeds)
    return racks[server.rack], -len(set(server.feeds)), busiest_feed, server.rack, server.serial
