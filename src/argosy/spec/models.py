"""The fleet file as types: what a person wants, in the field's words.

Every model is frozen and refuses keys it does not know. Shapes only: whether an instance type exists, or a
zone belongs to a region, is decided in `argosy.resolve`.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, StringConstraints, Tag

Name = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=40),
    Field(description="Lower-case letters, digits and single dashes; starts with a letter; at most 40."),
]
Share = Annotated[Decimal, Field(ge=0, le=1, description="A share from 0 to 1.")]
Nodes = Annotated[int, Field(strict=True, ge=0, le=1_000_000)]
Country = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Z]{2}$"),
    Field(description="ISO 3166-1 alpha-2 country code, e.g. `NO`."),
]
SecretRef = Annotated[
    str,
    StringConstraints(pattern=r"^(env:[A-Za-z_][A-Za-z0-9_]*|file:[^\s]+)$"),
    Field(description="Where a secret is found, never the secret itself: `env:NAME` or `file:PATH`."),
]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
HttpsUrl = Annotated[str, StringConstraints(pattern=r"^https://[^\s/@]+(/[^\s]*)?$")]
Role = Literal["training", "inference"]


class SpecModel(BaseModel):
    """Base of all parts of the fleet file: frozen, and closed to unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class NodeRange(SpecModel):
    """Leaves the node count to the planner, between two bounds."""

    min: Nodes = 0
    max: Nodes


class CapacitySpec(SpecModel):
    """How the nodes of a pool are obtained."""

    type: Literal["owned", "reserved", "block", "on-demand", "spot", "flex"]
    reservation: str | None = None
    """Id of the reservation or capacity block, as the vendor writes it."""
    ends: dt.datetime | None = None
    """When the reservation or block ends, with its UTC offset."""
    quota_nodes: Nodes | None = None
    """Most nodes the vendor's quota allows for this pool."""


class ImageSpec(SpecModel):
    """The operating-system image that a bare-metal machine installs."""

    url: HttpsUrl
    sha256: Sha256


class NodePoolSpec(SpecModel):
    """Like nodes that are declared together. Exactly one of `instance_type` and `server_type` is given."""

    role: Role
    nodes: Nodes | NodeRange
    """A count pins the pool; `{min, max}` leaves the choice to the planner."""
    instance_type: str | None = None
    """The cloud's own name for the machine, e.g. `p5en.48xlarge`."""
    server_type: str | None = None
    """The catalogue's name for a bare-metal server, e.g. `dgx-h200`."""
    zone: str | None = None
    """The one zone of a pool that needs a fabric (AWS: the zone id)."""
    zones: tuple[str, ...] = ()
    """Zones that share the nodes evenly."""
    capacity: CapacitySpec | None = None
    """Bare-metal pools are `owned` and leave this out."""
    spares: Nodes = 0
    """Servers kept claimable beside the pool, to replace broken ones (bare metal)."""
    image: ImageSpec | None = None
    """What the machines install (bare metal)."""


class UplinkSpec(SpecModel):
    """One way out of a hall."""

    name: Name
    kind: Literal["fibre", "microwave", "leo", "geo"]
    mbps: Annotated[int, Field(strict=True, gt=0)]
    rtt_ms: Annotated[int, Field(strict=True, gt=0)]
    carrier: str
    conduit: str | None = None
    """The duct or entry the link shares with others; links in one conduit fail together."""
    metered: bool = False


class FeedSpec(SpecModel):
    """One supply of power into a hall."""

    name: Name
    rated_kw: Annotated[int, Field(strict=True, gt=0)]
    """What the feed may carry continuously, in kW, after derating."""


class PowerSpec(SpecModel):
    """The power of a hall: its feeds, and what cooling adds."""

    feeds: Annotated[tuple[FeedSpec, ...], Field(min_length=1)]
    pue: Annotated[Decimal, Field(ge=1, le=3)] = Decimal("1.4")
    """Power usage effectiveness: total power over IT power. Default 1.4: planner-wide, flagged as a default."""


class ClaimsSpec(SpecModel):
    """Where it is recorded who owns which server of a hall."""

    backend: Literal["sqlite"] = "sqlite"
    path: str
    """Path of the claims file, relative to the project root."""


class SimulatorSpec(SpecModel):
    """Marks a hall whose servers are simulated on this computer; no packet leaves the loopback interface."""

    directory: str
    """Folder of the running simulator's endpoint file, relative to the project root."""
    time_scale: Annotated[int, Field(strict=True, ge=1, le=100_000)] = 1
    """How many simulated seconds pass in one real second."""


class SiteBase(SpecModel):
    """What every site has, whoever runs it. A site is one failure domain."""

    country: Country | None = None
    cidr: str | None = None
    """The site's private IPv4 range, e.g. `10.16.0.0/16`; ranges of a fleet may not overlap."""
    node_pools: dict[Name, NodePoolSpec]


class CloudSiteSpec(SiteBase):
    """A region of a cloud."""

    provider: str
    region: str
    account: str | None = None
    """AWS account id or Google Cloud project id."""
    kubernetes_version: Annotated[str, StringConstraints(pattern=r"^1\.\d{2}$")] = "1.34"


class HallSpec(SiteBase):
    """A hall of bare-metal servers that no cloud runs, with its own power and uplinks."""

    provider: Literal["metal"]
    inventory: str
    """Path of the inventory file, relative to the fleet file."""
    power: PowerSpec
    uplinks: Annotated[tuple[UplinkSpec, ...], Field(min_length=1)]
    claims: ClaimsSpec
    phone_home: HttpsUrl
    """Where installed machines report; the hall's own service, not the internet."""
    ca_certificate: str | None = None
    """PEM file of the authority that signed the BMCs' certificates, relative to the project root."""
    simulator: SimulatorSpec | None = None


def _site_kind(value: object) -> str:
    provider = value.get("provider") if isinstance(value, dict) else getattr(value, "provider", None)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    return "hall" if provider == "metal" else "cloud"


SiteSpec = Annotated[
    Annotated[HallSpec, Tag("hall")] | Annotated[CloudSiteSpec, Tag("cloud")], Discriminator(_site_kind)
]


class TrainingDemand(SpecModel):
    """A training job: a gang of nodes inside one fabric."""

    name: Name
    accelerator: Annotated[tuple[str, ...], Field(min_length=1)]
    """Accelerators that would do, best first."""
    nodes: Annotated[int, Field(strict=True, ge=1)]
    protected: bool = False
    """Whether the job must run on after a loss; others may be stopped."""
    checkpoint_minutes: Annotated[int, Field(strict=True, ge=1)] | None = None
    replicated_to: tuple[Name, ...] = ()
    """Sites that hold a copy of the checkpoints."""


class InferenceDemand(SpecModel):
    """A service that answers requests. `nodes` pins its size."""

    name: Name
    accelerator: Annotated[tuple[str, ...], Field(min_length=1)]
    nodes: Annotated[int, Field(strict=True, ge=1)] | None = None
    model: str | None = None
    requests_per_month: Annotated[int, Field(strict=True, ge=1)] | None = None
    input_tokens: Annotated[int, Field(strict=True, ge=1)] | None = None
    output_tokens: Annotated[int, Field(strict=True, ge=1)] | None = None
    ttft_ms: Annotated[int, Field(strict=True, ge=1)] | None = None
    """Target for the time to the first token, in milliseconds."""
    tpot_ms: Annotated[int, Field(strict=True, ge=1)] | None = None
    """Target for the time per output token after the first, in milliseconds."""
    regions: dict[str, Share] = {}
    """Share of the requests that come from each region; shares add up to 1."""


class DemandSpec(SpecModel):
    """What the fleet is for."""

    training: tuple[TrainingDemand, ...] = ()
    inference: tuple[InferenceDemand, ...] = ()


class KeepSpec(SpecModel):
    """The floor: what share of each kind of demand must still be served. Left out means 0."""

    training: Share = Decimal(0)
    inference: Share = Decimal(0)


class SurvivalSpec(SpecModel):
    """A contingency and its floor."""

    lose: str
    """`any provider | any site | any zone | any feed | any uplink | any rack | spot | any two providers`, or the
    name of one provider or site."""
    keep: KeepSpec
    within: Literal["0", "15m", "4h"] = "0"
    """Time until the floor must hold again."""


class MaxShareSpec(SpecModel):
    """Most of the fleet's accelerators that one party may hold."""

    provider: Share


class FleetSpec(SpecModel):
    """One environment: the whole compute of a lab, what it is for, and what it must survive."""

    version: Literal[1]
    name: Name
    sites: Annotated[dict[Name, SiteSpec], Field(min_length=1)]
    demand: DemandSpec = DemandSpec()
    survive: tuple[SurvivalSpec, ...] = ()
    max_share: MaxShareSpec | None = None
