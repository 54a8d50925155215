"""Watts that start within a window of time on one feed. Pure arithmetic."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass
class Start:
    """One server that is switched on."""

    watts: int
    """What it draws while it starts."""
    ended_at: float = math.inf
    """When it was seen on, in seconds; until then it may start at any moment, and counts."""


class NeverFitsError(ValueError):
    """One server alone draws more than may start within a window."""


def seconds_until_room(
    starts: Sequence[Start], watts: int, limit_watts: int, window_seconds: float, now: float
) -> float:
    """How long until `watts` more may start; 0 if they may now, infinity while that is not known yet.

    In no window of `window_seconds`, wherever it begins, do more than `limit_watts` start.

    Raises NeverFitsError if they would not fit into an empty window either.
    """
    if watts > limit_watts:
        raise NeverFitsError(f"{watts} W start at once, and {limit_watts} W may")
    counted = sorted(
        (start.ended_at, start.watts) for start in starts if start.ended_at + window_seconds > now
    )
    excess = sum(drawn for _, drawn in counted) + watts - limit_watts
    for ended_at, drawn in counted:
        if excess <= 0:
            break
        excess -= drawn
        if excess <= 0:
            return ended_at + window_seconds - now
    return 0.0
