"""The fleet file that the documentation renders stands before every oracle, planned afresh."""

from pathlib import Path

import pytest

from argosy.catalog import load_catalog
from argosy.planner.plan import plan_capacity
from argosy.spec.loader import load_spec
from argosy_component.mock_engine import ResourceGraph
from argosy_component.site_plan import site_plans

from .conftest import declared
from .every_oracle import ORACLES
from .resources import NODE_GROUP, changed, with_resource
from .violations import shown

FLEET = Path(__file__).parents[1] / "fixtures" / "fleets" / "every-aws-capacity.yaml"


@pytest.fixture(scope="module")
def graphs() -> list[ResourceGraph]:
    """The graph of every AWS site of the fleet."""
    fleet, catalog = load_spec(str(FLEET)), load_catalog()
    plans = site_plans(fleet, plan_capacity(fleet, catalog, None), catalog)
    return [declared(plan) for plan in plans if plan.provider == "aws"]


@pytest.mark.parametrize("oracle", ORACLES)
def test_the_sample_fleet_stands_before(oracle: str, graphs: list[ResourceGraph]) -> None:
    assert graphs
    assert "" == "\n".join(shown(ORACLES[oracle](graph)) for graph in graphs).strip()


def test_it_does_not_when_a_site_is_spoilt(graphs: list[ResourceGraph]) -> None:
    group = graphs[0].of_type(NODE_GROUP)[0]
    spoilt = with_resource(graphs[0], changed(group, "capacityType", "RESERVED"))

    assert "'RESERVED' is not a legal value" in shown(ORACLES["inputs"](spoilt))
