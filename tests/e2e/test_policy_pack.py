"""The policy pack in a real engine: it boots, passes what is sound, and stops what is not."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ..policies.hall_numbers import HALL

if TYPE_CHECKING:
    from conftest import Engine, PulumiProject

ROOT = Path(__file__).resolve().parents[2]
PACK = ("--policy-pack", str(ROOT / "policies"))
SHA256 = "659348da96fef9b303cb0aaed6a91118d9dd665ba4fe60ff47aa53eabacad8e9"
PROJECT = f"name: trial\nruntime: {{name: python, options: {{toolchain: pip, virtualenv: {sys.prefix}}}}}\n"
PROGRAM = """\
import pulumi


class Fleet(pulumi.ComponentResource):
    def __init__(self, name, sites):
        super().__init__("argosy:index:Fleet", name)
        self.register_outputs({"sites": sites})

class Machine(pulumi.ComponentResource):
    def __init__(self, name, image):
        super().__init__("baremetal:index:Machine", name, {"image": image})

def hall():
    return {**HALL, "pools": {"serve": {"role": "inference", "nodes": 4}}}
"""
TWO_HALLS = 'Fleet("lab", {"north": hall(), "south": hall()})\n'
ONE_HALL = 'Fleet("lab", {"north": hall()})\n'
GOOD_IMAGE = f'Machine("node-1", {{"url": "https://images.example.test/n.iso", "sha256": "{SHA256}"}})\n'
# What a resource that is yet to be made would give, without the plugin that such a resource needs.
UNKNOWN_DIGEST = """
import asyncio

async def soon(value):
    return value

later = pulumi.Output(*(asyncio.ensure_future(soon(value)) for value in (set(), None, False)))
Machine("node-1", {"url": "https://images.example.test/n.iso", "sha256": later})
"""
SECRET_IMAGE = (
    f'Machine("node-1", {{"url": pulumi.Output.secret("http://canary-4711/"), "sha256": "{SHA256}"}})\n'
)


@pytest.fixture
def trial(engine: "Engine", tmp_path: Path) -> "PulumiProject":
    folder = tmp_path / "trial"
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text(PROJECT, encoding="utf-8")
    project = engine.project(folder, tmp_path)
    assert 0 == project.pulumi("stack", "init", "trial").returncode
    return project


def write(project: "PulumiProject", *parts: str) -> None:
    program = f"HALL = {HALL!r}\n{PROGRAM}{''.join(parts)}"
    (project.folder / "__main__.py").write_text(program, encoding="utf-8")


def test_a_sound_program_passes_preview_and_update(trial: "PulumiProject"):
    write(trial, TWO_HALLS, GOOD_IMAGE)

    for command in (("preview",), ("up", "--yes", "--skip-preview")):
        done = trial.pulumi(*command, *PACK)

        assert 0 == done.returncode, done.stdout
        assert "argosy@v0.1.0" in done.stdout


def test_a_broken_stack_rule_stops_the_run_with_id_resource_finding_and_remedy(trial: "PulumiProject"):
    write(trial, ONE_HALL, GOOD_IMAGE)

    done = trial.pulumi("preview", *PACK)

    assert 0 != done.returncode
    assert "[mandatory]  redundancy  (argosy:index:Fleet: lab)" in done.stdout
    assert "RED-01 Serving spans more than one provider or hall" in done.stdout
    assert "resource: lab (argosy:index:Fleet)" in done.stdout
    assert "found: serving stands in 1 of the 2 providers or halls needed: site north" in done.stdout
    assert "remedy: in the fleet file, give another provider or another hall a pool" in done.stdout


def test_a_broken_resource_rule_stops_the_run_before_anything_is_made_and_prints_no_secret(
    trial: "PulumiProject",
):
    write(trial, TWO_HALLS, SECRET_IMAGE)

    done = trial.pulumi("up", "--yes", "--skip-preview", *PACK)

    assert 0 != done.returncode
    assert "SUP-04 Machine images come by https" in done.stdout
    assert "found: image.url is an address by http" in done.stdout
    assert "canary-4711" not in done.stdout


def test_what_only_the_update_knows_is_noted_and_fails_where_the_configuration_says_so(
    trial: "PulumiProject",
):
    write(trial, TWO_HALLS, UNKNOWN_DIGEST)

    done = trial.pulumi("preview", *PACK)
    assert 0 == done.returncode, done.stdout
    assert "[advisory]  supply-chain  (baremetal:index:Machine: node-1)" in done.stdout
    assert "found: image.sha256 is not known yet; deferred to update" in done.stdout

    strict = str(ROOT / "policies" / "config" / "prod.json")
    done = trial.pulumi("preview", *PACK, "--policy-pack-config", strict)
    assert 0 != done.returncode
    assert "[mandatory]  supply-chain  (baremetal:index:Machine: node-1)" in done.stdout


def test_a_configuration_reaches_the_rules_and_a_misspelt_one_stops_the_run(trial: "PulumiProject"):
    write(trial, TWO_HALLS)
    config = trial.folder / "config.json"
    given = ("--policy-pack-config", str(config))

    config.write_text(json.dumps({"redundancy": {"RED-01": {"min_domains": 3}}}), encoding="utf-8")
    done = trial.pulumi("preview", *PACK, *given)
    assert 0 != done.returncode
    assert "in 2 of the 3 providers or halls needed" in done.stdout

    config.write_text(json.dumps({"supply-chain": {"on_unknwon": "fail"}}), encoding="utf-8")
    done = trial.pulumi("preview", *PACK, *given)
    assert 0 != done.returncode
    assert "supply-chain.on_unknwon: 'on_unknwon' is not known; did you mean 'on_unknown'?" in done.stdout


def test_the_local_fleet_passes_and_one_that_serves_from_one_hall_does_not(engine: "Engine", tmp_path: Path):
    project = engine.project(ROOT, tmp_path)
    assert 0 == project.pulumi("stack", "init", "local").returncode
    strict = ("--policy-pack-config", str(ROOT / "policies" / "config" / "prod.json"))

    done = project.pulumi("preview", "--stack", "local", *PACK, *strict)
    assert 0 == done.returncode, done.stdout

    # A file of its own, since `--config` would write into the stack's committed one.
    config = tmp_path / "one-provider.yaml"
    committed = (ROOT / "stacks" / "Pulumi.local.yaml").read_text(encoding="utf-8")
    fleet = "tests/fixtures/fleets/one-provider.yaml"
    config.write_text(f"{committed}\nconfig:\n  argosy:fleet: {fleet}\n", encoding="utf-8")

    done = project.pulumi("preview", "--stack", "local", "--config-file", str(config), *PACK)
    assert 1 <= done.returncode
    assert "RED-01 Serving spans more than one provider or hall" in done.stdout
    assert "resource: one-provider (argosy:index:Fleet)" in done.stdout
    assert "site hall-north" in done.stdout
