"""A simulated server boots from the network as its BMC was told, and as the hall's service has offered."""

from __future__ import annotations

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from multidict import CIMultiDict

from argosy_metal.provisioning.installs import Installs
from argosy_metal.simulator import ManualClock, SimulatedHall, image_sha256
from argosy_metal.simulator.boot_sources import BootOverride, source_of
from argosy_metal.simulator.hall_service import LIFETIME_SECONDS
from argosy_metal.simulator.machine import MachineState
from argosy_metal.simulator.replies import Reply
from argosy_metal.simulator.service import Request
from argosy_metal.simulator.simulation import Simulation
from argosy_metal.simulator.store import MachineStore

from .simulated_halls import DURATIONS, Hall, config_of, hall_of

SYSTEM, SERVICE = "/redfish/v1/Systems/1", "provision.hall.test"
URI = f"https://{SERVICE}/images/node.iso?install=I1&sha256={image_sha256('node')}"
UNTIL_FIRST_BOOT = DURATIONS.power_on + DURATIONS.post
UNTIL_INSTALLED = UNTIL_FIRST_BOOT + DURATIONS.install
WHOLE_INSTALL = UNTIL_INSTALLED + DURATIONS.post + DURATIONS.boot
OFFER = {
    "serial": "SN1",
    "image": {
        "url": f"https://{SERVICE}/images/node.iso",
        "sha256": image_sha256("node"),
        "kind": "iso",
    },
    "boot_method": "pxe",
    "root_device_hints": {},
}


class Network(Hall):
    """A hall whose service takes offers."""

    def offer(self, install_id: str = "I1", **changes: Any) -> int:
        return self.service("PUT", f"/installs/{install_id}", OFFER | changes).status

    def service(self, method: str, path: str, body: Any = None) -> Reply:
        headers = CIMultiDict({"Authorization": "Bearer the-halls-token"})
        raw = b"" if body is None else json.dumps(body).encode()
        return self.simulation.answer(SERVICE, Request(method, path, headers, raw))

    def boot_once(self, target: str, **more: Any) -> Reply:
        override = {"BootSourceOverrideTarget": target, "BootSourceOverrideEnabled": "Once"}
        return self.ask("SN1", "PATCH", SYSTEM, {"Boot": override | more})

    def boot(self) -> dict[str, Any]:
        return (self.ask("SN1", "GET", SYSTEM).body or {})["Boot"]

    @property
    def state(self) -> MachineState:
        self.simulation.advance()
        return self.simulation.bmc("SN1").machine.state

    def outcome(self) -> tuple[str, str, int]:
        state = self.state
        return state.power, state.boot_progress, state.counters.installs_started


def networked(folder: Path, hall: SimulatedHall) -> Generator[Network]:
    store, clock = MachineStore(folder / "s.sqlite"), ManualClock()
    installs = Installs(folder / "installs.sqlite", clock.now, LIFETIME_SECONDS)
    config = config_of(hall, images=("node",))
    yield Network(Simulation(config, clock, store, "secret", installs, "the-halls-token"), clock)
    installs.close()
    store.close()


@pytest.fixture
def hall(tmp_path: Path) -> Generator[Network]:
    yield from networked(tmp_path, hall_of(2))


@pytest.fixture
def powering_off(tmp_path: Path) -> Generator[Network]:
    """A hall whose installers power their servers off."""
    yield from networked(tmp_path, hall_of(2, installer_powers_off=True))


STAYS_AT_THE_FIRMWARE = ("On", "OEM", 0)
RUNS = ("On", "OSRunning", 1)


def test_by_uefi_http_the_firmware_fetches_the_uri_and_the_installer_knows_its_install(hall: Network) -> None:
    assert 200 == hall.boot_once("UefiHttp", HttpBootUri=URI).status
    assert ("UefiHttp", URI) == (hall.boot()["BootSourceOverrideTarget"], hall.boot()["HttpBootUri"])
    hall.reset("SN1")
    hall.pass_time(WHOLE_INSTALL)

    assert RUNS == hall.outcome()
    heard = hall.state.phone_home
    assert heard is not None
    assert ("I1", image_sha256("node"), URI) == (heard.install_id, heard.image_sha256, heard.image_url)


def test_the_uri_stays_when_the_override_is_used_up_and_is_taken_back_with_null(hall: Network) -> None:
    hall.boot_once("UefiHttp", HttpBootUri=URI)
    hall.reset("SN1")
    hall.pass_time(UNTIL_FIRST_BOOT)
    assert ("Disabled", URI) == (hall.boot()["BootSourceOverrideEnabled"], hall.boot()["HttpBootUri"])

    assert 200 == hall.ask("SN1", "PATCH", SYSTEM, {"Boot": {"HttpBootUri": None}}).status
    assert hall.boot()["HttpBootUri"] is None


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        (5, "PropertyValueTypeError"),
        ("node.iso?token=canary", "PropertyValueFormatError"),
        ("ftp://provision.hall.test/node.iso?token=canary", "PropertyValueFormatError"),
        ("https://?token=canary", "PropertyValueFormatError"),
        ("https://p.test/a b?token=canary", "PropertyValueFormatError"),
    ],
)
def test_what_is_no_uri_is_refused_and_nothing_is_changed(hall: Network, uri: object, message: str) -> None:
    reply = hall.boot_once("UefiHttp", HttpBootUri=uri)

    assert 400 == reply.status
    assert message in json.dumps(reply.body)
    assert "canary" not in json.dumps(reply.body)
    assert "Disabled" == hall.boot()["BootSourceOverrideEnabled"]


@pytest.mark.parametrize(
    "uri",
    [
        None,
        f"https://{SERVICE}/images/missing.iso",
        f"https://{SERVICE}/nothing",
        f"http://{SERVICE}/images/node.iso",
        "https://elsewhere.test/images/node.iso",
    ],
)
def test_a_uri_that_leads_nowhere_leaves_the_server_at_the_firmware(hall: Network, uri: str | None) -> None:
    hall.boot_once("UefiHttp", HttpBootUri=uri)
    hall.reset("SN1")
    hall.pass_time(WHOLE_INSTALL)

    assert STAYS_AT_THE_FIRMWARE == hall.outcome()


@pytest.mark.parametrize("target", ["UefiHttp", "Pxe"])
def test_without_an_answer_from_the_network_the_disk_is_next(hall: Network, target: str) -> None:
    hall.install("SN1")
    hall.pass_time(WHOLE_INSTALL)
    hall.boot_once(target)
    hall.reset("SN1", "ForceRestart")
    hall.pass_time(DURATIONS.post + DURATIONS.boot)

    assert RUNS == hall.outcome()
    assert 3 == hall.state.counters.boots


def test_by_pxe_a_server_installs_what_was_offered_to_its_serial_number(hall: Network) -> None:
    assert 201 == hall.offer()
    hall.boot_once("Pxe")
    hall.reset("SN1")
    hall.pass_time(WHOLE_INSTALL)

    assert RUNS == hall.outcome()
    heard = hall.state.phone_home
    assert heard is not None
    assert ("I1", image_sha256("node")) == (heard.install_id, heard.image_sha256)


def test_the_newest_offer_counts(hall: Network) -> None:
    hall.offer("I1")
    hall.offer("I2")
    hall.boot_once("Pxe")
    hall.reset("SN1")
    hall.pass_time(UNTIL_FIRST_BOOT)

    assert hall.state.installing is not None
    assert "I2" == hall.state.installing.install_id


@pytest.mark.parametrize("offered", ["nothing", "another", "withdrawn", "unknown-image", "run-out"])
def test_without_a_living_offer_of_an_image_that_is_there_nothing_boots(hall: Network, offered: str) -> None:
    if offered == "unknown-image":
        hall.offer(image=OFFER["image"] | {"sha256": "0" * 64})  # pyright: ignore[reportOperatorIssue, reportUnknownArgumentType]
    elif offered != "nothing":
        hall.offer(serial="SN2" if offered == "another" else "SN1")
    if offered == "withdrawn":
        assert 204 == hall.service("DELETE", "/installs/I1").status
    hall.pass_time(LIFETIME_SECONDS if offered == "run-out" else 0)
    hall.boot_once("Pxe")
    hall.reset("SN1")
    hall.pass_time(WHOLE_INSTALL)

    assert STAYS_AT_THE_FIRMWARE == hall.outcome()


@pytest.mark.parametrize("late", ["offered", "withdrawn", "run-out"])
def test_what_counts_is_the_offer_at_the_moment_of_the_boot_whenever_one_looks(
    hall: Network, late: str
) -> None:
    if late != "offered":
        hall.offer()
    hall.boot_once("Pxe")
    hall.reset("SN1")
    # Nobody looks while the server boots; then something changes, and only then does somebody look.
    hall.clock.advance(LIFETIME_SECONDS * 2 if late == "run-out" else UNTIL_FIRST_BOOT)
    if late == "offered":
        hall.offer()
    elif late == "withdrawn":
        hall.service("DELETE", "/installs/I1")
    hall.pass_time(WHOLE_INSTALL)

    assert (0 if late == "offered" else 1) == hall.outcome()[2]


def test_in_legacy_mode_the_network_boots_no_installer() -> None:
    assert source_of(BootOverride("Pxe", "Once", "Legacy")) is None
    assert "pxe" == source_of(BootOverride("Pxe", "Once"))


def test_an_installer_that_powers_off_says_that_it_is_done_and_its_system_starts_from_the_disk(
    powering_off: Network,
) -> None:
    hall = powering_off
    hall.install("SN1")
    hall.pass_time(UNTIL_INSTALLED)
    said = hall.service("GET", "/phone-home/SN1").body
    assert said is not None
    assert ("I1", "installed", None) == (said["install_id"], said["stage"], said["failure"])
    assert 404 == hall.service("GET", "/acceptance/SN1").status, "no system has run yet"
    assert "PoweringOff" == hall.power("SN1")
    hall.pass_time(DURATIONS.power_off)
    assert "Off" == hall.power("SN1")

    hall.reset("SN1")
    hall.pass_time(UNTIL_FIRST_BOOT + DURATIONS.boot)
    said = hall.service("GET", "/phone-home/SN1").body
    assert said is not None
    assert ("I1", None) == (said["install_id"], said["stage"])
    assert RUNS == hall.outcome()


def test_an_installer_that_gives_up_leaves_the_server_on(powering_off: Network) -> None:
    hall = powering_off
    hall.boot_once("UefiHttp", HttpBootUri=URI.replace(image_sha256("node"), "0" * 64))
    hall.reset("SN1")
    hall.pass_time(WHOLE_INSTALL)

    assert STAYS_AT_THE_FIRMWARE == hall.outcome()


def test_a_machine_that_is_changed_past_its_bmc_goes_on_by_itself(hall: Network) -> None:
    machine = hall.simulation.bmc("SN1").machine
    machine.set_override(BootOverride("UefiHttp", "Once", http_boot_uri=URI))
    machine.reset("On", hall.clock.now())
    hall.clock.advance(WHOLE_INSTALL)

    assert "I1" == (hall.service("GET", "/phone-home/SN1").body or {})["install_id"]
