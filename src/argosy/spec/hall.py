"""What only a hall of one's own has, as types: uplinks, power, image cache, simulator."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from argosy.spec.values import Derate, Inrush, Name, Positive, Pue, SpecModel, Text


class UplinkSpec(SpecModel):
    """One way out of a hall."""

    name: Name
    kind: Literal["fibre", "microwave", "leo", "geo"]
    mbps: Annotated[int, Field(strict=True, gt=0)]
    rtt_ms: Annotated[int, Field(strict=True, gt=0)]
    """Round trip over it, in milliseconds; a control plane shared with other halls bears only so much."""
    carrier: Text
    conduit: Text | None = None
    """The duct that the link shares with others; links in one conduit fail together."""
    entry: Text | None = None
    """Where the link enters the building; links of one entry fail together."""
    metered: Annotated[bool, Field(strict=True)] = False
    """Paid for by the byte: it carries no images."""
    usage: tuple[Literal["data", "control", "oob"], ...] = ()
    """What goes over it: traffic of jobs and users, of the control plane, or out-of-band to the BMCs; left
    out: all of it."""


class TrafficSpec(SpecModel):
    """What the control plane and the BMCs of a hall send out of it."""

    control_mbps_per_node: Positive | None = None
    """Control plane traffic of one node, in Mbit/s; left out: Argosy's own choice (`argosy.site_facts`)."""
    oob_mbps_per_server: Positive | None = None
    """Out-of-band traffic of one server's BMC, in Mbit/s; left out: Argosy's own choice."""


class ImageCacheSpec(SpecModel):
    """A copy of the images that stands in the hall."""

    mbps: Annotated[int, Field(strict=True, gt=0)]
    """What it delivers to all machines together, in Mbit/s."""


class FeedSpec(SpecModel):
    """One supply of power into a hall."""

    name: Name
    rated_kw: Annotated[int, Field(strict=True, gt=0)]
    """What the feed may carry continuously, in kW, after derating."""
    supplier: Text | None = None
    """Who supplies its power; the feeds of one supplier fail together under `any power supplier`."""
    parents: tuple[Name, ...] = ()
    """Units that it hangs on, such as a utility or a UPS, in the order in which they take over."""


class PowerUnitSpec(SpecModel):
    """Something between the feeds of a hall and its racks, or before its feeds."""

    name: Name
    kind: Literal["utility", "generator", "ups", "switchboard", "pdu", "rack-pdu", "power-shelf"]
    rated_kw: Positive
    """What it is rated for, in kW, before derating."""
    derate: Derate | None = None
    """Share of its rating that it may carry continuously; left out: 0.8 where a breaker decides (switchboard,
    PDU, rack PDU), else 1."""
    parents: tuple[Name, ...] = ()
    """Feeds or units that it hangs on, in the order in which they take over: all load is on the first that is
    live."""
    minutes: Annotated[int, Field(strict=True, ge=0, le=1_000_000)] | None = None
    """How long a UPS or a generator carries its rating, in minutes."""
    start_seconds: Annotated[int, Field(strict=True, ge=0, le=100_000)] | None = None
    """How long a generator takes until it carries the load."""


class StartUpSpec(SpecModel):
    """How servers are powered on."""

    inrush: Inrush | None = None
    """How many times its most a server draws for an instant when it starts; left out: what vendors say."""
    at_once: Annotated[int, Field(strict=True, ge=1, le=100_000)] = 1
    """Servers behind one feed or unit that may start within one window."""


class PowerSpec(SpecModel):
    """The power of a hall: its feeds, what stands between them and the racks, and what cooling adds.

    Feeds alone describe a hall whose servers live on any one of theirs. With `units` and `racks` every single
    failure is held against what is left.
    """

    feeds: Annotated[tuple[FeedSpec, ...], Field(min_length=1)]
    pue: Pue = Decimal("1.4")
    """Power usage effectiveness: total power over IT power."""
    usd_per_kwh: Positive | None = None
    """Price of energy, in US dollars per kWh: what a node of one's own costs by running."""
    units: tuple[PowerUnitSpec, ...] = ()
    racks: dict[Name, Annotated[tuple[Name, ...], Field(min_length=1)]] = Field(default={})
    """Rack to the units (or feeds) that it hangs on; every rack of the inventory, once there are units."""
    start_up: StartUpSpec = StartUpSpec()
    drain_minutes: Annotated[int, Field(strict=True, ge=1, le=100_000)] | None = None
    """How long jobs and users take to leave when the utility is gone; batteries and generators must last."""


class SimulatorSpec(SpecModel):
    """Marks a hall whose servers are simulated on this computer; no packet leaves the loopback interface."""

    directory: Text
    """Folder of the running simulator's files, below `.argosy/` of the project root."""
    time_scale: Annotated[int, Field(strict=True, ge=1, le=100_000)] = 1
    """How many simulated seconds pass in one real second."""
