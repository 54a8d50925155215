"""How long machines take to read their image, and how many may read at once."""

from __future__ import annotations

from fractions import Fraction

_BITS_PER_GIB = 8 * 2**30


def install_seconds(size_gib: Fraction, nodes: int, mbps: int) -> Fraction | None:
    """Time until so many machines have read an image of that size over one link; None if it carries nothing.

    Bytes times nodes over bandwidth: what the machines do besides reading comes on top.
    """
    if mbps <= 0:
        return None if nodes else Fraction(0)
    return size_gib * _BITS_PER_GIB * nodes / (mbps * 1_000_000)


def install_budget(size_gib: Fraction, mbps: int, within_seconds: int) -> int:
    """Machines that may read at once so that each has its image in time; 0: not even one has.

    Size in GiB, bandwidth of the image cache in Mbit/s.
    """
    return int(Fraction(mbps * 1_000_000 * within_seconds) / (size_gib * _BITS_PER_GIB))


def in_hours(seconds: Fraction) -> str:
    """`21.5 h`, rounded up to a tenth; minutes where it is less than an hour."""
    if seconds < 3600:
        return f"{-int(-seconds // 60)} min"
    return f"{-int(-seconds * 10 // 3600) / 10:g} h"
