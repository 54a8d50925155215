"""What a fleet registers of its halls is what the checks count with."""

from pathlib import Path
from typing import Any

import pytest

from argosy.planner.lock import load_lock
from argosy.resolve import load_fleet
from argosy.spec.install_checks import machines_reading_at_once
from argosy.spec.models import HallSpec
from argosy_component.fleet import plan_numbers
from argosy_component.site_plan import site_plan_without_pools, site_plans

FLEETS = Path(__file__).resolve().parents[2] / "stacks" / "fleets"


@pytest.fixture(scope="module")
def north() -> dict[str, Any]:
    fleet, catalog = load_fleet(str(FLEETS / "local.yaml"))
    return plan_numbers(fleet, load_lock(fleet), catalog)["hall-north"]


def test_the_loads_are_the_most_in_any_single_failure(north: dict[str, Any]) -> None:
    # Eight servers capped at 9.9 kW, with a PUE of 1.2, on one PDU.
    loads = north["power"]["loads"]

    assert {"a", "b", "gen-1", "ups-a", "ups-b", "pdu-a", "pdu-b"} == loads.keys()
    assert (95_040.0, 96_000) == (loads["pdu-a"]["carriedWatts"], loads["pdu-a"]["roomWatts"])
    assert "power unit ups-b" == loads["pdu-a"]["lost"]
    assert {} == north["power"]["down"]


def test_the_hall_outlasts_its_drain(north: dict[str, Any]) -> None:
    assert 490 == north["power"]["autonomyMinutes"] > north["power"]["drainMinutes"] == 30


def test_uplinks_and_images_are_registered_whole(north: dict[str, Any]) -> None:
    assert ["data", "control", "oob"] == north["uplinks"][0]["usage"]
    assert {"controlMbps": 4.0, "oobMbps": 0.8} == north["traffic"]
    assert (8.0, 8, 10_000, 60) == tuple(
        north["install"][key] for key in ("sizeGib", "nodes", "mbps", "withinMinutes")
    )


def test_a_cloud_registers_nothing_of_a_hall() -> None:
    fleet, catalog = load_fleet(str(FLEETS / "dev.yaml"))

    assert {"provider", "country", "pools"} == plan_numbers(fleet, load_lock(fleet), catalog)[
        "aws-use1"
    ].keys()


def test_a_site_s_plan_has_the_install_budget_and_the_caps_that_the_plan_counts_on() -> None:
    fleet, catalog = load_fleet(str(FLEETS / "local.yaml"))
    hall = fleet.spec.sites["hall-north"]
    assert isinstance(hall, HallSpec)
    plan = site_plan_without_pools(fleet, "hall-north")
    pools = {
        pool.name: pool for site in site_plans(fleet, load_lock(fleet), catalog) for pool in site.node_pools
    }

    # 10 Gbit/s for 45 minutes, over 8 GiB.
    assert plan.hall is not None
    assert 392 == plan.hall.machines_reading_at_once == machines_reading_at_once(hall)
    assert 39 == machines_reading_at_once(hall, within_minutes=4.5)
    assert 9_900 == pools["train"].power_cap_watts
