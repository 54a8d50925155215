"""Whether the machines of a hall can read their image in the time that the fleet file gives them."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING

from argosy.site_facts.defaults import default
from argosy.site_facts.install import in_hours, install_budget, install_seconds
from argosy.site_facts.uplinks import image_mbps
from argosy.spec.power import links_of
from argosy.spec.stock import most_nodes
from argosy.spec.words import counted

if TYPE_CHECKING:
    from argosy.errors import Fault
    from argosy.spec.loader import LoadedFleet
    from argosy.spec.models import HallSpec

_COLD_MINUTES = 240
"""When cold nodes begin to count after a loss."""


def check_install(fleet: LoadedFleet, site: str, hall: HallSpec) -> Iterator[Fault]:
    """Faults of the time that a hall's machines take to read their image, where a time is asked for."""
    for minutes, nodes, asked_by in _deadlines(fleet, site, hall):
        size = largest_gib(hall)
        if size is None:
            if hall.reinstall_within_minutes is not None:
                yield _without_size(fleet, site, hall)
            return
        mbps = read_mbps(hall)
        seconds = install_seconds(size, nodes, mbps)
        if seconds is None or seconds > minutes * 60:
            yield _too_slow(fleet, site, hall, _taken(size, nodes, mbps, seconds, hall), asked_by)


def _deadlines(fleet: LoadedFleet, site: str, hall: HallSpec) -> Iterator[tuple[int, int, str]]:
    if hall.reinstall_within_minutes is not None:
        minutes = hall.reinstall_within_minutes
        yield minutes, most_nodes(fleet, site), f"{minutes} min, as `reinstall_within_minutes` says"
    cold = most_nodes(fleet, site, "cold")
    if cold and any(line.within == "4h" for line in fleet.spec.survive):
        yield _COLD_MINUTES, cold, "4 h, when cold nodes must count (`within: 4h`)"


def largest_gib(hall: HallSpec) -> Fraction | None:
    """Size of the largest image of the hall's pools, in GiB; None while nobody states one."""
    sizes = [pool.image.size_gib for pool in hall.node_pools.values() if pool.image and pool.image.size_gib]
    return Fraction(max(sizes)) if sizes else None


def read_mbps(hall: HallSpec) -> int:
    """What machines read their image with, in Mbit/s: the hall's cache, or else its uplinks at the worst."""
    return hall.image_cache.mbps if hall.image_cache else image_mbps(links_of(hall))


def machines_reading_at_once(hall: HallSpec, within_minutes: float | None = None) -> int | None:
    """The hall's install budget: machines that may read at once so that each has its image in time.

    `within_minutes` is the time that one installation has; left out: a default. None while nobody states the
    size of an image; 1 at the least, since less would install nothing.
    """
    size = largest_gib(hall)
    if size is None:
        return None
    minutes = default("read_within_minutes") if within_minutes is None else Fraction(within_minutes)
    return max(1, install_budget(size, read_mbps(hall), int(minutes * 60)))


def _without_size(fleet: LoadedFleet, site: str, hall: HallSpec) -> Fault:
    return fleet.fault(
        f"sites.{site}.reinstall_within_minutes",
        given=f"{hall.reinstall_within_minutes} min for images of a size that nobody states",
        expected="`size_gib` of the pools' images, from which the time follows",
        fix="add e.g. `size_gib: 30` to each image",
    )


def _taken(size: Fraction, nodes: int, mbps: int, seconds: Fraction | None, hall: HallSpec) -> str:
    what = f"{float(size):g} GiB for {counted(nodes, 'node')}"
    if seconds is None:
        return f"{what}, and no unmetered data uplink at the worst to read them over"
    over = "from the image cache" if hall.image_cache else "over the uplinks left at the worst"
    return f"{in_hours(seconds)} for {what} at {mbps:,} Mbit/s {over}"


def _too_slow(fleet: LoadedFleet, site: str, hall: HallSpec, given: str, asked_by: str) -> Fault:
    cached = hall.image_cache is not None
    return fleet.fault(
        f"sites.{site}." + ("image_cache.mbps" if cached else "reinstall_within_minutes"),
        given=given,
        expected=f"at most {asked_by}",
        fix="widen the cache, or allow more time"
        if cached
        else "add an image cache, `image_cache: {mbps: …}`",
    )
