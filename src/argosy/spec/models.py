"""The fleet file as types: what a person wants, in the field's words.

Every model is frozen and refuses keys it does not know. Shapes only: what several fields or sites must agree
on is checked in `argosy.spec.checks`, what the catalogue and the providers must know in `argosy.resolve`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from argosy.spec.claims import ClaimsSpec
from argosy.spec.demand import DemandSpec, MaxShareSpec, SurvivalSpec
from argosy.spec.hall import ImageCacheSpec, PowerSpec, SimulatorSpec, TrafficSpec, UplinkSpec
from argosy.spec.values import (
    Country,
    HttpsUrl,
    KubernetesVersion,
    Moment,
    Name,
    Nodes,
    Positive,
    Role,
    Sha256,
    SpecModel,
    Text,
)


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
    starts: Moment | None = None
    """When the reservation or block begins, with its UTC offset; left out: it has begun."""
    ends: Moment | None = None
    """When the reservation or block ends, with its UTC offset."""
    nodes: Annotated[int, Field(strict=True, ge=1, le=1_000_000)] | None = None
    """Nodes that the reservation or block holds. They are paid for, so holding them costs nothing more."""
    multiple_of: Annotated[int, Field(strict=True, ge=1, le=10_000)] = 1
    """Nodes come in multiples of this: a block's size, or the nodes of one rack-scale system."""
    quota_nodes: Nodes | None = None
    """Most nodes the vendor's quota allows for this pool."""


class ImageSpec(SpecModel):
    """The operating-system image that a bare-metal machine installs."""

    url: HttpsUrl
    sha256: Sha256
    size_gib: Positive | None = None
    """What a machine reads of it, in GiB: what a reinstallation takes follows from it."""


Settings = Annotated[
    dict[str, Any],
    Field(
        description="What only this provider understands; its shape is the provider's (`argosy.settings`)."
    ),
]
"""Excluded from what a spec means to a plan: none rests on it, so a change here leaves every lock good."""


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
    """Zones that share a pinned count evenly; of a range the planner chooses how many stand where."""
    capacity: CapacitySpec | None = None
    """Bare-metal pools are `owned` and leave this out."""
    lends: Annotated[bool, Field(strict=True)] = False
    """Whether nodes may work for the other role while their own can spare them: an inference pool runs jobs
    that are not protected; a training pool serves after a loss, from 15 minutes on (it is convertible)."""
    readiness: Literal["hot", "cold"] = "hot"
    """`hot`: powered and running. `cold`: held, but not running; counts from 4 hours after a loss on."""
    spares: Nodes = 0
    """Servers kept claimable beside the pool, to replace broken ones (bare metal)."""
    power_cap_watts: Annotated[int, Field(strict=True, ge=1, le=1_000_000)] | None = None
    """Most that one node may draw, in watts, where that is less than its type draws (bare metal)."""
    image: ImageSpec | None = None
    """What the machines install (bare metal)."""
    settings: Settings = Field(default={}, exclude=True)


class SiteBase(SpecModel):
    """What every site has, whoever runs it. A site is one failure domain."""

    country: Country | None = None
    cidr: Text | None = None
    """The site's private IPv4 range, e.g. `10.16.0.0/16`; ranges of a fleet may not overlap."""
    serves: tuple[Name, ...] = ()
    """Regions of users (the keys of a service's `regions`) that are answered in time from here; left out:
    all."""
    node_pools: Annotated[dict[Name, NodePoolSpec], Field(min_length=1)]


class QuotaSpec(SpecModel):
    """A limit of the vendor's that several pools of a site share."""

    name: Name
    limit: Annotated[int, Field(strict=True, ge=0, le=1_000_000_000)]
    unit: Literal["nodes", "accelerators", "vcpus"]
    """What the vendor counts; AWS counts vCPUs."""
    pools: Annotated[tuple[Name, ...], Field(min_length=1)]
    """Node pools of this site that count against it."""


class CloudSiteSpec(SiteBase):
    """A region of a cloud."""

    provider: Name
    region: Name
    account: Text | None = None
    """AWS account id or Google Cloud project id."""
    kubernetes_version: KubernetesVersion = "1.34"
    quotas: tuple[QuotaSpec, ...] = ()
    settings: Settings = Field(default={}, exclude=True)


class HallSpec(SiteBase):
    """A hall of bare-metal servers that no cloud runs, with its own power and uplinks."""

    provider: Literal["metal"]
    inventory: Text
    """Path of the inventory file, relative to the fleet file."""
    power: PowerSpec
    uplinks: Annotated[tuple[UplinkSpec, ...], Field(min_length=1)]
    traffic: TrafficSpec = TrafficSpec()
    image_cache: ImageCacheSpec | None = None
    """Left out: machines read their image over the uplinks."""
    reinstall_within_minutes: Annotated[int, Field(strict=True, ge=1, le=1_000_000)] | None = None
    """How long all machines of the hall together may take to read their image."""
    shares_control_plane_with: tuple[Name, ...] = ()
    """Halls over which its control plane is stretched, one etcd in all of them; left out: its own alone."""
    claims: ClaimsSpec
    phone_home: HttpsUrl
    """Where installed machines report; the hall's own service, not the internet."""
    ca_certificate: Text | None = None
    """PEM file of the authority that signed the BMCs' certificates, relative to the project root."""
    simulator: SimulatorSpec | None = None
    settings: Settings = Field(default={}, exclude=True)


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


class RiskGroupSpec(SpecModel):
    """Things that fail together although no other line says so: a shared duct, substation or owner."""

    sites: tuple[Name, ...] = ()
    feeds: tuple[Text, ...] = ()
    """`SITE/FEED` of halls."""
    uplinks: tuple[Text, ...] = ()
    """`SITE/UPLINK` of halls."""


class FleetSpec(SpecModel):
    """One environment: the whole compute of a lab, what it is for, and what it must survive."""

    version: Literal[1]
    name: Name
    sites: Annotated[dict[Name, SiteSpec], Field(min_length=1)]
    demand: DemandSpec = DemandSpec()
    risk_groups: dict[Name, RiskGroupSpec] = Field(default={})
    survive: tuple[SurvivalSpec, ...] = ()
    max_share: MaxShareSpec | None = None
    since: Moment | None = None
    """From when on the plan must hold; a reservation or block that starts later is refused."""
    until: Moment | None = None
    """How long the plan must hold; a reservation or block that ends before is refused."""
    prices: Text | None = None
    """Path of a file with prices, relative to the fleet file; they go before the catalogue's."""
    accept_estimates: Annotated[bool, Field(strict=True)] = False
    """Whether a price that nobody stated, only estimated, may decide who gets what."""
    rates: Text | None = None
    """Path of a file with serving rates, relative to the fleet file; they go before the catalogue's."""
    server_types: Annotated[Text | None, Field(exclude=True)] = None
    """Path of a file with server types of one's own, relative to the fleet file; they go before the
    catalogue's. A plan rests on what they say, which is among the facts of its lock, and not on the path."""
