"""What the feeds, units and racks of a hall must agree on: names, and that power comes everywhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from argosy.site_facts.autonomy import autonomy_minutes, gaps
from argosy.site_facts.graph import circle
from argosy.spec.hints import nearest
from argosy.spec.power import node_path, power_graph
from argosy.spec.power_bounds import check_breadth, check_levels
from argosy.spec.words import counted

if TYPE_CHECKING:
    from argosy.errors import Fault
    from argosy.spec.hall import PowerUnitSpec
    from argosy.spec.inventory import InventorySpec
    from argosy.spec.loader import LoadedFleet
    from argosy.spec.models import HallSpec

_MOST_NAMED, _MOST_CHOICES = 6, 20


def check_power(fleet: LoadedFleet, site: str, hall: HallSpec, inventory: InventorySpec) -> Iterator[Fault]:
    """Faults of what a hall says of its power; those of the whole graph come once its names are right."""
    names = [
        *check_breadth(fleet, site, hall),
        *_check_parents(fleet, site, hall),
        *_check_racks(fleet, site, hall, inventory),
    ]
    yield from names
    for place, unit in enumerate(hall.power.units):
        yield from _check_times(fleet, f"sites.{site}.power.units[{place}]", unit)
    if names:
        return
    found = list(_check_circle(fleet, site, hall)) or list(check_levels(fleet, site, hall))
    yield from found
    if not found:
        yield from _check_servers(fleet, site, hall, inventory)
        yield from _check_autonomy(fleet, site, hall, inventory)


def _names(hall: HallSpec) -> Mapping[str, None]:
    return dict.fromkeys(node.name for node in (*hall.power.feeds, *hall.power.units))


def _check_parents(fleet: LoadedFleet, site: str, hall: HallSpec) -> Iterator[Fault]:
    names, at = _names(hall), f"sites.{site}.power"
    for kind, nodes in (("feeds", hall.power.feeds), ("units", hall.power.units)):
        for place, node in enumerate(nodes):
            where = f"{at}.{kind}[{place}].parents"
            yield from _check_known(fleet, where, node.parents, names, f"what {node.name} hangs on")


def _check_known(
    fleet: LoadedFleet, at: str, given: Sequence[str], names: Mapping[str, None], what: str
) -> Iterator[Fault]:
    for index, name in enumerate(given):
        if name not in names:
            close = nearest(name, names)
            yield fleet.fault(
                f"{at}[{index}]",
                given=f"{name!r}, which is no feed or unit of the hall",
                expected=f"{what}: {_few(sorted(names), _MOST_CHOICES)}",
                fix=f"did you mean {close}?" if close else "name one of them, or add it to power.units",
            )
        elif name in given[:index]:
            yield fleet.fault(
                f"{at}[{index}]",
                given=f"{name!r} a second time",
                expected="each feed or unit once",
                fix="name another, or delete it",
            )


def _check_racks(fleet: LoadedFleet, site: str, hall: HallSpec, inventory: InventorySpec) -> Iterator[Fault]:
    at, names = f"sites.{site}.power.racks", _names(hall)
    standing = sorted({server.rack for server in inventory.servers})
    for rack, units in hall.power.racks.items():
        if rack not in standing:
            close = nearest(rack, standing)
            yield fleet.fault(
                f"{at}.{rack}",
                given=f"the rack {rack!r}, in which no server of the inventory stands",
                expected=f"a rack of {hall.inventory}: {_few(standing)}",
                fix=f"did you mean {close}?" if close else "delete it, or add its servers",
            )
        yield from _check_known(fleet, f"{at}.{rack}", units, names, f"what rack {rack} hangs on")
    missing = [rack for rack in standing if rack not in hall.power.racks]
    if missing and (hall.power.units or hall.power.racks):
        yield fleet.fault(
            at,
            given=f"nothing on which {'rack' if len(missing) == 1 else 'racks'} {_few(missing)} would hang",
            expected="every rack of the inventory, with its units",
            fix=f"add e.g. `{missing[0]}: [{', '.join([*names][-2:])}]`",
        )


def _few(names: Sequence[str], most: int = _MOST_NAMED) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


_TIMES = {"ups": ("minutes",), "generator": ("minutes", "start_seconds")}
"""What must be said of a kind of unit, and of no other."""
_KINDS = {"ups": "a UPS", "generator": "a generator"}


def _check_times(fleet: LoadedFleet, at: str, unit: PowerUnitSpec) -> Iterator[Fault]:
    for key, kinds in (("minutes", "a UPS or a generator"), ("start_seconds", "a generator")):
        wanted, given = key in _TIMES.get(unit.kind, ()), getattr(unit, key)
        if wanted and given is None:
            yield fleet.fault(
                at,
                given=f"{_KINDS[unit.kind]} without `{key}`",
                expected="how long it carries its rating"
                if key == "minutes"
                else "how long it takes to start",
                fix=f"add `{key}: …`",
            )
        elif not wanted and given is not None:
            yield fleet.fault(
                f"{at}.{key}",
                given=f"`{key}` of {_KINDS.get(unit.kind, unit.kind)}",
                expected=f"that of {kinds} only",
                fix="delete it, or correct `kind`",
            )


def _check_circle(fleet: LoadedFleet, site: str, hall: HallSpec) -> Iterator[Fault]:
    nodes = (*hall.power.feeds, *hall.power.units)
    if found := circle({node.name: node.parents for node in nodes}):
        yield fleet.fault(
            f"{node_path(site, hall, found[0])}.parents",
            given=f"a circle: {' hangs on '.join(_shortened(found))}",
            expected="a way up that ends",
            fix="take one of them off the parents of the next",
        )


def _shortened(circle: Sequence[str]) -> Sequence[str]:
    """The names of a circle, those in the middle of a long one counted only."""
    if len(circle) <= _MOST_CHOICES:
        return circle
    return (*circle[:_MOST_NAMED], f"({len(circle) - _MOST_NAMED - 1} more)", circle[-1])


def _check_servers(
    fleet: LoadedFleet, site: str, hall: HallSpec, inventory: InventorySpec
) -> Iterator[Fault]:
    graph = power_graph(hall)
    if not graph.has_units:
        return
    lacking: dict[tuple[str, str], list[int]] = {}
    for index, server in enumerate(inventory.servers):
        reached = frozenset[str]().union(*map(graph.above, graph.racks[server.rack]))
        for feed in server.feeds:
            if feed in graph.feeds and feed not in reached:
                lacking.setdefault((server.rack, feed), []).append(index)
    for (rack, feed), servers in lacking.items():
        index = servers[0]
        position = inventory.servers[index].feeds.index(feed)
        more = f" (and {counted(len(servers) - 1, 'more server')} there)" if len(servers) > 1 else ""
        yield fleet.fault(
            f"servers[{index}].feeds[{position}]",
            site=site,
            given=f"the feed {feed!r} of server {inventory.servers[index].serial}{more}, to which no unit of "
            f"rack {rack} leads",
            expected=f"a feed above {', '.join(graph.racks[rack])}",
            fix=f"add a unit on feed {feed} to sites.{site}.power.racks.{rack}, or delete the feed here",
        )


def _check_autonomy(
    fleet: LoadedFleet, site: str, hall: HallSpec, inventory: InventorySpec
) -> Iterator[Fault]:
    graph = power_graph(hall)
    for gap in gaps(graph):
        yield fleet.fault(
            f"{node_path(site, hall, gap.ups)}.minutes",
            given=f"{gap.minutes} min, though {gap.generator} takes {gap.start_seconds} s to start",
            expected=f"at least {-(-gap.start_seconds // 60)} min, so that it bridges the start",
            fix="fit a larger battery, or a generator that starts sooner",
        )
    drain = hall.power.drain_minutes
    if drain is None:
        return
    cells = sorted({(server.rack, tuple(sorted(server.feeds))) for server in inventory.servers})
    lasting = autonomy_minutes(graph, cells)
    short = sorted({rack for (rack, _), minutes in lasting.items() if minutes < drain})
    if short:
        yield fleet.fault(
            f"sites.{site}.power.drain_minutes",
            given=f"{drain} min to drain, of which batteries and generators give "
            f"{min(lasting.values())} min in {'rack' if len(short) == 1 else 'racks'} {_few(short)}",
            expected="a UPS, with a generator or without, that lasts as long once the utility is gone",
            fix="add or enlarge them in power.units, or drain faster",
        )
