from typing import Any

import pytest
from botocore.session import Session  # pyright: ignore[reportMissingTypeStubs]

from argosy.catalog import load_catalog
from argosy_aws.pools.criteria import choose_criteria
from argosy_aws.pools.facts import load_pool_facts
from argosy_aws.pools.images import ImageChoice, choose_image
from argosy_aws.pools.node_group import NodeGroupChoice, choose_node_groups
from argosy_aws.pools.repair import choose_repair
from argosy_component.contract import NodePoolPlan

from ..aws_plans import aws_pool
from ..aws_plans import pool_settings as settings


def only_group(pool: NodePoolPlan, site_release: str | None = None) -> NodeGroupChoice:
    (group,) = choose_node_groups(pool, site_release)
    return group


def test_each_zone_of_the_plan_is_a_node_group_of_exactly_its_nodes() -> None:
    groups = choose_node_groups(aws_pool(by_zone={"use1-az6": 2, "use1-az4": 3}))

    assert [("use1-az4", 3), ("use1-az6", 2)] == [(group.zone, group.nodes) for group in groups]
    assert ["train-use1-az4-", "train-use1-az6-"] == [group.name_prefix for group in groups]


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [("on-demand", "ON_DEMAND"), ("reserved", "ON_DEMAND"), ("block", "CAPACITY_BLOCK"), ("spot", "SPOT")],
)
def test_capacity_types_are_said_in_eks_s_words(ours: str, theirs: str) -> None:
    assert theirs == only_group(aws_pool(capacity_type=ours)).capacity_type


def test_held_capacity_is_given_back_before_it_is_taken_again() -> None:
    assert only_group(aws_pool(capacity_type="block")).delete_before_replace
    assert only_group(aws_pool(capacity_type="reserved")).delete_before_replace
    assert not only_group(aws_pool()).delete_before_replace


def test_a_block_may_be_emptied_by_eks_before_it_ends() -> None:
    assert 0 == only_group(aws_pool(capacity_type="block")).min_nodes
    assert 8 == only_group(aws_pool()).min_nodes


def test_a_pool_of_no_nodes_is_a_group_that_could_hold_one() -> None:
    group = only_group(aws_pool(nodes=0))

    assert (0, 0, 1, 1) == (group.min_nodes, group.nodes, group.max_nodes, group.max_unavailable)


@pytest.mark.parametrize("capacity", ["reserved", "block"])
def test_a_group_is_empty_until_its_capacity_begins_and_schedules_own_its_size(capacity: str) -> None:
    group = only_group(aws_pool(capacity_type=capacity, capacity_starts="2027-03-08T11:30:00+00:00"))

    assert (0, 0, 8) == (group.min_nodes, group.nodes, group.max_nodes)
    # To leave the wanted number alone would send the 0 that was seen last with any change of the others.
    assert "scalingConfig" in group.left_alone


@pytest.mark.parametrize("capacity", ["on-demand", "spot", "reserved", "block"])
def test_the_plan_owns_the_size_of_every_group_whose_capacity_has_begun(capacity: str) -> None:
    group = only_group(aws_pool(capacity_type=capacity))

    assert 8 == group.nodes
    assert "scalingConfig" not in group.left_alone


@pytest.mark.parametrize(
    ("capacity", "left_alone"),
    [
        ("on-demand", ()),
        ("spot", ()),
        ("reserved", ()),
        ("block", ("launchTemplate.version", "releaseVersion", "version")),
    ],
)
def test_a_block_keeps_the_machines_it_began_with(capacity: str, left_alone: tuple[str, ...]) -> None:
    assert left_alone == only_group(aws_pool(capacity_type=capacity)).left_alone


def test_before_it_begins_a_block_takes_every_change_but_that_of_its_size() -> None:
    ahead = aws_pool(capacity_type="block", capacity_starts="2027-03-08T11:30:00+00:00")

    assert ("scalingConfig",) == only_group(ahead).left_alone


def test_nothing_on_arm_waits_for_a_reason_that_no_agent_gives() -> None:
    assert () == only_group(aws_pool("p6e-gb200.36xlarge", capacity_type="block")).repair.overrides


def test_an_agent_that_cannot_reach_dcgm_ends_no_job() -> None:
    actions = {one.reason: one.action for one in only_group(aws_pool()).repair.overrides}

    assert "NoAction" == actions["DCGMError"]


@pytest.mark.parametrize(
    ("instance_type", "ami_type", "taint"),
    [
        ("p5en.48xlarge", "AL2023_x86_64_NVIDIA", "nvidia.com/gpu"),
        ("p6e-gb200.36xlarge", "AL2023_ARM_64_NVIDIA", "nvidia.com/gpu"),
        ("trn1.32xlarge", "AL2023_x86_64_NEURON", "aws.amazon.com/neuron"),
        ("trn2.48xlarge", "AL2023_x86_64_NEURON", "aws.amazon.com/neuron"),
    ],
)
def test_image_and_taint_follow_the_accelerator(instance_type: str, ami_type: str, taint: str) -> None:
    group = only_group(aws_pool(instance_type))

    assert (ami_type, taint) == (group.image.ami_type, group.taint.key)


def test_the_release_is_the_pool_s_own_else_the_site_s() -> None:
    own = aws_pool(settings=settings(image_release="1.34.2-20260115"))

    assert "1.34.2-20260115" == only_group(own, "1.34.1-20251120").image.release
    assert "1.34.1-20251120" == only_group(aws_pool(), "1.34.1-20251120").image.release
    assert only_group(aws_pool()).image.release is None


def test_beside_an_image_of_one_s_own_nothing_is_said_of_eks_s() -> None:
    image = choose_image(aws_pool(settings=settings(image="ami-0123456789abcdef0")), "1.34.1-20251120")

    assert ImageChoice(image_id="ami-0123456789abcdef0", ami_type=None, release=None) == image


def test_mig_is_a_label_that_nvidia_s_manager_reads() -> None:
    label = "nvidia.com/mig.config"

    assert "all-1g.18gb" == only_group(aws_pool(settings=settings(mig="all-1g.18gb"))).labels[label]
    assert label not in only_group(aws_pool()).labels


def test_nodes_bear_what_selects_their_pool() -> None:
    assert {
        "argosy.dev/accelerator": "H200",
        "argosy.dev/node-pool": "train",
        "argosy.dev/role": "training",
    } == only_group(aws_pool()).labels


def test_several_types_are_the_group_s() -> None:
    spot = aws_pool("g6e.48xlarge", capacity_type="spot", settings=settings(also=["g6e.24xlarge"]))

    assert ("g6e.48xlarge", "g6e.24xlarge") == only_group(spot).instance_types
    assert () == only_group(aws_pool()).instance_types


@pytest.mark.parametrize(("nodes", "taken"), [(1, 1), (8, 1), (9, 2), (64, 8), (450, 57), (2000, 100)])
def test_an_update_takes_an_eighth_of_the_group_at_a_time(nodes: int, taken: int) -> None:
    group = only_group(aws_pool(nodes=nodes))

    assert (taken, "MINIMAL") == (group.max_unavailable, group.update_strategy)


@pytest.mark.parametrize(
    ("nodes", "unhealthy", "parallel"), [(1, 2, 1), (8, 2, 1), (15, 3, 1), (64, 12, 3), (1000, 200, 50)]
)
def test_repair_stops_at_a_fifth_but_never_before_two(nodes: int, unhealthy: int, parallel: int) -> None:
    repair = choose_repair(aws_pool(), nodes)

    assert (unhealthy, parallel) == (repair.max_unhealthy, repair.max_parallel)


@pytest.mark.parametrize("instance_type", ["p5en.48xlarge", "trn2.48xlarge"])
def test_every_override_says_all_that_eks_asks_for(instance_type: str) -> None:
    session: Any = Session()
    actions = session.get_service_model("eks").shape_for("RepairAction").enum
    overrides = choose_repair(aws_pool(instance_type), 8).overrides

    assert overrides
    assert {"AcceleratedHardwareReady"} == {override.condition for override in overrides}
    assert sorted({override.reason for override in overrides}) == [each.reason for each in overrides]
    for override in overrides:
        assert override.wait_minutes in range(10, 121, 10)
        assert override.action in actions


def test_a_broken_fabric_is_another_machine_and_a_stopped_manager_a_reboot() -> None:
    actions = {override.reason: override.action for override in choose_repair(aws_pool(), 8).overrides}

    assert ("Replace", "Replace", "Reboot") == (
        actions["NvidiaFabricError"],
        actions["NvidiaXID79Error"],
        actions["FabricManagerNotRunning"],
    )


def test_each_maker_s_accelerators_have_reasons_of_their_own() -> None:
    nvidia = {override.reason for override in choose_repair(aws_pool(), 8).overrides}
    neuron = {override.reason for override in choose_repair(aws_pool("trn2.48xlarge"), 8).overrides}

    assert "NeuronHBMUncorrectableError" in neuron
    assert not nvidia & neuron


def test_criteria_are_aicr_s_words() -> None:
    assert {"accelerator": "h200", "intent": "training", "os": "amazonlinux", "service": "eks"} == (
        choose_criteria(aws_pool())
    )
    assert "a100" == choose_criteria(aws_pool("p4de.24xlarge"))["accelerator"]


@pytest.mark.parametrize("instance_type", ["p6-b300.48xlarge", "g6e.48xlarge"])
def test_an_accelerator_that_aicr_has_no_word_for_gets_none(instance_type: str) -> None:
    criteria = choose_criteria(aws_pool(instance_type, role="inference"))

    assert {"intent": "inference", "os": "amazonlinux", "service": "eks"} == criteria


def test_nothing_is_said_of_the_system_of_an_image_of_one_s_own() -> None:
    assert "os" not in choose_criteria(aws_pool(settings=settings(image="ami-0123456789abcdef0")))


def test_aicr_s_software_is_not_for_aws_s_own_accelerators() -> None:
    assert {} == choose_criteria(aws_pool("trn2.48xlarge"))


def test_every_accelerator_with_a_word_of_aicr_s_is_in_the_catalogue() -> None:
    known = {entry.accelerator for entry in load_catalog().instance_types.values() if entry.provider == "aws"}

    assert set(load_pool_facts().aicr_accelerators) <= known
