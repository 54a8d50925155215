"""What the how-to about buying capacity shows is true: files load, commands print it, AWS knows the words."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import botocore.session  # pyright: ignore[reportMissingTypeStubs]
import pytest
from botocore import xform_name  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]

from argosy.catalog import load_catalog
from argosy.spec.document import read_document
from argosy.spec.models import CapacitySpec
from argosy_aws.purchases.costs import costs, total_usd
from argosy_aws.purchases.load import load_purchases

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "how-to" / "buy-capacity-on-aws.md").read_text(encoding="utf-8")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BLOCKS = [(language, text) for language, text in FENCE.findall(PAGE)]
FILES = [text for language, text in BLOCKS if language == "yaml" and text.startswith("version: 1\naccount:")]
EC2: Any = botocore.session.Session().get_service_model("ec2")  # pyright: ignore[reportUnknownMemberType]
GLOBAL_OPTIONS = {"region", "output"}


@pytest.fixture
def shown_file(tmp_path: Path) -> Path:
    file = tmp_path / "2027-q1.yaml"
    file.write_text(FILES[0], encoding="utf-8")
    return file


@pytest.mark.parametrize("text", FILES, ids=["block", "reservations"])
def test_every_purchase_file_shown_is_sound_and_within_its_budget(text: str, tmp_path: Path) -> None:
    file = tmp_path / "shown.yaml"
    file.write_text(text, encoding="utf-8")

    spec = load_purchases(file, load_catalog()).spec

    assert 0 < total_usd(costs(spec)) <= spec.budget_usd


def test_the_command_prints_what_is_shown(shown_file: Path, tmp_path: Path) -> None:
    offerings = tmp_path / "offerings.json"
    offered = {
        "CapacityBlockOfferingId": "cb-0123456789abcdef0",
        "InstanceType": "p5en.48xlarge",
        "AvailabilityZone": "us-east-1c",
        "InstanceCount": 64,
        "StartDate": "2027-01-11T11:30:00+00:00",
        "EndDate": "2027-01-25T11:30:00+00:00",
        "UpfrontFee": "894700.80",
        "CurrencyCode": "USD",
    }
    offerings.write_text(json.dumps({"CapacityBlockOfferings": [offered]}), encoding="utf-8")
    argosy = Path(sys.executable).with_name("argosy")

    done = subprocess.run(
        [argosy, "aws", "purchases", shown_file, "--offerings", offerings],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout in [text for _, text in BLOCKS], done.stdout + done.stderr


def test_the_capacity_shown_is_what_a_fleet_file_takes(shown_file: Path) -> None:
    shown = next(text for language, text in BLOCKS if language == "yaml" and text.startswith("capacity:"))
    capacity = CapacitySpec.model_validate(read_document(shown, "shown").value["capacity"])
    block = load_purchases(shown_file, load_catalog()).spec.capacity_blocks["train-january"]

    assert ("block", block.instances, block.starts, block.ends) == (
        capacity.type,
        capacity.nodes,
        capacity.starts,
        capacity.ends,
    )


def commands() -> list[tuple[str, list[str]]]:
    """Every `aws ec2` command of the page that is shown with options: operation and options."""
    lines = [line for _, text in BLOCKS for line in text.splitlines() if line.startswith("aws ec2 ")]
    found = [shlex.split(line.partition(" > ")[0]) for line in lines]
    return [(words[2], [word[2:] for word in words if word.startswith("--")]) for words in found]


def test_every_aws_command_shown_has_options_that_aws_knows() -> None:
    operations = {xform_name(name, "-"): name for name in EC2.operation_names}
    assert 3 == len(commands())

    for command, options in commands():
        members = EC2.operation_model(operations[command]).input_shape.members
        known = {xform_name(name, "-") for name in members} | GLOBAL_OPTIONS
        assert set() == set(options) - known, command


@pytest.mark.parametrize(
    ("command", "options"),
    [
        ("purchase-capacity-block", set[str]()),
        ("purchase-capacity-block-extension", set[str]()),
        ("describe-capacity-block-offerings", {"ultraserver-type", "ultraserver-count"}),
        ("create-capacity-reservation", {"start-date", "commitment-duration", "delivery-preference"}),
    ],
)
def test_what_is_bought_by_hand_is_bought_with_options_that_aws_knows(
    command: str, options: set[str]
) -> None:
    operations = {xform_name(name, "-"): name for name in EC2.operation_names}
    members = EC2.operation_model(operations[command]).input_shape.members

    assert set() == options - {xform_name(name, "-") for name in members}
    assert all(f"--{option}" in PAGE for option in options)


def test_the_policy_shown_denies_operations_that_exist_and_all_that_buy() -> None:
    policy = json.loads(next(text for language, text in BLOCKS if language == "json"))
    denied = {action.removeprefix("ec2:") for action in policy["Statement"][0]["Action"]}
    # Quotes bind nobody, and the rest of what has such names moves what is bought already.
    buys = re.compile(r"^(Create|Purchase|Modify)Capacity(Reservation|Block)(?!\w*Quote$)")

    assert denied == {name for name in EC2.operation_names if buys.match(name)}


def test_the_stack_and_the_folder_shown_exist() -> None:
    assert (ROOT / "stacks" / "purchases" / "aws" / "Pulumi.yaml").is_file()
    shown = [name.strip('"') for name in re.findall(r"(?<= )\.\./\S+", PAGE)]
    assert {"../../../policies", "../../../policies/config/purchases.json"} == set(shown)
    assert all((ROOT / "stacks" / "purchases" / "aws" / name).exists() for name in shown)
