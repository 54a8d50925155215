"""Caps that could not be set, or that a plan counts on and nothing would set. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from argosy.catalog import NotInCatalogError
from argosy.catalog.pools import node_type_of
from argosy.spec.models import HallSpec, NodePoolSpec
from argosy_metal.refusals_engine import is_by_ironic
from argosy_metal.settings import PoolSettings
from argosy_metal.settings.power_cap import CappedNode, PowerCapPoolSettings, capped_node

if TYPE_CHECKING:
    from argosy.catalog import Catalog
    from argosy.errors import Fault
    from argosy.spec.loader import LoadedFleet


def refuse_caps(site: str, fleet: LoadedFleet, hall: HallSpec, catalog: Catalog) -> Iterator[Fault]:
    """Every cap of one hall's pools that its servers cannot be given, or would not keep to its plan."""
    by_ironic = is_by_ironic(site, fleet)
    for name, pool in sorted(hall.node_pools.items()):
        at = f"sites.{site}.node_pools.{name}"
        if by_ironic:
            yield from _none_by_ironic(fleet, at, pool)
            continue
        try:
            node_type = node_type_of(hall, pool, catalog)
        except NotInCatalogError:
            continue  # that has a fault of its own
        node = capped_node(node_type, catalog.accelerator(node_type.accelerator).tdp_watts)
        cap = fleet.pool_settings(site, name, PoolSettings).power_cap
        if cap is not None:
            unable = list(_unable(fleet, f"{at}.settings.power_cap", cap, pool, node))
            yield from unable
            if unable:
                continue
        if pool.power_cap_watts is not None:
            yield from _planned(fleet, at, cap, pool.power_cap_watts, pool.server_type or "", node)


def _none_by_ironic(fleet: LoadedFleet, at: str, pool: NodePoolSpec) -> Iterator[Fault]:
    if pool.power_cap_watts is not None:
        yield fleet.fault(
            f"{at}.power_cap_watts",
            given=f"{pool.power_cap_watts:,} W for a hall whose engine is Ironic",
            expected="no cap: the plan would count on it, and Ironic's API sets none",
            fix="delete it, or write engine: redfish",
        )


def _unable(
    fleet: LoadedFleet, at: str, cap: PowerCapPoolSettings, pool: NodePoolSpec, node: CappedNode
) -> Iterator[Fault]:
    """What the BMC of the server type is known to refuse."""
    if cap.watts_per_node is not None and node.by_gpus_alone:
        yield fleet.fault(
            f"{at}.watts_per_node",
            given=f"a cap of the whole server for a {pool.server_type}, whose BMC caps its GPUs alone",
            expected="watts_per_gpu",
            fix=_by_gpus(cap.watts_per_node, node),
        )
    least, most = node.gpu_least_watts, node.gpu_watts
    if cap.watts_per_gpu is None or (least or 0) <= cap.watts_per_gpu <= (most or cap.watts_per_gpu):
        return
    yield fleet.fault(
        f"{at}.watts_per_gpu",
        given=f"{cap.watts_per_gpu} W for a GPU of a {pool.server_type}",
        expected=f"{least or 1} to {most} W" if most else f"{least} W at the least",
        fix="correct it, or leave it out",
    )


def _by_gpus(watts: int, node: CappedNode) -> str:
    """What would do in place of a cap of the whole server."""
    per_gpu, least = node.watts_per_gpu_for(watts), node.gpu_least_watts or 1
    if per_gpu is None:
        return "delete it, and give watts_per_gpu"
    if per_gpu < least:
        left = node.watts_with(least)
        return f"delete it: with {least} W for each GPU, the least, it draws up to {left:,} W"
    return f"write watts_per_gpu: {per_gpu}"


def _planned(
    fleet: LoadedFleet,
    at: str,
    cap: PowerCapPoolSettings | None,
    planned: int,
    server_type: str,
    node: CappedNode,
) -> Iterator[Fault]:
    if cap is not None and cap.watts_per_node is not None:
        yield from _node_kept(fleet, f"{at}.settings.power_cap.watts_per_node", cap.watts_per_node, planned)
    elif cap is not None and cap.watts_per_gpu is not None:
        at = f"{at}.settings.power_cap.watts_per_gpu"
        yield from _gpus_kept(fleet, at, cap.watts_per_gpu, planned, server_type, node)
    elif node.by_gpus_alone:
        yield from _derivable(fleet, f"{at}.power_cap_watts", planned, server_type, node)


def _node_kept(fleet: LoadedFleet, at: str, watts: int, planned: int) -> Iterator[Fault]:
    if watts > planned:
        yield fleet.fault(
            at,
            given=f"{watts:,} W, though the plan counts on {planned:,} W (`power_cap_watts`)",
            expected=f"{planned:,} W at the most",
            fix="lower it, or raise power_cap_watts and run `argosy plan`",
        )


def _gpus_kept(
    fleet: LoadedFleet, at: str, watts: int, planned: int, server_type: str, node: CappedNode
) -> Iterator[Fault]:
    left, per_gpu = node.watts_with(watts), node.watts_per_gpu_for(planned)
    if left is None or per_gpu is None:
        expected = "watts_per_node, since the plan counts on `power_cap_watts`"
        fix = f"write watts_per_node: {planned}"
        if node.by_gpus_alone:
            expected, fix = "no `power_cap_watts`", "delete power_cap_watts and run `argosy plan`"
        yield fleet.fault(
            at,
            given=f"a cap of GPUs for a {server_type}, whose GPUs' share of its power nobody states",
            expected=expected,
            fix=fix,
        )
    elif left > planned:
        yield fleet.fault(
            at,
            given=f"{watts} W, which leaves a {server_type} {left:,} W to draw, though the"
            f" plan counts on {planned:,} W (`power_cap_watts`)",
            expected=f"{per_gpu} W at the most: {node.gpus} GPUs of {node.gpu_watts} W in"
            f" {node.most_watts:,} W",
            fix=f"write watts_per_gpu: {per_gpu}, or raise power_cap_watts and run `argosy plan`",
        )


def _derivable(
    fleet: LoadedFleet, at: str, planned: int, server_type: str, node: CappedNode
) -> Iterator[Fault]:
    """A plan's cap that no cap of the GPUs brings about."""
    per_gpu, least = node.watts_per_gpu_for(planned), node.gpu_least_watts or 1
    if per_gpu is None:
        yield fleet.fault(
            at,
            given=f"{planned:,} W for a {server_type}, whose BMC caps its GPUs alone, and nobody states their"
            " share of its power",
            expected="no cap",
            fix="delete it",
        )
    elif per_gpu < least:
        lowest = node.watts_with(least)
        yield fleet.fault(
            at,
            given=f"{planned:,} W for a {server_type}, whose BMC caps its GPUs alone: {per_gpu} W each",
            expected=f"{lowest:,} W at the least: {node.gpus} GPUs of {least} W, and what the rest draws",
            fix="raise it, or hold fewer nodes",
        )
