import itertools
from collections.abc import Callable
from dataclasses import replace
from ipaddress import IPv4Network
from typing import Any

import pytest

from argosy.catalog import InstanceType, load_catalog
from argosy_component.contract import NodePoolPlan
from argosy_gcp.networks import FabricNetwork, choose_networks, merge_networks
from argosy_gcp.node_pool import choose_node_pools
from argosy_gcp.ranges import PODS_PER_NODE, choose_ranges

ZONE = "europe-west4-b"
MakePool = Callable[..., NodePoolPlan]


def gcp(name: str) -> InstanceType:
    return load_catalog().instance_type("gcp", name)


@pytest.fixture
def pool() -> MakePool:
    def make(machine_type: str = "a3-megagpu-8g", **changes: Any) -> NodePoolPlan:
        plan = NodePoolPlan(
            name="train",
            role="training",
            node_type=gcp(machine_type),
            nodes=8,
            by_zone={ZONE: 8},
            capacity_type="on-demand",
        )
        return replace(plan, **changes)

    return make


def test_a3_mega_gets_eight_jumbo_networks_and_no_ninth() -> None:
    networks = choose_networks(gcp("a3-megagpu-8g"), ZONE)

    assert [f"vpc{number}" for number in range(1, 9)] == [network.name for network in networks]
    assert {8244} == {network.mtu for network in networks}
    assert {1} == {len(network.subnets) for network in networks}
    assert {None} == {network.network_profile for network in networks}


def test_a3_high_gets_four_networks() -> None:
    assert 4 == len(choose_networks(gcp("a3-highgpu-8g"), ZONE))


def test_a3_ultra_gets_a_gvnic_network_and_one_rdma_network_of_eight_subnets() -> None:
    gvnic, rdma = choose_networks(gcp("a3-ultragpu-8g"), ZONE)

    assert "gvnic-1" == gvnic.name
    assert f"{ZONE}-vpc-roce" == rdma.network_profile
    assert [f"rdma-{rail}" for rail in range(8)] == [subnet.name for subnet in rdma.subnets]


def test_a_machine_without_a_fabric_gets_no_network_beside_its_own() -> None:
    assert () == choose_networks(gcp("a2-highgpu-8g"), ZONE)


def test_pools_of_a_site_share_their_networks() -> None:
    mega = choose_networks(gcp("a3-megagpu-8g"), ZONE)

    assert mega == merge_networks([*mega, *mega])


def test_a_shared_network_has_the_subnets_of_its_most_demanding_pool() -> None:
    few = FabricNetwork("rdma", choose_networks(gcp("a3-ultragpu-8g"), ZONE)[1].subnets[:4])
    many = FabricNetwork("rdma", choose_networks(gcp("a3-ultragpu-8g"), ZONE)[1].subnets)

    assert (many,) == merge_networks([few, many]) == merge_networks([many, few])


def test_one_network_in_two_shapes_is_refused() -> None:
    here = choose_networks(gcp("a3-ultragpu-8g"), "europe-west4-b")
    there = choose_networks(gcp("a3-ultragpu-8g"), "europe-west4-c")

    with pytest.raises(ValueError, match="network rdma is needed in two shapes"):
        merge_networks([*here, *there])


def test_no_two_fabric_subnets_share_a_slot() -> None:
    networks = [*choose_networks(gcp("a3-megagpu-8g"), ZONE), *choose_networks(gcp("a3-ultragpu-8g"), ZONE)]
    slots = [subnet.slot for network in networks for subnet in network.subnets]

    assert len(set(slots)) == len(slots) == 17
    assert max(slots) < len(choose_ranges("10.32.0.0/16").fabric)


@pytest.mark.parametrize("cidr", ["10.32.0.0/12", "10.32.0.0/16", "10.32.0.0/18"])
def test_the_parts_of_a_range_lie_in_it_and_do_not_overlap(cidr: str) -> None:
    ranges = choose_ranges(cidr)
    parts = [IPv4Network(part) for part in (ranges.nodes, ranges.services, ranges.pods, *ranges.fabric)]

    assert all(part.subnet_of(IPv4Network(cidr)) for part in parts)
    assert not any(one.overlaps(other) for one, other in itertools.combinations(parts, 2))


def test_the_narrowest_range_holds_the_pods_of_64_nodes() -> None:
    # GKE sets aside twice as many addresses as a node may have pods.
    assert 64 == IPv4Network(choose_ranges("10.32.0.0/18").pods).num_addresses // (2 * PODS_PER_NODE)


def test_a_pool_s_nodes_attach_to_every_fabric_subnet_in_order(pool: MakePool) -> None:
    expected = ("gvnic-1", *(f"rdma-{rail}" for rail in range(8)))

    assert expected == choose_node_pools(pool("a3-ultragpu-8g"))[0].subnets


def test_a_reservation_is_named_and_never_packed_again(pool: MakePool) -> None:
    reserved = choose_node_pools(pool(capacity_type="reserved", reservation="a3mega-2027"))[0]

    assert "a3mega-2027" == reserved.reservation
    assert not reserved.compact
    assert reserved.delete_before_replace


def test_training_over_a_fabric_on_demand_is_packed(pool: MakePool) -> None:
    assert choose_node_pools(pool())[0].compact
    assert not choose_node_pools(pool(role="inference"))[0].compact
    assert not choose_node_pools(pool("a2-highgpu-8g"))[0].compact


def test_flex_nodes_are_not_repaired_and_run_seven_days_at_most(pool: MakePool) -> None:
    flex = choose_node_pools(pool(capacity_type="flex"))[0]

    assert "flex" == flex.provisioning
    assert not flex.auto_repair
    assert 604_800 == flex.max_run_seconds


def test_upgrades_take_a_node_away_before_they_add_one(pool: MakePool) -> None:
    choice = choose_node_pools(pool())[0]

    assert (0, 1) == (choice.max_surge, choice.max_unavailable)


def test_each_zone_of_the_plan_is_a_node_pool_of_exactly_its_nodes(pool: MakePool) -> None:
    pools = choose_node_pools(pool(nodes=5, by_zone={"europe-west4-c": 2, ZONE: 3}))

    assert [("train-b-", 3), ("train-c-", 2)] == [(choice.name_prefix, choice.nodes) for choice in pools]


def test_accelerators_and_local_disks_are_the_catalogue_s(pool: MakePool) -> None:
    choice = choose_node_pools(pool())[0]

    assert ("nvidia-h100-mega-80gb", 8, 16) == (
        choice.guest_accelerator,
        choice.accelerators,
        choice.local_ssds,
    )


def test_a_machine_of_another_cloud_is_refused(pool: MakePool) -> None:
    elsewhere = load_catalog().instance_type("aws", "p5en.48xlarge")

    with pytest.raises(TypeError, match="which has no guest accelerator"):
        choose_node_pools(pool(node_type=elsewhere))
