"""The simulator's drives, volumes, keys and limits behave as the hardware that they stand for."""

from pathlib import Path
from typing import Any

import pytest
from multidict import CIMultiDict

from argosy_metal.simulator import ManualClock, SimulatedHall, SimulatedServer, SimulatorConfig
from argosy_metal.simulator.boot_sources import BootableImage
from argosy_metal.simulator.hardware import hardware_of
from argosy_metal.simulator.parts import factory_keys
from argosy_metal.simulator.profiles import vendor_files
from argosy_metal.simulator.replies import Reply
from argosy_metal.simulator.service import Request
from argosy_metal.simulator.simulation import Simulation
from argosy_metal.simulator.store import MachineStore

from ..redfish.test_simulator_service import BASIC

HOST, SYSTEM, CHASSIS = "bmc-1.hall.test", "/redfish/v1/Systems/1", "/redfish/v1/Chassis/1"
OS_VOLUMES = f"{SYSTEM}/Storage/Unit_0/Volumes"
ERASE = f"{CHASSIS}/Drives/Bay-0/Actions/Drive.SecureErase"


class Server:
    """Requests to one simulated BMC, without a network."""

    def __init__(self, folder: Path, server_type: str = "plain") -> None:
        self.clock = ManualClock()
        self.store = MachineStore(folder / "s.sqlite")
        self.config = SimulatorConfig(
            halls=(
                SimulatedHall(
                    "hall", "provision.hall.test", (SimulatedServer(HOST, "SN1", server_type, "r1"),)
                ),
            )
        )
        self.simulation = Simulation(self.config, self.clock, self.store, "secret")

    def ask(self, method: str, path: str, body: Any = None) -> Reply:
        import json

        raw = b"" if body is None else json.dumps(body).encode()
        return self.simulation.answer(HOST, Request(method, path, CIMultiDict(BASIC), raw))

    def get(self, path: str) -> dict[str, Any]:
        reply = self.ask("GET", path)
        assert (200, True) == (reply.status, reply.body is not None), path
        return reply.body or {}

    @property
    def parts(self) -> Any:
        return self.simulation.bmc("SN1").machine.state.parts

    def switch_on(self) -> None:
        self.ask("POST", f"{SYSTEM}/Actions/ComputerSystem.Reset", {"ResetType": "On"})
        self.clock.advance(200)


@pytest.fixture
def server(tmp_path: Path) -> Any:
    made = Server(tmp_path)
    yield made
    made.store.close()


def volume(*drives: str, raid: str = "RAID1") -> dict[str, Any]:
    links = [{"@odata.id": f"{CHASSIS}/Drives/{name}"} for name in drives]
    return {"Name": "os", "RAIDType": raid, "Links": {"Drives": links}}


def message_of(reply: Reply) -> str:
    return str((reply.body or {})["error"]["code"]).rpartition(".")[2]


def test_drives_are_changed_only_while_the_server_is_on(server: Server) -> None:
    for path, body in ((ERASE, {}), (OS_VOLUMES, volume("M2-0", "M2-1"))):
        reply = server.ask("POST", path, body)
        assert (409, "ResourceInStandby") == (reply.status, message_of(reply))
    assert "StandbyOffline" == server.get(f"{CHASSIS}/Drives/Bay-0")["Status"]["State"]


def test_an_erase_takes_its_time_and_shows_on_the_drive_until_it_is_done(server: Server) -> None:
    server.switch_on()
    reply = server.ask("POST", ERASE, {"SanitizationType": "BlockErase"})
    task = (reply.body or {})["@odata.id"]

    running = server.get(f"{CHASSIS}/Drives/Bay-0")
    assert [{"Operation": "Sanitize", "AssociatedTask": {"@odata.id": task}}] == running["Operations"]
    assert ERASE == server.get(task)["Payload"]["TargetUri"]
    server.clock.advance(59)
    assert "Running" == server.get(task)["TaskState"]
    server.clock.advance(2)

    assert ("Completed", ["Bay-0"]) == (server.get(task)["TaskState"], server.parts.blank)
    assert "Operations" not in server.get(f"{CHASSIS}/Drives/Bay-0")


def test_an_erase_that_loses_power_fails_and_the_drive_is_not_blank(server: Server) -> None:
    server.switch_on()
    task = (server.ask("POST", ERASE, {"SanitizationType": "BlockErase"}).body or {})["@odata.id"]
    server.ask("POST", f"{SYSTEM}/Actions/ComputerSystem.Reset", {"ResetType": "ForceOff"})

    server.clock.advance(500)

    assert ("Exception", []) == (server.get(task)["TaskState"], server.parts.blank)


def test_an_erase_that_ended_before_the_power_went_counts_though_nobody_looked(server: Server) -> None:
    server.switch_on()
    server.ask("POST", ERASE, {"SanitizationType": "CryptographicErase"})
    server.clock.advance(30)
    server.ask("POST", f"{SYSTEM}/Actions/ComputerSystem.Reset", {"ResetType": "ForceOff"})

    assert ["Bay-0"] == server.parts.blank


def test_erasing_the_first_drive_takes_the_system_with_it(server: Server) -> None:
    machine = server.simulation.bmc("SN1").machine
    machine.state.installed = BootableImage("https://x.test/i.iso", "a" * 64, None)
    server.switch_on()
    path = f"{CHASSIS}/Drives/M2-0/Actions/Drive.SecureErase"
    assert 202 == server.ask("POST", path, {"SanitizationType": "Overwrite"}).status

    server.clock.advance(2000)
    server.get(SYSTEM)

    assert machine.state.installed is None


@pytest.mark.parametrize(
    ("path", "body", "status", "message"),
    [
        (ERASE, {"SanitizationType": "Shred"}, 400, "ActionParameterValueNotInList"),
        (ERASE, {"How": "x"}, 400, "ActionParameterUnknown"),
        (OS_VOLUMES, volume("M2-0", "M2-1", raid="RAID60"), 400, "PropertyValueNotInList"),
        (OS_VOLUMES, volume("M2-0"), 400, "PropertyValueNotInList"),
        (OS_VOLUMES, volume("M2-0", "M2-0"), 400, "PropertyValueNotInList"),
        (OS_VOLUMES, volume("M2-0", "Bay-0"), 400, "PropertyValueNotInList"),
        (OS_VOLUMES, {"RAIDType": "RAID1"}, 400, "PropertyMissing"),
    ],
)
def test_what_cannot_be_is_refused(
    server: Server, path: str, body: dict[str, Any], status: int, message: str
) -> None:
    server.switch_on()

    reply = server.ask("POST", path, body)

    assert (status, message) == (reply.status, message_of(reply))


def test_volumes_are_made_initialised_and_deleted_and_hold_their_drives(server: Server) -> None:
    server.switch_on()
    made = server.ask("POST", OS_VOLUMES, volume("M2-0", "M2-1"))
    path = made.headers["Location"]
    assert (201, [{"Operation": "Initialize"}]) == (made.status, server.get(path)["Operations"])
    assert 409 == server.ask("POST", OS_VOLUMES, volume("M2-0", "M2-1")).status
    assert 409 == server.ask("POST", f"{CHASSIS}/Drives/M2-0/Actions/Drive.SecureErase").status

    server.clock.advance(10)
    assert "Operations" not in server.get(path)
    assert 202 == server.ask("POST", f"{path}/Actions/Volume.Initialize", {"InitializeType": "Slow"}).status
    assert 204 == server.ask("DELETE", path).status

    assert 404 == server.ask("GET", path).status


def test_a_baseboard_has_no_storage_and_a_dgx_makes_no_volumes(tmp_path: Path) -> None:
    server = Server(tmp_path, "dgx-h200")
    server.simulation.bmc("SN1").service.restart()

    assert "Storage" not in server.get("/redfish/v1/Systems/HGX_Baseboard_0")
    units = [link["@odata.id"] for link in server.get("/redfish/v1/Systems/DGX/Storage")["Members"]]
    assert 2 == len(units)
    assert all("Volumes" not in server.get(unit) for unit in units)
    server.store.close()


def test_keys_and_switch_count_from_the_next_boot_on(server: Server) -> None:
    path = f"{SYSTEM}/SecureBoot"
    assert 204 == server.ask("PATCH", path, {"SecureBootEnable": True}).status
    assert (True, "Disabled") == (
        server.get(path)["SecureBootEnable"],
        server.get(path)["SecureBootCurrentBoot"],
    )
    server.switch_on()
    assert "Enabled" == server.get(path)["SecureBootCurrentBoot"]

    reset = {"ResetKeysType": "DeletePK"}
    assert 204 == server.ask("POST", f"{path}/Actions/SecureBoot.ResetKeys", reset).status
    assert "UserMode" == server.get(path)["SecureBootMode"]
    server.ask("POST", f"{SYSTEM}/Actions/ComputerSystem.Reset", {"ResetType": "ForceRestart"})
    server.clock.advance(300)

    assert ("SetupMode", "Disabled") == (
        server.get(path)["SecureBootMode"],
        server.get(path)["SecureBootCurrentBoot"],
    )
    server.ask("POST", f"{path}/Actions/SecureBoot.ResetKeys", {"ResetKeysType": "ResetAllKeysToDefault"})
    assert 1 == len(server.get(f"{path}/SecureBootDatabases/PK/Certificates")["Members"])


def test_what_is_no_certificate_is_refused(server: Server) -> None:
    path = f"{SYSTEM}/SecureBoot/SecureBootDatabases/db/Certificates"
    pem = factory_keys("db")["factory"].pem

    for body, status in (
        ({"CertificateString": "x", "CertificateType": "PEM"}, 400),
        ({"CertificateString": pem}, 400),
        ({"CertificateString": pem, "CertificateType": "PEM"}, 201),
    ):
        assert status == server.ask("POST", path, body).status
    assert 204 == server.ask("DELETE", f"{path}/1").status
    assert 404 == server.ask("DELETE", f"{path}/1").status


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"PowerLimitWatts": {"SetPoint": 399}}, "PropertyValueOutOfRange"),
        ({"PowerLimitWatts": {"SetPoint": 6001}}, "PropertyValueOutOfRange"),
        ({"PowerLimitWatts": {"SetPoint": "much"}}, "PropertyValueTypeError"),
        ({"PowerLimitWatts": 3000}, "PropertyValueTypeError"),
        ({"PowerLimitWatts": {"AllowableMax": 9}}, "PropertyNotWritable"),
        ({"PowerLimitWatts": {"ControlMode": "Sometimes"}}, "PropertyValueNotInList"),
    ],
)
def test_a_limit_out_of_its_range_is_refused(server: Server, body: dict[str, Any], message: str) -> None:
    reply = server.ask("PATCH", f"{CHASSIS}/EnvironmentMetrics", body)

    assert (400, message) == (reply.status, message_of(reply))


def test_power_and_cooling_are_shown_and_leaks_where_a_liquid_cools(server: Server, tmp_path: Path) -> None:
    supply = server.get(f"{CHASSIS}/PowerSubsystem/PowerSupplies/PSU_0/Metrics")
    total = server.get(f"{CHASSIS}/Sensors/TotalPower")["Reading"]
    assert total / 2 == pytest.approx(supply["OutputPowerWatts"]["Reading"], abs=0.1)
    assert "LeakDetection" not in server.get(f"{CHASSIS}/ThermalSubsystem")

    folder = tmp_path / "tray"
    folder.mkdir()
    tray = Server(folder, "gb200-nvl72-tray")
    chassis = "/redfish/v1/Chassis/BMC_0"
    assert "PowerSupplies" not in tray.get(f"{chassis}/PowerSubsystem")
    assert "OK" == tray.get(f"{chassis}/LeakDetectors/Tray")["DetectorState"]
    members = [link["@odata.id"] for link in tray.get("/redfish/v1/Chassis")["Members"]]
    assert "/redfish/v1/Chassis/HGX_ProcessorModule_1" in members
    tray.store.close()


def test_parts_survive_a_restart_of_the_simulator(server: Server) -> None:
    server.switch_on()
    server.ask("POST", OS_VOLUMES, volume("M2-0", "M2-1"))
    server.ask("PATCH", f"{CHASSIS}/EnvironmentMetrics", {"PowerLimitWatts": {"SetPoint": 3000}})
    before = server.parts
    server.simulation.save()

    server.simulation = Simulation(server.config, server.clock, server.store, "secret")

    assert before == server.parts


def test_every_vendor_has_hardware() -> None:
    for vendor in vendor_files():
        assert hardware_of("any", vendor).drive_names
