import itertools
from ipaddress import IPv4Network

import pytest

from argosy_aws.facts import load_facts
from argosy_aws.subnets import choose_subnets

CIDR = "10.16.0.0/16"


def test_a_zone_keeps_its_subnet_whatever_other_zones_there_are() -> None:
    alone = choose_subnets(CIDR, "us-east-1", ["use1-az4"])
    together = choose_subnets(CIDR, "us-east-1", ["use1-az6", "use1-az1", "use1-az4"])

    assert set(alone.nodes) < set(together.nodes)
    assert alone.control_plane == together.control_plane


def test_no_two_subnets_overlap_and_all_lie_in_the_site_s_range() -> None:
    choice = choose_subnets(CIDR, "us-east-1", load_facts().zones["us-east-1"])
    networks = [IPv4Network(subnet.cidr) for subnet in (*choice.control_plane, *choice.nodes)]

    assert all(network.subnet_of(IPv4Network(CIDR)) for network in networks)
    assert not any(one.overlaps(other) for one, other in itertools.combinations(networks, 2))


@pytest.mark.parametrize("region", sorted(load_facts().zones))
def test_every_region_has_two_zones_for_its_control_plane(region: str) -> None:
    zones = load_facts().control_plane_zones(region)

    assert 2 == len(set(zones))
    assert not set(zones) & load_facts().no_control_plane


def test_a_control_plane_stays_out_of_a_zone_that_eks_does_not_take() -> None:
    assert ("cac1-az1", "cac1-az2") == load_facts().control_plane_zones("ca-central-1")
    assert "use1-az3" not in load_facts().control_plane_zones("us-east-1")


def test_a_zone_name_in_place_of_its_id_is_refused() -> None:
    with pytest.raises(ValueError, match="us-east-1a is not a zone id"):
        choose_subnets(CIDR, "us-east-1", ["us-east-1a"])
