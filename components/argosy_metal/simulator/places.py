"""A server's place in its hall, and what is going to happen to whom."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from argosy_metal.simulator.bmc import Bmc

WakeKind = Literal["event", "sources", "breaker", "server"]
RANKS: Mapping[WakeKind, int] = {"event": 0, "sources": 1, "breaker": 2, "server": 3}
"""What goes first of that which happens at one time."""


@dataclass
class Place:
    """One server's place in the hall."""

    bmc: Bmc
    powered: bool = True
    bmc_wakes: float = 0.0
    """When its BMC answers; infinite while that has no power."""
    was: str = "Off"
    """Its power state when it was last looked at."""
    inrush_until: float = -math.inf
    due: float = math.inf
    """When it is looked at again."""
    installing: bool = False


@dataclass
class Installers:
    """Machines that install at once, and so read from the hall's image cache."""

    now: int = 0
    peak: int = 0

    def change(self, difference: int) -> None:
        """More, or fewer."""
        self.now += difference
        self.peak = max(self.peak, self.now)


@dataclass
class Wakes:
    """What will happen: time, rank, index. What was overtaken stays in, and does no harm."""

    heap: list[tuple[float, int, int]] = field(default_factory=list[tuple[float, int, int]])

    def push(self, at: float, kind: WakeKind, index: int) -> None:
        """Look at an event, at batteries and generators, a breaker or a server at this time."""
        heapq.heappush(self.heap, (at, RANKS[kind], index))


def dues(place: Place, now: float) -> Iterator[float]:
    """When something happens to a server by itself."""
    state = place.bmc.machine.state
    if state.pending is not None:
        yield state.pending.at
    slow = [erasing.ends for erasing in state.parts.erasing.values()]
    if state.firmware.running is not None:
        slow.append(state.firmware.running.ends)
    # What is over by now has been carried out, or never will be.
    yield from (at for at in (*slow, place.inrush_until) if at > now)
