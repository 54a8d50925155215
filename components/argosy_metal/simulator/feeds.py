"""The feeds of one hall: what each carries, its breaker, and its peaks. Pure: it is told the time.

Loads are whole milliwatts, so that what is added can be taken away again without a rest.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from argosy_metal.simulator.world import SimulatedHall


@dataclass(frozen=True)
class Load:
    """What one server draws from all its feeds together, in milliwatts."""

    steady: int = 0
    """Without the moment of start-up."""
    inrush: int = 0
    """What start-up adds right now."""


@dataclass
class Feed:
    """One feed, alive or dead."""

    name: str
    rated: int | None
    """Milliwatts; None: no breaker."""
    alive: bool = True
    steady: int = 0
    total: int = 0
    peak_steady: int = 0
    peak_total: int = 0
    over_since: float | None = None
    """Since when more than the rating is carried."""
    watched: float | None = None
    """The moment of a trip that is already expected."""
    trips: int = 0
    servers: set[int] = field(default_factory=set[int])

    def shown(self) -> dict[str, object]:
        """Watts, for the control service."""
        return {
            "alive": self.alive,
            "rated_watts": None if self.rated is None else self.rated // 1000,
            "watts": self.total / 1000,
            "peak_watts": self.peak_total / 1000,
            "peak_steady_watts": self.peak_steady / 1000,
            "trips": self.trips,
        }


class Feeds:
    """All feeds of one hall. Servers are known by their index in it."""

    def __init__(self, hall: SimulatedHall, breaker_seconds: float) -> None:
        self._breaker_seconds = breaker_seconds
        self._pue = hall.pue
        self.by_name = {feed.name: Feed(feed.name, feed.rated_watts * 1000) for feed in hall.feeds}
        self._of_server: list[tuple[Feed, ...]] = []
        self._loads = [Load()] * len(hall.servers)
        self._drawn: list[tuple[tuple[Feed, Load], ...]] = [()] * len(hall.servers)
        for index, server in enumerate(hall.servers):
            feeds = tuple(self.by_name.setdefault(name, Feed(name, None)) for name in server.feeds)
            self._of_server.append(feeds)
            for feed in feeds:
                feed.servers.add(index)

    def has_power(self, server: int) -> bool:
        """Whether any of the server's feeds lives; a server without feeds never lacks power."""
        feeds = self._of_server[server]
        return not feeds or any(feed.alive for feed in feeds)

    def draw(self, server: int, load: Load, now: float) -> None:
        """From `now` on the server draws this, shared equally by its feeds that live."""
        if load != self._loads[server]:
            self._loads[server] = load
            self._share(server, now)

    def set_alive(self, name: str, now: float, *, alive: bool) -> Iterable[int]:
        """Switch one feed; its load goes over to the others, or comes back. Returns its servers, in order."""
        feed = self.by_name[name]
        feed.alive = alive
        servers = sorted(feed.servers)
        for server in servers:
            self._share(server, now)
        return servers

    def trips_at(self, feed: Feed) -> float | None:
        """When the feed's breaker trips if nothing changes; None: never."""
        return None if feed.over_since is None else feed.over_since + self._breaker_seconds

    def reset_peaks(self) -> None:
        """Measure from now on."""
        for feed in self.by_name.values():
            feed.peak_steady, feed.peak_total = feed.steady, feed.total

    def _share(self, server: int, now: float) -> None:
        before = self._drawn[server]
        living = [feed for feed in self._of_server[server] if feed.alive]
        load = self._loads[server]
        share = Load(*(_part(value, self._pue, len(living)) for value in (load.steady, load.inrush)))
        self._drawn[server] = tuple((feed, share) for feed in living)
        for feed, was in before:
            _add(feed, -was.steady, -was.inrush)
        for feed in living:
            _add(feed, share.steady, share.inrush)
        for feed in self._of_server[server]:
            _watch(feed, now)


def _part(value: int, pue: float, feeds: int) -> int:
    return math.ceil(value * pue / feeds) if feeds else 0


def _add(feed: Feed, steady: int, inrush: int) -> None:
    feed.steady += steady
    feed.total += steady + inrush


def _watch(feed: Feed, now: float) -> None:
    feed.peak_steady = max(feed.peak_steady, feed.steady)
    feed.peak_total = max(feed.peak_total, feed.total)
    if feed.rated is None or feed.total <= feed.rated:
        feed.over_since = None
    elif feed.over_since is None:
        feed.over_since = now
