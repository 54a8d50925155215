"""The fleets that pages show come up: with a real engine, the real plugin and the simulator."""

import json
import re
from pathlib import Path

import pytest

from . import test_make_up
from .test_make_up import Copy

copy = test_make_up.copy
ROOT = Path(__file__).resolve().parents[2]
ARGOSY = ".venv/bin/argosy"
ENVIRONMENT = 'eval "$(make --old-file=.venv/.installed --silent env)";'
UP = "pulumi stack select --create cellar; pulumi up --stack cellar --yes --skip-preview --suppress-outputs"


def shown_yaml(page: str) -> list[str]:
    text = (ROOT / "docs" / "how-to" / page).read_text(encoding="utf-8")
    return re.findall(r"^```yaml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def limits(project: Copy) -> list[set[float]]:
    """What the parts of every server that is capped are limited to, as the stack's state has it."""
    told = project.run("bash", "-c", f"{ENVIRONMENT} pulumi stack export --stack cellar")
    # What make says of the engine that it found goes before it.
    exported = json.loads(told[told.index("{") :])
    caps = [
        resource["outputs"]["limits"]
        for resource in exported["deployment"]["resources"]
        if resource["type"] == "baremetal:index:PowerCap"
    ]
    return [{limit["watts"] for limit in found} for found in caps]


def running(project: Copy) -> int:
    machines = json.loads(project.run(ARGOSY, "metal", "status", "cellar", "--json"))
    return sum(machine["phase"] == "running" for machine in machines)


@pytest.mark.parametrize(
    ("own_type", "expected"), [(False, {662}), (True, {9600})], ids=["dgx-h200", "a type of one's own"]
)
def test_the_cellar_comes_up_with_the_cap_on_which_its_plan_counts(
    copy: Copy,
    own_type: bool,
    expected: set[int],
) -> None:
    fleet, inventory = shown_yaml("describe-a-halls-power-and-uplinks.md")
    fleets = copy.folder / "stacks" / "fleets"
    if own_type:
        (types,) = shown_yaml("describe-a-server-type.md")
        (fleets / "server-types.yaml").write_text(types, encoding="utf-8")
        fleet = f"{fleet}server_types: server-types.yaml\n".replace("dgx-h200", "xe9680-lab")
        fleet = fleet.replace("power_cap_watts: 9900", "power_cap_watts: 9600")
        inventory = inventory.replace("dgx-h200", "xe9680-lab")
    (fleets / "cellar.yaml").write_text(fleet, encoding="utf-8")
    (fleets / "inventories" / "cellar.yaml").write_text(inventory, encoding="utf-8")
    copy.run(ARGOSY, "plan", "cellar")
    copy.run(ARGOSY, "check", "cellar")
    copy.run(ARGOSY, "metal", "simulate", "cellar", "--detach")

    copy.run("bash", "-euc", f"{ENVIRONMENT} {UP}")

    assert ([expected] * 3, 3) == (limits(copy), running(copy))
    copy.run(ARGOSY, "metal", "simulate", "cellar", "--stop")
