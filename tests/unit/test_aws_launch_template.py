from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from argosy.catalog import ServerType, load_catalog
from argosy_aws.launch_template import choose_launch_template
from argosy_aws.node_group import choose_node_groups
from argosy_aws.user_data import choose_user_data, encoded
from argosy_component.contract import NodePoolPlan

MakePool = Callable[..., NodePoolPlan]


@pytest.fixture
def pool() -> MakePool:
    def make(instance_type: str = "p5en.48xlarge", **changes: Any) -> NodePoolPlan:
        plan = NodePoolPlan(
            name="train",
            role="training",
            node_type=load_catalog().instance_type("aws", instance_type),
            nodes=8,
            by_zone={"use1-az4": 8},
            capacity_type="on-demand",
        )
        return replace(plan, **changes)

    return make


def test_instance_metadata_demands_a_token_and_reaches_one_hop(pool: MakePool) -> None:
    choice = choose_launch_template(pool(), {})

    assert ("required", 1) == (choice.http_tokens, choice.http_put_response_hop_limit)


def test_a_block_names_its_market_and_its_reservation_and_no_placement_group(pool: MakePool) -> None:
    choice = choose_launch_template(pool(capacity_type="block", reservation="cr-0123456789abcdef0"), {})

    assert "capacity-block" == choice.market_type
    assert "cr-0123456789abcdef0" == choice.reservation
    assert not choice.placement_group


def test_a_reservation_is_targeted_without_a_market_or_a_placement_group(pool: MakePool) -> None:
    choice = choose_launch_template(pool(capacity_type="reserved", reservation="cr-0123456789abcdef0"), {})

    assert choice.market_type is None
    assert "cr-0123456789abcdef0" == choice.reservation
    assert not choice.placement_group


def test_training_over_efa_on_demand_is_packed_and_inference_is_not(pool: MakePool) -> None:
    assert choose_launch_template(pool(), {}).placement_group
    assert not choose_launch_template(pool(role="inference"), {}).placement_group


def test_a_training_pool_without_a_fabric_is_not_packed(pool: MakePool) -> None:
    slow = load_catalog().instance_type("aws", "p5.4xlarge").model_copy(update={"fabric": "none"})

    assert not choose_launch_template(pool(node_type=slow), {}).placement_group


def test_what_ec2_creates_bears_the_site_s_tags_and_the_pool_s_name(pool: MakePool) -> None:
    tags = choose_launch_template(pool(), {"argosy-fleet": "prod"}).tags

    assert {"argosy-fleet": "prod", "argosy-pool": "train"} == tags


def test_a_server_that_no_cloud_rents_out_is_refused(pool: MakePool) -> None:
    server: ServerType = load_catalog().server_type("dgx-h200")

    with pytest.raises(TypeError, match="metal/dgx-h200, which is no instance type"):
        choose_launch_template(pool(node_type=server), {})


def test_local_disks_become_one_array_and_pods_are_counted_without_the_efa_interface() -> None:
    text = choose_user_data(load_catalog().instance_type("aws", "p5en.48xlarge"))

    assert text is not None
    assert "strategy: RAID0" in text
    assert "maxPods: 149" in text
    # EC2 takes 16 KiB before encoding.
    assert len(encoded(text)) < 16 * 1024


def test_user_data_is_the_same_every_time() -> None:
    instance_type = load_catalog().instance_type("aws", "p5en.48xlarge")

    assert choose_user_data(instance_type) == choose_user_data(instance_type)


def test_a_type_without_disks_and_without_efa_on_card_0_needs_no_user_data() -> None:
    bare = load_catalog().instance_type("aws", "p6-b300.48xlarge").model_copy(update={"local_ssd": None})

    assert choose_user_data(bare) is None


def test_each_zone_of_the_plan_is_a_node_group_of_exactly_its_nodes(pool: MakePool) -> None:
    groups = choose_node_groups(pool(nodes=5, by_zone={"use1-az6": 2, "use1-az4": 3}))

    assert [("use1-az4", 3), ("use1-az6", 2)] == [(group.zone, group.nodes) for group in groups]
    assert ["train-use1-az4-", "train-use1-az6-"] == [group.name_prefix for group in groups]


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("on-demand", "ON_DEMAND"),
        ("reserved", "ON_DEMAND"),
        ("block", "CAPACITY_BLOCK"),
        ("spot", "SPOT"),
    ],
)
def test_capacity_types_are_said_in_eks_s_words(pool: MakePool, ours: str, theirs: str) -> None:
    assert theirs == choose_node_groups(pool(capacity_type=ours))[0].capacity_type


def test_held_capacity_is_given_back_before_it_is_taken_again(pool: MakePool) -> None:
    assert choose_node_groups(pool(capacity_type="block"))[0].delete_before_replace
    assert not choose_node_groups(pool())[0].delete_before_replace


def test_a_block_may_be_emptied_by_eks_before_it_ends(pool: MakePool) -> None:
    assert 0 == choose_node_groups(pool(capacity_type="block"))[0].min_nodes
    assert 8 == choose_node_groups(pool())[0].min_nodes


def test_a_pool_of_no_nodes_is_a_group_that_could_hold_one(pool: MakePool) -> None:
    group = choose_node_groups(pool(nodes=0, by_zone={"use1-az4": 0}))[0]

    assert (0, 0, 1) == (group.min_nodes, group.nodes, group.max_nodes)


@pytest.mark.parametrize(
    ("instance_type", "ami_type", "taint"),
    [
        ("p5en.48xlarge", "AL2023_x86_64_NVIDIA", "nvidia.com/gpu"),
        ("p6e-gb200.36xlarge", "AL2023_ARM_64_NVIDIA", "nvidia.com/gpu"),
        ("trn2.48xlarge", "AL2023_x86_64_NEURON", "aws.amazon.com/neuron"),
    ],
)
def test_image_and_taint_follow_the_accelerator(
    pool: MakePool, instance_type: str, ami_type: str, taint: str
) -> None:
    group = choose_node_groups(pool(instance_type))[0]

    assert (ami_type, taint) == (group.ami_type, group.taint.key)
