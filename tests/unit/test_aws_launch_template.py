import base64
import gzip
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import moto
import pytest

from argosy.catalog import ServerType, load_catalog
from argosy_aws.pools.launch_template import (
    LaunchTemplateChoice,
    ReservationTarget,
    choose_launch_template,
    instance_types_of,
)
from argosy_aws.pools.placement import PlacementChoice, choose_placement
from argosy_aws.pools.user_data import Registration, choose_user_data, encoded
from argosy_component.contract import NodePoolPlan
from argosy_component.naming import GPU_TAINT

from ..aws_plans import RESERVATION, aws_pool, aws_type
from ..aws_plans import pool_settings as settings

GROUP = "arn:aws:resource-groups:us-east-1:111122223333:group/p5-2027"


def chosen(pool: NodePoolPlan) -> LaunchTemplateChoice:
    return choose_launch_template(pool, {})


@pytest.fixture(scope="module")
def captured() -> Mapping[str, Mapping[str, Any]]:
    """EC2's answer to DescribeInstanceTypes, as moto has captured it."""
    path = Path(moto.__file__).parent / "ec2/resources/instance_types.json.gz"
    return json.loads(gzip.decompress(path.read_bytes()))


def test_instance_metadata_demands_a_token_and_reaches_one_hop() -> None:
    choice = chosen(aws_pool())

    assert ("required", 1) == (choice.http_tokens, choice.http_put_response_hop_limit)


def test_a_block_names_its_market_and_its_reservation_and_nothing_else() -> None:
    choice = chosen(aws_pool(capacity_type="block", reservation=RESERVATION))

    assert "capacity-block" == choice.market_type
    assert ReservationTarget(reservation=RESERVATION) == choice.target
    assert choice.placement is None


def test_a_reservation_is_targeted_without_a_market() -> None:
    choice = chosen(aws_pool(capacity_type="reserved", reservation=RESERVATION))

    assert choice.market_type is None
    assert ReservationTarget(reservation=RESERVATION) == choice.target


def test_a_group_of_reservations_is_never_filled_up_with_plain_on_demand() -> None:
    target = chosen(aws_pool(capacity_type="reserved", reservation=GROUP)).target

    assert ReservationTarget(group=GROUP, preference="capacity-reservations-only") == target


@pytest.mark.parametrize("capacity", ["on-demand", "spot"])
def test_capacity_that_nobody_holds_is_not_targeted(capacity: str) -> None:
    assert chosen(aws_pool(capacity_type=capacity, reservation=RESERVATION)).target is None


@pytest.mark.parametrize("capacity", ["on-demand", "spot"])
def test_training_over_efa_is_packed(capacity: str) -> None:
    assert PlacementChoice("cluster") == choose_placement(aws_pool(capacity_type=capacity))


@pytest.mark.parametrize("capacity", ["on-demand", "spot"])
@pytest.mark.parametrize("nodes", [1, 7, 8, 700])
def test_inference_is_spread_over_partitions_whatever_its_size(capacity: str, nodes: int) -> None:
    serve = aws_pool(role="inference", capacity_type=capacity, nodes=nodes, by_zone={"use1-az4": nodes})

    assert PlacementChoice("partition", partitions=7) == choose_placement(serve)


def test_training_without_a_fabric_or_in_several_zones_is_not_packed() -> None:
    slow = aws_type("p5.4xlarge").model_copy(update={"fabric": "none"})

    assert choose_placement(aws_pool(node_type=slow)) is None
    assert choose_placement(aws_pool(by_zone={"use1-az4": 4, "use1-az6": 4})) is None


@pytest.mark.parametrize("role", ["training", "inference"])
def test_a_reservation_made_in_a_placement_group_is_used_in_that_one(role: str) -> None:
    reserved = aws_pool(role=role, capacity_type="reserved", reservation=RESERVATION)

    assert choose_placement(reserved) is None
    own = replace(reserved, settings=settings(placement_group="p5-2027"))
    assert PlacementChoice(existing="p5-2027") == choose_placement(own)


@pytest.mark.parametrize("capacity", ["block", "on-demand", "spot"])
def test_only_a_reservation_stands_in_a_group_that_exists(capacity: str) -> None:
    placement = choose_placement(
        aws_pool(capacity_type=capacity, settings=settings(placement_group="p5-2027"))
    )

    assert placement is None or placement.existing is None


@pytest.mark.parametrize(
    "name", sorted(entry.name for entry in load_catalog().instance_types.values() if entry.provider == "aws")
)
def test_ec2_packs_and_spreads_every_type_that_is_sold_outside_blocks(
    captured: Mapping[str, Mapping[str, Any]], name: str
) -> None:
    if name not in captured:
        assert ("block",) == aws_type(name).capacity_types
        return
    assert {"cluster", "partition"} <= set(captured[name]["PlacementGroupInfo"]["SupportedStrategies"])


def test_what_ec2_creates_bears_the_site_s_tags_and_the_pool_s_name() -> None:
    tags = choose_launch_template(aws_pool(), {"argosy-fleet": "prod"}).tags

    assert {"argosy-fleet": "prod", "argosy-pool": "train"} == tags


def test_a_server_that_no_cloud_rents_out_is_refused() -> None:
    server: ServerType = load_catalog().server_type("dgx-h200")

    with pytest.raises(TypeError, match="metal/dgx-h200, which is no instance type"):
        chosen(aws_pool(node_type=server))


def test_the_root_volume_has_the_size_of_the_settings() -> None:
    (root,) = chosen(aws_pool(settings=settings(root_volume_gib=500))).volumes

    assert ("/dev/xvda", 500, "gp3", None) == (root.device, root.size_gib, root.volume_type, root.snapshot)


def test_an_image_cache_is_a_second_volume_as_large_as_its_snapshot() -> None:
    choice = chosen(aws_pool(settings=settings(image_cache="snap-0123456789abcdef0")))

    assert ["/dev/xvda", "/dev/xvdb"] == [volume.device for volume in choice.volumes]
    assert ("snap-0123456789abcdef0", None) == (choice.volumes[1].snapshot, choice.volumes[1].size_gib)


def test_a_gp3_volume_reads_no_more_than_its_operations_allow() -> None:
    """EBS: at most 0.25 MiB/s for each operation per second, and 1000 MiB/s."""
    for volume in chosen(aws_pool(settings=settings(image_cache="snap-0123456789abcdef0"))).volumes:
        assert volume.throughput_mib_s <= min(1000, volume.iops / 4)


def test_spot_of_several_types_leaves_the_type_to_the_node_group() -> None:
    spot = aws_pool("g6e.48xlarge", capacity_type="spot", settings=settings(also=["g6e.24xlarge"]))

    assert chosen(spot).instance_type is None
    assert ("g6e.48xlarge", "g6e.24xlarge") == instance_types_of(spot)


@pytest.mark.parametrize(
    ("capacity", "also"), [("spot", []), ("on-demand", ["g6e.24xlarge"]), ("block", ["g6e.24xlarge"])]
)
def test_any_other_pool_has_its_type_in_the_template(capacity: str, also: list[str]) -> None:
    other = aws_pool("g6e.48xlarge", capacity_type=capacity, settings=settings(also=also))

    assert "g6e.48xlarge" == chosen(other).instance_type
    assert () == instance_types_of(other)


def test_templates_that_eks_cannot_move_a_group_between_are_of_another_kind() -> None:
    spot = aws_pool("g6e.48xlarge", capacity_type="spot")
    image = {"image": "ami-0123456789abcdef0"}

    assert "" == chosen(spot).kind
    assert "image" == chosen(replace(spot, settings=settings(**image))).kind
    assert "types" == chosen(replace(spot, settings=settings(also=["g6e.24xlarge"]))).kind
    assert "image-types" == chosen(replace(spot, settings=settings(also=["g6e.24xlarge"], **image))).kind


@pytest.mark.parametrize(
    "edit",
    [
        {"root_volume_gib": 500},
        {"image_cache": "snap-0123456789abcdef0"},
        {"image_release": "1.34.1-20251120"},
        {"mig": "all-1g.18gb"},
        {"drain_minutes": 90},
    ],
)
def test_other_settings_leave_a_pool_its_template(edit: dict[str, Any]) -> None:
    assert chosen(aws_pool()).kind == chosen(aws_pool(settings=settings(**edit))).kind


def test_local_disks_become_one_array_and_pods_are_counted_without_the_efa_interface() -> None:
    text = choose_user_data(aws_type("p5en.48xlarge"))

    assert text is not None
    assert "strategy: RAID0" in text
    assert "disabledMounts" not in text
    assert "maxPods: 149" in text


def test_an_image_cache_is_mounted_before_the_runtime_starts_and_no_array_hides_it() -> None:
    text = choose_user_data(aws_type("p5en.48xlarge"), image_cache=True)

    assert text is not None
    assert "disabledMounts: [Containerd]" in text
    assert text.index("systemctl stop containerd") < text.index("mount /var/lib/containerd")
    assert "/dev/xvdb /var/lib/containerd auto defaults,noatime,nofail 0 0" in text


def test_a_type_without_disks_may_have_an_image_cache_too() -> None:
    text = choose_user_data(
        aws_type("p5en.48xlarge").model_copy(update={"local_ssd": None}), image_cache=True
    )

    assert text is not None
    assert "localStorage" not in text
    assert "mount /var/lib/containerd" in text


def registration() -> Registration:
    return Registration(
        cluster="prod-aws-use1",
        endpoint="https://example.eks.test",
        certificate_authority="bW9jaw==",
        service_cidr="172.20.0.0/16",
        labels={"argosy.dev/role": "training", "argosy.dev/node-pool": "train"},
        taint=GPU_TAINT,
    )


def test_a_node_of_an_image_of_one_s_own_is_told_its_cluster_labels_and_taint() -> None:
    text = choose_user_data(aws_type("p5en.48xlarge"), registration=registration())

    assert text is not None
    for line in (
        'name: "prod-aws-use1"',
        'apiServerEndpoint: "https://example.eks.test"',
        'certificateAuthority: "bW9jaw=="',
        'cidr: "172.20.0.0/16"',
        '"--node-labels=argosy.dev/node-pool=train,argosy.dev/role=training"',
        '"--register-with-taints=nvidia.com/gpu=present:NoSchedule"',
        "strategy: RAID0",
    ):
        assert line in text


def test_every_part_of_the_user_data_is_a_document_that_nodeadm_or_a_shell_reads() -> None:
    import email

    from ruamel.yaml import YAML

    text = choose_user_data(aws_type("p5en.48xlarge"), image_cache=True, registration=registration())
    assert text is not None
    message: Any = email.message_from_string(text)
    read: list[Any] = []
    for part in message.get_payload():
        if part.get_content_type() == "application/node.eks.aws":
            read.append(YAML(typ="safe").load(part.get_payload()))  # pyright: ignore[reportUnknownMemberType]
        else:
            assert part.get_payload().startswith("#!/bin/sh\nset -eu\n")
    assert ["cluster", "kubelet"] == list(read[0]["spec"])
    assert {"strategy": "RAID0", "disabledMounts": ["Containerd"]} == read[1]["spec"]["instance"][
        "localStorage"
    ]
    assert {"NodeConfig"} == {document["kind"] for document in read}


def test_user_data_is_the_same_every_time() -> None:
    assert choose_user_data(aws_type("p5en.48xlarge")) == choose_user_data(aws_type("p5en.48xlarge"))


def test_a_type_without_disks_and_without_efa_on_card_0_needs_no_user_data() -> None:
    bare = aws_type("p6-b300.48xlarge").model_copy(update={"local_ssd": None})

    assert choose_user_data(bare) is None


def test_user_data_is_encoded_as_it_is_and_is_far_from_the_limit() -> None:
    text = choose_user_data(aws_type("p5en.48xlarge"), image_cache=True, registration=registration())

    assert text is not None
    assert text == base64.b64decode(encoded(text)).decode()
    # EKS adds a part of its own, with the cluster's certificate.
    assert len(text) < 8 * 1024


def test_more_user_data_than_ec2_takes_is_refused() -> None:
    assert encoded("x" * 16384)

    with pytest.raises(ValueError, match="user data of 16385 bytes; EC2 takes 16384"):
        encoded("x" * 16385)


def test_another_block_is_another_template_and_so_another_group() -> None:
    kinds = {
        reservation: choose_launch_template(aws_pool(capacity_type="block", reservation=reservation), {}).kind
        for reservation in ("cr-0123456789abcdef0", "cr-0123456789abcdef1")
    }

    assert {one: one for one in kinds} == kinds
    assert "" == choose_launch_template(aws_pool(capacity_type="reserved", reservation="cr-1"), {}).kind
