"""What a scenario's shape does not say: names that lead somewhere, times in order, one thing at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from argosy.errors import Fault
from argosy.spec.places import Key, Places
from argosy_metal.simulator.profiles import vendor_files
from argosy_metal.simulator.scenario import EventScenario, HallScenario, ScenarioSpec, seconds_of
from argosy_metal.simulator.scenario_names import twice, unknown
from argosy_metal.simulator.scenario_power import check_power
from argosy_metal.simulator.switches import Switch, SwitchError, SwitchKind, parse_switch
from argosy_metal.simulator.world import SimulatedHall

MAX_SERVERS = 100_000
_WORDS = "one of `hall`, `feed`, `power unit`, `rack`, `uplink`, `cable`, `server` and `power`, and its name"


def check_halls(
    spec: ScenarioSpec, places: Places, watts_of: Callable[[str], int | None], *, has_fleet: bool
) -> Iterator[Fault]:
    """Everything that is wrong with the halls of a scenario, before any server is made of them."""
    checker = _Checker(places, watts_of)
    if has_fleet and spec.halls:
        given, expected = "halls", "no halls beside those of the fleet"
        yield checker.fault(("halls",), given, expected, "delete them, or leave out the environment")
    elif not has_fleet and not spec.halls:
        yield checker.fault((), "no `halls`", "at least one hall", "add `halls: {hall-north: {racks: […]}}`")
    else:
        for name, hall in spec.halls.items():
            yield from checker.hall(("halls", name), hall)
        servers = sum(rack.servers * (rack.count or 1) for hall in spec.halls.values() for rack in hall.racks)
        if servers > MAX_SERVERS:
            given, fix = f"{servers:,} servers", "simulate fewer"
            yield checker.fault(("halls",), given, f"at most {MAX_SERVERS:,} in one simulator", fix)


def check_happenings(
    spec: ScenarioSpec, places: Places, watts_of: Callable[[str], int | None], halls: Sequence[SimulatedHall]
) -> Iterator[Fault]:
    """Everything that is wrong with the faults and events of a scenario for these halls."""
    checker = _Checker(places, watts_of)
    for index, fault in enumerate(spec.faults):
        if fault.at and fault.until and seconds_of(fault.until) <= seconds_of(fault.at):
            at = ("faults", index, "until")
            yield checker.fault(at, fault.until, f"a time after {fault.at}", "write a later one")
    known = _Known(halls)
    for serial in sorted(known.twice):
        given = f"two servers of the serial number {serial!r}"
        yield checker.fault(("halls",), given, "racks and halls whose names make one each", "rename a rack")
    for index, event in sorted(enumerate(spec.events), key=lambda item: seconds_of(item[1].at)):
        yield from checker.event(("events", index), event, known)


@dataclass(frozen=True)
class _Checker:
    places: Places
    watts_of: Callable[[str], int | None]

    def fault(self, path: tuple[Key, ...], given: str, expected: str, fix: str) -> Fault:
        return self.places.fault(path, given=given, expected=expected, fix=fix)

    def hall(self, at: tuple[Key, ...], hall: HallScenario) -> Iterator[Fault]:
        feeds = [feed.name for feed in hall.feeds]
        yield from check_power(self.places, at, hall)
        yield from twice(self.places, (*at, "uplinks"), hall.uplinks)
        yield from twice(self.places, (*at, "racks"), [rack.name for rack in hall.racks])
        for index, rack in enumerate(hall.racks):
            place = (*at, "racks", index)
            for number, feed in enumerate(rack.feeds):
                if feed not in feeds:
                    yield unknown(self.places, (*place, "feeds", number), "feed", feed, feeds)
            if self.watts_of(rack.server_type) is None:
                expected, fix = "a server type of the catalogue", "list all: argosy catalog server-types"
                yield self.fault((*place, "server_type"), repr(rack.server_type), expected, fix)
            if rack.vendor is not None and rack.vendor not in vendor_files():
                yield unknown(self.places, (*place, "vendor"), "vendor", rack.vendor, vendor_files())

    def event(self, at: tuple[Key, ...], event: EventScenario, known: _Known) -> Iterator[Fault]:
        given = [key for key in ("cut", "restore", "swap") if getattr(event, key) is not None]
        if len(given) != 1:
            words = f"{' and '.join(f'`{key}`' for key in given)}" if given else "nothing to do"
            yield self.fault(at, words, "one of `cut`, `restore` and `swap`", "make it events of their own")
        elif event.swap is not None:
            yield from self.swap(at, event.swap, event.serial, known)
        else:
            yield from self.switch((*at, given[0]), event.cut or event.restore or "", known)

    def switch(self, at: tuple[Key, ...], words: str, known: _Known) -> Iterator[Fault]:
        try:
            switch = parse_switch(words)
        except SwitchError:
            yield self.fault(at, repr(words), _WORDS, "write e.g. `feed hall-north/a` or `cable SERIAL`")
            return
        if missing := known.missing(switch):
            yield unknown(self.places, at, *missing)

    def swap(self, at: tuple[Key, ...], swap: str, serial: str | None, known: _Known) -> Iterator[Fault]:
        if serial is None:
            yield self.fault(at, "`swap` alone", "the other hardware's `serial`", "add `serial: SERIAL`")
        elif swap not in known.serials:
            yield unknown(self.places, (*at, "swap"), "server", swap, known.serials)
        elif serial in known.serials:
            yield self.fault((*at, "serial"), repr(serial), "one that no server has", "write another one")
        else:
            known.serials.add(serial)


class _Known:
    """The names that events may use."""

    def __init__(self, halls: Sequence[SimulatedHall]) -> None:
        counts = Counter(server.serial for hall in halls for server in hall.servers)
        self.serials = set(counts)
        self.twice = {serial for serial, count in counts.items() if count > 1}
        self._halls = {hall.name: hall for hall in halls}

    def missing(self, switch: Switch) -> tuple[str, str, Iterable[str]] | None:
        """Kind and name of what is nowhere, and the names that there are."""
        if not switch.names_a_hall:
            return None if switch.owner in self.serials else ("server", switch.owner, self.serials)
        hall = self._halls.get(switch.owner)
        if hall is None:
            return "hall", switch.owner, self._halls
        names = _parts(hall, switch.kind)
        return None if not switch.part or switch.part in names else (switch.kind, switch.part, names)


def _parts(hall: SimulatedHall, kind: SwitchKind) -> set[str]:
    if kind == "power unit":
        return {unit.name for unit in hall.units}
    if kind == "feed":
        return {feed.name for feed in hall.feeds} | {name for one in hall.servers for name in one.feeds}
    return {server.rack for server in hall.servers} if kind == "rack" else set(hall.uplinks or ("uplink",))
