"""The how-to from a Capacity Block's id to a running pool: its files and commands, run in its order."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import botocore.session  # pyright: ignore[reportMissingTypeStubs]
import pytest
from botocore import xform_name  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]
from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "how-to" / "run-a-pool-on-a-capacity-block.md").read_text(encoding="utf-8")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BLOCKS: list[tuple[str, str]] = FENCE.findall(PAGE)
COMMANDS = [
    line
    for language, text in BLOCKS
    if not language
    for line in text.splitlines()
    if line.startswith(("argosy ", "aws ", "pulumi "))
]
BLOCK_START, BLOCK_END = "2027-03-08T11:30:00", "2027-03-22T10:30:00"


def shown(language: str, beginning: str) -> str:
    return next(text for found, text in BLOCKS if found == language and text.startswith(beginning))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of one's own that has the fleet file of the page and nothing else."""
    root = tmp_path_factory.mktemp("project")
    shutil.copy(ROOT / "Pulumi.yaml", root)
    (root / "stacks" / "fleets").mkdir(parents=True)
    shutil.copy(ROOT / "stacks" / "__main__.py", root / "stacks")
    fleet = root / "stacks" / "fleets" / "spring.yaml"
    fleet.write_text(shown("yaml", "version: 1\nname: spring"), encoding="utf-8")
    return root


@pytest.fixture(scope="module")
def printed(project: Path) -> dict[str, str]:
    """Every `argosy` command of the page to what it printed, run in the page's order."""
    return {line: said(project, line) for line in COMMANDS if line.startswith("argosy ")}


@pytest.fixture(scope="module")
def rendered(project: Path, printed: dict[str, str]) -> list[dict[str, Any]]:
    assert printed
    return json.loads(said(project, "argosy render spring --scope aws-use1 --json"))["resources"]


def said(project: Path, line: str) -> str:
    command = [str(Path(sys.executable).with_name("argosy")), *shlex.split(line)[1:]]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
    return done.stdout


def inputs(rendered: list[dict[str, Any]], kind: str, name: str) -> dict[str, Any]:
    [found] = [r for r in rendered if r["type"].endswith(f":{kind}") and r["name"] == name]
    return found["inputs"]


def test_the_page_s_commands_lead_to_a_plan_that_holds(printed: dict[str, str]) -> None:
    assert ["argosy plan spring", "argosy check spring", "argosy render spring --scope aws-use1"] == list(
        printed
    )
    assert "proven" in printed["argosy check spring"]


def test_render_shows_of_the_pool_what_the_page_shows(printed: dict[str, str]) -> None:
    assert shown("", "    argosy:index:EksNodePool") in printed["argosy render spring --scope aws-use1"]


def test_every_node_comes_from_the_block_and_none_from_anywhere_else(rendered: list[dict[str, Any]]) -> None:
    template = inputs(rendered, "LaunchTemplate", "aws-use1-train.cr-0123456789abcdef0")

    assert {"marketType": "capacity-block"} == template["instanceMarketOptions"]
    target = template["capacityReservationSpecification"]["capacityReservationTarget"]
    assert {"capacityReservationId": "cr-0123456789abcdef0"} == target
    assert "placement" not in template


def test_the_group_is_empty_until_the_block_begins_and_again_an_hour_before_it_ends(
    rendered: list[dict[str, Any]],
) -> None:
    group = inputs(rendered, "NodeGroup", "aws-use1-train-use1-az2")
    schedules = {
        name: inputs(rendered, "Schedule", f"aws-use1-train-use1-az2-{name}") for name in ("start", "end")
    }

    assert {"minSize": 0, "maxSize": 16, "desiredSize": 0} == group["scalingConfig"]
    assert f"at({BLOCK_START})" == schedules["start"]["scheduleExpression"]
    assert f"at({BLOCK_END})" == schedules["end"]["scheduleExpression"]
    asked = {name: json.loads(schedule["target"]["input"]) for name, schedule in schedules.items()}
    assert {"start": 16, "end": 0} == {
        name: call["ScalingConfig"]["DesiredSize"] for name, call in asked.items()
    }


def test_the_stack_s_output_holds_what_the_page_says_a_pod_needs(rendered: list[dict[str, Any]]) -> None:
    stack = next(resource for resource in rendered if resource["type"] == "pulumi:pulumi:Stack")
    pool = stack["outputs"]["sites"]["aws-use1"]["pools"]["train"]

    page = json.loads(shown("json", "{"))

    assert page == {key: pool[key] for key in page}


def test_the_pod_asks_for_what_the_output_says() -> None:
    pod: dict[str, Any] = YAML(typ="safe").load(  # pyright: ignore[reportUnknownMemberType]
        shown("yaml", "apiVersion: v1")
    )
    page = json.loads(shown("json", "{"))

    assert page["node_selector"] == pod["spec"]["nodeSelector"]
    assert page["tolerations"] == pod["spec"]["tolerations"]
    limits = pod["spec"]["containers"][0]["resources"]["limits"]
    assert {"nvidia.com/gpu": page["accelerators_per_node"], **page["rdma_resources"]} == limits


def test_aws_knows_the_call_and_the_fields_that_the_page_names() -> None:
    model: Any = botocore.session.Session().get_service_model(  # pyright: ignore[reportUnknownMemberType]
        "ec2"
    )
    [command] = [shlex.split(line) for line in COMMANDS if line.startswith("aws ")]
    calls = {xform_name(name, "-"): model.operation_model(name) for name in model.operation_names}
    call = calls[command[2]]

    options = {word.removeprefix("--") for word in command if word.startswith("--")} - {"region"}
    assert options <= {xform_name(name, "-") for name in call.input_shape.members}
    answered = call.output_shape.members["CapacityReservations"].member.members
    named = ("InstanceType", "AvailabilityZoneId", "TotalInstanceCount", "StartDate", "EndDate")
    assert all(f"`{name}`" in PAGE and name in answered for name in named)
