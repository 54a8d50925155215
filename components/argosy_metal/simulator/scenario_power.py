"""What the feeds, units and racks of a scenario's hall must agree on, so that power comes everywhere."""

from __future__ import annotations

from collections.abc import Iterator

from argosy.errors import Fault
from argosy.site_facts.graph import circle
from argosy.spec.hall import PowerUnitSpec
from argosy.spec.places import Key, Places
from argosy_metal.simulator.scenario import HallScenario, RackScenario
from argosy_metal.simulator.scenario_names import twice, unknown

_Path = tuple[Key, ...]
_TIMES = {"ups": ("minutes",), "generator": ("minutes", "start_seconds")}
"""What must be said of a kind of unit, and of no other."""


def check_power(places: Places, at: _Path, hall: HallScenario) -> Iterator[Fault]:
    """Everything that is wrong with a hall's power; ways up are looked at once all names are right."""
    nodes = {
        **{(*at, "feeds", place): (feed.name, feed.parents) for place, feed in enumerate(hall.feeds)},
        **{(*at, "units", place): (unit.name, unit.parents) for place, unit in enumerate(hall.units)},
    }
    names = [name for name, _ in nodes.values()]
    found = list(twice(places, (*at, "feeds"), [feed.name for feed in hall.feeds]))
    for place, unit in enumerate(hall.units):
        if unit.name in names[: len(hall.feeds) + place]:
            found.append(
                places.fault(
                    (*at, "units", place, "name"),
                    given=f"{unit.name!r} again",
                    expected="a name that no other unit and no feed has",
                    fix="rename it",
                )
            )
    for path, (_, parents) in nodes.items():
        found += _unknown(places, (*path, "parents"), parents, names)
    for place, rack in enumerate(hall.racks):
        found += _unknown(places, (*at, "racks", place, "units"), rack.units, names)
    yield from found
    for place, unit in enumerate(hall.units):
        yield from _check_times(places, (*at, "units", place), unit)
    if not found:
        yield from _check_ways(places, at, hall, dict(nodes.values()))


def _unknown(places: Places, at: _Path, given: tuple[str, ...], names: list[str]) -> Iterator[Fault]:
    for index, name in enumerate(given):
        if name not in names:
            yield unknown(places, (*at, index), "feed or unit", name, names)


def _check_times(places: Places, at: _Path, unit: PowerUnitSpec) -> Iterator[Fault]:
    for key in ("minutes", "start_seconds"):
        wanted, given = key in _TIMES.get(unit.kind, ()), getattr(unit, key)
        if wanted and given is None:
            yield places.fault(
                at, given=f"no `{key}`", expected=f"`{key}` of a {unit.kind}", fix=f"add `{key}: …`"
            )
        elif given is not None and not wanted:
            owners = " or ".join(kind for kind, keys in _TIMES.items() if key in keys)
            yield places.fault(
                (*at, key),
                given=f"that of a {unit.kind}",
                expected=f"that of {owners} only",
                fix="delete it, or correct `kind`",
            )


def _check_ways(
    places: Places, at: _Path, hall: HallScenario, parents: dict[str, tuple[str, ...]]
) -> Iterator[Fault]:
    if ring := circle(parents):
        yield places.fault(
            (*at, "units"),
            given=f"a circle: {' hangs on '.join(ring)}",
            expected="a way up that ends",
            fix="take one of them off the parents of the next",
        )
        return
    has_units = bool(hall.units) or any(rack.units for rack in hall.racks)
    for place, rack in enumerate(hall.racks):
        path = (*at, "racks", place)
        if has_units and not rack.units:
            fix = "add `units: [UNIT, …]`"
            yield places.fault(path, given="no `units`", expected="what the rack hangs on", fix=fix)
        elif rack.units and not rack.feeds:
            fix = "add `feeds: [FEED, …]`"
            yield places.fault(path, given="no `feeds`", expected="feeds that `units` lead up to", fix=fix)
        elif rack.units:
            yield from _check_rack(places, path, rack, parents)


def _check_rack(
    places: Places, at: _Path, rack: RackScenario, parents: dict[str, tuple[str, ...]]
) -> Iterator[Fault]:
    reached, waiting = set[str](), list(rack.units)
    while waiting:
        if (name := waiting.pop()) not in reached:
            reached.add(name)
            waiting += parents[name]
    for number, feed in enumerate(rack.feeds):
        if feed in parents and feed not in reached:
            yield places.fault(
                (*at, "feeds", number),
                given=f"the feed {feed!r}, to which no unit of the rack leads",
                expected=f"a feed above {', '.join(rack.units)}",
                fix="add a unit on that feed to `units`, or delete the feed here",
            )
