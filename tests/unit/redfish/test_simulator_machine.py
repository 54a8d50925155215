from __future__ import annotations

import pytest

from argosy_metal.simulator.boot_sources import BootableImage, BootOverride
from argosy_metal.simulator.machine import OPTICAL_SLOT, Machine, PowerStateError
from argosy_metal.simulator.world import Durations

IMAGE = BootableImage("https://p.test/images/node.iso?install=I1", "ab" * 32, "I1")
ONCE_CD = BootOverride("Cd", "Once")
WHOLE_INSTALL = 5 + 120 + 300 + 120 + 60


@pytest.fixture
def machine() -> Machine:
    return Machine("SN1", Durations())


@pytest.fixture
def installing(machine: Machine) -> Machine:
    """Powered on at 0 with the image in its drive; the installer starts at 125."""
    machine.insert(OPTICAL_SLOT, IMAGE)
    machine.set_override(ONCE_CD)
    machine.reset("On", 0)
    return machine


def test_a_server_installs_reboots_and_phones_home_by_itself(installing: Machine) -> None:
    installing.advance(WHOLE_INSTALL - 1)
    assert installing.state.phone_home is None

    installing.advance(WHOLE_INSTALL)
    heard = installing.state.phone_home
    assert heard is not None
    assert ("SN1", IMAGE.sha256, "I1", WHOLE_INSTALL) == (
        heard.serial,
        heard.image_sha256,
        heard.install_id,
        heard.booted_at,
    )


def test_history_is_the_same_however_often_one_looks(installing: Machine) -> None:
    watched = Machine("SN1", Durations())
    watched.insert(OPTICAL_SLOT, IMAGE)
    watched.set_override(ONCE_CD)
    watched.reset("On", 0)
    for now in range(2000):
        watched.advance(now)
    installing.advance(2000)

    assert watched.state == installing.state


def test_an_override_for_once_is_used_up_by_one_boot(installing: Machine) -> None:
    installing.advance(2000)
    installing.reset("ForceRestart", 2000)
    installing.advance(4000)

    assert (1, 3) == (installing.state.counters.installs_completed, installing.state.counters.boots)


def test_an_override_that_stays_installs_again_and_again(installing: Machine) -> None:
    installing.set_override(BootOverride("Cd", "Continuous"))
    installing.advance(2000)

    assert installing.state.counters.installs_completed > 1
    assert installing.state.phone_home is None


def test_every_boot_has_an_id_of_its_own(installing: Machine) -> None:
    installing.advance(1000)
    first = installing.state.phone_home
    installing.reset("GracefulRestart", 1000)
    installing.advance(2000)
    second = installing.state.phone_home

    assert first is not None
    assert second is not None
    assert first.install_id == second.install_id
    assert first.boot_id != second.boot_id


def test_a_server_with_nothing_to_boot_stays_there(machine: Machine) -> None:
    machine.set_override(ONCE_CD)
    machine.reset("On", 0)
    machine.advance(5000)

    assert ("On", None) == (machine.state.power, machine.state.phone_home)
    assert "Disabled" == machine.state.override.enabled


def test_an_interrupted_installation_leaves_no_system(installing: Machine) -> None:
    installing.advance(200)
    installing.reset("ForceOff", 200)
    installing.advance(300)
    installing.reset("On", 300)
    installing.advance(5000)

    counters = installing.state.counters
    assert (1, 0) == (counters.installs_started, counters.installs_completed)
    assert installing.state.phone_home is None


def test_the_installer_refuses_an_image_of_another_digest(machine: Machine) -> None:
    machine.insert(OPTICAL_SLOT, BootableImage(IMAGE.url, IMAGE.sha256, "I1", expected_sha256="cd" * 32))
    machine.set_override(ONCE_CD)
    machine.reset("On", 0)
    machine.advance(5000)

    counters = machine.state.counters
    assert (1, 0) == (counters.installs_refused, counters.installs_started)
    heard = machine.state.phone_home
    assert heard is not None
    assert f"the image has sha256 {IMAGE.sha256}, not {'cd' * 32}" == heard.failure
    assert "I1" == heard.install_id


def test_asking_for_power_twice_powers_on_once(machine: Machine) -> None:
    machine.reset("On", 0)
    machine.reset("On", 2)
    machine.advance(10)
    machine.reset("On", 10)

    assert (1, 3) == (machine.state.counters.power_ons, machine.state.counters.resets)


def test_power_changes_take_their_time(machine: Machine) -> None:
    seen: list[str] = []
    machine.reset("On", 0)
    for now in (4, 5):
        machine.advance(now)
        seen.append(machine.state.power)
    machine.reset("GracefulShutdown", 5)
    for now in (24, 25):
        machine.advance(now)
        seen.append(machine.state.power)

    assert ["PoweringOn", "On", "PoweringOff", "Off"] == seen


@pytest.mark.parametrize("reset_type", ["ForceRestart", "GracefulRestart", "PowerCycle"])
def test_a_restart_needs_a_server_that_is_on(machine: Machine, reset_type: str) -> None:
    with pytest.raises(PowerStateError):
        machine.reset(reset_type, 0)


@pytest.mark.parametrize("reset_type", ["ForceRestart", "GracefulRestart", "PowerCycle"])
def test_a_server_restarted_while_it_powers_on_still_comes_up(machine: Machine, reset_type: str) -> None:
    machine.reset("On", 0)
    machine.reset(reset_type, 1)
    machine.advance(1000)

    assert "On" == machine.state.power


def test_ejecting_an_empty_drive_changes_nothing(machine: Machine) -> None:
    machine.eject(OPTICAL_SLOT)

    assert 0 == machine.state.counters.media_ejects
