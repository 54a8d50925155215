"""The `Fleet` component: the whole plan's plain numbers, for policies to judge.

A stack policy sees only what a component registers as outputs, and an unknown value makes a mandatory
stack policy advisory. So every scope registers the numbers of the whole fleet, all known at preview.
"""

from __future__ import annotations

from typing import Any

import pulumi

from argosy.catalog import Catalog
from argosy.catalog.pools import capacity_type_of, node_type_of
from argosy.planner.models import Lock
from argosy.planner.offerings import Supply, holdings
from argosy.planner.power_report import hall_reports
from argosy.spec.loader import LoadedFleet
from argosy.spec.models import HallSpec, SiteSpec
from argosy_component.hall_numbers import hall_numbers


class Fleet(pulumi.ComponentResource):
    """One fleet. Holds no resources; its outputs are the plan's numbers."""

    sites: pulumi.Output[dict[str, Any]]
    """Site to provider, country and pools, and what `hall_numbers` says of a hall; pool to role, nodes,
    accelerators and capacity type."""

    def __init__(self, fleet: LoadedFleet, lock: Lock, catalog: Catalog) -> None:
        super().__init__("argosy:index:Fleet", fleet.spec.name, {}, None)
        sites = plan_numbers(fleet, lock, catalog)
        self.sites = pulumi.Output.from_input(sites)
        self.register_outputs({"sites": sites})


def plan_numbers(fleet: LoadedFleet, lock: Lock, catalog: Catalog) -> dict[str, Any]:
    """The plan as plain numbers, by site and pool. `accelerators` counts those of the whole pool."""
    reports = {
        report.site: report for report in hall_reports(Supply(fleet, catalog), holdings(fleet, lock.pools))
    }
    return {
        name: {
            "provider": site.provider,
            "country": site.country,
            "pools": {
                pool: _pool_numbers(site, pool, lock.pools[f"{name}/{pool}"].nodes, catalog)
                for pool in sorted(site.node_pools)
            },
            **(hall_numbers(fleet, name, site, reports[name]) if isinstance(site, HallSpec) else {}),
        }
        for name, site in sorted(fleet.spec.sites.items())
    }


def _pool_numbers(site: SiteSpec, name: str, nodes: int, catalog: Catalog) -> dict[str, Any]:
    pool = site.node_pools[name]
    node_type = node_type_of(site, pool, catalog)
    return {
        "role": pool.role,
        "nodes": nodes,
        "accelerator": node_type.accelerator,
        "accelerators": nodes * node_type.accelerators,
        "capacityType": capacity_type_of(pool),
    }
