"""What AWS and Google Cloud would reject, said when the fleet file is checked: each rule, and its absence."""

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from argosy.errors import Fault

Refused = Callable[..., list[Fault]]

PROTECTED = """
demand:
  training: [{name: pretrain, accelerator: [H200, H100], nodes: 8, protected: true, checkpoint_minutes: 20}]
"""


def only(faults: list[Fault]) -> Fault:
    assert 1 == len(faults), [str(fault) for fault in faults]
    return faults[0]


@pytest.mark.parametrize("provider", ["aws", "gcp"])
def test_a_sound_site_is_not_refused(refused: Refused, provider: str) -> None:
    assert [] == refused(provider, demand=PROTECTED)


@pytest.mark.parametrize(
    ("site", "path", "expected"),
    [
        ({"region": "us-east-9"}, "region", "an AWS region"),
        ({"account": None}, "account", "12 digits"),
        ({"account": '"12345"'}, "account", "12 digits"),
        ({"cidr": None}, "cidr", "from /16 to /20"),
        ({"cidr": "10.0.0.0/12"}, "cidr", "from /16 to /20"),
        ({"cidr": "10.16.0.0/24"}, "cidr", "from /16 to /20"),
    ],
)
def test_aws_refuses_a_site(refused: Refused, site: dict[str, Any], path: str, expected: str) -> None:
    fault = only([fault for fault in refused("aws", site) if "administrators" not in fault.path])

    assert f"sites.cloud.{path}" == fault.path
    assert expected in fault.expected


def test_a_region_that_is_nearly_right_is_named(refused: Refused) -> None:
    assert "us-east-1" in only(refused("aws", {"region": "us-east1"})).fix


@pytest.mark.parametrize(
    ("pool", "path", "expected"),
    [
        ({"zone": "us-east-1a"}, "zone", "a zone name means another zone in every account"),
        ({"zone": "euw1-az1"}, "zone", "a zone id of us-east-1"),
        ({"zone": "use1-az9"}, "zone", "use1-az6"),
        ({"capacity": "{type: reserved, reservation: my-block}"}, "capacity.reservation", "cr-"),
        (
            {"capacity": '{type: block, reservation: my-block, ends: "2027-03-01T00:00Z"}'},
            "capacity.reservation",
            "Capacity Block",
        ),
        (
            {"zone": None, "zones": "[use1-az2, use1-az6]", "role": "inference"},
            "zones",
            "a reservation stands in one",
        ),
        ({"instance_type": "g7.48xlarge", "capacity": "{type: on-demand}"}, "instance_type", "driver 595"),
        (
            {"instance_type": "p6e-gb200.36xlarge", "capacity": "{type: on-demand}"},
            "capacity.type",
            "block",
        ),
        ({"capacity": "{type: flex}"}, "capacity.type", "on-demand"),
        (
            {"zone": None, "zones": "[use1-az2, use1-az6]", "capacity": "{type: on-demand}"},
            "zones",
            "no fabric spans two",
        ),
    ],
)
def test_aws_refuses_a_pool(refused: Refused, pool: dict[str, Any], path: str, expected: str) -> None:
    fault = only(refused("aws", None, pool))

    assert f"sites.cloud.node_pools.train.{path}" == fault.path
    assert expected in fault.expected


def test_aws_refuses_a_pool_name_that_makes_the_node_group_s_too_long(refused: Refused) -> None:
    fault = only(refused("aws", pool_name="train-" + "p" * 22))

    assert "at most 27" in fault.expected
    assert [] == refused("aws", pool_name="train-" + "p" * 21)


@pytest.mark.parametrize("provider", ["aws", "gcp"])
def test_spot_alone_is_refused_for_a_protected_job(refused: Refused, provider: str) -> None:
    spot = {"capacity": "{type: spot}"}

    assert "does not take back" in only(refused(provider, None, spot, demand=PROTECTED)).expected
    assert [] == refused(provider, None, spot, {}, demand=PROTECTED)
    assert [] == refused(
        provider, None, spot, demand=PROTECTED.replace("protected: true", "protected: false")
    )


@pytest.mark.parametrize(
    ("site", "path", "expected"),
    [
        ({"region": "europe-west4-b"}, "region", "e.g. europe-west4"),
        ({"account": None}, "account", "the project's id"),
        ({"account": '"My Project"'}, "account", "the project's id"),
        ({"cidr": None}, "cidr", "from /12 to /18"),
        ({"cidr": "10.32.0.0/20"}, "cidr", "from /12 to /18"),
    ],
)
def test_google_cloud_refuses_a_site(
    refused: Refused, site: dict[str, Any], path: str, expected: str
) -> None:
    faults = [fault for fault in refused("gcp", site) if not fault.path.endswith(".zone")]

    assert f"sites.cloud.{path}" == only(faults).path
    assert expected in faults[0].expected


@pytest.mark.parametrize(
    ("pool", "path", "expected"),
    [
        ({"zone": "us-central1-b"}, "zone", "a zone of europe-west4"),
        ({"zone": "europe-west4"}, "zone", "e.g. europe-west4-b"),
        ({"capacity": "{type: reserved, reservation: My_Reservation}"}, "capacity.reservation", "projects/"),
        (
            {"capacity": "{type: flex, reservation: mine}", "nodes": "{min: 8, max: 8}"},
            "capacity",
            "reserved",
        ),
        ({"capacity": "{type: flex}"}, "nodes", "a range from 0"),
        (
            {"zone": None, "zones": "[europe-west4-b, europe-west4-c]", "role": "inference"},
            "zones",
            "a reservation stands in one",
        ),
        (
            {
                "instance_type": "a3-ultragpu-8g",
                "zone": None,
                "zones": "[europe-west4-b, europe-west4-c]",
                "role": "inference",
                "capacity": "{type: spot}",
            },
            "zones",
            "its RDMA network is a zone's",
        ),
        ({"instance_type": "a4x-highgpu-4g"}, "instance_type", "one NVLink domain"),
        ({"instance_type": "a4x-maxgpu-4g-metal"}, "instance_type", "gVNIC or RoCE"),
    ],
)
def test_google_cloud_refuses_a_pool(
    refused: Refused, pool: dict[str, Any], path: str, expected: str
) -> None:
    fault = only(refused("gcp", None, pool))

    assert fault.path.startswith(f"sites.cloud.node_pools.train.{path}")
    assert expected in fault.expected


def test_google_cloud_takes_a_reservation_of_another_project_and_one_block_of_it(refused: Refused) -> None:
    shared = "projects/other-lab/reservations/a3mega-2027/reservationBlocks/block-1"

    assert [] == refused("gcp", None, {"capacity": f"{{type: reserved, reservation: {shared}}}"})


def test_google_cloud_refuses_rdma_pools_of_one_site_in_two_zones(refused: Refused) -> None:
    here = {"instance_type": "a3-ultragpu-8g"}
    there = {"instance_type": "a3-ultragpu-8g", "zone": "europe-west4-c"}

    fault = only(refused("gcp", None, here, there))
    assert "sites.cloud.node_pools.train1.zone" == fault.path
    assert "one zone for all RDMA pools" in fault.expected
    assert [] == refused("gcp", None, here, here)


def test_google_cloud_refuses_names_that_are_too_long(refused: Refused) -> None:
    cluster = only(refused("gcp", fleet="laboratory-of-the-far-north", site_name="gcp-europe-west4"))
    pool = only(refused("gcp", pool_name="train-" + "p" * 23))

    assert "at most 40 for the GKE cluster's name" in cluster.expected
    assert "at most 28" in pool.expected
    assert [] == refused("gcp", pool_name="train-" + "p" * 22)


@pytest.mark.parametrize("provider", ["aws", "gcp"])
def test_every_fault_of_a_site_is_said_at_once(refused: Refused, provider: str) -> None:
    faults = refused(
        provider, {"account": None, "cidr": None}, {"capacity": "{type: reserved, reservation: My_R}"}
    )

    assert 3 == len(faults)
    assert all(fault.line for fault in faults)


@pytest.mark.parametrize("provider", ["aws", "gcp"])
def test_checking_a_fleet_file_imports_no_sdk(provider: str) -> None:
    program = (
        f"import sys, argosy_{provider}.descriptor, argosy_{provider}.refusals\n"
        "print(sorted(name for name in sys.modules if name.partition('_')[0].partition('.')[0] == 'pulumi'))"
    )

    run = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)

    assert "[]" == run.stdout.strip()
