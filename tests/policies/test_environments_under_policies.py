"""What the committed environments declare passes the rules, with and without their configuration.

The clouds' plugins need accounts, so that a real engine can preview only what stands in halls; here the
mock engine declares, and the policies judge what it saw.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from argosy_component.stack_program import declared_resources
from argosy_policies.testing import Declared, Pack
from argosy_policies.themes import theme_rules

ROOT = Path(__file__).resolve().parents[2]
FLEETS = ROOT / "stacks" / "fleets"
STRICT: dict[str, Any] = json.loads((ROOT / "policies/config/prod.json").read_text(encoding="utf-8"))


def declared(fleet: Path) -> list[dict[str, Any]]:
    return [resource.shown() for resource in declared_resources(str(fleet)).resources]


def broken(
    resources: list[dict[str, Any]], config: Mapping[str, Mapping[str, Any]] | None = None
) -> list[str]:
    """What the pack says: of each resource by its inputs, of the stack by what components registered."""
    pack = Pack(config)
    one_by_one = [
        found
        for resource in resources
        for found in pack.analyze(Declared(resource["type"], resource["name"], resource["inputs"]))
    ]
    together = pack.analyze_stack(
        *(Declared(one["type"], one["name"], one["outputs"]) for one in resources if "outputs" in one)
    )
    return [found.message for found in one_by_one + together]


@pytest.mark.parametrize("fleet", sorted(FLEETS.glob("*.yaml")), ids=lambda fleet: fleet.stem)
def test_every_committed_environment_passes_with_nothing_left_to_the_update(fleet: Path):
    resources = declared(fleet)

    assert [] == broken(resources)
    assert [] == broken(resources, STRICT)


def test_prod_declares_something_for_every_rule_to_judge_but_the_one_about_purchases():
    types = {resource["type"] for resource in declared(FLEETS / "prod.yaml")}

    # No fleet buys anything; tests/components/test_aws_purchases.py has the rule judge the project that does.
    assert ["CAP-06"] == [rule.id for _, rule in theme_rules() if types.isdisjoint(rule.resource_types)]


def test_the_fleet_that_serves_from_one_hall_breaks_one_rule_only():
    found = broken(declared(ROOT / "tests" / "fixtures" / "fleets" / "one-provider.yaml"))

    assert 1 == len(found)
    assert "\nRED-01 Serving spans more than one provider or hall\n" in found[0]
