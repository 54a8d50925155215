import itertools
from collections.abc import Iterable
from ipaddress import IPv4Network

import pytest

from argosy_aws.facts import load_facts
from argosy_aws.network.local_zones import load_local_zones
from argosy_aws.network.subnets import (
    SubnetChoice,
    choose_subnets,
    choose_transit_subnets,
    choose_zone_groups,
)

CIDR = "10.16.0.0/16"
US_EAST_1_LOCAL = ("use1-atl2-az1", "use1-dfw2-az1")


def test_a_zone_keeps_its_subnet_whatever_other_zones_there_are() -> None:
    alone = choose_subnets(CIDR, "us-east-1", ["use1-az4"])
    together = choose_subnets(CIDR, "us-east-1", ["use1-az6", "use1-az1", "use1-az4"])

    assert set(alone.nodes) < set(together.nodes)
    assert alone.control_plane == together.control_plane


@pytest.mark.parametrize("cidr", [CIDR, "10.16.16.0/20"])
def test_no_two_subnets_overlap_and_all_lie_in_the_site_s_range(cidr: str) -> None:
    zones = [*load_facts().zones["us-east-1"], *US_EAST_1_LOCAL]
    choice = choose_subnets(cidr, "us-east-1", zones)
    ways = choose_transit_subnets(cidr, "us-east-1", zones)
    networks = [IPv4Network(subnet.cidr) for subnet in (*choice.control_plane, *choice.nodes, *ways)]

    assert 14 == len(networks)
    assert all(network.subnet_of(IPv4Network(cidr)) for network in networks)
    assert not any(one.overlaps(other) for one, other in itertools.combinations(networks, 2))


@pytest.mark.parametrize("region", sorted(load_facts().zones))
def test_every_region_has_two_zones_for_its_control_plane(region: str) -> None:
    zones = load_facts().control_plane_zones(region)

    assert 2 == len(set(zones))
    assert not set(zones) & load_facts().no_control_plane


def test_a_control_plane_stays_out_of_a_zone_that_eks_does_not_take() -> None:
    assert ("cac1-az1", "cac1-az2") == load_facts().control_plane_zones("ca-central-1")
    assert "use1-az3" not in load_facts().control_plane_zones("us-east-1")


def test_subnets_of_the_narrowest_range_are_no_smaller_than_aws_takes() -> None:
    zones = ["use1-az3", "use1-dfw2-az1"]
    choice = choose_subnets("10.16.0.0/20", "us-east-1", zones)
    ways = choose_transit_subnets("10.16.0.0/20", "us-east-1", zones)

    assert 28 >= max(
        IPv4Network(subnet.cidr).prefixlen for subnet in (*choice.control_plane, *choice.nodes, *ways)
    )


def test_a_local_zone_has_a_subnet_that_is_no_zone_s() -> None:
    dallas = choose_subnets(CIDR, "us-east-1", ["use1-dfw2-az1"]).nodes

    assert [("use1-dfw2-az1", "10.16.224.0/21")] == [(subnet.zone, subnet.cidr) for subnet in dallas]
    assert not set(dallas) & set(choose_subnets(CIDR, "us-east-1", ["use1-az1"]).nodes)


def test_an_account_opts_in_to_the_group_of_a_local_zone_and_to_no_other() -> None:
    assert ("us-east-1-dfw-2",) == choose_zone_groups(["use1-az4", "use1-dfw2-az1", "use1-dfw2-az1"])
    assert () == choose_zone_groups(["use1-az4"])


def test_nodes_reach_halls_from_every_zone_and_from_a_local_zone_through_its_parent() -> None:
    assert ["use1-az4"] == zones_of(choose_transit_subnets(CIDR, "us-east-1", ["use1-dfw2-az1"]))
    assert ["use1-az4", "use1-az6"] == zones_of(
        choose_transit_subnets(CIDR, "us-east-1", ["use1-az1", "use1-az4", "use1-az6"])
    )


def zones_of(subnets: Iterable[SubnetChoice]) -> list[str]:
    return [subnet.zone for subnet in subnets]


def test_every_local_zone_has_a_quarter_of_its_own_and_a_parent_in_its_region() -> None:
    zones = load_local_zones()
    of_region = {
        region: [zone for zone in zones.values() if zone.parent in known]
        for region, known in load_facts().zones.items()
    }

    assert len(zones) == sum(len(found) for found in of_region.values())
    for found in of_region.values():
        assert len({zone.quarter for zone in found}) == len(found)
        assert {zone.quarter for zone in found} <= {0, 1, 2, 3}


def test_a_zone_name_in_place_of_its_id_is_refused() -> None:
    with pytest.raises(ValueError, match="us-east-1a is not a zone id"):
        choose_subnets(CIDR, "us-east-1", ["us-east-1a"])
