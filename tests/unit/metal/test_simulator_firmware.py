"""Simulated BIOS settings and firmware behave as BMCs do: late, by job, unforgiving of a cut flash."""

import hashlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from argosy_metal.simulator import SimulatedHall, SimulatedServer
from argosy_metal.simulator.bmc import Bmc
from argosy_metal.simulator.firmware_facts import firmware_path, firmware_sha256
from argosy_metal.simulator.firmware_state import BMC_RESTART_SECONDS
from argosy_metal.simulator.service import Request

from .simulated_halls import Hall, config_of, running

BIOS = "/redfish/v1/Systems/1/Bios"
UPDATE = "/redfish/v1/UpdateService"
SIMPLE_UPDATE = f"{UPDATE}/Actions/UpdateService.SimpleUpdate"
DELL_BIOS = "/redfish/v1/Systems/System.Embedded.1/Bios"
DELL_RESET = "/redfish/v1/Systems/System.Embedded.1/Actions/ComputerSystem.Reset"
ON_RESET = {"@Redfish.SettingsApplyTime": {"ApplyTime": "OnReset"}}


@contextmanager
def server(folder: Path, vendor: str = "generic") -> Generator[Hall]:
    made = (SimulatedServer("bmc-1.hall.test", "SN1", "model-x", "r1", ("a",), vendor=vendor),)
    with running(config_of(SimulatedHall("hall", "provision.hall.test", made)), folder) as hall:
        yield hall


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    with server(tmp_path) as made:
        yield made


def bmc(hall: Hall) -> Bmc:
    return hall.simulation.bmc("SN1")


def look(hall: Hall, path: str) -> dict[str, Any]:
    body = hall.ask("SN1", "GET", path).body
    assert body is not None
    return body


def attributes(hall: Hall, path: str = BIOS) -> dict[str, Any]:
    return look(hall, path)["Attributes"]


def pend(hall: Hall, values: dict[str, Any], path: str = f"{BIOS}/Settings") -> int:
    return hall.ask("SN1", "PATCH", path, {"Attributes": values}).status


def flash(hall: Hall, component: str, version: str = "2.0.0", **more: Any) -> Any:
    uri = f"https://provision.hall.test{firmware_path('model-x', component, version)}"
    return hall.ask("SN1", "POST", SIMPLE_UPDATE, {"ImageURI": uri, **more})


def version(hall: Hall, component: str) -> str:
    return look(hall, f"{UPDATE}/FirmwareInventory/{component}")["Version"]


def task(hall: Hall, number: int = 1) -> dict[str, Any]:
    return look(hall, f"/redfish/v1/TaskService/Tasks/Update-{number}")


def test_pending_attributes_come_into_force_at_the_next_self_test_only(hall: Hall) -> None:
    assert 200 == pend(hall, {"AssetTag": "x"})
    assert ("", {"AssetTag": "x"}) == (attributes(hall)["AssetTag"], attributes(hall, f"{BIOS}/Settings"))

    hall.reset("SN1")
    hall.pass_time(50)
    assert "" == attributes(hall)["AssetTag"]
    hall.pass_time(100)

    assert ("x", {}) == (attributes(hall)["AssetTag"], attributes(hall, f"{BIOS}/Settings"))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"Nothing": 1}, "PropertyUnknown"),
        ({"ProcessorCount": 4}, "PropertyNotWritable"),
        ({"NumaNodesPerSocket": "NPS8"}, "PropertyValueNotInList"),
        ({"PowerOnDelaySeconds": 301}, "PropertyValueNotInList"),
        ({"PowerOnDelaySeconds": True}, "PropertyValueNotInList"),
        ({"MemoryEncryption": "true"}, "PropertyValueNotInList"),
        ({"AssetTag": "x" * 33}, "PropertyValueNotInList"),
    ],
)
def test_attributes_that_the_registry_forbids_are_refused_as_a_whole(
    hall: Hall, values: dict[str, Any], message: str
) -> None:
    reply = hall.ask("SN1", "PATCH", f"{BIOS}/Settings", {"Attributes": {"AssetTag": "good", **values}})

    assert 400 == reply.status
    assert reply.body is not None
    assert reply.body["error"]["code"].endswith(message)
    assert {} == attributes(hall, f"{BIOS}/Settings")


def test_an_apply_time_that_is_not_offered_is_refused(hall: Hall) -> None:
    body = {"Attributes": {"AssetTag": "x"}, "@Redfish.SettingsApplyTime": {"ApplyTime": "Immediate"}}

    assert 400 == hall.ask("SN1", "PATCH", f"{BIOS}/Settings", body).status


def test_a_reset_to_defaults_waits_for_the_self_test_too(hall: Hall) -> None:
    bmc(hall).machine.state.bios.changed["AssetTag"] = "x"

    hall.ask("SN1", "POST", f"{BIOS}/Actions/Bios.ResetBios", {})
    assert "x" == attributes(hall)["AssetTag"]
    hall.reset("SN1")
    hall.pass_time(200)

    assert "" == attributes(hall)["AssetTag"]


def test_a_dell_without_a_job_leaves_attributes_pending_for_ever(tmp_path: Path) -> None:
    with server(tmp_path, "dell") as hall:
        assert 200 == pend(hall, {"AssetTag": "x"}, f"{DELL_BIOS}/Settings")
        hall.ask("SN1", "POST", DELL_RESET, {"ResetType": "On"})
        hall.pass_time(200)

        assert "" == attributes(hall, DELL_BIOS)["AssetTag"]
        assert {"AssetTag": "x"} == attributes(hall, f"{DELL_BIOS}/Settings")


def test_a_dell_with_a_job_takes_no_second_write_before_the_job_is_done(tmp_path: Path) -> None:
    with server(tmp_path, "dell") as hall:
        path = f"{DELL_BIOS}/Settings"
        reply = hall.ask("SN1", "PATCH", path, {"Attributes": {"AssetTag": "x"}, **ON_RESET})
        assert 202 == reply.status
        job = reply.headers["Location"]
        assert "Pending" == look(hall, job)["JobState"]

        assert 400 == pend(hall, {"AssetTag": "y"}, path)
        hall.ask("SN1", "POST", DELL_RESET, {"ResetType": "On"})
        hall.pass_time(200)

        assert "Completed" == look(hall, job)["JobState"]
        assert "x" == attributes(hall, DELL_BIOS)["AssetTag"]
        assert 200 == pend(hall, {"AssetTag": "y"}, path)


def test_openbmc_shows_no_attributes(tmp_path: Path) -> None:
    with server(tmp_path, "openbmc") as hall:
        body = look(hall, "/redfish/v1/Systems/system/Bios")

        assert "Attributes" not in body
        assert "#Bios.ResetBios" in body["Actions"]


def test_the_registry_says_what_the_bmc_accepts(hall: Hall) -> None:
    file = look(hall, "/redfish/v1/Registries/BiosAttributeRegistry")
    registry = look(hall, file["Location"][0]["Uri"])

    entries = {entry["AttributeName"]: entry for entry in registry["RegistryEntries"]["Attributes"]}
    assert set(attributes(hall)) == set(entries)
    assert ["NPS1", "NPS2", "NPS4"] == [one["ValueName"] for one in entries["NumaNodesPerSocket"]["Value"]]
    assert entries["ProcessorCount"]["ReadOnly"]


def test_a_flash_takes_its_time_and_shows_how_far_it_is(hall: Hall) -> None:
    assert 202 == flash(hall, "PSU_0").status
    hall.pass_time(30)
    assert ("Running", 50, "1.0.0") == (
        task(hall)["TaskState"],
        task(hall)["PercentComplete"],
        version(hall, "PSU_0"),
    )

    hall.pass_time(30)

    assert ("Completed", "2.0.0") == (task(hall)["TaskState"], version(hall, "PSU_0"))


def test_a_bmc_does_one_flash_at_a_time(hall: Hall) -> None:
    flash(hall, "PSU_0")

    assert 409 == flash(hall, "NIC_0").status


@pytest.mark.parametrize("reset_type", ["ForceOff", "ForceRestart", "GracefulShutdown", "PowerCycle"])
def test_a_reset_during_a_flash_ruins_the_component_for_good(hall: Hall, reset_type: str) -> None:
    hall.reset("SN1")
    hall.pass_time(200)
    flash(hall, "BIOS")
    hall.pass_time(10)

    hall.reset("SN1", reset_type)
    hall.pass_time(500)

    assert ("Exception", "") == (task(hall)["TaskState"], version(hall, "BIOS"))
    assert {"flashes_started": 1, "flashes_completed": 0, "flashes_interrupted": 1} == bmc(hall).status()[
        "firmware"
    ]
    flash(hall, "BIOS")
    hall.pass_time(500)
    assert "BIOS does not answer" == task(hall, 2)["Messages"][0]["Message"]


def test_a_loss_of_power_during_a_flash_ruins_the_component_too(hall: Hall) -> None:
    flash(hall, "BIOS")
    hall.pass_time(10)

    hall.cut("server SN1")

    assert 1 == bmc(hall).machine.state.firmware.flashes_interrupted


def test_switching_on_harms_no_flash(hall: Hall) -> None:
    flash(hall, "BIOS")
    hall.reset("SN1")
    hall.pass_time(500)

    assert "Completed" == task(hall)["TaskState"]


@pytest.mark.parametrize("component", ["BIOS", "CPLD_0"])
def test_versions_take_effect_by_a_reset_or_by_an_ac_cycle(hall: Hall, component: str) -> None:
    flash(hall, component)
    hall.pass_time(500)
    before = version(hall, component)

    hall.reset("SN1")
    hall.pass_time(500)
    after_reset = version(hall, component)
    hall.cut("server SN1")
    hall.restore("server SN1")
    hall.pass_time(100)

    assert "2.0.0" not in (before, after_reset if component == "CPLD_0" else before)
    assert "2.0.0" == version(hall, component)
    assert ("2.0.0" == after_reset) == (component == "BIOS")


def test_a_bmc_restarts_after_its_own_flash_and_forgets_its_tasks(hall: Hall) -> None:
    flash(hall, "BMC")
    hall.pass_time(240)
    assert not hall.reaches("SN1")

    hall.pass_time(BMC_RESTART_SECONDS)

    assert "2.0.0" == version(hall, "BMC")
    assert 404 == hall.ask("SN1", "GET", "/redfish/v1/TaskService/Tasks/Update-1").status


@pytest.mark.parametrize(
    ("uri", "status"),
    [
        ("https://elsewhere.test/firmware/model-x/BIOS/2.bin", 400),
        ("https://provision.hall.test/other.bin", 400),
        (f"https://provision.hall.test{firmware_path('model-x', 'TPM_0', '8')}", 400),
        (f"https://provision.hall.test{firmware_path('model-y', 'BIOS', '2')}", 202),
    ],
)
def test_images_that_are_wrong_are_refused_at_once_or_once_they_are_read(
    hall: Hall, uri: str, status: int
) -> None:
    assert status == hall.ask("SN1", "POST", SIMPLE_UPDATE, {"ImageURI": uri}).status
    hall.pass_time(500)

    assert "1.0.0" == version(hall, "BIOS")
    if status == 202:
        assert "the image is for model-y, not for model-x" == task(hall)["Messages"][0]["Message"]


def test_parameters_that_are_wrong_are_refused(hall: Hall) -> None:
    assert 400 == hall.ask("SN1", "POST", SIMPLE_UPDATE, {}).status
    assert 400 == flash(hall, "PSU_0", Force=True).status
    assert 400 == flash(hall, "PSU_0", Targets="BIOS").status
    assert 400 == flash(hall, "PSU_0", Targets=[f"{UPDATE}/FirmwareInventory/Nothing"]).status


def test_the_halls_cache_gives_out_firmware_with_the_digest_that_is_told(hall: Hall) -> None:
    path = firmware_path("model-x", "BIOS", "2.0.0")

    reply = hall.simulation.answer("provision.hall.test", Request("GET", path, {}, b""))

    assert firmware_sha256("model-x", "BIOS", "2.0.0") == hashlib.sha256(reply.content or b"").hexdigest()


def test_firmware_and_settings_outlive_a_restart_of_the_simulator(tmp_path: Path) -> None:
    with server(tmp_path) as hall:
        pend(hall, {"AssetTag": "x"})
        flash(hall, "BIOS")
        hall.pass_time(10)
        bmc(hall).machine.changed = True
        hall.simulation.save()
    with server(tmp_path) as hall:
        hall.clock.advance(1000)
        hall.simulation.advance()

        assert {"AssetTag": "x"} == attributes(hall, f"{BIOS}/Settings")
        assert 1 == bmc(hall).machine.state.firmware.flashes_completed
