"""What is left of each pool in a scenario, in whole nodes.

| loss | effect |
|---|---|
| site, provider | none of its nodes is left |
| zone | the nodes in that zone are gone |
| rack | the servers in that rack are gone |
| feed | a server with no other feed is gone; the others stay as far as the live feeds carry them |
| uplink | a hall with satellites only drops out of inference; one with no uplink at all counts as lost |
| spot | no spot node is left |

Market capacity that is not running never counts: nodes of type `flex` count in no scenario.

Power. A server's draw, times the hall's PUE, is shared evenly by its live feeds. Servers are switched on one
after another (pools that serve inference, then pools that can host a protected job, then the others; pools by
id, servers by slot), and one that would overload a live feed stays off. A smarter choice may keep
more, but what is promised here can be kept. The same rule holds with nothing lost.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import lcm

from argosy.planner.contingencies import Loss
from argosy.planner.estate import Estate, Hall, HeldPool, HeldServer


@dataclass(frozen=True)
class Survivors:
    """What is left in one scenario."""

    up: Mapping[str, int]
    """Every pool to its nodes that are up and held."""
    satellite_only: frozenset[str]
    """Halls that people cannot be served from, since only satellites are left."""

    def usable(self, pool: HeldPool, role: str) -> int:
        """Nodes of the pool that count for workloads of that role."""
        if role != pool.role or (role == "inference" and pool.site in self.satellite_only):
            return 0
        return self.up[pool.id]


def survivors(loss: Loss, estate: Estate) -> Survivors:
    """What is left of every pool once `loss` has struck."""
    up: dict[str, int] = {}
    satellite_only: set[str] = set()
    for site, pools in estate.pools_of_site.items():
        hall = estate.halls.get(site)
        if site in loss.sites:
            up |= {pool.id: 0 for pool in pools}
        elif hall is None:
            up |= {pool.id: _cloud_nodes(pool, loss) for pool in pools}
        else:
            links = [link for link in hall.uplinks if (site, link.name) not in loss.uplinks]
            up |= _hall_nodes(pools, hall, site, loss) if links else {pool.id: 0 for pool in pools}
            if not any(link.interactive for link in links):
                satellite_only.add(site)
    return Survivors(up, frozenset(satellite_only))


def _cloud_nodes(pool: HeldPool, loss: Loss) -> int:
    if pool.capacity_type == "flex" or (loss.spot and pool.capacity_type == "spot"):
        return 0
    return pool.nodes - sum(
        nodes for zone, nodes in pool.by_zone.items() if (pool.provider, zone) in loss.zones
    )


def _hall_nodes(pools: tuple[HeldPool, ...], hall: Hall, site: str, loss: Loss) -> dict[str, int]:
    live_feeds = {feed: watts for feed, watts in hall.feed_watts.items() if (site, feed) not in loss.feeds}
    load = _FeedLoad(live_feeds, hall)
    up = {pool.id: 0 for pool in pools}
    for pool, server in _in_order_of_power(pools):
        if (site, server.rack) not in loss.racks and load.carries(server):
            up[pool.id] += 1
    return up


def _in_order_of_power(pools: tuple[HeldPool, ...]) -> Iterator[tuple[HeldPool, HeldServer]]:
    for pool in sorted(pools, key=lambda p: (p.role != "inference", not p.hosts_protected, p.id)):
        for server in pool.servers:
            yield pool, server


class _FeedLoad:
    """Load on each live feed, in whole units that are fine enough for every even split and the PUE."""

    def __init__(self, live_feeds: Mapping[str, int], hall: Hall) -> None:
        self._unit = lcm(*range(1, len(hall.feed_watts) + 1))
        self._pue = hall.pue.numerator
        self._room = {feed: watts * self._unit * hall.pue.denominator for feed, watts in live_feeds.items()}

    def carries(self, server: HeldServer) -> bool:
        """Whether the live feeds take the server too; if so, it is on from here."""
        feeds = [feed for feed in server.feeds if feed in self._room]
        if not feeds:
            return False
        each = server.watts * self._unit * self._pue // len(feeds)
        if any(self._room[feed] < each for feed in feeds):
            return False
        for feed in feeds:
            self._room[feed] -= each
        return True
