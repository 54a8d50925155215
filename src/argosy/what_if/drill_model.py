"""What a drill finds, as plain values: amounts in units of their workload, money in micro-dollars an hour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from argosy.planner.problem import Case, Row, Witness
from argosy.what_if.drill_readiness import Term

Scope = Literal["service", "region", "job", "training"]
JobStatus = Literal["stays", "re-placed", "preempted", "stopped"]


@dataclass(frozen=True)
class Recovery:
    """How long a workload takes until what is kept of it runs again, as a range; claimed, never proven."""

    low_seconds: int | None
    high_seconds: int | None
    """Both None where it does not come back, or nobody can say; `why` tells."""
    why: str = ""
    terms: tuple[Term, ...] = ()

    @property
    def is_demonstrated(self) -> bool:
        """Whether no term of it is only a default."""
        return all(term.is_known for term in self.terms)


@dataclass(frozen=True)
class Supply:
    """Nodes that are left after the loss and may work for a workload, in its units; workloads share them."""

    hot: int
    convertible: int
    """Training nodes that lend; they count from 15 minutes on."""
    cold: int
    """Held, but not running; they count from 4 hours on."""
    hoped: int
    """On the market and not held: never counted."""


@dataclass(frozen=True)
class Workload:
    """What becomes of one workload."""

    id: str
    scope: Scope
    unit: str
    grain: int
    """Units that make one node, or one request per second."""
    demand: int
    floor: int | None
    """None: no line of `survive` asks for any of it."""
    left: Supply
    kept: int
    recovery: Recovery

    @property
    def short_of_floor(self) -> int:
        """Units that the floor lacks."""
        return max(0, (self.floor or 0) - self.kept)

    @property
    def short_of_demand(self) -> int:
        """Units that the demand lacks."""
        return max(0, self.demand - self.kept)

    @property
    def kept_in_words(self) -> str:
        """Rounded down, so that a shortfall never looks like none, save where just what is asked is kept."""
        if self.kept in (self.floor, self.demand):
            return self.in_words(self.kept)
        return self.in_words(self.kept, down=True)

    def in_words(self, units: int, *, down: bool = False) -> str:
        """`12 nodes`, `4.25 requests/s`; rounded up unless `down`."""
        cent = max(1, self.grain // 100)
        return Row(self.id, self.id, 0, {}, self.unit, self.grain).in_words(
            units // cent * cent if down else units
        )


@dataclass(frozen=True)
class Job:
    """What becomes of one training job."""

    id: str
    protected: bool
    status: JobStatus
    home: str
    """Pool that it runs in with nothing lost."""
    pool: str | None
    """Pool that it runs in now."""
    is_struck: bool
    """Whether its home loses something."""
    lost_minutes: tuple[int, int] | None
    """Work that is lost if it restarts, expected (half a checkpoint's interval, rounded up) and at worst."""
    has_copy: bool | None
    """Whether checkpoints are where it goes; None: nobody said, or it goes nowhere."""


@dataclass(frozen=True)
class Left:
    """What is left of a quota or a feed."""

    name: str
    left: str
    of: str
    unit: str


@dataclass(frozen=True)
class CostChange:
    """What one pool or job costs more by in the case, in micro-dollars per hour; less is negative."""

    of: str
    why: str
    micro_usd_per_hour: int
    price: str
    """At what price, and where that comes from."""


@dataclass(frozen=True)
class Drill:
    """What happens when something is lost: what is kept with just what the lock holds, and from when on."""

    fleet: str
    scenario: str
    minutes: int
    asked_by: tuple[str, ...]
    """Lines of `survive` that ask something of this loss by now."""
    asked_later: tuple[str, ...]
    """Lines that ask something of it, but only later."""
    workloads: tuple[Workload, ...]
    jobs: tuple[Job, ...]
    quotas: tuple[Left, ...]
    feeds: tuple[Left, ...]
    """Feeds and power units of the halls that are left."""
    down: tuple[str, ...]
    """What the lost feeds and power units take down at this time, a sentence per hall."""
    in_time: tuple[str, ...]
    """What batteries and generators do after the loss, a line for each moment."""
    costs: tuple[CostChange, ...]
    broken: tuple[str, ...]
    """Floors that the witness does not keep, as the verifier says them; none: it takes the witness."""
    kept_until_seconds: float | None
    """Seconds after the loss at which batteries and generators no longer keep the floors that apply; None:
    what is kept stays so, or was broken from the first."""
    certain: bool
    """Whether the solver claims that nothing better can be kept."""
    case: Case
    witness: Witness
    started: Mapping[str, int]
    """Cold pool to nodes of it that are started."""

    @property
    def is_kept(self) -> bool:
        """Whether every floor that applies is kept."""
        return not self.broken

    @property
    def micro_usd_per_hour(self) -> int:
        """What the fleet costs more, in micro-dollars per hour; claimed."""
        return sum(cost.micro_usd_per_hour for cost in self.costs)
