"""A scenario file as types: simulated halls, what they are made of, and what happens to them when.

Read with the core's own care: whatever is wrong with a file is said at once, with line and path.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from argosy.spec.hall import PowerUnitSpec
from argosy.spec.inventory import Serial
from argosy.spec.values import Name, Positive, Pue, SpecModel, Text
from argosy_metal.simulator.fault_rules import FaultKind

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}

Span = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9]{1,9}(\.[0-9]{1,3})?(s|m|h|d)$"),
    Field(description="A time with its unit, e.g. 90s, 10m, 2h or 1d."),
]
Count = Annotated[int, Field(strict=True, ge=1, le=100_000)]
Pattern = Annotated[Text, Field(description="A shell pattern, e.g. `bmc-rack-1-*`.")]


def seconds_of(span: str) -> float:
    """Seconds of a span: `10m` is 600."""
    return float(span[:-1]) * _SECONDS[span[-1]]


class FeedScenario(SpecModel):
    """One supply of power, with its breaker."""

    name: Name
    rated_kw: Positive
    parents: tuple[Name, ...] = ()
    """Power units that it hangs on, in the order in which they take over."""


class RackScenario(SpecModel):
    """One rack, or several that are alike."""

    name: Name
    count: Count | None = None
    """So many racks, called `NAME-1`, `NAME-2`, …; left out: one, called `NAME`."""
    servers: Count
    """Servers in each of them. Their serial numbers are `HALL-RACK-01`, …."""
    server_type: Text
    """The catalogue's name, e.g. `dgx-h200`."""
    vendor: Text | None = None
    """Whose BMCs are to be met, e.g. `dell`; left out: those of whoever builds the type."""
    feeds: tuple[Name, ...] = ()
    units: tuple[Name, ...] = ()
    """Power units or feeds that the rack hangs on; its servers hang on those that lead up to `feeds`. Every
    rack names them, once the hall has units."""
    max_watts: Count | None = None
    """Most that one server draws; left out: what the catalogue says."""


class HallScenario(SpecModel):
    """One hall."""

    racks: Annotated[tuple[RackScenario, ...], Field(min_length=1)]
    feeds: tuple[FeedScenario, ...] = ()
    units: tuple[PowerUnitSpec, ...] = ()
    """Generators, batteries and PDUs, as a fleet file describes them."""
    uplinks: tuple[Name, ...] = ()
    """Names of the ways out; left out: one called `uplink`."""
    pue: Pue = Decimal(1)
    """Watts that feeds and units carry for each watt that servers draw, rack PDUs and power shelves apart."""
    bmc_has_own_supply: Annotated[bool, Field(strict=True)] = False
    installer_powers_off: Annotated[bool, Field(strict=True)] = False
    """A done installer says so and powers its server off, instead of rebooting."""


class DurationsScenario(SpecModel):
    """How long things take, in simulated time."""

    power_on: Span | None = None
    power_off: Span | None = None
    graceful_shutdown: Span | None = None
    post: Span | None = None
    install: Span | None = None
    boot: Span | None = None
    task: Span | None = None


class PowerScenario(SpecModel):
    """How servers draw and breakers trip; shares are of the most that a server draws."""

    standby: Positive | None = None
    self_test: Positive | None = None
    idle: Positive | None = None
    installing: Positive | None = None
    running: Positive | None = None
    inrush: Positive | None = None
    inrush_seconds: Positive | None = None
    breaker_seconds: Positive | None = None
    bmc_boot_seconds: Positive | None = None


class FaultScenario(SpecModel):
    """One fault rule; `argosy_metal.simulator.fault_rules` says what each kind is."""

    kind: FaultKind
    host: Pattern = "*"
    method: Pattern = "*"
    path: Pattern = "*"
    status: Annotated[int, Field(strict=True, ge=400, le=599)] = 500
    retry_after: Annotated[int, Field(strict=True, ge=0, le=86_400)] | None = None
    skip: Annotated[int, Field(strict=True, ge=0)] = 0
    times: Count | None = None
    request: Annotated[int, Field(strict=True, ge=1)] | None = None
    at: Span | None = None
    until: Span | None = None
    fields: Annotated[tuple[Text, ...], Field(min_length=1)] = ("SerialNumber", "PowerState")
    offset: Span = "3652d"
    """How far a BMC's clock is off; `behind` turns it round."""
    behind: Annotated[bool, Field(strict=True)] = False
    latency: Span = "0.6s"
    bits_per_second: Positive = Decimal(1000)
    drip: Span = "1s"


class EventScenario(SpecModel):
    """What is switched at a simulated time: one of `cut`, `restore` and `swap`."""

    at: Span
    cut: Text | None = None
    """`hall HALL`, `feed HALL/FEED`, `power unit HALL/UNIT`, `rack HALL/RACK`, `uplink HALL/UPLINK`,
    `cable SERIAL`, `server SERIAL` or `power SERIAL`."""
    restore: Text | None = None
    swap: Serial | None = None
    serial: Serial | None = None
    """Of the hardware that takes the place of `swap`."""


class ScenarioSpec(SpecModel):
    """Everything in one scenario file. Without halls it is for the halls of a fleet."""

    version: Literal[1]
    halls: dict[Name, HallScenario] = Field(default={})
    time_scale: Annotated[int, Field(strict=True, ge=1, le=100_000)] | None = None
    """Simulated seconds per real second; left out: those of the fleet, or 1."""
    images: tuple[Name, ...] = ()
    """Installer images beside those of the fleet; left out without a fleet: `node`."""
    session_limit: Annotated[int, Field(strict=True, ge=1, le=1000)] | None = None
    durations: DurationsScenario = DurationsScenario()
    power: PowerScenario = PowerScenario()
    faults: tuple[FaultScenario, ...] = ()
    events: tuple[EventScenario, ...] = ()
