"""Bind bare-metal slots to servers, as a package lock binds names to versions.

A slot keeps its server as long as that server exists and fits. Empty slots are filled so that a pool's
servers spread over racks, then over feeds; servers with more feeds go first, ties go by rack and serial.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from argosy.planner.models import PoolPlan
from argosy.spec.inventory import InventorySpec, ServerSpec


@dataclass(frozen=True)
class PoolWish:
    """What one pool of a hall asks for."""

    id: str
    server_type: str
    nodes: int
    spares: int


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
    for wish in ordered:
        held = previous.get(wish.id)
        if held is not None:
            binding.keep(wish, "slot", wish.nodes, held.slots)
            binding.keep(wish, "spare", wish.spares, held.spares)
    for wish in ordered:
        binding.fill(wish, "slot", wish.nodes)
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
            if serial in self._free and self._type_of[serial] == wish.server_type:
                slots[slot] = serial
                self._free.remove(serial)

    def fill(self, wish: PoolWish, kind: str, count: int) -> None:
        slots = self._bound.setdefault((wish.id, kind), {})
        for slot in slot_names(kind, count):
            if slot not in slots and (server := self._next_server(wish)):
                slots[slot] = server.serial
                self._free.remove(server.serial)

    def _next_server(self, wish: PoolWish) -> ServerSpec | None:
        racks: Counter[str] = Counter()
        feeds: Counter[str] = Counter()
        for kind in ("slot", "spare"):
            for serial in self._bound.get((wish.id, kind), {}).values():
                racks[self._servers[serial].rack] += 1
                feeds.update(self._servers[serial].feeds)
        candidates = (
            self._servers[serial] for serial in self._free if self._type_of[serial] == wish.server_type
        )
        return min(candidates, default=None, key=lambda server: _order(server, racks, feeds))


def _order(server: ServerSpec, racks: Counter[str], feeds: Counter[str]) -> tuple[int, int, int, str, str]:
    busiest_feed = max(feeds[feed] for feed in server.feeds)
    return racks[server.rack], -len(set(server.feeds)), busiest_feed, server.rack, server.serial
