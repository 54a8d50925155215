"""The provider contract: what a provider is given, and what it gives back. Imports no SDK.

| rule | |
|---|---|
| `declare_site` declares exactly what its `SitePlan` says | a provider never chooses |
| every resource is a child of the site's component | so a site can be read, moved or removed whole |
| every pool of the plan is in `Site.pools` | whoever the vendor is |
| what differs between runs is never an input | names, order and values are the plan's |
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from argosy.providers import Provider

if TYPE_CHECKING:
    import pulumi

    from argosy.catalog import NodeType
    from argosy.spec.values import SpecModel


@dataclass(frozen=True)
class ServerPlan:
    """One bare-metal server that a plan has pinned to a slot. References stand in for secrets."""

    slot: str
    serial: str
    bmc: str
    rack: str
    feeds: tuple[str, ...]
    server_type: str
    username_ref: str
    password_ref: str
    certificate_sha256: str | None = None
    """The BMC's pinned certificate; None: the hall's authority vouches for it."""


@dataclass(frozen=True)
class NodePoolPlan:
    """One pool of the lock, in plain values."""

    name: str
    role: str
    node_type: NodeType
    """What the catalogue says about one node."""
    nodes: int
    by_zone: Mapping[str, int]
    capacity_type: str
    reservation: str | None = None
    capacity_ends: str | None = None
    """RFC 3339, UTC."""
    capacity_starts: str | None = None
    """RFC 3339, UTC; None when it has begun."""
    image_url: str | None = None
    image_sha256: str | None = None
    servers: tuple[ServerPlan, ...] = ()
    spares: tuple[ServerPlan, ...] = ()
    power_cap_watts: int | None = None
    """Most that one node may draw, in watts: the plan counts on it, so that it must be set on the machine."""
    accelerator_watts: int | None = None
    """Thermal design power of one accelerator of the node; None where the catalogue has no idea."""
    settings: SpecModel | None = None
    """What only the provider understands of the pool, in its own shape; None where the file says nothing."""


@dataclass(frozen=True)
class HallPlan:
    """What only a bare-metal hall has."""

    claims: Mapping[str, Any]
    """Where its claims are kept, as the provider takes it: paths and references, never a secret."""
    phone_home: str
    ca_certificate: str | None
    simulator_directory: str | None
    uplinks: tuple[Mapping[str, str | int | bool | tuple[str, ...] | None], ...]
    feeds: Mapping[str, int]
    """Feed to rated kW."""
    machines_reading_at_once: int | None = None
    """Machines that may read their image at once (the install budget); None while no image has a size."""
    starts_at_once: int = 1
    """Servers behind one feed that may start within one window."""
    inventory: tuple[ServerPlan, ...] = ()
    """Every server that stands in the hall, in no slot: what a provider's settings may name by serial."""


@dataclass(frozen=True)
class PeerPlan:
    """Another site of the fleet, as far as a provider may need it to reach or copy to it."""

    name: str
    provider: str
    region: str | None = None
    account: str | None = None
    country: str | None = None
    cidr: str | None = None


@dataclass(frozen=True)
class SitePlan:
    """One site of the lock: plain values only, secrets as references."""

    fleet: str
    name: str
    provider: str
    region: str | None
    country: str | None
    account: str | None
    kubernetes_version: str | None
    cidr: str | None
    node_pools: tuple[NodePoolPlan, ...]
    tags: Mapping[str, str]
    hall: HallPlan | None = None
    peers: tuple[PeerPlan, ...] = ()
    """The fleet's other sites, by name, whether they are declared in the same run or not."""
    settings: SpecModel | None = None
    """What only the provider understands of the site, in its own shape; None where the file says nothing."""
    root: str = ""
    """The project's root, for files that settings name. Never a resource's input: it differs between runs."""


@dataclass(frozen=True)
class Toleration:
    """A Kubernetes toleration that lets a pod run on a pool."""

    key: str
    value: str | None
    effect: str


@dataclass(frozen=True)
class PoolHandle:
    """What one needs to run a job on a pool, whoever the vendor is."""

    name: str
    node_selector: Mapping[str, str]
    tolerations: tuple[Toleration, ...]
    rdma_resources: Mapping[str, int]
    """Extended resources a pod requests to get the fabric, e.g. `{"vpc.amazonaws.com/efa": 16}`."""
    topology_keys: tuple[str, ...]
    """Node label keys from the widest to the narrowest domain."""
    accelerators_per_node: int
    nodes: int
    capacity_starts: str | None = None
    capacity_ends: str | None = None
    criteria: Mapping[str, str] = field(default_factory=dict[str, str])
    """What the software of the nodes is chosen by, in the words of NVIDIA's AICR recipes: `service`,
    `accelerator`, `os`, `intent`."""
    pod_annotations: Mapping[str, str] = field(default_factory=dict[str, str])
    """What a pod must bear to get the fabric, where the vendor attaches it by annotation."""


@dataclass(frozen=True)
class Site:
    """A declared site."""

    name: str
    provider: str
    component: pulumi.ComponentResource
    pools: Mapping[str, PoolHandle]
    kubeconfig: pulumi.Output[str] | None = None
    """Secret. None where the site has no cluster of its own (yet)."""
    links: Mapping[str, pulumi.Output[str]] = field(default_factory=dict[str, "pulumi.Output[str]"])
    """What peers need to reach the site, e.g. its VPC id."""


class SiteProvider(Provider, Protocol):
    """A provider, whole."""

    def declare_site(self, plan: SitePlan, opts: pulumi.ResourceOptions | None = None) -> Site:
        """Declare every resource of the site under one component. Decides nothing."""
        ...

    def declare_links(self, site: Site, peers: Sequence[Site]) -> None:
        """Declare what joins `site` to its peers, once all sites exist. May declare nothing."""
        ...
