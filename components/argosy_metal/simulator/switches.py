"""What can be switched by hand, in the words of a drill: `feed oslo/a`, `rack oslo/r1`, `cable SN1`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, cast, get_args

from argosy.site_facts.sources import SourceState

SwitchKind = Literal["hall", "feed", "power unit", "rack", "uplink", "cable", "server", "power"]
"""What can be cut and restored.

| words | cut | restored |
|---|---|---|
| `hall HALL` | all its feeds and power units are cut at once | they are back |
| `feed HALL/FEED` | the feed is cut | it is back; its breaker is closed |
| `power unit HALL/UNIT` | the unit is cut | it is back; its breaker is closed |
| `rack HALL/RACK` | the rack's servers are without power | they have it |
| `uplink HALL/UPLINK` | one way out is lost; with the last, nobody reaches anything inside | it is back |
| `cable SERIAL` | this server is without power | it has it |
| `server SERIAL` | the server is taken out of its rack | it is put back |
| `power SERIAL` | somebody holds its power button | somebody presses it |
"""
_POWER_UNIT = "power unit"
_OF_A_HALL = ("feed", _POWER_UNIT, "rack", "uplink")


class SwitchError(ValueError):
    """The words name nothing that could be switched."""


@dataclass(frozen=True, order=True)
class Switch:
    """One thing that is switched."""

    kind: SwitchKind
    owner: str
    """The hall's name, or a server's serial number."""
    part: str = ""
    """The feed, power unit, rack or uplink of a hall."""

    def __str__(self) -> str:
        """The words."""
        return f"{self.kind} {self.owner}/{self.part}" if self.part else f"{self.kind} {self.owner}"

    @property
    def names_a_hall(self) -> bool:
        """Whether `owner` is a hall, not a server."""
        return self.kind == "hall" or self.kind in _OF_A_HALL


def parse_switch(words: str) -> Switch:
    """The switch of words such as `feed oslo/a`.

    Raises SwitchError if they are none.
    """
    kind = _POWER_UNIT if words.startswith(f"{_POWER_UNIT} ") else words.partition(" ")[0]
    rest = words.removeprefix(kind)
    owner, slash, part = rest.strip().partition("/")
    if kind not in get_args(SwitchKind) or not owner or bool(slash and part) != (kind in _OF_A_HALL):
        raise SwitchError(
            f"{words!r} is nothing to switch; write e.g. `hall oslo`, `feed oslo/a`, "
            "`power unit oslo/ups-a`, `rack oslo/r1`, `uplink oslo/fibre`, `cable SERIAL`, `server SERIAL` "
            "or `power SERIAL`"
        )
    return Switch(cast("SwitchKind", kind), owner, part)


@dataclass(frozen=True)
class HallEvent:
    """Something that happens at a simulated time: one of `cut`, `restore` and `swap`."""

    at: float
    """Simulated seconds since the simulator was first started."""
    cut: str | None = None
    """Words of a switch."""
    restore: str | None = None
    swap: str | None = None
    """Serial number of a server whose hardware is swapped: from now on another answers in its place."""
    serial: str = ""
    """The other's serial number."""


def switch_of(event: HallEvent) -> Switch:
    """What an event switches.

    Raises SwitchError if it says nothing that can be switched.
    """
    words = event.cut if event.cut is not None else event.restore
    return parse_switch(words or "")


@dataclass
class SwitchBoard:
    """What of one hall is off at present. Survives a restart of the simulator."""

    off: set[Switch] = field(default_factory=set[Switch])
    tripped: set[str] = field(default_factory=set[str])
    """Feeds and power units whose breaker has tripped."""
    swapped: dict[str, str] = field(default_factory=dict[str, str])
    """Serial number that answers now, by the one that the configuration names."""
    sources: dict[str, SourceState] = field(default_factory=dict[str, SourceState])
    """What batteries and generators have left."""

    def is_closed(self, hall: str, node: str) -> bool:
        """Whether nobody has cut a feed or power unit, and its breaker is closed."""
        cuts = {Switch("hall", hall), Switch("feed", hall, node), Switch(_POWER_UNIT, hall, node)}
        return node not in self.tripped and cuts.isdisjoint(self.off)

    def is_dark(self, hall: str, rack: str, serial: str) -> bool:
        """Whether a server is cut off from power by something else than its feeds."""
        if not self.off:
            return False
        cuts = {Switch("hall", hall), Switch("rack", hall, rack)}
        return not self.off.isdisjoint(cuts | {Switch("cable", serial), Switch("server", serial)})
