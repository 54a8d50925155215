"""Whether the uplinks of a hall fail apart from each other, and whether those left carry what must flow."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING

from argosy.site_facts.defaults import default
from argosy.site_facts.uplinks import (
    Link,
    excesses,
    has_two_apart,
    oob_apart_from_data,
    round_trip_ms,
)
from argosy.spec.hints import nearest
from argosy.spec.models import HallSpec
from argosy.spec.power import links_of
from argosy.spec.stock import most_nodes
from argosy.spec.words import counted

if TYPE_CHECKING:
    from argosy.errors import Fault
    from argosy.site_facts.uplinks import Excess
    from argosy.spec.loader import LoadedFleet


def check_uplinks(fleet: LoadedFleet, site: str, hall: HallSpec) -> Iterator[Fault]:
    """Faults of the uplinks of one hall."""
    links, at = links_of(hall), f"sites.{site}.uplinks"
    for place, link in enumerate(hall.uplinks):
        for index, usage in enumerate(link.usage):
            if usage in link.usage[:index]:
                yield fleet.fault(
                    f"{at}[{place}].usage[{index}]",
                    given=f"{usage} a second time",
                    expected="each usage once",
                    fix="delete it",
                )
    if not has_two_apart(links):
        yield fleet.fault(
            at,
            given=f"{_each(links)}",
            expected="two uplinks that share no carrier, entry or conduit, or one dig cuts the hall off",
            fix="add one of another carrier, by another conduit and entry",
        )
    else:
        yield from _check_oob(fleet, at, links)
        yield from _check_mbps(fleet, at, site, hall, links)
    yield from _check_control_plane(fleet, site, hall)


def _each(links: tuple[Link, ...]) -> str:
    if len(links) == 1:
        return f"one uplink, {links[0].name}"
    shared = sorted(
        {what for one in links for other in links if one is not other for what in one.shares_with(other)}
    )
    return f"{len(links)} uplinks, each of which shares its {' or '.join(shared)} with every other"


def _check_oob(fleet: LoadedFleet, at: str, links: tuple[Link, ...]) -> Iterator[Fault]:
    # Where nobody says what a link is for, nothing can be said of what it takes along.
    if any(link.usage for link in links) and not oob_apart_from_data(links):
        yield fleet.fault(
            at,
            given="no out-of-band uplink that the loss of every data uplink would leave",
            expected="one with `oob` and without `data`, of another carrier, entry and conduit than theirs",
            fix="give one that is apart `usage: [control, oob]`, and the others `usage: [data, control]`",
        )


def _check_mbps(
    fleet: LoadedFleet, at: str, site: str, hall: HallSpec, links: tuple[Link, ...]
) -> Iterator[Fault]:
    control, oob = needed_mbps(fleet, site, hall)
    for excess in excesses(links, control, oob):
        yield fleet.fault(
            at,
            given=_too_little(excess),
            expected=f"{_mbps(control)} of control plane ({counted(most_nodes(fleet, site), 'node')}) and "
            f"{_mbps(oob)} of out-of-band ({counted(len(fleet.inventories[site].servers), 'server')})",
            fix="widen what is left, let another uplink carry it, or state what you measured in `traffic`",
        )


def needed_mbps(fleet: LoadedFleet, site: str, hall: HallSpec) -> tuple[Fraction, Fraction]:
    """What control plane and BMCs of a hall send out of it at the most, in Mbit/s."""
    traffic = hall.traffic
    per_node, per_server = traffic.control_mbps_per_node, traffic.oob_mbps_per_server
    control = default("control_mbps_per_node") if per_node is None else Fraction(per_node)
    oob = default("oob_mbps_per_server") if per_server is None else Fraction(per_server)
    return control * most_nodes(fleet, site), oob * len(fleet.inventories[site].servers)


def _too_little(excess: Excess) -> str:
    left = f"{excess.left_mbps:,} Mbit/s" if excess.left_mbps else "nothing"
    return f"{left} for {excess.traffic} once {excess.lost} is lost"


def _mbps(mbps: Fraction) -> str:
    return f"{float(mbps):,g} Mbit/s"


def _check_control_plane(fleet: LoadedFleet, site: str, hall: HallSpec) -> Iterator[Fault]:
    at = f"sites.{site}.shares_control_plane_with"
    halls = {
        name: other
        for name, other in fleet.spec.sites.items()
        if isinstance(other, HallSpec) and name != site
    }
    most = default("etcd_round_trip_ms")
    for index, name in enumerate(hall.shares_control_plane_with):
        if name not in halls:
            close = nearest(name, halls)
            yield fleet.fault(
                f"{at}[{index}]",
                given=f"{name!r}, which is no other hall of this fleet",
                expected=f"another hall: {', '.join(sorted(halls)) or 'there is none'}",
                fix=f"did you mean {close}?" if close else "delete it",
            )
            continue
        trip = round_trip_ms(links_of(hall)) + round_trip_ms(links_of(halls[name]))
        if trip > most:
            yield fleet.fault(
                f"{at}[{index}]",
                given=f"a control plane over {name}, whose members would be {trip} ms apart at the worst",
                expected=f"at most {int(most)} ms, or etcd goes on electing leaders",
                fix="give each hall a control plane of its own, or keep `control` off the slow uplinks",
            )
