"""What the refusals of several clouds share: a pool as rules see it, and rules that no vendor owns alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import TypeVar

from argosy.catalog import Catalog, InstanceType, NotInCatalogError
from argosy.errors import Fault
from argosy.spec.loader import LoadedFleet
from argosy.spec.models import CloudSiteSpec, NodePoolSpec
from argosy.spec.values import SpecModel

_Settings = TypeVar("_Settings", bound=SpecModel)
_TAKEN_BACK = ("spot", "flex")


@dataclass(frozen=True)
class CloudPool:
    """A pool of the fleet file, with what rules look at."""

    fleet: LoadedFleet
    catalog: Catalog
    site_name: str
    site: CloudSiteSpec
    name: str
    spec: NodePoolSpec
    type: InstanceType | None
    """None where the catalogue has no such type, which `argosy.resolve` says."""

    @property
    def path(self) -> str:
        """Where the pool stands in the fleet file."""
        return f"sites.{self.site_name}.node_pools.{self.name}"

    @property
    def zones(self) -> tuple[str, ...]:
        """The pool's zones, one or several."""
        return (self.spec.zone,) if self.spec.zone else self.spec.zones

    @property
    def zone_field(self) -> str:
        """The field that names the zones."""
        return "zone" if self.spec.zone else "zones"

    @property
    def capacity(self) -> str:
        """The capacity type, empty where the file leaves it out."""
        return self.spec.capacity.type if self.spec.capacity else ""

    @property
    def reservation(self) -> str | None:
        """The reservation that the pool names."""
        return self.spec.capacity.reservation if self.spec.capacity else None

    def settings(self, model: type[_Settings]) -> _Settings:
        """The pool's settings, of the shape its provider registered."""
        return self.fleet.pool_settings(self.site_name, self.name, model)

    def type_named(self, name: str) -> InstanceType | None:
        """Another instance type of the same cloud; None where the catalogue has no such type."""
        return _type(self.catalog, self.site, name)

    def fault(self, field: str, *, given: str, expected: str, fix: str) -> Fault:
        """A fault in one field of the pool."""
        return self.fleet.fault(f"{self.path}.{field}", given=given, expected=expected, fix=fix)


def cloud_pools(site: str, spec: CloudSiteSpec, fleet: LoadedFleet, catalog: Catalog) -> list[CloudPool]:
    """The pools of a site, by name."""
    return [
        CloudPool(fleet, catalog, site, spec, name, pool, _type(catalog, spec, pool.instance_type or ""))
        for name, pool in sorted(spec.node_pools.items())
    ]


def unfit_range(
    fleet: LoadedFleet, site: str, spec: CloudSiteSpec, *, widest: int, narrowest: int
) -> Iterator[Fault]:
    """A site without a range, or with one whose prefix is not from `widest` to `narrowest`."""
    if spec.cidr is None or not widest <= IPv4Network(spec.cidr).prefixlen <= narrowest:
        yield fleet.fault(
            f"sites.{site}.cidr",
            given="no range" if spec.cidr is None else repr(spec.cidr),
            expected=f"a private IPv4 range from /{widest} to /{narrowest} for nodes and pods",
            fix="write a range that no other site uses, e.g. cidr: 10.16.0.0/16",
        )


def fleeting_protected_training(pool: CloudPool) -> Iterator[Fault]:
    """Nodes that the vendor takes back, as all that a protected job could train on."""
    if pool.capacity not in _TAKEN_BACK or pool.spec.role != "training" or pool.type is None:
        return
    for job in pool.fleet.spec.demand.training:
        if job.protected and pool.type.accelerator in job.accelerator and not _has_firm_pool(pool.fleet):
            yield pool.fault(
                "capacity.type",
                given=f"{pool.capacity}, the fleet's only training capacity, with protected job {job.name}",
                expected="capacity that the vendor does not take back",
                fix="add a training pool that is reserved, block, on-demand or owned",
            )


def too_long(pool: CloudPool, prefix: str, *, limit: int) -> Iterator[Fault]:
    """A vendor's name for the pool that is longer than `limit` before it is made unique."""
    excess = len(prefix) - limit
    if excess > 0:
        yield pool.fleet.fault(
            pool.path,
            given=f"a pool name of {len(pool.name)} characters, which makes {prefix!r}",
            expected=f"a pool name of at most {len(pool.name) - excess}; the vendor takes {limit}",
            fix="shorten the pool's name",
        )


def _type(catalog: Catalog, spec: CloudSiteSpec, name: str) -> InstanceType | None:
    try:
        return catalog.instance_type(spec.provider, name)
    except NotInCatalogError:
        return None


def _has_firm_pool(fleet: LoadedFleet) -> bool:
    pools = [pool for site in fleet.spec.sites.values() for pool in site.node_pools.values()]
    return any(
        pool.role == "training" and (pool.capacity is None or pool.capacity.type not in _TAKEN_BACK)
        for pool in pools
    )
