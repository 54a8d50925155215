"""Ranges too narrow for the nodes that a fleet file asks for: refused while they can still be widened."""

from typing import TYPE_CHECKING, Any

import pytest

from argosy.errors import Fault

if TYPE_CHECKING:
    from .conftest import Refused

NARROWEST = {"cidr": "10.16.0.0/20"}
ADMINISTRATORS = "administrators: [arn:aws:iam::111122223333:role/fleet-admin]"
RELEASE = "image_release: 1.34.9-20260801"


def of_range(faults: list[Fault]) -> list[Fault]:
    return [fault for fault in faults if fault.path == "sites.cloud.cidr"]


@pytest.mark.parametrize(("nodes", "refused_so"), [("25", False), ("26", True), ("{min: 0, max: 26}", True)])
def test_a_zone_takes_no_more_nodes_than_its_subnet_has_addresses_for(
    refused: "Refused", nodes: str, refused_so: bool
) -> None:
    """An eighth of a /20 has 507 addresses: 25 nodes at 20 each."""
    faults = of_range(refused("aws", NARROWEST, {"nodes": nodes}))

    assert refused_so == bool(faults)
    for fault in faults:
        assert "10.16.0.0/20 for up to 26 nodes in use1-az6" == fault.given
        assert "at most 25 there" in fault.expected
        assert "up to /16" in fault.fix


def test_the_pools_of_a_zone_share_its_subnet(refused: "Refused") -> None:
    pool: dict[str, Any] = {"nodes": "13"}

    assert of_range(refused("aws", NARROWEST, pool, pool))


def test_nodes_of_a_count_are_spread_over_the_zones(refused: "Refused") -> None:
    pool = {
        "zone": None,
        "zones": "[use1-az2, use1-az6]",
        "role": "inference",
        "nodes": "50",
        "capacity": "{type: on-demand}",
    }

    assert [] == of_range(refused("aws", NARROWEST, pool))
    assert 2 == len(of_range(refused("aws", NARROWEST, {**pool, "nodes": "52"})))


def test_the_widest_range_has_no_wider_one(refused: "Refused") -> None:
    [fault] = of_range(refused("aws", {"cidr": "10.16.0.0/16"}, {"nodes": "410"}))

    assert "spread the nodes over more zones or sites" == fault.fix


@pytest.mark.parametrize(("nodes", "refused_so"), [(2, False), (3, True)])
def test_system_nodes_need_room_beside_the_endpoints(
    refused: "Refused", nodes: int, refused_so: bool
) -> None:
    settings = f"{{{RELEASE}, {ADMINISTRATORS}, system_nodes: {{nodes: {nodes}}}}}"
    faults = of_range(refused("aws", {**NARROWEST, "settings": settings}, {"nodes": "2"}))

    assert refused_so == bool(faults)
    for fault in faults:
        assert "10.16.0.0/20 for 3 system nodes" == fault.given
        assert "at most 2 of them" in fault.expected


def test_a_range_that_cannot_be_cut_up_is_refused_once(refused: "Refused") -> None:
    assert 1 == len(of_range(refused("aws", {"cidr": "10.16.0.0/24"}, {"nodes": "500"})))


@pytest.mark.parametrize(("region", "refused_so"), [("us-east-1", False), ("us-west-2", True)])
def test_an_alarm_tells_topics_of_its_own_region_only(
    refused: "Refused", region: str, refused_so: bool
) -> None:
    topic = f"arn:aws:sns:{region}:111122223333:on-call"
    faults = refused("aws", {"settings": f"{{{RELEASE}, {ADMINISTRATORS}, alarm_topic: '{topic}'}}"})

    assert refused_so == bool(faults)
    for fault in faults:
        assert "sites.cloud.settings.alarm_topic" == fault.path
        assert "a topic of us-east-1" in fault.expected
