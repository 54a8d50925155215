"""`argosy metal replace` and then a plain `pulumi up`: a small hall with a spare, through a real engine."""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from argosy_metal.budgets import DELETIONS_VARIABLE
from argosy_metal.claims import Claim, Phase
from argosy_metal.lifecycle.abandonment import is_left_behind
from argosy_metal.simulator import FaultRule, SimulatorControl, image_sha256, stop
from argosy_metal.simulator.firmware_facts import firmware_path, firmware_sha256

from ..claims_files import claims_in

if TYPE_CHECKING:
    from conftest import Engine, PulumiProject

ROOT = Path(__file__).resolve().parents[2]
HALL = "https://provision.cellar.test"
FLEET = f"""\
version: 1
name: cellar
sites:
  cellar:
    provider: metal
    country: SE
    inventory: inventories/cellar.yaml
    power:
      pue: 1.2
      feeds: [{{name: a, rated_kw: 100}}, {{name: b, rated_kw: 100}}]
    uplinks:
      - {{name: fibre-1, kind: fibre, mbps: 10000, rtt_ms: 20, carrier: baltic-fibre, conduit: east-duct}}
      - {{name: sky-1, kind: leo, mbps: 200, rtt_ms: 45, carrier: leo-north, metered: true}}
    claims: {{backend: sqlite, path: .argosy/cellar/claims.sqlite}}
    phone_home: {HALL}/phone-home
    simulator: {{directory: .argosy/cellar/simulator, time_scale: 600}}
    settings:
      provisioning: {{url: {HALL}, token: "file:.argosy/cellar/simulator/hall-token"}}
    node_pools:
      serve:
        server_type: dgx-h200
        role: inference
        nodes: 3
        spares: 1
        image: {{url: "{HALL}/images/node.iso", sha256: {image_sha256("node")}}}
        settings:
          wipe: {{policy: erase}}
          bios: {{attributes: {{NumaNodesPerSocket: NPS4}}}}
          firmware:
            components:
              HostBIOS_0:
                version: 1.05.03
                url: {HALL}{firmware_path("dgx-h200", "HostBIOS_0", "1.05.03")}
                sha256: {firmware_sha256("dgx-h200", "HostBIOS_0", "1.05.03")}
          secure_boot: {{enabled: true}}
          power_cap: {{watts_per_gpu: 660}}
          acceptance: {{within_minutes: 60}}
demand:
  inference:
    - {{name: chat, accelerator: [H200], nodes: 3}}
survive:
  - {{lose: any feed, keep: {{inference: 1.0}}}}
"""
INVENTORY = """\
version: 1
site: cellar
server_type: dgx-h200
credentials:
  username: file:.argosy/cellar/simulator/bmc-username
  password: file:.argosy/cellar/simulator/bmc-password
servers:
  - {serial: C1, bmc: "https://bmc-1.cellar.test", rack: r1, feeds: [a, b]}
  - {serial: C2, bmc: "https://bmc-2.cellar.test", rack: r1, feeds: [a, b]}
  - {serial: C3, bmc: "https://bmc-3.cellar.test", rack: r2, feeds: [a, b]}
  - {serial: C4, bmc: "https://bmc-4.cellar.test", rack: r2, feeds: [a, b]}
"""
UP = ("up", "--yes", "--skip-preview")
RECOVER_SECONDS = 90
"""Most that `recover` may take with a BMC that hangs: it is waited for once, and that is 30 s."""


@dataclass(frozen=True)
class Cellar:
    """A project with one planned hall of three servers and a spare, all of them brought up."""

    folder: Path
    project: "PulumiProject"

    @property
    def control(self) -> SimulatorControl:
        return SimulatorControl(self.folder / ".argosy" / "cellar" / "simulator")

    def argosy(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [str(Path(sys.prefix, "bin", "argosy")), *arguments],
            cwd=self.folder,
            env=self.project.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=240,
        )

    def ok(self, *arguments: str) -> str:
        """What an `argosy` command says that must succeed."""
        done = self.argosy(*arguments)
        assert 0 == done.returncode, done.stdout
        return done.stdout

    def up(self) -> str:
        done = self.project.pulumi(*UP)
        assert 0 == done.returncode, done.stdout
        return done.stdout

    def plan(self) -> dict[str, str]:
        """Serial by slot, spares too."""
        lock = json.loads((self.folder / "stacks" / "fleets" / "cellar.lock.json").read_text())
        pool: dict[str, dict[str, str]] = lock["pools"]["cellar/serve"]
        return pool["slots"] | pool["spares"]

    def replace(self, slot: str) -> tuple[str, str]:
        """Replace the server of a slot: the old and the new serial."""
        old = self.plan()[slot]
        self.ok("metal", "replace", "cellar", f"cellar/serve/{slot}", "--reason", "fan tray 2 fails")
        return old, self.plan()[slot]

    def claims(self) -> dict[str, Claim]:
        return {claim.serial: claim for claim in claims_in(self.folder / ".argosy/cellar/claims.sqlite")}

    def power(self, serial: str) -> str:
        return self.control.servers()[serial]["power"]

    def in_state(self, serial: str) -> list[Any]:
        done = self.project.pulumi("stack", "export")
        resources: list[dict[str, Any]] = json.loads(done.stdout)["deployment"]["resources"]
        return [one["urn"] for one in resources if one.get("id") == f"cellar/{serial}"]


@pytest.fixture
def cellar(engine: "Engine", tmp_path: Path) -> Iterator[Cellar]:
    """The hall as the how-to pages bring it up, with the deletions that a run may do by default."""
    text = (ROOT / "Pulumi.yaml").read_text(encoding="utf-8")
    for relative in ("components/argosy_metal/plugin", ".venv"):
        text = text.replace(
            f": {relative}\n", f": {sys.prefix if relative == '.venv' else ROOT / relative}\n"
        )
    (tmp_path / "Pulumi.yaml").write_text(text, encoding="utf-8")
    fleets = tmp_path / "stacks" / "fleets"
    (fleets / "inventories").mkdir(parents=True)
    shutil.copy(ROOT / "stacks" / "__main__.py", tmp_path / "stacks")
    (fleets / "cellar.yaml").write_text(FLEET, encoding="utf-8")
    (fleets / "inventories" / "cellar.yaml").write_text(INVENTORY, encoding="utf-8")
    project = engine.project(tmp_path, tmp_path / "home")
    environment = {k: v for k, v in project.environment.items() if k != DELETIONS_VARIABLE}
    started = Cellar(tmp_path, replace(project, environment=environment))
    started.ok("plan", "cellar")
    started.ok("metal", "simulate", "cellar", "--detach")
    try:
        started.project.pulumi("stack", "select", "--create", "cellar")
        started.up()
        yield started
    finally:
        stop(tmp_path / ".argosy" / "cellar" / "simulator")


def test_a_spare_takes_a_slot_and_the_old_server_is_given_back_by_one_plain_up(cellar: Cellar) -> None:
    old, new = cellar.replace("slot-02")

    cellar.up()

    assert "3 of 3 running" in cellar.ok("metal", "status", "cellar")
    assert ("Off", "On") == (cellar.power(old), cellar.power(new))
    assert old not in cellar.claims()
    assert ("serve/slot-02", Phase.RUNNING) == (cellar.claims()[new].slot, cellar.claims()[new].phase)
    assert [] == cellar.in_state(old)
    servers = cellar.control.servers()
    assert {1} == {server["counters"]["installs_started"] for server in servers.values()}


def test_a_server_whose_bmc_is_dead_is_let_go_of_by_one_word_and_a_plain_up(cellar: Cellar) -> None:
    old = cellar.plan()["slot-02"]
    cellar.control.cut(f"cable {old}")
    _, new = cellar.replace("slot-02")

    refused = cellar.project.pulumi(*UP)

    assert 0 != refused.returncode
    assert f"argosy metal abandon ENV cellar/{old} --reason TEXT" in refused.stdout
    assert Phase.RUNNING == cellar.claims()[new].phase, "the spare serves already"
    assert 0 != cellar.argosy("metal", "recover", "cellar").returncode, "it ends, and changes nothing of that"

    cellar.ok("metal", "abandon", "cellar", f"cellar/{old}", "--reason", "BMC burnt, cable pulled")
    told = cellar.up()

    assert f"argosy metal abandon ENV cellar/{old} --take-back" in told
    assert [] == cellar.in_state(old)
    left = cellar.claims()[old]
    assert is_left_behind(left)
    assert ("erase", None) == (left.wipe, left.wipe_proof), "the wipe stays owed"
    assert "unchanged" in cellar.up()


def test_recover_waits_once_for_a_bmc_that_hangs_and_says_which_it_is(cellar: Cellar) -> None:
    cellar.control.inject([FaultRule("hang", host="bmc-3.*")])
    began = time.monotonic()

    done = cellar.argosy("metal", "recover", "cellar")

    assert RECOVER_SECONDS > time.monotonic() - began
    assert 1 == done.returncode
    assert "cellar/C3 (serve/" in done.stdout
    assert "not everything could be looked at" in done.stdout
    assert {Phase.RUNNING, Phase.CLAIMED} == {claim.phase for claim in cellar.claims().values()}
