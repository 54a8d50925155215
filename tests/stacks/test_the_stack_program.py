"""The stack program, read as `argosy render` shows it."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
ARGOSY = Path(sys.prefix, "bin", "argosy")
SDKS = {"aws": "pulumi_aws", "gcp": "pulumi_gcp"}


def render(*arguments: str) -> list[dict[str, Any]]:
    done = subprocess.run(
        [str(ARGOSY), "render", *arguments, "--json"],
        cwd=ROOT, check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["resources"]


@pytest.fixture(scope="module")
def prod() -> list[dict[str, Any]]:
    return render("prod")


def of_type(resources: list[dict[str, Any]], type_: str) -> list[dict[str, Any]]:
    return [resource for resource in resources if resource["type"] == type_]


def test_prod_holds_pools_of_both_clouds_and_of_bare_metal(prod: list[dict[str, Any]]) -> None:
    pools = {"aws:eks/nodeGroup:NodeGroup", "gcp:container/nodePool:NodePool", "baremetal:index:Machine"}

    assert pools <= {resource["type"] for resource in prod}


def test_every_machine_of_prod_and_every_spare_has_a_claim_of_its_own(prod: list[dict[str, Any]]) -> None:
    serials = [claim["inputs"]["serial"] for claim in of_type(prod, "baremetal:index:ServerClaim")]

    assert 18 == len(serials) == len(set(serials))
    assert 16 == len(of_type(prod, "baremetal:index:Machine"))


def test_the_fleet_component_registers_the_whole_plans_numbers_in_every_scope() -> None:
    scoped = of_type(render("prod", "--scope", "oslo"), "argosy:index:Fleet")

    assert ["aws-use1", "gcp-euw4", "oslo"] == sorted(scoped[0]["outputs"]["sites"])


def test_local_declares_sixteen_machines_in_two_halls() -> None:
    local = render("local")
    halls = Counter(claim["inputs"]["site"] for claim in of_type(local, "baremetal:index:ServerClaim"))

    assert 16 == len(of_type(local, "baremetal:index:Machine"))
    assert {"hall-north": 8, "hall-south": 8} == halls


@pytest.mark.parametrize(("scope", "allowed"), [("aws-use1", "aws"), ("gcp-euw4", "gcp"), ("oslo", "")])
def test_a_scoped_render_imports_only_its_own_vendors_sdk(scope: str, allowed: str) -> None:
    program = (
        "import sys; from argosy_component.stack_program import declared_resources;"
        f"declared_resources('prod', {scope!r}); print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True
    )

    imported = set(done.stdout.split())
    assert {name: name == allowed for name in SDKS} == {name: sdk in imported for name, sdk in SDKS.items()}


def test_two_renders_are_the_same_to_the_letter(prod: list[dict[str, Any]]) -> None:
    assert prod == render("prod")
