"""The planning problem in plain whole numbers: what planner and verifier both work on.

| word | meaning |
|---|---|
| offering | like nodes of one pool that fail together: a cloud pool in one zone, a hall's pool in one rack on the same feeds |
| kind | offerings that serve the same people at the same rate, and so stand in for each other |
| row | the demand of one service from one region of users, in units of its own (nodes, or micro-requests per second) |
| gang | a training job, which runs whole inside one pool |
| case | one scenario: what is gone, and what must be kept |
| limit | a linear bound on what may be held: a quota, a share, power |

Money is in micro-dollars per hour, power in units fine enough for every even split.
"""  # noqa: E501

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

MICRO = 1_000_000
"""Micro-nodes in a node: the grain of a witness."""


@dataclass(frozen=True)
class Offering:
    """Like nodes of one pool that fail together."""

    id: str
    pool: str
    """`site/pool`: one fabric."""
    provider: str
    kind: str
    """Key of the kind."""
    low: int
    high: int
    """Fewest and most nodes that may be held."""
    step: int = 1
    """Nodes come in multiples of this."""
    price: int = 0
    """What one more node costs, in micro-dollars per hour; 0 for what is paid for already."""
    accelerators: int = 1
    """In one node."""


@dataclass(frozen=True)
class Row:
    """The demand of one service, or of its users in one region."""

    id: str
    """`inference/assistant`, or `inference/assistant@eu`."""
    workload: str
    demand: int
    """With nothing lost, in the row's units."""
    rates: Mapping[str, int]
    """Kind to units that one node of it serves; a kind that may not serve is absent."""
    unit: str = "nodes"
    """What `grain` units are called: `nodes`, or `requests/s`."""
    grain: int = 1

    def in_words(self, units: int) -> str:
        """Units as people say them, rounded up: `12 nodes`, `4.25 requests/s`."""
        hundredths = -(-units * 100 // self.grain)
        whole, part = divmod(hundredths, 100)
        number = f"{whole:,}.{part:02d}".rstrip("0").rstrip(".") if part else f"{whole:,}"
        return f"{number} {'node' if (self.unit, number) == ('nodes', '1') else self.unit}"


@dataclass(frozen=True)
class Gang:
    """A training job."""

    id: str
    """`training/pretrain`."""
    protected: bool
    pools: Mapping[str, int]
    """Pool where it may run to the nodes that it takes there (whole racks where a pool comes in racks)."""
    home_pools: frozenset[str]
    """Pools where it may run with nothing lost."""
    nodes: int
    """Nodes that count toward the floor of training."""
    traffic: Mapping[str, int] = field(default_factory=dict[str, int])
    """Pool to the megabits per second that its checkpoints send out of that site, where that matters."""
    price: Mapping[str, int] = field(default_factory=dict[str, int])
    """Pool to what sending the checkpoints from there costs, in micro-dollars per hour."""


@dataclass(frozen=True)
class Limit:
    """A linear bound on what is held: lower ≤ Σ coefficient x nodes ≤ upper."""

    id: str
    statement: str
    """Path of the words of the fleet file (or inventory) that say so."""
    coefficients: Mapping[str, int]
    """By offering."""
    upper: int | None = None
    lower: int | None = None


@dataclass(frozen=True)
class LinkLimit:
    """What the uplinks that a hall has left can carry for training jobs in these pools."""

    id: str
    pools: frozenset[str]
    mbps: int


@dataclass(frozen=True)
class Case:
    """One scenario."""

    id: str
    within: str
    minutes: int
    """Until the floors must hold: 0, 15 or 240."""
    lost: frozenset[str]
    """Offerings that are gone, or not running by then."""
    unserving: frozenset[str]
    """Offerings that stand, but from which nobody can be served."""
    power: tuple[Limit, ...]
    """What live feeds carry, where not all of their nodes can stay on."""
    links: tuple[LinkLimit, ...]
    floors: Mapping[str, int]
    """Row to units that must be served; rows without a floor are absent."""
    jobs: frozenset[str]
    """Gangs that must run."""
    training: int
    """Nodes of gangs that must run in all."""
    statements: tuple[str, ...] = ()
    """Paths of the lines of the fleet file that ask for it."""

    @property
    def key(self) -> tuple[str, str]:
        """What tells cases apart."""
        return self.id, self.within

    def cuts(self, gang: Gang, pool: str) -> bool:
        """Whether its checkpoints may not fit the uplinks there: unless it runs, it counts as stopped."""
        return gang.traffic.get(pool, 0) > 0 and any(pool in link.pools for link in self.links)

    @cached_property
    def capped(self) -> frozenset[str]:
        """Offerings of which only a part may have power."""
        return frozenset(offering for limit in self.power for offering in limit.coefficients)


@dataclass(frozen=True)
class Problem:
    """Everything that a plan rests on. Offerings, rows, gangs and limits are sorted by id, `nothing lost` is
    the first case."""

    offerings: tuple[Offering, ...]
    rows: tuple[Row, ...]
    gangs: tuple[Gang, ...]
    cases: tuple[Case, ...]
    limits: tuple[Limit, ...]
    convertible: frozenset[str] = frozenset()
    """Kinds that serve from 15 minutes after a loss on, and not before."""

    @cached_property
    def offering(self) -> Mapping[str, Offering]:
        """By id."""
        return {offering.id: offering for offering in self.offerings}

    @cached_property
    def in_pool(self) -> Mapping[str, tuple[Offering, ...]]:
        """Pool to its offerings."""
        found: dict[str, list[Offering]] = {}
        for offering in self.offerings:
            found.setdefault(offering.pool, []).append(offering)
        return {pool: tuple(offerings) for pool, offerings in found.items()}

    @cached_property
    def row(self) -> Mapping[str, Row]:
        """By id."""
        return {row.id: row for row in self.rows}

    @cached_property
    def gang(self) -> Mapping[str, Gang]:
        """By id."""
        return {gang.id: gang for gang in self.gangs}

    def serves(self, kind: str, row: Row, case: Case) -> int:
        """Units of the row that one node of the kind serves in time, 0 if none."""
        return 0 if kind in self.convertible and case.minutes < 15 else row.rates.get(kind, 0)

    def canonical(self) -> Problem:
        """The same problem in the one order that plans are made in."""
        first, *others = self.cases
        return Problem(
            tuple(sorted(self.offerings, key=lambda o: o.id)),
            tuple(sorted(self.rows, key=lambda r: r.id)),
            tuple(sorted(self.gangs, key=lambda g: g.id)),
            (first, *sorted(others, key=lambda c: (c.id, c.minutes))),
            tuple(sorted(self.limits, key=lambda limit: limit.id)),
            self.convertible,
        )


Holdings = Mapping[str, int]
"""Offering to nodes that are held; one that is left out holds none."""


@dataclass(frozen=True)
class Witness:
    """How one case is served."""

    serves: Mapping[str, Mapping[str, int]]
    """Row to kind to micro-nodes."""
    jobs: Mapping[str, str]
    """Gang to the pool it runs in."""
    powered: Mapping[str, int] = field(default_factory=dict[str, int])
    """Of the offerings that feeds cannot carry whole: how many nodes stay on."""
