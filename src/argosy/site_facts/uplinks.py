"""The ways out of a hall: which are left at the worst, and what those must carry."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

CONTROL, DATA, OOB = "control", "data", "oob"
USAGES = (DATA, CONTROL, OOB)


@dataclass(frozen=True)
class Link:
    """One uplink."""

    name: str
    mbps: int
    rtt_ms: int
    carrier: str
    conduit: str | None = None
    entry: str | None = None
    metered: bool = False
    usage: tuple[str, ...] = ()
    """What it carries; empty: nobody said, so that it carries everything."""

    def carries(self, usage: str) -> bool:
        """Whether traffic of that kind goes over it."""
        return not self.usage or usage in self.usage

    def shares_with(self, other: Link) -> tuple[str, ...]:
        """Of `carrier`, `entry` and `conduit`, those that both have in common."""
        common = (
            ("carrier", self.carrier, other.carrier),
            ("entry", self.entry, other.entry),
            ("conduit", self.conduit, other.conduit),
        )
        return tuple(what for what, one, another in common if one is not None and one == another)


def has_two_apart(links: Sequence[Link]) -> bool:
    """Whether two of the links share no carrier, entry or conduit."""
    return any(not one.shares_with(other) for one in links for other in links if one is not other)


def oob_apart_from_data(links: Sequence[Link]) -> tuple[Link, ...]:
    """Links that carry out-of-band traffic, and that no loss of data links takes along."""
    data = [link for link in links if link.carries(DATA)]
    return tuple(
        link
        for link in links
        if link.carries(OOB) and link not in data and not any(link.shares_with(other) for other in data)
    )


def losses(links: Sequence[Link]) -> dict[str, list[Link]]:
    """The words of every single loss, as `conduit east-duct`, to the links that it takes."""
    found: dict[str, list[Link]] = {}
    for link in links:
        causes = [
            (what, name)
            for what, name in (("conduit", link.conduit), ("entry", link.entry), ("carrier", link.carrier))
            if name is not None
        ]
        if link.conduit is None and link.entry is None:
            causes.append(("uplink", link.name))
        for what, name in causes:
            found.setdefault(f"{what} {name}", []).append(link)
    return found


def _left_mbps(links: Sequence[Link], is_counted: Callable[[Link], bool]) -> dict[str, int]:
    """The words of every single loss, to what is left of the links that count, in Mbit/s.

    Takes time linear in the links: what a loss takes is taken off the whole.
    """
    whole = sum(link.mbps for link in links if is_counted(link))
    return {
        words: whole - sum(link.mbps for link in taken if is_counted(link))
        for words, taken in losses(links).items()
    }


@dataclass(frozen=True)
class Excess:
    """What a loss leaves is too little for the traffic that must still flow."""

    lost: str
    traffic: str
    """`control plane`, `out-of-band`, or both together."""
    needed_mbps: Fraction
    left_mbps: int


def excesses(links: Sequence[Link], control_mbps: Fraction, oob_mbps: Fraction) -> Iterator[Excess]:
    """For control plane, out-of-band and both: the loss that leaves least, where that is too little."""
    alone = [
        *_too_little(links, "control plane", (CONTROL,), control_mbps),
        *_too_little(links, "out-of-band", (OOB,), oob_mbps),
    ]
    yield from alone or _too_little(
        links, "control plane and out-of-band", (CONTROL, OOB), control_mbps + oob_mbps
    )


def _too_little(
    links: Sequence[Link], traffic: str, usages: tuple[str, ...], needed: Fraction
) -> Iterator[Excess]:
    rooms = _left_mbps(links, lambda link: any(map(link.carries, usages)))
    room, lost = min((room, lost) for lost, room in rooms.items())
    if room < needed:
        yield Excess(lost, traffic, needed, room)


def image_mbps(links: Sequence[Link]) -> int:
    """What is left for images at the worst, in Mbit/s: unmetered data links, after any one loss."""
    left = _left_mbps(links, lambda link: link.carries(DATA) and not link.metered)
    return min(left.values(), default=0)


def round_trip_ms(links: Sequence[Link]) -> int:
    """The longest round trip that control plane traffic may have to take out of the hall, in milliseconds."""
    return max((link.rtt_ms for link in links if link.carries(CONTROL)), default=0)
