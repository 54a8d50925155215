"""The fleet file as types: what a person wants, in the field's words.

Every model is frozen and refuses keys it does not know. Shapes only: what several fields or sites must agree
on is checked in `argosy.spec.checks`, what the catalogue and the providers must know in `argosy.resolve`.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError


def _refuse_text(value: Any) -> Any:
    if isinstance(value, (str, bool)):
        raise PydanticCustomError("number_type", "not a number")
    return value


def _refuse_numbers(value: Any) -> Any:
    # Pydantic would read a number as seconds since 1970.
    if not isinstance(value, (str, dt.datetime)):
        raise PydanticCustomError("datetime_type", "not a date and time")
    return value


_REFERENCE_PATTERN = r"^(env:[A-Za-z_][A-Za-z0-9_]*|file:[^\s]+)$"

NAME_PATTERN = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$"

Name = Annotated[
    str,
    StringConstraints(pattern=NAME_PATTERN, max_length=40),
    Field(description="A name: lower-case letters, digits and single dashes, a letter first, at most 40."),
]
Text = Annotated[
    str,
    StringConstraints(pattern=r"^[^\s\x00-\x1f\x7f]([^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f])?$", max_length=500),
    Field(description="Text on one line, with no space at its ends."),
]
Share = Annotated[
    Decimal,
    BeforeValidator(_refuse_text),
    Field(ge=0, le=1, description="A share from 0 to 1."),
    WithJsonSchema({"type": "number", "minimum": 0, "maximum": 1, "description": "A share from 0 to 1."}),
]
Pue = Annotated[
    Decimal,
    BeforeValidator(_refuse_text),
    Field(ge=1, le=3),
    WithJsonSchema({"type": "number", "minimum": 1, "maximum": 3}),
]
Nodes = Annotated[int, Field(strict=True, ge=0, le=1_000_000)]
Country = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Z]{2}$"),
    Field(description="A country code of two capitals (ISO 3166-1 alpha-2), e.g. `NO`."),
]
SecretRef = Annotated[
    str,
    StringConstraints(pattern=_REFERENCE_PATTERN),
    Field(description="Where a secret is found, never the secret itself: `env:NAME` or `file:PATH`."),
]
Sha256 = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9a-f]{64}$"),
    Field(description="A SHA-256 digest: 64 lower-case hexadecimal digits."),
]
HttpsUrl = Annotated[
    str,
    StringConstraints(pattern=r"^https://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[^\s]*)?$"),
    Field(description="A URL that begins with `https://`."),
]
Moment = Annotated[
    AwareDatetime,
    BeforeValidator(_refuse_numbers),
    Field(description="A date and time with its UTC offset, e.g. 2027-03-01T00:00Z."),
    # Without `format`, by which editors would refuse a time without seconds.
    WithJsonSchema({"type": "string"}),
]
KubernetesVersion = Annotated[
    str,
    StringConstraints(pattern=r"^1\.[0-9]{2}$"),
    Field(description='A minor version of Kubernetes in quotes, e.g. "1.34".'),
]
Role = Literal["training", "inference"]


class SpecModel(BaseModel):
    """Base of all parts of the fleet file: frozen, and closed to unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class NodeRange(SpecModel):
    """Leaves the node count to the planner, between two bounds."""

    min: Nodes = 0
    max: Nodes


def _nodes_kind(value: object) -> str:
    return "range" if isinstance(value, (dict, NodeRange)) else "count"


NodeCount = Annotated[
    Annotated[Nodes, Tag("count")] | Annotated[NodeRange, Tag("range")], Discriminator(_nodes_kind)
]


class CapacitySpec(SpecModel):
    """How the nodes of a pool are obtained."""

    type: Literal["owned", "reserved", "block", "on-demand", "spot", "flex"]
    reservation: Text | None = None
    """Id of the reservation or capacity block, as the vendor writes it."""
    ends: Moment | None = None
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
    nodes: NodeCount
    """A count pins the pool; `{min, max}` leaves the choice to the planner."""
    instance_type: Text | None = None
    """The cloud's own name for the machine, e.g. `p5en.48xlarge`."""
    server_type: Text | None = None
    """The catalogue's name for a bare-metal server, e.g. `dgx-h200`."""
    zone: Text | None = None
    """The one zone of a pool that needs a fabric (AWS: the zone id)."""
    zones: tuple[Text, ...] = ()
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
    carrier: Text
    conduit: Text | None = None
    """The duct or entry the link shares with others; links in one conduit fail together."""
    metered: Annotated[bool, Field(strict=True)] = False


class FeedSpec(SpecModel):
    """One supply of power into a hall."""

    name: Name
    rated_kw: Annotated[int, Field(strict=True, gt=0)]
    """What the feed may carry continuously, in kW, after derating."""


class PowerSpec(SpecModel):
    """The power of a hall: its feeds, and what cooling adds."""

    feeds: Annotated[tuple[FeedSpec, ...], Field(min_length=1)]
    pue: Pue = Decimal("1.4")
    """Power usage effectiveness: total power over IT power."""


class ClaimsSpec(SpecModel):
    """Where it is recorded who owns which server of a hall."""

    backend: Literal["sqlite"] = "sqlite"
    path: Text
    """Path of the claims file: relative to the project root, or in full."""


class SimulatorSpec(SpecModel):
    """Marks a hall whose servers are simulated on this computer; no packet leaves the loopback interface."""

    directory: Text
    """Folder of the running simulator's files, below `.argosy/` of the project root."""
    time_scale: Annotated[int, Field(strict=True, ge=1, le=100_000)] = 1
    """How many simulated seconds pass in one real second."""


class SiteBase(SpecModel):
    """What every site has, whoever runs it. A site is one failure domain."""

    country: Country | None = None
    cidr: Text | None = None
    """The site's private IPv4 range, e.g. `10.16.0.0/16`; ranges of a fleet may not overlap."""
    node_pools: Annotated[dict[Name, NodePoolSpec], Field(min_length=1)]


class CloudSiteSpec(SiteBase):
    """A region of a cloud."""

    provider: Name
    region: Name
    account: Text | None = None
    """AWS account id or Google Cloud project id."""
    kubernetes_version: KubernetesVersion = "1.34"


class HallSpec(SiteBase):
    """A hall of bare-metal servers that no cloud runs, with its own power and uplinks."""

    provider: Literal["metal"]
    inventory: Text
    """Path of the inventory file, relative to the fleet file."""
    power: PowerSpec
    uplinks: Annotated[tuple[UplinkSpec, ...], Field(min_length=1)]
    claims: ClaimsSpec
    phone_home: HttpsUrl
    """Where installed machines report; the hall's own service, not the internet."""
    ca_certificate: Text | None = None
    """PEM file of the authority that signed the BMCs' certificates, relative to the project root."""
    simulator: SimulatorSpec | None = None


def _site_kind(value: object) -> str:
    """A hall when `provider: metal` says so, or when there is an inventory and no region.

    So a hall whose provider is missing or misspelt is told about the provider alone.
    """
    if isinstance(value, dict):
        site: dict[str, object] = value  # pyright: ignore[reportUnknownVariableType]
        is_hall = site.get("provider") == "metal" or ("inventory" in site and "region" not in site)
    else:
        is_hall = isinstance(value, HallSpec)
    return "hall" if is_hall else "cloud"


SiteSpec = Annotated[
    Annotated[HallSpec, Tag("hall")] | Annotated[CloudSiteSpec, Tag("cloud")], Discriminator(_site_kind)
]


class TrainingDemand(SpecModel):
    """A training job: a gang of nodes inside one fabric."""

    name: Name
    accelerator: Annotated[tuple[Text, ...], Field(min_length=1)]
    """Accelerators that would do, best first."""
    nodes: Annotated[int, Field(strict=True, ge=1)]
    protected: Annotated[bool, Field(strict=True)] = False
    """Whether the job must run on after a loss; others may be stopped."""
    checkpoint_minutes: Annotated[int, Field(strict=True, ge=1)] | None = None
    replicated_to: tuple[Name, ...] = ()
    """Sites that hold a copy of the checkpoints."""


class InferenceDemand(SpecModel):
    """A service that answers requests. `nodes` pins its size."""

    name: Name
    accelerator: Annotated[tuple[Text, ...], Field(min_length=1)]
    nodes: Annotated[int, Field(strict=True, ge=1)] | None = None
    model: Text | None = None
    requests_per_month: Annotated[int, Field(strict=True, ge=1)] | None = None
    input_tokens: Annotated[int, Field(strict=True, ge=1)] | None = None
    output_tokens: Annotated[int, Field(strict=True, ge=1)] | None = None
    ttft_ms: Annotated[int, Field(strict=True, ge=1)] | None = None
    """Target for the time to the first token, in milliseconds."""
    tpot_ms: Annotated[int, Field(strict=True, ge=1)] | None = None
    """Target for the time per output token after the first, in milliseconds."""
    regions: dict[Name, Share] = {}
    """Share of the requests that come from each region; shares add up to 1."""


class DemandSpec(SpecModel):
    """What the fleet is for."""

    training: tuple[TrainingDemand, ...] = ()
    inference: tuple[InferenceDemand, ...] = ()


class KeepSpec(SpecModel):
    """The floor: what share of each kind of demand must still be served. Left out means 0."""

    training: Share = Decimal(0)
    inference: Share = Decimal(0)


def _zero_as_text(value: Any) -> Any:
    # `within: 0` is what people write; `false`, which Python takes for 0 as well, is not.
    return "0" if type(value) is int and value == 0 else value


Within = Annotated[
    Literal["0", "15m", "4h"],
    BeforeValidator(_zero_as_text),
    WithJsonSchema({"enum": ["0", 0, "15m", "4h"]}),
]


class SurvivalSpec(SpecModel):
    """A contingency and its floor."""

    # A description of the field's own, since editors would be shown that of `Text` instead of a docstring.
    lose: Text = Field(
        json_schema_extra={
            "description": "`any provider | any site | any zone | any feed | any uplink | any rack | spot | "
            "any two providers`, or the name of one provider or site."
        }
    )
    keep: KeepSpec
    within: Within = "0"
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
