"""Caps that a plan counts on and nothing would set, said when the fleet file is checked. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from argosy.catalog import NotInCatalogError
from argosy.catalog.pools import node_type_of
from argosy.spec.models import HallSpec
from argosy_metal.refusals_engine import is_by_ironic
from argosy_metal.settings import PoolSettings
from argosy_metal.settings.power_cap import PowerCapPoolSettings

if TYPE_CHECKING:
    from argosy.catalog import Catalog, NodeType
    from argosy.errors import Fault
    from argosy.spec.loader import LoadedFleet


def refuse_caps(site: str, fleet: LoadedFleet, hall: HallSpec, catalog: Catalog) -> Iterator[Fault]:
    """Every cap of one hall's pools that its plan counts on, and its machines would not keep."""
    for name, pool in sorted(hall.node_pools.items()):
        if pool.power_cap_watts is None:
            continue
        at = f"sites.{site}.node_pools.{name}"
        if is_by_ironic(site, fleet):
            yield fleet.fault(
                f"{at}.power_cap_watts",
                given=f"{pool.power_cap_watts:,} W for a hall whose engine is Ironic",
                expected="no cap: the plan would count on it, and Ironic's API sets none",
                fix="delete it, or write engine: redfish",
            )
            continue
        own = fleet.settings.pools.get((site, name))
        cap = own.power_cap if isinstance(own, PoolSettings) else None
        try:
            node_type = node_type_of(hall, pool, catalog)
        except NotInCatalogError:
            continue  # that has a fault of its own
        if cap is not None:
            yield from _kept(fleet, f"{at}.settings.power_cap", cap, pool.power_cap_watts, node_type, catalog)


def _kept(
    fleet: LoadedFleet,
    at: str,
    cap: PowerCapPoolSettings,
    planned: int,
    node_type: NodeType,
    catalog: Catalog,
) -> Iterator[Fault]:
    if cap.watts_per_node is not None:
        if cap.watts_per_node > planned:
            yield fleet.fault(
                f"{at}.watts_per_node",
                given=f"{cap.watts_per_node:,} W, though the plan counts on {planned:,} W"
                " (`power_cap_watts`)",
                expected=f"{planned:,} W at the most",
                fix="lower it, or raise power_cap_watts and run `argosy plan`",
            )
        return
    if cap.watts_per_gpu is None:
        return
    most, tdp = node_type.node_power_watts, catalog.accelerator(node_type.accelerator).tdp_watts
    if most is None or tdp is None:
        yield fleet.fault(
            f"{at}.watts_per_gpu",
            given=f"a cap of GPUs for a {node_type.name}, whose GPUs' share of its power nobody states",
            expected="watts_per_node, since the plan counts on `power_cap_watts`",
            fix=f"write watts_per_node: {planned}",
        )
        return
    left = most - node_type.accelerators * max(0, tdp - cap.watts_per_gpu)
    if left > planned:
        per_gpu = tdp - -(-(most - planned) // node_type.accelerators)
        yield fleet.fault(
            f"{at}.watts_per_gpu",
            given=f"{cap.watts_per_gpu} W, which leaves a {node_type.name} {left:,} W to draw, though the"
            f" plan counts on {planned:,} W (`power_cap_watts`)",
            expected=f"{per_gpu} W at the most: {node_type.accelerators} GPUs of {tdp} W in {most:,} W",
            fix=f"write watts_per_gpu: {per_gpu}, or raise power_cap_watts and run `argosy plan`",
        )
