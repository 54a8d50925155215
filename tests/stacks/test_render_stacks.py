"""What the committed environments declare, read with `argosy render`."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
ARGOSY = Path(sys.executable).with_name("argosy")
VENDORS = {"aws-use1": {"pulumi_aws"}, "gcp-euw4": {"pulumi_gcp"}, "oslo": set[str]()}

# Declares the scope as the command does, then says which vendors' SDKs that imported.
IMPORTED = """
import json, sys
from argosy_component.stack_program import declared_resources
declared_resources("prod", sys.argv[1])
print(json.dumps([name for name in ("pulumi_aws", "pulumi_gcp", "pulumi_kubernetes") if name in sys.modules]))
"""


def run(*command: str | Path, **variables: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command, cwd=ROOT, env=os.environ | variables, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def prod() -> list[dict[str, Any]]:
    done = run(ARGOSY, "render", "prod", "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["resources"]


def test_prod_declares_both_clouds_and_the_hall(prod: list[dict[str, Any]]):
    types = Counter(resource["type"] for resource in prod)

    assert types["aws:eks/nodeGroup:NodeGroup"] > 0
    assert types["gcp:container/nodePool:NodePool"] > 0
    assert types["baremetal:index:Machine"] == 16
    assert types["argosy:index:Fleet"] == 1


def test_every_machine_of_prod_and_every_spare_has_a_claim_of_its_own(prod: list[dict[str, Any]]):
    claims = [resource for resource in prod if resource["type"] == "baremetal:index:ServerClaim"]

    assert 18 == len(claims) == len({claim["inputs"]["serial"] for claim in claims})


def test_local_declares_sixteen_machines_in_two_halls():
    local = json.loads(run(ARGOSY, "render", "local", "--json").stdout)["resources"]
    claims = [resource for resource in local if resource["type"] == "baremetal:index:ServerClaim"]

    assert 16 == Counter(resource["type"] for resource in local)["baremetal:index:Machine"]
    assert {"hall-north": 8, "hall-south": 8} == Counter(claim["inputs"]["site"] for claim in claims)


def test_nothing_of_this_machine_is_an_input(prod: list[dict[str, Any]]):
    assert str(ROOT) not in json.dumps(prod)
    assert str(Path.home()) not in json.dumps(prod)


def test_every_resource_below_the_stack_has_a_parent_that_was_declared(prod: list[dict[str, Any]]):
    urns = {resource["urn"] for resource in prod}

    orphans = [resource["urn"] for resource in prod if resource["parent"] not in urns]
    assert [urn.rpartition("::")[2] for urn in orphans] == ["argosy-prod"]


@pytest.mark.parametrize("scope", sorted(VENDORS))
def test_a_scoped_render_imports_only_its_own_vendors_sdk(scope: str):
    done = run(sys.executable, "-c", IMPORTED, scope)

    assert done.returncode == 0, done.stderr
    assert set(json.loads(done.stdout)) == VENDORS[scope]


def test_a_render_prints_the_same_bytes_whatever_the_hash_seed():
    renders = [
        run(ARGOSY, "render", "prod", "--scope", "oslo", "--json", PYTHONHASHSEED=seed).stdout
        for seed in ("1", "2")
    ]

    assert renders[0] == renders[1]
    assert '"baremetal:index:Machine"' in renders[0]


def test_a_scope_registers_the_whole_plans_numbers():
    done = run(ARGOSY, "render", "prod", "--scope", "oslo", "--json")

    fleet = next(
        resource
        for resource in json.loads(done.stdout)["resources"]
        if resource["type"] == "argosy:index:Fleet"
    )
    assert sorted(fleet["outputs"]["sites"]) == sorted(VENDORS)


def test_a_scope_the_fleet_does_not_have_exits_with_2_and_names_those_it_has():
    done = run(ARGOSY, "render", "prod", "--scope", "bergen")

    assert done.returncode == 2
    assert done.stdout == ""
    assert "aws-use1, gcp-euw4, oslo" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_environment_that_does_not_exist_exits_with_2_and_no_traceback():
    done = run(ARGOSY, "render", "mars")

    assert done.returncode == 2
    assert "mars" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_bad_fleet_file_is_refused_in_the_words_of_check():
    bad = sorted((ROOT / "tests/fixtures/specs").rglob("*.yaml"))[0]

    rendered, checked = run(ARGOSY, "render", str(bad)), run(ARGOSY, "check", str(bad))
    assert (rendered.returncode, rendered.stderr) == (2, checked.stderr)
