"""From the fleet file's demand to rows and gangs: who may serve what, how fast, and where jobs may run."""

from __future__ import annotations

from collections.abc import Iterator, Set
from decimal import Decimal
from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING

from argosy.planner.offerings import PoolFacts, zones_of
from argosy.planner.problem import Gang, Row
from argosy.sizing.fleet import fleet_sizings

if TYPE_CHECKING:
    from argosy.catalog import Catalog
    from argosy.planner.offerings import Supply
    from argosy.sizing.service import Sizing
    from argosy.spec.demand import InferenceDemand, TrainingDemand
    from argosy.spec.loader import LoadedFleet

_MICRO_REQUESTS = 1_000_000
_GRAIN = 1_000
"""Units of a node in which a service is counted whose nodes are split over regions."""


def rows_of(fleet: LoadedFleet, supply: Supply, catalog: Catalog) -> Iterator[Row]:
    """One row per service, or per service and region. A service whose size is not known has none."""
    sizings = fleet_sizings(fleet, catalog)
    for service in fleet.spec.demand.inference:
        sizing = sizings.get(service.name)
        if service.nodes is None and sizing is None:
            continue
        workload = f"inference/{service.name}"
        regions = service.regions or {"": Decimal(1)}
        grain = _GRAIN if service.regions else 1
        for region, share in sorted(regions.items()):
            whole = (service.nodes or 0) * grain if sizing is None else sizing.peak
            rates = {
                pool.kind: rate
                for pool in supply.pools
                if _may_serve(service, region, pool) and (rate := _rate(pool, sizing, grain))
            }
            name = f"{workload}@{region}" if region else workload
            unit, size = ("nodes", grain) if sizing is None else ("requests/s", _MICRO_REQUESTS)
            yield Row(name, workload, ceil(Fraction(share) * whole), rates, unit, size)


def _may_serve(service: InferenceDemand, region: str, pool: PoolFacts) -> bool:
    fits = pool.node_type.accelerator in service.accelerator
    serves = pool.spec.role == "inference" or pool.spec.lends
    near = not region or not pool.serves or region in pool.serves
    allowed = service.residency.get(region)
    return fits and serves and near and (allowed is None or pool.country in allowed)


def _rate(pool: PoolFacts, sizing: Sizing | None, grain: int) -> int:
    if sizing is None:
        return grain
    return sizing.per_node(pool.node_type.accelerator, pool.node_type.accelerators)


def convertible_kinds(supply: Supply) -> frozenset[str]:
    """Kinds of training pools that lend: they serve once what runs on them has been stopped."""
    return frozenset(pool.kind for pool in supply.pools if pool.spec.role == "training")


def gangs_of(fleet: LoadedFleet, supply: Supply, catalog: Catalog) -> Iterator[Gang]:
    """One gang per training job."""
    for job in fleet.spec.demand.training:
        pools = [pool for pool in supply.pools if _may_run(job, pool)]
        yield Gang(
            f"training/{job.name}",
            job.protected,
            {pool.id: -(-job.nodes // pool.rack_nodes) * pool.rack_nodes for pool in pools},
            frozenset(pool.id for pool in pools),
            job.nodes,
            {pool.id: mbps for pool in pools if (mbps := checkpoint_mbps(job, pool.site))},
            {pool.id: cost for pool in pools if (cost := egress(job, pool.provider, fleet, catalog))},
        )


def _may_run(job: TrainingDemand, pool: PoolFacts) -> bool:
    fits = pool.node_type.accelerator in job.accelerator
    # An inference pool lends what it can spare to jobs that may be stopped.
    role = pool.spec.role == "training" or (pool.spec.lends and not job.protected)
    # No fabric spans two zones.
    whole = pool.node_type.fabric == "none" or len(zones_of(pool.spec)) < 2
    market = pool.capacity_type == "flex" or (pool.capacity_type == "spot" and job.protected)
    return fits and role and whole and not market and (not job.residency or pool.country in job.residency)


def checkpoint_mbps(job: TrainingDemand, site: str) -> int:
    """What the job's checkpoints send out of its site, in Mbit/s rounded up; 0 where nobody said."""
    if job.checkpoint_gb is None or job.checkpoint_minutes is None:
        return 0
    copies = sum(other != site for other in job.replicated_to)
    return ceil(Fraction(job.checkpoint_gb) * 8_000 * copies / (job.checkpoint_minutes * 60))


def egress(
    job: TrainingDemand,
    provider: str,
    fleet: LoadedFleet,
    catalog: Catalog,
    gone: Set[str] = frozenset(),
) -> int:
    """Micro-dollars per hour that sending the checkpoints from one provider to others costs.

    Nothing is sent to the sites that are `gone`.
    """
    if job.checkpoint_gb is None or job.checkpoint_minutes is None:
        return 0
    kept = [fleet.spec.sites[other] for other in job.replicated_to if other not in gone]
    away = sum(site.provider != provider for site in kept)
    price = catalog.egress_usd_per_gb(provider) or Decimal(0)
    per_hour = Fraction(job.checkpoint_gb) * 60 / job.checkpoint_minutes
    return round(per_hour * away * Fraction(price) * 1_000_000)
