"""The pack as a whole: what the engine learns of it, its page, and what keeps its rules whole."""

import importlib
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from argosy_policies.pack import policies
from argosy_policies.pages import page
from argosy_policies.rule import Rule
from argosy_policies.testing import Declared, Pack
from argosy_policies.themes import THEMES, theme_rules

ROOT = Path(__file__).resolve().parents[2]
RULES = [rule for _, rule in theme_rules()]


def test_the_engine_learns_of_one_mandatory_policy_per_theme():
    found = Pack().info().policies

    assert [theme.name for theme in THEMES] == [policy.name for policy in found]
    assert all(
        "mandatory" == policy.enforcement_level.value for policy in policies() if policy.enforcement_level
    )
    assert all("IDN-01" in policy.description for policy in found if policy.name == "identity")


def test_few_policies_hold_the_rules_since_each_costs_time_on_every_resource():
    assert 15 >= len(policies())


def test_rule_ids_are_unique():
    assert len({rule.id for rule in RULES}) == len(RULES)


@pytest.mark.parametrize("rule", RULES, ids=[rule.id for rule in RULES])
def test_every_rule_says_what_why_whence_and_what_to_do(rule: Rule):
    texts = [rule.title, rule.reason, rule.source, rule.remedy, *rule.resource_types]

    assert all(text.strip() == text != "" for text in texts)
    assert rule.resource_types
    assert not rule.title.endswith(".")


@pytest.mark.parametrize("rule", RULES, ids=[rule.id for rule in RULES])
def test_every_rule_has_a_test_of_each_kind(rule: Rule):
    module = importlib.import_module(f".test_rule_{rule.id.lower().replace('-', '_')}", __package__)
    # Some are inherited: what every rule about a hall's numbers does is written once.
    classes = [held for name, held in vars(module).items() if name.startswith("Test")]
    tests = [name for held in (module, *classes) for name in dir(held) if name.startswith("test_")]

    for kind in ("pass", "fail", "absent", "unknown", "secret", "wrong_type"):
        assert [line for line in tests if kind in line], kind


@pytest.mark.parametrize("rule", RULES, ids=[rule.id for rule in RULES])
def test_every_parameter_has_a_default_and_says_what_it_means(rule: Rule):
    for parameter in rule.parameters.model_fields.values():
        assert not parameter.is_required()
        assert parameter.description


def test_the_page_is_the_one_that_the_rules_write():
    written = (ROOT / "docs" / "reference" / "policies.md").read_text(encoding="utf-8")

    assert page() == written, "run: python -m argosy_policies.pages > docs/reference/policies.md"


def test_the_page_command_prints_the_page():
    done = subprocess.run(
        [sys.executable, "-m", "argosy_policies.pages"], capture_output=True, text=True, check=True
    )

    assert page() == done.stdout


def test_the_pack_has_the_projects_version():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    pack = YAML(typ="safe").load(ROOT / "policies" / "PulumiPolicy.yaml")  # pyright: ignore[reportUnknownMemberType]

    assert project["project"]["version"] == pack["version"]


def test_a_resource_that_no_rule_is_about_is_left_alone():
    assert [] == Pack().analyze(Declared("aws:s3/bucket:Bucket", "state", {"acl": "private"}))
