"""Reading what a `Fleet` registers of its halls, for every rule about power, uplinks and images."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from argosy.site_facts.uplinks import Link
from argosy_policies.rule import Outcome, Undecided, Violation
from argosy_policies.values import Resource, Value

FLEET_TYPE = "argosy:index:Fleet"
_OWN_HALLS = "metal"


@dataclass(frozen=True)
class Hall:
    """One hall of a fleet."""

    fleet: Resource
    name: str
    numbers: Value

    def broken(self, found: str) -> Violation:
        """The rule is broken here."""
        return Violation(f"{self.name}: {found}", self.fleet)


class Unfit(Exception):  # noqa: N818 - it ends a judgement, and is no error of the program
    """A number that a rule rests on is unknown, or not what it should be."""

    def __init__(self, value: Value, wanted: str) -> None:
        self.value, self.wanted = value, wanted
        super().__init__(value.path)


def judge_halls(fleets: Sequence[Resource], judge: Callable[[Hall], Iterable[Outcome]]) -> Iterator[Outcome]:
    """What the judge says of every hall; what it cannot read is a violation, or waits for the update.

    A stack without a fleet has no halls; that it lacks one is for RED-01 to say.
    """
    for fleet in fleets:
        sites = fleet.properties["sites"]
        if sites.unknown:
            yield Undecided(sites.path, fleet)
        elif not sites.is_map:
            yield Violation(f"sites is {sites.kind}, not a map of sites", fleet)
        for name, site in sites.items():
            yield from _judge_site(Hall(fleet, name, site), judge)


def _judge_site(hall: Hall, judge: Callable[[Hall], Iterable[Outcome]]) -> Iterator[Outcome]:
    try:
        known_map(hall.numbers)
        if known_text(hall.numbers["provider"]) == _OWN_HALLS:
            yield from judge(hall)
    except Unfit as unfit:
        if unfit.value.unknown:
            yield Undecided(unfit.value.path, hall.fleet)
        else:
            yield Violation(f"{unfit.value.path} is {unfit.value.kind}, not {unfit.wanted}", hall.fleet)


def known_map(value: Value) -> Value:
    """The value, if it is a map; raises Unfit."""
    if not value.is_map:
        raise Unfit(value, "a map")
    return value


def known_text(value: Value) -> str:
    """The text that the value is; raises Unfit."""
    if value.text is None:
        raise Unfit(value, "text")
    return value.text


def known_number(value: Value) -> float:
    """The number that the value is; raises Unfit."""
    if value.number is None:
        raise Unfit(value, "a number")
    return value.number


def number_or_none(value: Value) -> float | None:
    """The number that the value is, or None if it is absent; raises Unfit."""
    return None if value.absent else known_number(value)


def links_of(hall: Hall) -> list[Link]:
    """The hall's uplinks; raises Unfit."""
    uplinks = hall.numbers["uplinks"]
    if not uplinks.is_list:
        raise Unfit(uplinks, "a list")
    return [_link(uplink) for uplink in uplinks.elements()]


def _link(uplink: Value) -> Link:
    known_map(uplink)
    return Link(
        name=known_text(uplink["name"]),
        mbps=int(known_number(uplink["mbps"])),
        rtt_ms=int(known_number(uplink["rtt_ms"])),
        carrier=known_text(uplink["carrier"]),
        conduit=_text_or_none(uplink["conduit"]),
        entry=_text_or_none(uplink["entry"]),
        usage=_usage(uplink["usage"]),
    )


def _text_or_none(value: Value) -> str | None:
    return None if value.absent else known_text(value)


def _usage(value: Value) -> tuple[str, ...]:
    if value.absent:
        return ()
    if not value.is_list:
        raise Unfit(value, "a list")
    return tuple(known_text(one) for one in value.elements())
