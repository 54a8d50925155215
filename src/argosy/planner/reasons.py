"""Why nodes that stand where nothing struck do not count: power, uplinks, and capacity that may never come.

A lost site, rack or zone explains itself by the scenario's name; only what follows from a loss is said here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from fractions import Fraction

from argosy.planner.contingencies import Loss
from argosy.planner.effects import Survivors, survivors
from argosy.planner.estate import Estate, Hall, HeldPool
from argosy.spec.words import counted


def reasons(loss: Loss, estate: Estate, eligible: Set[str], role: str) -> Iterator[str]:
    """One clause per site, sorted, whose nodes in `eligible` pools do not all count for that role."""
    left = survivors(loss, estate)
    for site in estate.pools_of_site:
        pools = [pool for pool in estate.pools_of_site[site] if pool.id in eligible]
        if not pools or site in loss.sites:
            continue
        if site not in estate.halls:
            yield from (_of_flex(pool) for pool in pools if pool.capacity_type == "flex")
        elif why := _of_uplinks(loss, site, estate.halls[site], role) or _of_power(
            loss, site, estate, pools, left
        ):
            yield f"{site}: {why}"


def unpowered(estate: Estate) -> Iterator[tuple[HeldPool, str]]:
    """Every pool of a hall whose feeds do not carry all its nodes with nothing lost, and why."""
    left = survivors(Loss(), estate)
    for pool in estate.pools:
        hall_power = pool.site in estate.halls and _of_power(Loss(), pool.site, estate, [pool], left)
        if hall_power:
            yield pool, hall_power


def _of_flex(pool: HeldPool) -> str:
    return f"{pool.id}: capacity of type flex counts in no scenario"


def _of_uplinks(loss: Loss, site: str, hall: Hall, role: str) -> str | None:
    links = [link for link in hall.uplinks if (site, link.name) not in loss.uplinks]
    if not links:
        return "no uplink is left"
    if role == "inference" and not any(link.interactive for link in links):
        return "only satellites are left as uplinks, over which nobody can be served"
    return None


def _of_power(
    loss: Loss, site: str, estate: Estate, pools: Sequence[HeldPool], left: Survivors
) -> str | None:
    hall = estate.halls[site]
    live = {feed: watts for feed, watts in sorted(hall.feed_watts.items()) if (site, feed) not in loss.feeds}
    standing = [server for pool in pools for server in pool.servers if (site, server.rack) not in loss.racks]
    powered = sum(left.up[pool.id] for pool in pools)
    if powered == len(standing):
        return None
    have = f"{powered} of {counted(len(standing), 'node')} {'has' if len(standing) == 1 else 'have'} power"
    if powered == sum(not live.keys().isdisjoint(server.feeds) for server in standing):
        return f"{have}: nothing else is on a live feed"
    rated = " and ".join(f"{_kw(watts)} rated on feed {feed}" for feed, watts in live.items())
    each = _kw(max(server.watts for server in standing) * hall.pue)
    others = sum(left.up[pool.id] for pool in estate.pools_of_site[site]) - powered
    beside = f", beside {counted(others, 'node')} of other pools" if others else ""
    # A node that draws from two feeds is kept off by the weaker one, however strong the other is.
    split = ", shared evenly by its feeds" if len(live) > 1 else ""
    return f"{have}: {rated}, {each} needed per node with cooling{split}{beside}"


def _kw(watts: int | Fraction) -> str:
    """Kilowatts with one decimal, or whole."""
    kw, tenth = divmod(round(Fraction(watts, 100)), 10)
    return f"{kw}.{tenth} kW" if tenth else f"{kw} kW"
