"""Four simulated servers through a real engine: up, faults, interruptions, another image, down."""

import json
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from argosy_metal.claims import Phase
from argosy_metal.simulator import (
    PASSWORD_FILE,
    FaultRule,
    SimulatedHall,
    SimulatedServer,
    SimulatorConfig,
    SimulatorControl,
    image_sha256,
    start_detached,
    stop,
)

from ..claims_files import claims_in

if TYPE_CHECKING:
    from conftest import Engine, PulumiProject

ROOT = Path(__file__).resolve().parents[2]
SERIALS = ("SN1", "SN2", "SN3", "SN4")
PROJECT = f"""\
name: hall-trial
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
)
for number in range(1, 5):
    claim = ServerClaim(
        f"claim-{number}",
        site="hall",
        serial=f"SN{number}",
        slot=f"train/slot-0{number}",
        bmc=f"https://bmc-{number}.hall.test",
        rack="r1",
        feeds=["a", "b"],
        username_ref="file:simulator/bmc-username",
        password_ref="file:simulator/bmc-password",
        opts=pulumi.ResourceOptions(provider=hall),
    )
    Machine(
        f"machine-{number}",
        server_id=claim.server_id,
        image_url=f"https://provision.hall.test/images/{config.require('image')}.iso",
        image_sha256=config.require("sha256"),
        opts=pulumi.ResourceOptions(provider=hall, parent=claim),
    )
"""
MACHINE_1 = "urn:pulumi:local::hall-trial::baremetal:index:ServerClaim$baremetal:index:Machine::machine-1"
UP = ("up", "--yes", "--skip-preview", "--continue-on-error")
WITHOUT_CHECKPOINTS = {"PULUMI_EXPERIMENTAL": "true", "PULUMI_SKIP_CHECKPOINTS": "true"}
"""The state is written at the end alone; the claims are the journal (docs/explanation/checkpoints.md)."""
BOTH_WAYS = pytest.mark.parametrize(
    "slow_hall", [{}, WITHOUT_CHECKPOINTS], ids=["checkpoints", "nothing_but_claims"], indirect=True
)


@dataclass(frozen=True)
class Hall:
    """A project of four servers, and the simulator that plays them."""

    folder: Path
    project: "PulumiProject"

    @property
    def control(self) -> SimulatorControl:
        return SimulatorControl(self.folder / "simulator")

    def select(self, stack: str, image: str = "node") -> None:
        self.ok("stack", "select", "--create", stack)
        self.choose(image)

    def choose(self, image: str) -> None:
        self.ok("config", "set", "image", image)
        self.ok("config", "set", "sha256", image_sha256(image))

    def ok(self, *arguments: str) -> str:
        done = self.project.pulumi(*arguments)
        assert 0 == done.returncode, done.stdout
        return done.stdout

    def refused(self, *arguments: str) -> str:
        done = self.project.pulumi(*arguments)
        assert 0 != done.returncode, done.stdout
        return done.stdout

    def installs(self) -> list[int]:
        servers = self.control.servers()
        return [servers[serial]["counters"]["installs_started"] for serial in SERIALS]

    def phases(self) -> list[Phase]:
        return [claim.phase for claim in claims_in(self.folder / "claims.sqlite")]

    def deployment(self) -> dict[str, Any]:
        return json.loads(self.ok("stack", "export"))["deployment"]

    def plugins(self) -> list[psutil.Process]:
        """Provider processes that work in this project."""
        found: list[psutil.Process] = []
        for process in psutil.process_iter():
            try:
                if "argosy_metal.provider.main" in process.cmdline() and str(self.folder) in process.cwd():
                    found.append(process)
            except psutil.Error:
                continue
        return found

    def wait_for_plugins_to_end(self) -> None:
        """Only waits; a plugin that never ends fails another test."""
        psutil.wait_procs(self.plugins(), timeout=30)

    def wait_for_phase(self, phase: Phase) -> None:
        for _ in range(600):
            if phase in self.phases():
                return
            time.sleep(0.05)
        raise AssertionError(f"no machine reached {phase}")


def start_hall(
    engine: "Engine", folder: Path, time_scale: int, variables: Mapping[str, str] | None = None
) -> Hall:
    servers = tuple(
        SimulatedServer(f"bmc-{number}.hall.test", f"SN{number}", "dgx-h200", "r1", ("a", "b"))
        for number in range(1, 5)
    )
    hall = SimulatedHall("hall", "provision.hall.test", servers)
    config = SimulatorConfig(halls=(hall,), time_scale=time_scale, images=("node", "node-2"))
    start_detached(config, folder / "simulator")
    (folder / "Pulumi.yaml").write_text(PROJECT)
    (folder / "program").mkdir()
    (folder / "program" / "__main__.py").write_text(PROGRAM)
    project = engine.project(folder, folder / "home")
    return Hall(folder, replace(project, environment={**project.environment, **(variables or {})}))


@pytest.fixture
def hall(engine: "Engine", tmp_path: Path) -> Iterator[Hall]:
    """A quick hall: what takes eight minutes there takes under a second here."""
    started = start_hall(engine, tmp_path, time_scale=600)
    started.select("local")
    yield started
    stop(tmp_path / "simulator")


@pytest.fixture
def slow_hall(engine: "Engine", tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Hall]:
    """A hall in which an installation takes long enough to be interrupted; the parameter is variables."""
    started = start_hall(engine, tmp_path, 60, getattr(request, "param", None))
    started.select("local")
    yield started
    stop(tmp_path / "simulator")


def test_servers_come_up_once_stay_as_they_are_and_are_given_back(hall: Hall) -> None:
    password = (hall.folder / "simulator" / PASSWORD_FILE).read_text().strip()
    log = hall.ok(*UP, "--logtostderr", "-v=9")

    assert [Phase.RUNNING] * 4 == hall.phases()
    assert "unchanged" in hall.ok("up", "--yes", "--skip-preview", "--expect-no-changes")
    hall.ok("refresh", "--yes", "--skip-preview", "--expect-no-changes")
    state = "".join(path.read_text(errors="replace") for path in (hall.folder / "home").rglob("*.json*"))
    assert "claim-1" in state, "the state was read"
    assert password not in state
    assert password not in log
    hall.ok("state", "delete", "--yes", MACHINE_1)
    hall.ok(*UP)
    assert [1, 1, 1, 1] == hall.installs(), "a machine that the state has lost is adopted, not installed anew"
    hall.ok("destroy", "--yes", "--skip-preview")
    assert [] == hall.phases()
    assert {"Off"} == {server["power"] for server in hall.control.servers().values()}
    assert [1, 1, 1, 1] == hall.installs()


def test_a_preview_writes_nothing_and_needs_no_hall(hall: Hall) -> None:
    stop(hall.folder / "simulator")

    assert "10 to create" in hall.ok("preview")

    assert not (hall.folder / "claims.sqlite").exists()


def test_faulty_bmcs_fail_their_own_machines_and_the_next_up_goes_on(hall: Hall) -> None:
    hall.control.inject(
        [
            FaultRule("status", host="bmc-1.*", method="POST", path="*InsertMedia*"),
            FaultRule("hang", host="bmc-2.*", method="POST", path="*ComputerSystem.Reset*"),
            FaultRule("drop-sessions", host="bmc-3.*", method="PATCH", path="*Systems*"),
        ]
    )

    output = hall.refused(*UP)

    for serial, phase in (("SN1", "preparing"), ("SN2", "booting"), ("SN3", "preparing")):
        assert f"hall/{serial} (train/slot-0{serial[-1]}): phase {phase}: " in output
    assert "; next: " in output
    assert "Traceback" not in output
    claims = {claim.serial: claim.phase for claim in claims_in(hall.folder / "claims.sqlite")}
    assert Phase.RUNNING == claims["SN4"]

    hall.control.clear_faults()
    assert "+ 1 created" not in hall.ok(*UP), "what failed is in the state, so that it is updated"
    assert [Phase.RUNNING] * 4 == hall.phases()
    assert [1, 1, 1, 1] == hall.installs()


def test_a_bmc_that_cannot_be_reached_is_an_error_of_refresh_and_never_gone(hall: Hall) -> None:
    hall.ok(*UP)
    hall.control.inject([FaultRule("disconnect", host="bmc-1.*")])

    output = hall.refused("refresh", "--yes", "--skip-preview")

    assert "hall/SN1 (train/slot-01): phase running: " in output
    assert "is not taken for gone" in output
    assert 4 == sum("index:Machine" in resource["type"] for resource in hall.deployment()["resources"])


def test_another_image_is_installed_on_the_same_servers(hall: Hall) -> None:
    hall.ok(*UP)

    hall.choose("node-2")
    hall.ok(*UP)

    assert [2, 2, 2, 2] == hall.installs()
    assert {image_sha256("node-2")} == {
        claim.image_sha256 for claim in claims_in(hall.folder / "claims.sqlite")
    }
    assert {1} == {claim.generation for claim in claims_in(hall.folder / "claims.sqlite")}


def test_a_second_stack_is_refused_the_servers_of_the_first(hall: Hall) -> None:
    hall.ok(*UP)

    hall.select("other")
    output = hall.refused(*UP)

    assert "server hall/SN1 is owned by stack hall-trial/local" in output
    hall.ok("destroy", "--yes", "--skip-preview")
    assert [Phase.RUNNING] * 4 == hall.phases()
    assert {"On"} == {server["power"] for server in hall.control.servers().values()}


@BOTH_WAYS
def test_a_killed_cli_leaves_no_writer_and_the_next_run_adopts_what_it_left(slow_hall: Hall) -> None:
    up = slow_hall.project.start(*UP)
    slow_hall.wait_for_phase(Phase.BOOTING)
    up.kill()
    up.communicate()
    time.sleep(1.5)

    assert [] == slow_hall.plugins()
    writes = slow_hall.control.writes()
    time.sleep(1.0)
    assert writes == slow_hall.control.writes()

    slow_hall.ok("cancel", "--yes")
    slow_hall.ok(*UP)
    slow_hall.ok("refresh", "--yes", "--skip-preview", "--clear-pending-creates")
    assert not slow_hall.deployment().get("pending_operations")
    assert [Phase.RUNNING] * 4 == slow_hall.phases()
    assert [1, 1, 1, 1] == slow_hall.installs()


@BOTH_WAYS
def test_a_killed_destroy_is_refreshed_and_brought_back_without_a_second_install(slow_hall: Hall) -> None:
    slow_hall.ok(*UP)
    # Two servers go off and their answers never come; two never hear the request. All are half taken down.
    reset = "*ComputerSystem.Reset*"
    slow_hall.control.inject([FaultRule("hang-after", host="bmc-[12].*", method="POST", path=reset)])
    slow_hall.control.inject([FaultRule("hang", host="bmc-[34].*", method="POST", path=reset)])
    destroy = slow_hall.project.start("destroy", "--yes", "--skip-preview", "--continue-on-error")
    for _ in range(600):
        powers = [slow_hall.control.servers()[serial]["power"] for serial in SERIALS]
        if ["Off", "Off", "On", "On"] == powers and [Phase.LEAVING] * 4 == slow_hall.phases():
            break
        time.sleep(0.05)
    destroy.kill()
    output, _ = destroy.communicate()
    assert [Phase.LEAVING] * 4 == slow_hall.phases(), output
    slow_hall.wait_for_plugins_to_end()
    slow_hall.control.clear_faults()

    slow_hall.ok("cancel", "--yes")
    slow_hall.ok("refresh", "--yes", "--skip-preview")
    machines = [part for part in slow_hall.deployment()["resources"] if "index:Machine" in part["type"]]
    assert ["leaving"] * 4 == [machine["outputs"]["phase"] for machine in machines]
    assert ["Off", "Off", "On", "On"] == [
        machine["outputs"]["power"] for machine in sorted(machines, key=lambda machine: machine["id"])
    ]
    assert "~ 4 updated" in slow_hall.ok(*UP)

    assert [Phase.RUNNING] * 4 == slow_hall.phases()
    assert {"On"} == {server["power"] for server in slow_hall.control.servers().values()}
    assert [1, 1, 1, 1] == slow_hall.installs()
    slow_hall.ok("up", "--yes", "--skip-preview", "--refresh", "--expect-no-changes")


def test_without_its_claims_file_destroy_fails_and_touches_no_server(hall: Hall) -> None:
    hall.ok(*UP)
    (hall.folder / "claims.sqlite").rename(hall.folder / "claims.lost")

    for command in ("destroy", "refresh"):
        output = hall.refused(command, "--yes", "--skip-preview")
        assert "claims.sqlite does not know server hall/SN" in output
    assert {"On"} == {server["power"] for server in hall.control.servers().values()}

    (hall.folder / "claims.lost").rename(hall.folder / "claims.sqlite")
    hall.ok("destroy", "--yes", "--skip-preview")
    assert {"Off"} == {server["power"] for server in hall.control.servers().values()}


@BOTH_WAYS
def test_a_killed_provider_leaves_nothing_that_the_next_up_cannot_finish(slow_hall: Hall) -> None:
    up = slow_hall.project.start(*UP)
    slow_hall.wait_for_phase(Phase.BOOTING)
    for plugin in slow_hall.plugins():
        plugin.kill()
    up.communicate(timeout=60)

    slow_hall.ok(*UP)
    slow_hall.ok("refresh", "--yes", "--skip-preview", "--clear-pending-creates")

    assert [Phase.RUNNING] * 4 == slow_hall.phases()
    assert [1, 1, 1, 1] == slow_hall.installs()


@BOTH_WAYS
def test_an_interrupted_up_finishes_the_step_in_hand_and_records_every_machine(slow_hall: Hall) -> None:
    up = slow_hall.project.start(*UP)
    slow_hall.wait_for_phase(Phase.BOOTING)
    up.send_signal(signal.SIGINT)
    output, _ = up.communicate(timeout=60)

    assert "the run was told to stop; the step in hand was finished" in output
    assert not slow_hall.deployment().get("pending_operations")
    slow_hall.ok(*UP)
    assert [Phase.RUNNING] * 4 == slow_hall.phases()
    assert [1, 1, 1, 1] == slow_hall.installs()


def test_a_run_killed_without_checkpoints_leaves_no_machine_in_the_state_and_all_in_the_claims(
    engine: "Engine", tmp_path: Path
) -> None:
    hall = start_hall(engine, tmp_path, 60, WITHOUT_CHECKPOINTS)
    try:
        hall.select("local")
        up = hall.project.start(*UP)
        hall.wait_for_phase(Phase.INSTALLING)
        up.kill()
        up.communicate()
        hall.ok("cancel", "--yes")

        resources: list[dict[str, Any]] = hall.deployment().get("resources") or []
        assert not [part for part in resources if part["type"].startswith("baremetal:")]
        assert 4 == len(hall.phases())

        hall.wait_for_plugins_to_end()
        hall.ok("destroy", "--yes", "--skip-preview")
        assert 4 == len(hall.phases()), "a destroy knows only what is in the state; an up must come first"
        hall.ok(*UP)
        assert [1, 1, 1, 1] == hall.installs()
        hall.ok("destroy", "--yes", "--skip-preview")
        assert [] == hall.phases()
    finally:
        stop(tmp_path / "simulator")
