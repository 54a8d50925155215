"""The package from outside Python: its schema under the engine's own check, and a program in YAML."""

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from argosy_metal.commands.schema import package_schema_text
from argosy_metal.simulator import (
    SimulatedHall,
    SimulatedServer,
    SimulatorConfig,
    SimulatorControl,
    image_sha256,
    start_detached,
    stop,
)

from .yaml.host import folder_with_yaml_host

if TYPE_CHECKING:
    from conftest import Engine, PulumiProject

ROOT = Path(__file__).resolve().parents[2]
PLUGIN = f"{{name: baremetal, path: {ROOT}/components/argosy_metal/plugin}}"
PROGRAM = f"""\
name: yaml-trial
runtime: yaml
plugins: {{providers: [{PLUGIN}]}}
resources:
  hall:
    type: pulumi:providers:baremetal
    properties:
      claims: {{backend: sqlite, path: claims.sqlite}}
      phoneHome: https://provision.hall.test/phone-home
      simulatorDirectory: simulator
      provisioning: https://provision.hall.test
      provisioningTokenRef: file:simulator/hall-token
  server:
    type: baremetal:ServerClaim
    properties:
      site: hall
      serial: SN1
      slot: train/slot-01
      bmc: https://bmc-1.hall.test
      rack: r1
      feeds: [a, b]
      usernameRef: file:simulator/bmc-username
      passwordRef: file:simulator/bmc-password
    options: {{provider: "${{hall}}"}}
  bios:
    type: baremetal:BiosSettings
    properties:
      serverId: ${{server.serverId}}
      attributes: {{NumaNodesPerSocket: NPS4}}
    options: {{provider: "${{hall}}"}}
  machine:
    type: baremetal:Machine
    properties:
      serverId: ${{bios.serverId}}
      image:
        url: https://provision.hall.test/images/node.iso
        sha256: {image_sha256("node")}
    options: {{provider: "${{hall}}"}}
  accepted:
    type: baremetal:Acceptance
    properties:
      serverId: ${{machine.serverId}}
      installId: ${{machine.installId}}
      tests: {{gpu_count: {{equal: 8}}, xid_errors: {{most: 0}}}}
    options: {{provider: "${{hall}}"}}
outputs:
  phase: ${{machine.phase}}
  passed: ${{accepted.passed}}
"""


@pytest.fixture
def project(tmp_path: Path, engine: "Engine") -> Iterator["PulumiProject"]:
    """A YAML project of one simulated server."""
    server = SimulatedServer("bmc-1.hall.test", "SN1", "dgx-h200", "r1", ("a", "b"))
    hall = SimulatedHall("hall", "provision.hall.test", (server,))
    (tmp_path / "Pulumi.yaml").write_text(PROGRAM)
    start_detached(SimulatorConfig((hall,), time_scale=600), tmp_path / "simulator")
    made = engine.project(tmp_path, tmp_path)
    path = os.pathsep.join([str(folder_with_yaml_host()), made.environment["PATH"]])
    yield replace(made, environment={**made.environment, "PATH": path})
    stop(tmp_path / "simulator")


def ok(project: "PulumiProject", *arguments: str) -> str:
    done = project.pulumi(*arguments)
    assert 0 == done.returncode, done.stdout
    return done.stdout


def test_the_engine_finds_nothing_wrong_with_the_schema(tmp_path: Path, engine: "Engine") -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: lab\nruntime: python\n")
    (tmp_path / "schema.json").write_text(package_schema_text())
    project = engine.project(tmp_path, tmp_path)

    checked = project.pulumi("schema", "check", "schema.json")

    assert (0, "") == (checked.returncode, checked.stdout)


def test_the_engine_finds_what_is_wrong_with_a_schema(tmp_path: Path, engine: "Engine") -> None:
    schema = json.loads(package_schema_text())
    del schema["types"]["baremetal:index:Threshold"]
    (tmp_path / "schema.json").write_text(json.dumps(schema))

    checked = engine.project(tmp_path, tmp_path).pulumi("schema", "check", "schema.json")

    assert 0 != checked.returncode
    assert "baremetal:index:Threshold" in checked.stdout


@pytest.mark.timeout(1200)  # builds the language host, once
def test_a_program_in_yaml_brings_a_machine_up_and_takes_it_down(project: "PulumiProject") -> None:
    ok(project, "stack", "init", "local")

    ok(project, "up", "--yes", "--skip-preview")

    outputs = json.loads(ok(project, "stack", "output", "--json"))
    assert {"phase": "running", "passed": True} == outputs
    assert "6 unchanged" in ok(project, "up", "--yes", "--skip-preview")
    ok(project, "destroy", "--yes", "--skip-preview")
    control = SimulatorControl(project.folder / "simulator")
    assert "Off" == control.servers()["SN1"]["power"]
