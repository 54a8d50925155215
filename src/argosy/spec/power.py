"""From the words of a fleet file to the graph of a hall's power and to its links."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from argosy.site_facts.defaults import default, derate_of
from argosy.site_facts.graph import FEED, PowerGraph, PowerNode
from argosy.site_facts.uplinks import Link

if TYPE_CHECKING:
    from argosy.spec.hall import FeedSpec, PowerUnitSpec
    from argosy.spec.models import HallSpec


def power_graph(hall: HallSpec) -> PowerGraph:
    """The feeds and units of a hall. Its names must have been checked (`argosy.spec.power_checks`)."""
    nodes = [*map(_of_feed, hall.power.feeds), *map(_of_unit, hall.power.units)]
    return PowerGraph({node.name: node for node in nodes}, hall.power.racks, Fraction(hall.power.pue))


def _of_feed(feed: FeedSpec) -> PowerNode:
    watts = feed.rated_kw * 1000
    return PowerNode(feed.name, FEED, watts, watts, feed.parents)


def _of_unit(unit: PowerUnitSpec) -> PowerNode:
    watts = Fraction(unit.rated_kw) * 1000
    return PowerNode(
        unit.name,
        unit.kind,
        int(watts),
        int(watts * derating(unit)),
        unit.parents,
        unit.minutes,
        unit.start_seconds,
    )


def derating(unit: PowerUnitSpec) -> Fraction:
    """Share of its rating that the unit may carry continuously."""
    return derate_of(unit.kind) if unit.derate is None else Fraction(unit.derate)


def node_path(site: str, hall: HallSpec, name: str) -> str:
    """Where the fleet file has a feed or unit."""
    for place, feed in enumerate(hall.power.feeds):
        if feed.name == name:
            return f"sites.{site}.power.feeds[{place}]"
    place = next(place for place, unit in enumerate(hall.power.units) if unit.name == name)
    return f"sites.{site}.power.units[{place}]"


def inrush_of(hall: HallSpec) -> Fraction:
    """How many times its most a server of the hall draws when it starts."""
    stated = hall.power.start_up.inrush
    return default("inrush") if stated is None else Fraction(stated)


def links_of(hall: HallSpec) -> tuple[Link, ...]:
    """The uplinks of a hall."""
    return tuple(
        Link(
            link.name,
            link.mbps,
            link.rtt_ms,
            link.carrier,
            link.conduit,
            link.entry,
            link.metered,
            link.usage,
        )
        for link in hall.uplinks
    )
