"""One feed or power unit of a hall: what it carries, its breaker, and its peaks. Pure: it is told the time.

Loads are whole milliwatts, so that what is added can be taken away again without a rest.
"""

from __future__ import annotations

from dataclasses import dataclass

FEED = "feed"
_BEHIND_THE_COOLING = ("rack-pdu", "power-shelf")


@dataclass(frozen=True)
class Load:
    """What one server draws from all its inlets together, in milliwatts."""

    steady: int = 0
    """Without the moment of start-up."""
    inrush: int = 0
    """What start-up adds right now."""


@dataclass
class PowerNode:
    """One feed or unit."""

    name: str
    rated: int | None
    """Milliwatts; None: no breaker."""
    kind: str = FEED
    closed: bool = True
    """Nobody has cut it, and its breaker has not tripped."""
    alive: bool = True
    """It has power to give."""
    supplied_by: str | None = None
    """What it hangs on now; None: it is a source itself, or has no power."""
    steady: int = 0
    total: int = 0
    peak_steady: int = 0
    peak_total: int = 0
    over_since: float | None = None
    """Since when more than the rating is carried."""
    watched: float | None = None
    """The moment of a trip that is already expected."""
    trips: int = 0

    @property
    def carries_cooling(self) -> bool:
        """Whether the cooling of the servers behind it counts too; in a rack they hang alone."""
        return self.kind not in _BEHIND_THE_COOLING

    def shown(self) -> dict[str, object]:
        """Watts, for the control service."""
        shown: dict[str, object] = {
            "alive": self.alive,
            "rated_watts": None if self.rated is None else self.rated // 1000,
            "watts": self.total / 1000,
            "peak_watts": self.peak_total / 1000,
            "peak_steady_watts": self.peak_steady / 1000,
            "trips": self.trips,
        }
        if self.kind != FEED:
            shown |= {"kind": self.kind, "supplied_by": self.supplied_by}
        return shown

    def add(self, steady: int, total: int) -> None:
        """Carry so much more, or less."""
        self.steady += steady
        self.total += total

    def watch(self, now: float) -> None:
        """Take note of peaks, and of the moment since which it is too much."""
        self.peak_steady = max(self.peak_steady, self.steady)
        self.peak_total = max(self.peak_total, self.total)
        if self.rated is None or self.total <= self.rated:
            self.over_since = None
        elif self.over_since is None:
            self.over_since = now

    def reset_peaks(self) -> None:
        """Measure from now on."""
        self.peak_steady, self.peak_total = self.steady, self.total
