"""A hall's power, uplinks and images as plain numbers, for policies to judge."""

from __future__ import annotations

from typing import Any

from argosy.planner.power_report import HallReport
from argosy.site_facts.install import install_seconds
from argosy.spec.install_checks import largest_gib, read_mbps
from argosy.spec.loader import LoadedFleet
from argosy.spec.models import HallSpec
from argosy.spec.stock import most_nodes
from argosy.spec.uplink_checks import needed_mbps


def hall_numbers(fleet: LoadedFleet, site: str, hall: HallSpec, report: HallReport) -> dict[str, Any]:
    """What a hall's plan registers beside its pools."""
    control, oob = needed_mbps(fleet, site, hall)
    return {
        "power": _power(hall, report),
        "uplinks": [link.model_dump(mode="json") for link in hall.uplinks],
        "traffic": {"controlMbps": float(control), "oobMbps": float(oob)},
        "install": _install(fleet, site, hall),
    }


def _power(hall: HallSpec, report: HallReport) -> dict[str, Any]:
    """Loads are the most in any single failure; `down` has the nodes that each failure takes down."""
    return {
        "loads": {
            burden.name: {
                "carriedWatts": float(burden.carried_watts),
                "roomWatts": burden.room_watts,
                "lost": burden.lost,
            }
            for burden in report.burdens
        },
        "down": dict(report.down),
        "autonomyMinutes": report.autonomy_minutes,
        "drainMinutes": hall.power.drain_minutes,
    }


def _install(fleet: LoadedFleet, site: str, hall: HallSpec) -> dict[str, Any]:
    """`seconds` is left out while no image has a size, or where nothing may carry it."""
    size = largest_gib(hall)
    nodes, mbps = most_nodes(fleet, site), read_mbps(hall)
    seconds = None if size is None else install_seconds(size, nodes, mbps)
    return {
        "hasCache": hall.image_cache is not None,
        "sizeGib": None if size is None else float(size),
        "nodes": nodes,
        "mbps": mbps,
        "seconds": None if seconds is None else float(seconds),
        "withinMinutes": hall.reinstall_within_minutes,
    }
