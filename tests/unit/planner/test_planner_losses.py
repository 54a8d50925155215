"""What `lose` may say is one list, wherever it stands, and a line outside it never passes for survived."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from argosy.planner import contingencies
from argosy.spec.checks import LOSSES
from argosy.spec.models import FleetSpec

if TYPE_CHECKING:
    from conftest import World

HOW_TO = Path(__file__).parents[3] / "docs" / "how-to" / "write-a-fleet-file.md"


@pytest.mark.parametrize("lose", ["any carrier", "use2", "aws-2"])
def test_a_line_that_stands_for_no_scenario_stops_the_plan(world: Callable[[], World], lose: str) -> None:
    # It comes past the loader here, as it would with a word that the loader knows and the planner does not.
    serve = {"role": "inference", "nodes": 1, "instance_type": "p5en.48xlarge", "zone": "z1"}
    made = world().cloud("use1", "aws", serve=serve).survive(lose, inference="1")

    with pytest.raises(ValueError, match=f"`lose: {lose}` stands for no scenario"):
        made.plan()


def test_the_planner_knows_every_loss_that_the_fleet_file_may_name_and_no_other() -> None:
    assert sorted(LOSSES) == sorted(contingencies.SCENARIOS_OF)


def test_the_planners_table_of_losses_is_whole() -> None:
    table = re.findall(r"^\| `([^`]+)` \|", contingencies.__doc__ or "", re.MULTILINE)

    assert sorted(LOSSES) == sorted(table)


def test_editors_are_told_every_loss() -> None:
    description: str = FleetSpec.model_json_schema()["$defs"]["SurvivalSpec"]["properties"]["lose"][
        "description"
    ]
    told = re.findall(r"`([^`]+)`", description)

    assert sorted(LOSSES) == sorted(loss for losses in told for loss in losses.split(" | "))


def test_the_guide_lists_every_loss() -> None:
    (row,) = [line for line in HOW_TO.read_text(encoding="utf-8").splitlines() if line.startswith("| `lose`")]

    assert sorted(LOSSES) == sorted(re.findall(r"`([^`]+)`", row)[1:])
