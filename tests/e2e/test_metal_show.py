"""`argosy metal show`: what a claimed server has, asked of a simulated BMC in a process of its own."""

import json
import shutil
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from argosy.errors import ArgosyError, FleetError
from argosy_metal.claims import Claim, RunIdentity, SqliteClaimStore
from argosy_metal.commands.show import NotShownError, show_server
from argosy_metal.commands.simulate import simulate_fleet
from argosy_metal.simulator import SimulatorControl
from argosy_metal.simulator.fault_rules import FaultRule

ROOT = Path(__file__).resolve().parents[2]
FLEET = "metal.yaml"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Generator[Path]:
    """A project with one simulated hall; stack `lab/metal` has claimed H0001."""
    made = tmp_path_factory.mktemp("show")
    shutil.copytree(ROOT / "tests" / "conformance" / "inventories", made / "inventories")
    text = (ROOT / "tests" / "conformance" / FLEET).read_text(encoding="utf-8")
    simulator = "    simulator: {directory: .argosy/simulator, time_scale: 600}\n"
    assert "    ca_certificate: bmc-ca.pem\n" in text
    (made / FLEET).write_text(text.replace("    ca_certificate: bmc-ca.pem\n", simulator), encoding="utf-8")
    (made / "Pulumi.yaml").write_text("name: lab\n", encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(made)
        simulate_fleet(FLEET, detach=True, stop=False, scenario=None, directory=None)
        try:
            record = {
                "bmc": "https://bmc-1.hall.test",
                "rack": "r1",
                "usernameRef": "file:.argosy/simulator/bmc-username",
                "passwordRef": "file:.argosy/simulator/bmc-password",
            }
            store = SqliteClaimStore(made / "claims.sqlite", RunIdentity("run"))
            store.claim(Claim("hall", "H0001", "serve/slot-01", "lab/metal", "urn-H0001", 0, record))
            store.close()
            yield made
        finally:
            simulate_fleet(FLEET, detach=False, stop=True, scenario=None, directory=None)


@pytest.fixture(autouse=True)
def inside(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)


def shown(capsys: pytest.CaptureFixture[str], *, as_json: bool = True) -> dict[str, Any]:
    show_server(FLEET, "hall/H0001", as_json=as_json)
    printed = capsys.readouterr().out
    return json.loads(printed) if as_json else YAML(typ="safe").load(printed)  # pyright: ignore[reportUnknownMemberType]


def test_all_that_its_settings_could_name_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    found = shown(capsys)

    server = {"id": "hall/H0001", "slot": "serve/slot-01", "owner": "lab/metal", "phase": "claimed"}
    assert server == found["server"]
    assert {"observed": "Off"} == found["power"]
    assert "HostBIOS_0" in found["firmware"]["versions"]
    assert {"attributes", "pending", "registry"} == set(found["bios"])
    assert [] == found["storage"]["observed"]
    assert "certificates" in found["secure_boot"]
    assert {"part": "GPU_SXM_0", "watts": 700, "min_watts": 200, "max_watts": 700} in found["power_cap"][
        "limits"
    ]


def test_yaml_and_json_say_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(capsys) == shown(capsys, as_json=False)


def test_nothing_is_changed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    control = SimulatorControl(folder / ".argosy" / "simulator")
    before = control.servers()["H0001"]
    claims = (folder / "claims.sqlite").read_bytes()

    shown(capsys)

    after = control.servers()["H0001"]
    changing = {"sessions", "connections", "peak_connections", "peak_in_flight", "requests"}
    kept = before.keys() - changing
    assert {name: before[name] for name in kept} == {name: after[name] for name in kept}
    assert 0 == after["sessions"]["live"]
    assert claims == (folder / "claims.sqlite").read_bytes()


def test_a_part_that_the_bmc_does_not_tell_is_named_and_the_others_are_shown(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    control = SimulatorControl(folder / ".argosy" / "simulator")
    control.inject([FaultRule(kind="status", status=400, path="*/Bios")])
    try:
        with pytest.raises(NotShownError) as error:
            show_server(FLEET, "hall/H0001", as_json=True)
    finally:
        control.clear_faults()

    first, told = str(error.value).splitlines()
    assert "hall/H0001: not all could be read" == first
    assert told.startswith("  bios: hall/H0001 (serve/slot-01): ")
    parts = {"server", "power", "firmware", "storage", "secure_boot", "power_cap"}
    assert parts == json.loads(capsys.readouterr().out).keys()


def test_a_bmc_that_is_silent_is_asked_once_and_ends_with_exit_code_1(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    control = SimulatorControl(folder / ".argosy" / "simulator")
    control.cut("cable H0001")
    try:
        with pytest.raises(NotShownError, match=r"power: .*bmc-1\.hall\.test") as error:
            show_server(FLEET, "hall/H0001", as_json=True)
    finally:
        control.restore("cable H0001")

    assert (1, 2) == (error.value.exit_code, len(str(error.value).splitlines()))
    assert ["server"] == list(json.loads(capsys.readouterr().out))


def test_a_server_that_nobody_has_claimed_is_refused() -> None:
    with pytest.raises(ArgosyError, match="server hall/H0002 is not claimed"):
        show_server(FLEET, "hall/H0002", as_json=False)


def test_a_hall_that_the_fleet_has_not_is_refused_with_those_that_it_has() -> None:
    with pytest.raises(FleetError, match="one of its halls: hall"):
        show_server(FLEET, "oslo/H0001", as_json=False)


def test_what_is_no_server_id_is_refused() -> None:
    with pytest.raises(ArgosyError, match="give `site/serial`"):
        show_server(FLEET, "hall", as_json=False)
