"""What every feed and unit of a hall hangs on as time goes by: transfer switches, batteries, generators.

Whatever has parents hangs on the first of them that has power to give. A UPS without such a parent gives
from its battery, which is full again once it hangs on a utility. A generator is started when something that
names it has no parent before it that gives power; its tank is full again once nobody needs it. One that
something hangs on with nothing lost supplies the hall anyway: it runs always, and is refuelled.

Batteries and tanks last their minutes whatever the load is. Told the time, and keeps none.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from argosy.site_facts.graph import PowerGraph, PowerNode

Way = tuple[str, ...]
"""From a feed or unit up to what supplies it; empty if nothing does."""

Status = Literal["rests", "starts", "gives", "empty"]


@dataclass
class SourceState:
    """What is left of a battery or a tank, and since when it is used."""

    left_seconds: float
    """At `since`, or now while nobody uses it."""
    since: float | None = None
    """When a battery began to give power, or a generator was started; None: it does not."""


class PowerSources:
    """Which way power comes to every feed and unit of one hall."""

    def __init__(self, graph: PowerGraph) -> None:
        self._nodes, self._downwards = graph.nodes, graph.downwards
        self.states = {
            node.name: SourceState((node.minutes or 0) * 60.0)
            for node in self._downwards
            if node.kind in ("ups", "generator")
        }
        """Of every battery and generator, by name."""
        self._batteries = [node for node in self._downwards if node.kind == "ups"]
        self._generators = [node for node in self._downwards if node.kind == "generator"]
        self._needed_by = {one.name: list(_turning_to(one.name, self._nodes)) for one in self._generators}
        self._now = 0.0
        self._off: Collection[str] = ()
        self._supplied_by: dict[str, str | None] = {}
        """What every live feed and unit hangs on; None: it is a source itself."""
        self._always = frozenset[str]()
        self._look()
        in_racks = frozenset[str]().union(*graph.racks.values())
        self._always = frozenset(
            one.name for one in self._generators if one.name in in_racks or self._is_needed(one)
        )
        self._look()

    def resume(self, states: Mapping[str, SourceState]) -> None:
        """Go on with states that were kept, of units that are still there."""
        self.states |= {name: state for name, state in states.items() if name in self.states}

    def settle(self, off: Collection[str], now: float) -> None:
        """Bring in line with what is off from now on, and with what has run out by now (seconds)."""
        self._off, self._now = off, now
        self._look()
        # A generator that comes or goes may change who needs another one.
        for _ in self._generators:
            if not self._start_and_stop():
                break
        for battery in self._batteries:
            self._use(battery)

    def is_live(self, name: str) -> bool:
        """Whether a feed or unit has power to give."""
        return name in self._supplied_by

    def way(self, name: str) -> Way:
        """The way to what supplies a feed or unit now."""
        found: list[str] = []
        above: str | None = name
        while above is not None and above in self._supplied_by:
            found.append(above)
            above = self._supplied_by[above]
        return tuple(found)

    def next_change(self) -> float:
        """When a generator carries or a source runs out, if nothing else happens; infinite: never."""
        return min((at for at in self._changes() if at > self._now), default=math.inf)

    def status(self, name: str) -> Status:
        """What a battery or a generator does."""
        state = self.states[name]
        if state.since is None:
            return "rests" if state.left_seconds > 0 else "empty"
        ready = self._ready(name, state)
        if self._now < ready:
            return "starts"
        return "gives" if self._now < ready + state.left_seconds else "empty"

    def _ready(self, name: str, state: SourceState) -> float:
        return (state.since or 0.0) + (self._nodes[name].start_seconds or 0)

    def _changes(self) -> Iterator[float]:
        for name, state in self.states.items():
            if state.since is not None:
                ready = self._ready(name, state)
                yield from (ready, ready + state.left_seconds)

    def _look(self) -> None:
        """What every feed and unit hangs on now."""
        self._supplied_by.clear()
        for node in self._downwards:
            parents = () if node.kind == "generator" else node.parents
            above = next((name for name in parents if name in self._supplied_by), None)
            if node.name not in self._off and (above is not None or self._gives(node)):
                self._supplied_by[node.name] = above

    def _gives(self, node: PowerNode) -> bool:
        """Whether it is a source that gives power now: a utility, a battery, or a generator that runs."""
        if node.name in self._always or (not node.parents and node.kind != "generator"):
            return True
        state = self.states.get(node.name)
        if state is None:
            return False
        if state.since is None:
            return node.kind == "ups" and state.left_seconds > 0
        ready = self._ready(node.name, state)
        return ready <= self._now < ready + state.left_seconds

    def _start_and_stop(self) -> bool:
        changed = False
        for generator in self._generators:
            state = self.states[generator.name]
            needed = generator.name not in self._off and self._is_needed(generator)
            if needed != (state.since is not None) and generator.name not in self._always:
                state.since = self._now if needed else None
                state.left_seconds = (generator.minutes or 0) * 60.0
                self._look()
                changed = True
        return changed

    def _is_needed(self, generator: PowerNode) -> bool:
        return any(
            name not in self._off and self._supplied_by.keys().isdisjoint(before)
            for name, before in self._needed_by[generator.name]
        )

    def _use(self, battery: PowerNode) -> None:
        """Take note of when a battery begins and ends to give, and of what is left of it."""
        state, way = self.states[battery.name], self.way(battery.name)
        used = way == (battery.name,) and bool(battery.parents)
        if used and state.since is None:
            state.since = self._now
        elif not used and state.since is not None:
            state.left_seconds = max(0.0, state.left_seconds - (self._now - state.since))
            state.since = None
        if way and self._nodes[way[-1]].kind not in ("generator", "ups"):
            state.left_seconds = (battery.minutes or 0) * 60.0


def _turning_to(generator: str, nodes: Mapping[str, PowerNode]) -> Iterator[tuple[str, Way]]:
    """Who may hang on a generator, and the parents to which each turns before."""
    for node in nodes.values():
        if generator in node.parents:
            yield node.name, node.parents[: node.parents.index(generator)]
