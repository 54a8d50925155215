"""`argosy metal status` and `simulate`, and what is refused about a hall."""

import json
import os
import shutil
import signal
from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import pytest
import typer
from typer.testing import CliRunner

from argosy.catalog import load_catalog
from argosy.errors import FleetError
from argosy.planner.lock import write_lock
from argosy.planner.plan import plan_capacity
from argosy.resolve import load_fleet
from argosy.spec.loader import LoadedFleet, load_spec
from argosy_metal.claims import Claim, Phase, RunIdentity, SqliteClaimStore
from argosy_metal.commands import app
from argosy_metal.commands.halls import halls_of, has_simulated_halls, simulator_of, watts_of
from argosy_metal.commands.owners import claims_of
from argosy_metal.commands.simulate import simulate_fleet
from argosy_metal.commands.status import NotAllRunningError, show_status, status_rows
from argosy_metal.descriptor import PROVIDER
from argosy_metal.simulator import Endpoint, SimulatorError, daemon, image_sha256, read_endpoint
from argosy_metal.simulator.holder import locked
from argosy_metal.simulator.world import PowerRules, read_config

ROOT = Path(__file__).resolve().parents[3]


class Project:
    """A project with one planned hall: pool `serve` of two and a spare, pool `train` of one."""

    def __init__(self, folder: Path, changes: dict[str, str]) -> None:
        self.folder = folder
        self.path = folder / "metal.yaml"
        shutil.copytree(ROOT / "tests" / "conformance" / "inventories", folder / "inventories")
        text = (ROOT / "tests" / "conformance" / "metal.yaml").read_text()
        for old, new in changes.items():
            assert old in text
            text = text.replace(old, new)
        self.path.write_text(text)
        (folder / "Pulumi.yaml").write_text("name: lab\n")

    @property
    def fleet(self) -> LoadedFleet:
        return load_spec(str(self.path))

    def plan(self) -> None:
        write_lock(plan_capacity(self.fleet, load_catalog(), None), self.fleet.lock_path)

    def claim_all(self, phase: Phase = Phase.RUNNING) -> None:
        store = SqliteClaimStore(self.folder / "claims.sqlite", RunIdentity("run"))
        lock = plan_capacity(self.fleet, load_catalog(), None)
        for pool, plan in lock.pools.items():
            name = pool.partition("/")[2]
            for slot, serial in (plan.slots | plan.spares).items():
                claim = store.claim(
                    Claim("hall", serial, f"{name}/{slot}", "lab/metal", f"urn-{serial}", 0, {})
                )
                if slot in plan.slots:
                    store.change(claim, phase=phase, image_sha256="a" * 64)
        store.close()

    def rows(self) -> dict[str, str]:
        lock = plan_capacity(self.fleet, load_catalog(), None)
        return {row.slot: row.phase for row in status_rows(self.fleet, lock, claims_of(self.fleet))}

    def hold(self, serial: str, slot: str, owner: str = "lab/metal", phase: Phase = Phase.CLAIMED) -> None:
        store = SqliteClaimStore(self.folder / "claims.sqlite", RunIdentity("run"))
        store.change(store.claim(Claim("hall", serial, slot, owner, f"urn-{serial}", 0, {})), phase=phase)
        store.close()

    def refused(self) -> str:
        """Why `status` ends with exit code 1."""
        with pytest.raises(NotAllRunningError) as error:
            show_status("metal.yaml", as_json=False)
        return str(error.value)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.chdir(tmp_path)
    return Project(tmp_path, {})


SIMULATED = {
    "    ca_certificate: bmc-ca.pem\n": "    simulator: {directory: .argosy/simulator, time_scale: 600}\n",
}


def simulated(folder: Path, **more: str) -> Project:
    return Project(folder, {**SIMULATED, **more})


def test_before_anything_is_claimed_every_slot_says_so(project: Project) -> None:
    assert {"unclaimed"} == set(project.rows().values())


def test_running_machines_and_idle_spares_are_well(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    project.plan()
    project.claim_all()

    show_status(str(project.path), as_json=False)

    shown = capsys.readouterr().out
    assert 3 == shown.count(" running ")
    assert 1 == shown.count(" r2    spare ")
    assert "3 of 3 running, 1 spare held" in shown


def test_a_machine_that_does_not_run_is_an_exit_code_of_1(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    project.plan()
    project.claim_all(Phase.INSTALLING)

    with pytest.raises(NotAllRunningError, match="3 of 4 servers are not ready") as error:
        show_status(str(project.path), as_json=True)

    assert 1 == error.value.exit_code
    assert {"installing", "spare"} == {row["phase"] for row in json.loads(capsys.readouterr().out)}


def test_only_machines_count_as_running(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    project.plan()
    project.claim_all(Phase.INSTALLING)

    project.refused()

    assert (
        "\n0 of 3 running, 1 spare held; as recorded: `pulumi refresh` asks the servers\n"
        in capsys.readouterr().out
    )


def test_a_spare_that_is_not_held_yet_is_told(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    project.plan()

    project.refused()

    assert "\n0 of 3 running, 0 of 1 spare held; as recorded: " in capsys.readouterr().out


def test_a_fleet_that_was_never_brought_up_is_not_to_be_recovered(project: Project) -> None:
    project.plan()

    assert "nothing is claimed yet; bring it up with `pulumi up`" == project.refused()


def test_what_is_left_to_do_is_a_recovery_of_the_stack_that_began_it(project: Project) -> None:
    project.plan()
    project.hold("H0001", "serve/slot-01", "lab/metal-hall", Phase.BOOTING)

    assert (
        "4 of 4 servers are not ready; to go on: argosy metal recover metal.yaml --stack metal-hall"
        == project.refused()
    )


def test_what_another_stack_runs_does_not_count_unless_it_is_named(project: Project) -> None:
    project.plan()
    for serial, slot in [("H0001", "serve/slot-01"), ("H0003", "serve/slot-02"), ("H0002", "train/slot-01")]:
        project.hold(serial, slot, "lab/other", Phase.RUNNING)
    project.hold("H0004", "serve/spare-01", "lab/other")

    told = project.refused().splitlines()

    assert "stack lab/other has servers of this plan; to count them: --stack other" in told[-1]
    show_status(str(project.path), as_json=False, stack="other")


def test_the_stack_of_the_fleets_own_name_needs_no_option(project: Project) -> None:
    project.plan()
    project.claim_all(Phase.BOOTING)

    assert project.refused().endswith("to go on: argosy metal recover metal.yaml")


def test_several_stacks_are_recovered_each_by_its_own_command(project: Project) -> None:
    project.plan()
    project.hold("H0001", "serve/slot-01", "lab/one", Phase.BOOTING)
    project.hold("H0003", "serve/slot-02", "lab/two", Phase.FAILED)
    project.hold("H0004", "serve/spare-01", "theirs/three", Phase.FAILED)

    assert [
        "4 of 4 servers are not ready; to go on:",
        "  argosy metal recover metal.yaml --stack one",
        "  argosy metal recover metal.yaml --stack two",
        "  recover stack theirs/three in its own project",
    ] == project.refused().splitlines()


def test_where_what_is_claimed_is_well_the_rest_is_brought_up_and_not_recovered(project: Project) -> None:
    project.plan()
    project.hold("H0001", "serve/slot-01", phase=Phase.RUNNING)

    assert "3 of 4 servers are not ready; to go on: pulumi up" == project.refused()


@pytest.mark.parametrize(
    ("left", "line"),
    [
        (
            ("H0009",),
            "1 server is claimed by lab/old but no longer planned; `pulumi up --stack old` releases it",
        ),
        (
            ("H0008", "H0009"),
            "2 servers are claimed by lab/old but no longer planned; `pulumi up --stack old` releases them",
        ),
    ],
)
def test_claims_that_the_plan_has_dropped_are_told(
    project: Project, left: tuple[str, ...], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    project.plan()
    project.claim_all()
    for serial in left:
        project.hold(serial, f"serve/{serial}", "lab/old")

    show_status("metal.yaml", as_json=False)
    assert line in capsys.readouterr().out.splitlines()

    show_status("metal.yaml", as_json=True)
    shown = capsys.readouterr()
    assert (4, line) == (len(json.loads(shown.out)), shown.err.strip())


def test_a_server_that_another_slot_holds_does_not_count(project: Project) -> None:
    project.claim_all()
    store = SqliteClaimStore(project.folder / "claims.sqlite", RunIdentity("run"))
    lock = plan_capacity(project.fleet, load_catalog(), None)
    held = store.find("hall", lock.pools["hall/train"].slots["slot-01"])
    assert held is not None
    store.change(held, slot="serve/slot-09")
    store.close()

    assert "unclaimed" == project.rows()["train/slot-01"]


def test_a_fleet_without_simulated_halls_is_refused(project: Project) -> None:
    with pytest.raises(FleetError, match=r"metal\.yaml:\d+:\d+ sites\.hall: given a real hall") as error:
        simulator_of(project.fleet)

    assert "simulator: {directory: .argosy/metal/simulator}" in str(error.value)
    assert not has_simulated_halls(project.fleet)


def test_a_fleet_without_halls_is_refused(project: Project) -> None:
    fleet = project.fleet
    cloudless = replace(fleet, spec=fleet.spec.model_copy(update={"sites": {}}))

    with pytest.raises(FleetError, match="no bare-metal hall"):
        halls_of(cloudless)


def test_the_simulator_plays_every_server_of_the_inventory_and_every_image(tmp_path: Path) -> None:
    made = simulated(tmp_path)
    config, directory = simulator_of(made.fleet)

    assert tmp_path / ".argosy/simulator" == directory
    assert (("node",), 600) == (config.images, config.time_scale)
    assert [server.serial for server in made.fleet.inventories["hall"].servers] == [
        server.serial for server in config.halls[0].servers
    ]
    assert image_sha256("node") in made.path.read_text()


OWN_CLUSTER = {
    "    node_pools:\n": """\
    settings:
      provisioning: {url: 'https://provision.hall.test', token: 'file:token'}
      cluster:
        kubeconfig: hall.kubeconfig
        bootstrap:
          endpoint: api.hall.test:6443
          kubernetes_version: v1.34.1
          pod_cidr: 10.244.0.0/16
          service_cidr: 10.96.0.0/12
          control_plane: [CP1]
          image: {url: 'https://provision.hall.test/images/cp.iso', sha256: HEX}
    node_pools:
""".replace("HEX", "a" * 64)
}


def with_own_cluster(folder: Path) -> Project:
    made = simulated(folder, **OWN_CLUSTER)
    inventory = folder / "inventories" / "hall.yaml"
    inventory.write_text(
        inventory.read_text()
        + '  - {serial: CP1, bmc: "https://cp1.hall.test", rack: r9, feeds: [a, b]}\n'
        + "out_of_service: {CP1: {reason: control plane}}\n"
    )
    return made


def test_the_servers_of_a_halls_own_control_plane_are_shown_and_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    made = with_own_cluster(tmp_path)
    made.plan()
    made.claim_all()

    assert "1 of 5 servers are not ready" in made.refused()
    made.hold("CP1", "control-plane/server-01", phase=Phase.RUNNING)
    show_status(str(made.path), as_json=False)

    shown = capsys.readouterr().out
    assert "control-plane/server-01" in shown
    assert "4 of 4 running, 1 spare held" in shown
    assert "no longer planned" not in shown


def test_the_simulator_offers_the_image_of_a_control_plane_too(tmp_path: Path) -> None:
    assert ("cp", "node") == simulator_of(with_own_cluster(tmp_path).fleet)[0].images


def test_a_simulated_hall_has_the_power_and_the_uplinks_of_the_fleet_file(tmp_path: Path) -> None:
    made = simulated(tmp_path)
    (hall,) = simulator_of(made.fleet)[0].halls
    spec = halls_of(made.fleet)["hall"]

    assert [(feed.name, feed.rated_kw * 1000) for feed in spec.power.feeds] == [
        (feed.name, feed.rated_watts) for feed in hall.feeds
    ]
    assert (tuple(uplink.name for uplink in spec.uplinks), float(spec.power.pue)) == (hall.uplinks, hall.pue)
    assert {load_catalog().server_type("dgx-h200").node_power_watts} == {
        server.max_watts for server in hall.servers
    }


def test_how_servers_start_is_taken_from_the_fleet_file(tmp_path: Path) -> None:
    usual = simulator_of(simulated(tmp_path).fleet)[0].power
    (tmp_path / "other").mkdir()
    given = simulated(tmp_path / "other", **{"power: {": "power: {start_up: {inrush: 5}, "})

    assert usual == PowerRules()
    assert 5 == simulator_of(given.fleet)[0].power.inrush


def test_what_the_catalogue_does_not_know_weighs_nothing() -> None:
    assert watts_of(load_catalog(), "dgx-9000") is None


ENDPOINT = Endpoint(4711, 8443, "instance", "digest", ("hall.test",))


def test_a_started_simulator_says_which_digest_each_image_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made = simulated(tmp_path)
    monkeypatch.setattr(daemon, "start_detached", Mock(return_value=ENDPOINT))

    simulate_fleet(str(made.path), detach=True, stop=False)

    assert [
        "simulator of hall: 4 servers, pid 4711, port 8443",
        f"it offers image node.iso, sha256 {image_sha256('node')}",
    ] == capsys.readouterr().out.splitlines()


def test_a_scenario_adds_faults_and_events_to_the_halls_of_a_fleet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = simulated(tmp_path)
    scenario = tmp_path / "s.yaml"
    scenario.write_text("version: 1\nfaults: [{kind: hang}]\nevents: [{at: 1m, cut: feed hall/a}]\n")
    start = Mock(return_value=ENDPOINT)
    monkeypatch.setattr(daemon, "start_detached", start)

    simulate_fleet(str(made.path), detach=True, stop=False, scenario=scenario)
    config, directory = start.call_args.args

    assert (simulator_of(made.fleet)[0].halls, tmp_path / ".argosy/simulator") == (config.halls, directory)
    assert (["hang"], ["feed hall/a"]) == (
        [rule.kind for rule in config.faults],
        [event.cut for event in config.events],
    )


def test_the_directory_of_a_fleets_simulator_is_where_the_fleet_file_says(tmp_path: Path) -> None:
    made = simulated(tmp_path)
    with pytest.raises(FleetError, match="given --directory beside a fleet"):
        simulate_fleet(str(made.path), detach=True, stop=False, directory=tmp_path / "elsewhere")


def test_beside_a_running_simulator_nothing_is_said_to_have_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # One that serves all the same must fail this test, and not hang it.
    monkeypatch.setattr(daemon, "_serve", Mock(side_effect=AssertionError("it serves")))
    made = simulated(tmp_path)
    (tmp_path / ".argosy/simulator").mkdir(parents=True)
    held = locked(tmp_path / ".argosy/simulator" / "simulator.lock", 1.0)
    with held, pytest.raises(SimulatorError, match="runs here already"):
        simulate_fleet(str(made.path), detach=False, stop=False)

    assert "" == capsys.readouterr().out
    assert not (tmp_path / ".argosy/simulator" / "simulator.json").exists()


def test_in_the_foreground_it_is_announced_when_it_answers_and_leaves_its_clock_for_the_provider(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = simulated(tmp_path)
    said: list[str] = []

    def echo(line: str) -> None:
        said.append(line)
        assert read_endpoint(tmp_path / ".argosy/simulator").pid == os.getpid()
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(typer, "echo", echo)
    simulate_fleet(str(made.path), detach=False, stop=False)

    assert said[0].startswith("simulator of hall: 4 servers, pid ")
    assert 600 == read_config(tmp_path / ".argosy/simulator" / "simulator.json").time_scale


def faults(project: Project) -> list[str]:
    return [str(fault) for fault in PROVIDER.refusals("hall", project.fleet, load_catalog())]


def test_a_sound_hall_is_not_refused(project: Project) -> None:
    assert [] == faults(project)


def test_a_hall_whose_bmcs_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    made = Project(tmp_path, {"    ca_certificate: bmc-ca.pem\n": ""})

    assert ["sites.hall.ca_certificate: given no authority, and no pinned certificate for"] == [
        fault.split(" ", 1)[1].split(" H0001")[0] for fault in faults(made)
    ]


def test_a_simulated_hall_must_not_name_hosts_of_a_real_network(tmp_path: Path) -> None:
    made = simulated(
        tmp_path, **{"phone_home: https://provision.hall.test": "phone_home: https://provision.oslo.example"}
    )

    found = faults(made)
    assert any("expected a host under .test" in fault for fault in found)
    assert any("expected a host directly under oslo.example" in fault for fault in found)


def test_the_commands_tell_what_they_do() -> None:
    shown = CliRunner().invoke(app, ["--help"]).output

    for command in ("simulate", "status", "recover"):
        assert command in shown


def test_a_fleet_is_loaded_with_the_providers_refusals(tmp_path: Path) -> None:
    made = Project(tmp_path, {"    ca_certificate: bmc-ca.pem\n": ""})

    with pytest.raises(FleetError, match="no authority"):
        load_fleet(str(made.path))
