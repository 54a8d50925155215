"""What `lose` may say is one list, wherever it stands, and a line outside it never passes for survived."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from argosy.planner import contingencies
from argosy.planner.contingencies import enumerate_scenarios
from argosy.spec import domains
from argosy.spec.loader import LoadedFleet
from argosy.spec.losses import FORMS, LOSSES
from argosy.spec.models import FleetSpec

HOW_TO = Path(__file__).parents[3] / "docs" / "how-to" / "write-a-fleet-file.md"


def fleet_that_survives(lose: str, **keep: Any) -> LoadedFleet:
    # It comes past the loader here, as it would with a word that the loader knows and the planner does not.
    serve = {"role": "inference", "nodes": 1, "instance_type": "p5en.48xlarge", "zone": "z1"}
    spec = FleetSpec.model_validate(
        {
            "version": 1,
            "name": "test",
            "sites": {"use1": {"provider": "aws", "region": "us-east-1", "node_pools": {"serve": serve}}},
            "demand": {"inference": [{"name": "assistant", "accelerator": ["H200"], "nodes": 1}]},
            "survive": [{"lose": lose, "keep": keep}],
        }
    )
    return LoadedFleet(name="test", path=Path("test.yaml"), root=Path(), spec=spec, inventories={}, sha256="")


@pytest.mark.parametrize("lose", ["any conduit", "any", "use2", "zone aws/z2", "feed use1/a", "provider aws"])
def test_a_line_that_stands_for_no_scenario_stops_the_plan(lose: str) -> None:
    with pytest.raises(ValueError, match=f"`lose: {lose}` stands for no scenario"):
        enumerate_scenarios(fleet_that_survives(lose, inference=Decimal(1)))


def test_a_floor_of_a_workload_that_the_demand_lacks_stops_the_plan() -> None:
    workloads = {"assistant": Decimal(1), "search": Decimal(1)}

    with pytest.raises(ValueError, match=r"`keep\.workloads` names search, which the demand lacks"):
        enumerate_scenarios(fleet_that_survives("aws", workloads=workloads))


def in_code(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


def lines_in(words: Iterable[str]) -> list[str]:
    """The lines among words, without the forms in which a domain is named."""
    return sorted(word for word in words if word.islower())


def forms_in(words: Iterable[str]) -> set[str]:
    return {word for word in words if not word.islower()}


def test_the_planners_table_of_losses_is_whole() -> None:
    table = re.findall(r"^\| `([^`]+)` \|", contingencies.__doc__ or "", re.MULTILINE)

    assert sorted(LOSSES) == sorted(table)


def test_the_table_of_domains_is_whole() -> None:
    table = re.findall(r"^\| `([^`]+)` \|", domains.__doc__ or "", re.MULTILINE)

    assert {*FORMS, "spot"} == set(table)


def test_editors_are_told_every_loss() -> None:
    description: str = FleetSpec.model_json_schema()["$defs"]["SurvivalSpec"]["properties"]["lose"][
        "description"
    ]
    told = [loss for losses in in_code(description) for loss in losses.split(" | ")]

    assert sorted(LOSSES) == lines_in(told)
    assert forms_in(told) <= set(FORMS)


def test_the_guide_lists_every_loss() -> None:
    (row,) = [line for line in HOW_TO.read_text(encoding="utf-8").splitlines() if line.startswith("| `lose`")]
    told = in_code(row)[1:]

    assert sorted(LOSSES) == lines_in(told)
    assert forms_in(told) <= set(FORMS)
