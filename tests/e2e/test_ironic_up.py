"""A hall whose engine is Ironic, through a real Pulumi engine: up, nothing to change, another image, down."""

from __future__ import annotations

import json
import sys
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from argosy_metal.claims import Phase
from argosy_metal.simulator import (
    PASSWORD_FILE,
    SimulatedHall,
    SimulatedServer,
    SimulatorConfig,
    SimulatorControl,
    image_sha256,
    start_detached,
    stop,
)

from ..claims_files import claims_in
from .ironic_server import PASSWORD, USERNAME, IronicOptions, IronicServer, ironic_server

if TYPE_CHECKING:
    from conftest import Engine, PulumiProject

ROOT = Path(__file__).resolve().parents[2]
PROJECT = f"""\
name: ironic-trial
runtime: {{name: python, options: {{toolchain: pip, virtualenv: {sys.prefix}}}}}
main: program
plugins:
  providers:
    - {{name: baremetal, path: {ROOT}/components/argosy_metal/plugin}}
"""
PROGRAM = """\
import pulumi
from argosy_metal.resources import BareMetalProvider, Machine, ServerClaim

config = pulumi.Config()
hall = BareMetalProvider(
    "hall",
    claims={"backend": "sqlite", "path": "claims.sqlite"},
    phone_home="https://provision.hall.test/phone-home",
    simulator_directory="simulator",
    ironic={
        "url": config.require("ironic"),
        "usernameRef": "file:ironic-username",
        "passwordRef": "file:ironic-password",
        "caCertificate": "ironic/server.crt",
        "bmcCaCertificate": config.require("authority"),
    },
)
claim = ServerClaim(
    "claim-1",
    site="hall",
    serial="SN1",
    slot="train/slot-01",
    bmc="https://bmc-1.hall.test",
    rack="r1",
    feeds=["a", "b"],
    username_ref="file:simulator/bmc-username",
    password_ref="file:simulator/bmc-password",
    opts=pulumi.ResourceOptions(provider=hall),
)
Machine(
    "machine-1",
    server_id=claim.server_id,
    image_url=f"https://provision.hall.test/images/{config.require('image')}.iso",
    image_sha256=config.require("sha256"),
    opts=pulumi.ResourceOptions(provider=hall, parent=claim),
)
"""


@pytest.fixture
def ironic(tmp_path: Path) -> Generator[IronicServer]:
    servers = (SimulatedServer("bmc-1.hall.test", "SN1", "plain", "r1", ("a", "b")),)
    hall = SimulatedHall("hall", "provision.hall.test", servers)
    # Not quicker: Ironic's own steps take seconds, and a self-test longer than that.
    config = SimulatorConfig(halls=(hall,), time_scale=20, images=("node", "node-2"))
    endpoint = start_detached(config, tmp_path / "simulator")
    try:
        options = IronicOptions(http_basic=True, tls=True, resolve=endpoint.resolve)
        with ironic_server(tmp_path, options) as server:
            yield server
    finally:
        stop(tmp_path / "simulator")


@pytest.fixture
def project(engine: Engine, tmp_path: Path) -> PulumiProject:
    (tmp_path / "Pulumi.yaml").write_text(PROJECT)
    (tmp_path / "program").mkdir()
    (tmp_path / "program" / "__main__.py").write_text(PROGRAM)
    (tmp_path / "ironic-username").write_text(USERNAME)
    (tmp_path / "ironic-password").write_text(PASSWORD)
    return engine.project(tmp_path, tmp_path / "home")


@pytest.mark.timeout(600)
def test_a_hall_whose_engine_is_ironic_comes_up_is_reinstalled_and_goes_down(
    ironic: IronicServer, project: PulumiProject
) -> None:
    def ok(*arguments: str) -> str:
        done = project.pulumi(*arguments, seconds=300)
        assert 0 == done.returncode, f"{done.stdout}\n{ironic.log_tail()}"
        return done.stdout

    def choose(image: str) -> None:
        ok("config", "set", "image", image)
        ok("config", "set", "sha256", image_sha256(image))

    def node() -> dict[str, Any]:
        return ironic.request("GET", "/v1/nodes/hall.SN1")

    folder = project.folder
    ok("stack", "select", "--create", "local")
    ok("config", "set", "ironic", ironic.url)
    ok("config", "set", "authority", str(folder / "simulator" / "ca.pem"))
    choose("node")

    ok("up", "--yes", "--skip-preview")

    assert ("active", "ironic-trial/local") == (node()["provision_state"], node()["owner"])
    assert [Phase.RUNNING] == [claim.phase for claim in claims_in(folder / "claims.sqlite")]
    ok("refresh", "--yes", "--skip-preview", "--expect-no-changes")
    ok("preview", "--expect-no-changes")

    choose("node-2")
    first = node()["instance_uuid"]
    ok("up", "--yes", "--skip-preview")

    assert first != node()["instance_uuid"]
    machine = SimulatorControl(folder / "simulator").servers()["SN1"]
    assert "node-2.iso" in json.dumps(machine)

    ok("destroy", "--yes", "--skip-preview")

    assert ("available", None, None) == tuple(
        node()[key] for key in ("provision_state", "instance_uuid", "owner")
    )
    assert [] == list(claims_in(folder / "claims.sqlite"))
    bmc_password = (folder / "simulator" / PASSWORD_FILE).read_text().strip()
    for secret in (bmc_password, PASSWORD):
        for place in (folder / "home" / "state").rglob("*"):
            assert not place.is_file() or secret.encode() not in place.read_bytes()
