"""One hall in time: its machines' steps, what they draw, breakers that trip, things that are switched.

Told the time, and keeps none. Everything that will happen stands in one heap; `advance(now)` carries out what
has become due, in order, so that a breaker which trips at noon takes power from a machine before the step it
would have made a second later. A step costs the logarithm of the number of servers.
"""

from __future__ import annotations

import heapq
import logging
import math
from collections.abc import Callable, Iterable, Sequence

from argosy_metal.simulator.bmc import Bmc
from argosy_metal.simulator.draws import load_of
from argosy_metal.simulator.feeds import FEED, Load, PowerNode
from argosy_metal.simulator.places import RANKS, Installers, Place, Wakes, dues
from argosy_metal.simulator.power_network import PowerNetwork
from argosy_metal.simulator.switches import HallEvent, Switch, SwitchBoard, SwitchError, switch_of
from argosy_metal.simulator.world import PowerRules, SimulatedHall

_UPLINK = "uplink"
_log = logging.getLogger(__name__)


class HallRun:
    """All that happens in one hall. `Simulation` asks it before it looks at a BMC, and tells it after."""

    def __init__(
        self,
        hall: SimulatedHall,
        bmcs: Sequence[Bmc],
        rules: PowerRules,
        board: SwitchBoard,
        swap: Callable[[Bmc, str], Bmc],
    ) -> None:
        self.hall = hall
        self.board = board
        self.changed = False
        """Set with every change of the board; whoever saves it resets it."""
        self.installers = Installers()
        self.power = PowerNetwork(hall, rules.breaker_seconds)
        self._rules = rules
        self._swap = swap
        self._places = [Place(bmc) for bmc in bmcs]
        self._index = {bmc.server.serial: index for index, bmc in enumerate(bmcs)}
        self._nodes = list(self.power.nodes.values())
        self._place_of_node = {node.name: place for place, node in enumerate(self._nodes)}
        self._racks: dict[str, list[int]] = {}
        for index, server in enumerate(hall.servers):
            self._racks.setdefault(server.rack, []).append(index)
        self._uplinks = hall.uplinks or (_UPLINK,)
        self._events: list[HallEvent] = []
        self._wakes = Wakes()
        self._at = 0.0
        """The moment that the hall was brought up to last."""

    def start(self, now: float, events: Iterable[HallEvent]) -> None:
        """Begin, at first or again: with what is off by the board, and with what is to come."""
        self._at = now
        self.power.sources.resume(self.board.sources)
        self.board.sources = self.power.sources.states
        self._set_breakers(self.power.nodes, now)
        for index, place in enumerate(self._places):
            self._watch(index)
            place.powered = self._has_power(index)
            place.bmc_wakes = now if self._bmc_has_power(place) else math.inf
            if not place.powered and place.bmc.machine.state.power != "Off":
                place.bmc.lose_power(bmc_too=False)
            place.was = place.bmc.machine.state.power
            self._look(index, now)
        self._events = [event for event in events if event.at > now or now == 0]
        for index, event in enumerate(self._events):
            self._wakes.push(event.at, "event", index)

    def advance(self, now: float) -> None:
        """Carry out what has become due until `now`."""
        self._at = max(self._at, now)
        heap = self._wakes.heap
        while heap and heap[0][0] <= now:
            at, rank, index = heapq.heappop(heap)
            if rank == RANKS["event"]:
                self._happen(self._events[index], at)
            elif rank == RANKS["sources"]:
                self._power(self._follow(self.power.settle(at)), at)
            elif rank == RANKS["breaker"]:
                self._trip_if_due(self._nodes[index], at)
            else:
                self._places[index].bmc.step(at)
                self._look(index, at)

    def settle(self, serial: str, now: float) -> None:
        """A request has changed this server's machine."""
        self._look(self._index[serial], now)

    def switch(self, switch: Switch, now: float, *, on: bool) -> None:
        """Switch something off, or on again.

        Raises SwitchError if the hall has no such thing.
        """
        self._check(switch)
        if switch.kind == "power":
            self._press(self._index[switch.owner], now, on=on)
            return
        (self.board.off.discard if on else self.board.off.add)(switch)
        self.changed = True
        touched = set(self._touched(switch))
        if switch.kind in ("hall", "feed", "power unit"):
            names = self.power.nodes if switch.kind == "hall" else (switch.part,)
            self.board.tripped -= {name for name in names if on}
            touched.update(self._set_breakers(names, now))
        self._power(sorted(touched), now)

    def swap(self, serial: str, other: str, now: float) -> None:
        """Other hardware takes the place of a server: nothing is installed, and it is off.

        Raises SwitchError if there is no such server.
        """
        if serial not in self._index:
            raise SwitchError(f"there is no server {serial!r} in hall {self.hall.name}")
        index = self._index.pop(serial)
        place = self._places[index]
        place.bmc = self._swap(place.bmc, other)
        self._watch(index)
        place.was = "Off"
        self._index[other] = index
        self.board.swapped[self.hall.servers[index].serial] = other
        self.changed = True
        self._look(index, now)

    def reaches_hall(self) -> bool:
        """Whether anybody outside reaches the hall: an uplink lives."""
        return any(Switch("uplink", self.hall.name, name) not in self.board.off for name in self._uplinks)

    def reaches_services(self) -> bool:
        """Whether anybody outside reaches the provisioning service, which needs power as well."""
        dark = Switch("hall", self.hall.name) in self.board.off
        return self.reaches_hall() and not dark and self.power.is_live()

    def reaches_bmc(self, serial: str, now: float) -> bool:
        """Whether anybody outside reaches this BMC: it stands there, is awake, and an uplink lives."""
        if not self.board.off and not self.board.tripped:
            return self._places[self._index[serial]].bmc_wakes <= now
        taken_out = Switch("server", serial) in self.board.off
        awake = self._places[self._index[serial]].bmc_wakes <= now
        return awake and not taken_out and self.reaches_hall()

    def has_power(self, serial: str) -> bool:
        """Whether the server has power."""
        return self._places[self._index[serial]].powered

    def shown(self) -> dict[str, object]:
        """For the control service."""
        nodes = sorted(self._nodes, key=lambda node: node.name)
        return {
            "name": self.hall.name,
            "feeds": {node.name: node.shown() for node in nodes if node.kind == FEED},
            "units": {node.name: node.shown() for node in nodes if node.kind != FEED},
            "reachable": self.reaches_hall(),
            "cut": [str(switch) for switch in sorted(self.board.off)],
            "tripped": sorted(self.board.tripped),
            "installing": self.installers.now,
            "peak_installing": self.installers.peak,
        }

    def reset_peaks(self) -> None:
        """Measure from now on."""
        self.power.reset_peaks()
        self.installers.peak = self.installers.now

    def _watch(self, index: int) -> None:
        """Have the BMC at this place ask the hall for the time, and tell it of changes."""
        bmc = self._places[index].bmc
        bmc.catch_up = self.advance
        bmc.tell_changed = lambda: self._look(index, self._at)

    def _happen(self, event: HallEvent, at: float) -> None:
        try:
            if event.swap is not None:
                self.swap(event.swap, event.serial, at)
            else:
                self.switch(switch_of(event), at, on=event.cut is None)
        except SwitchError as error:
            # Somebody was quicker by hand; what was to happen cannot any more.
            _log.warning("%s: at %g s: %s", self.hall.name, at, error)

    def _check(self, switch: Switch) -> None:
        known = {
            "hall": (self.hall.name,),
            "feed": [node.name for node in self._nodes if node.kind == FEED],
            "power unit": [node.name for node in self._nodes if node.kind != FEED],
            "rack": self._racks,
            "uplink": self._uplinks,
        }.get(switch.kind, self._index)
        if (switch.part or switch.owner) not in known:
            raise SwitchError(
                f"there is no {switch.kind} {(switch.part or switch.owner)!r} in {self.hall.name}"
            )

    def _touched(self, switch: Switch) -> Iterable[int]:
        """Servers that lose their power whatever they hang on."""
        if switch.kind in ("uplink", "feed", "power unit"):
            return ()
        if switch.kind in ("cable", "server"):
            return (self._index[switch.owner],)
        return self._racks[switch.part] if switch.kind == "rack" else range(len(self._places))

    def _set_breakers(self, names: Iterable[str], now: float) -> Iterable[int]:
        """Have all of these at once as the board has them. Returns the servers that this may touch."""
        closed = {name: self.board.is_closed(self.hall.name, name) for name in names}
        return self._follow(self.power.switch(closed, now))

    def _follow(self, servers: Iterable[int]) -> Iterable[int]:
        """Loads have gone elsewhere: look out for what this overloads, and for what runs out."""
        self.changed = True
        self._watch_breakers(self._nodes)
        at = self.power.sources.next_change()
        if at < math.inf:
            self._wakes.push(at, "sources", 0)
        return servers

    def _trip_if_due(self, node: PowerNode, at: float) -> None:
        due = self.power.trips_at(node)
        if not node.closed or due is None or due > at:
            return
        node.trips += 1
        self.board.tripped.add(node.name)
        self._power(self._set_breakers((node.name,), at), at)

    def _power(self, servers: Iterable[int], now: float) -> None:
        """Take power from those that have none any more, and give it back to those that have it again."""
        for index in servers:
            place, powered = self._places[index], self._has_power(index)
            if powered == place.powered:
                continue
            place.powered = powered
            wakes = now + self._rules.bmc_boot_seconds
            if not self.hall.bmc_has_own_supply:
                place.bmc_wakes = wakes if powered else math.inf
            if powered:
                place.bmc.machine.regain_power(now if self.hall.bmc_has_own_supply else wakes)
            else:
                place.bmc.lose_power(bmc_too=not self.hall.bmc_has_own_supply)
            self._look(index, now)

    def _press(self, index: int, now: float, *, on: bool) -> None:
        place = self._places[index]
        if place.powered:
            place.bmc.machine.press_button(on=on, now=now)
            self._look(index, now)

    def _has_power(self, index: int) -> bool:
        bmc, rack = self._places[index].bmc, self.hall.servers[index].rack
        is_dark = self.board.is_dark(self.hall.name, rack, bmc.server.serial)
        return not is_dark and self.power.has_power(index, bmc.limit_watts())

    def _bmc_has_power(self, place: Place) -> bool:
        return place.powered or self.hall.bmc_has_own_supply

    def _look(self, index: int, now: float) -> None:
        """Bring in line with a machine what it draws, who installs, and when it is to be looked at again."""
        place = self._places[index]
        state = place.bmc.machine.state
        place.bmc_wakes = max(place.bmc_wakes, state.firmware.bmc_away_until)
        if state.power == "PoweringOn" and place.was != "PoweringOn":
            place.inrush_until = now + self._rules.inrush_seconds
        place.was = state.power
        if (state.installing is not None) != place.installing:
            place.installing = not place.installing
            self.installers.change(1 if place.installing else -1)
        server = self.hall.servers[index]
        if server.max_watts:
            load = self._load(place, server.max_watts, now)
            place.bmc.drawn_milliwatts = load.steady + load.inrush
            self._watch_breakers(self.power.draw(index, load, now))
        due = min(dues(place, now), default=math.inf)
        if due != place.due:
            place.due = due
            if due < math.inf:
                self._wakes.push(due, "server", index)

    def _load(self, place: Place, max_watts: int, now: float) -> Load:
        if not place.powered:
            return Load()
        return load_of(
            place.bmc.machine.state,
            max_watts,
            self._rules,
            starting=now < place.inrush_until,
            limit_watts=place.bmc.limit_watts(),
        )

    def _watch_breakers(self, nodes: Iterable[PowerNode]) -> None:
        for node in nodes:
            at = self.power.trips_at(node)
            if at is not None and node.watched != at:
                node.watched = at
                self._wakes.push(at, "breaker", self._place_of_node[node.name])
