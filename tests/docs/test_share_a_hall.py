"""The pages about shared claims and about NetBox say what the code takes."""

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter
from ruamel.yaml import YAML

from argosy.spec.claims import ClaimsSpec
from argosy_component.site_plan import claims_plan
from argosy_metal.commands import app
from argosy_metal.provider.claims_config import check_claims

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to"
SHARED = (HOW_TO / "share-a-hall-between-runners.md").read_text()
NETBOX = (HOW_TO / "import-an-inventory-from-netbox.md").read_text()
EXAMPLES = [text for text in re.findall(r"```yaml\n(.*?)```", SHARED, re.S) if "claims:" in text]


def read(text: str) -> Any:
    lines = text.splitlines()
    depth = min(len(line) - len(line.lstrip()) for line in lines if line.strip())
    return YAML(typ="safe").load("\n".join(line[depth:] for line in lines))  # pyright: ignore[reportUnknownMemberType]


@pytest.mark.parametrize("example", EXAMPLES, ids=["postgresql", "kubernetes", "ironic"])
def test_every_example_is_accepted_by_the_fleet_file_and_by_the_provider(example: str) -> None:
    claims: ClaimsSpec = TypeAdapter[ClaimsSpec](ClaimsSpec).validate_python(read(example)["claims"])

    assert [] == check_claims(claims_plan(claims))


def test_the_rights_are_those_that_the_leases_need() -> None:
    (role,) = [text for text in re.findall(r"```yaml\n(.*?)```", SHARED, re.S) if "kind: Role" in text]
    (rule,) = read(role)["rules"]

    assert {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"]} == {
        name: rule[name] for name in ("apiGroups", "resources")
    }
    source = (Path(__file__).parents[2] / "components/argosy_metal/claims/kubernetes/leases.py").read_text()
    assert all(f'"{method}"' in source for method in ("GET", "POST", "PUT"))
    assert not any(f'"{method}"' in source for method in ("DELETE", "PATCH"))
    assert ["get", "list", "create", "update"] == rule["verbs"]


def test_the_page_names_every_option_of_the_import_and_no_other() -> None:
    (command,) = [command for command in app.registered_commands if command.name == "import-inventory"]
    assert command.callback is not None
    options = {
        {"server_type": "type"}.get(name, name).replace("_", "-")
        for name in command.callback.__annotations__
        if name != "return"
    }

    assert options == set(re.findall(r"--([a-z][a-z-]+)", NETBOX))
