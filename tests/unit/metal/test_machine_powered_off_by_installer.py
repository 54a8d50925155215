"""An installer that is done powers the server off; its system is started from disk, and installed once."""

import pytest

from argosy_metal.claims import Phase
from argosy_metal.lifecycle import MachineNotReadyError, Report

from .lifecycle_world import Killed, World

WRITES = ["insert", "boot_once", "power_on", "eject", "power_on"]


@pytest.fixture
def off_world(world: World) -> World:
    world.hardware.installer_powers_off = True
    return world


async def test_the_image_is_ejected_before_the_system_is_started(off_world: World) -> None:
    running = await off_world.up()

    assert WRITES == off_world.hardware.writes
    assert (Phase.RUNNING, "On", 1) == (off_world.claim.phase, running.power, off_world.hardware.installs)


async def test_a_server_that_the_installer_leaves_on_is_powered_off(off_world: World) -> None:
    off_world.hardware.installer_lingers = True
    await off_world.up()

    assert [*WRITES[:3], "power_off", *WRITES[3:]] == off_world.hardware.writes
    assert 1 == off_world.hardware.installs


@pytest.mark.parametrize("when", range(5))
@pytest.mark.parametrize("moment", ["die_before", "die_after"])
async def test_killed_at_any_write_the_next_run_goes_on_and_nothing_is_installed_twice(
    off_world: World, moment: str, when: int
) -> None:
    setattr(off_world.hardware, moment, when + (moment == "die_after"))
    with pytest.raises(Killed):
        await off_world.up()
    await off_world.up()

    assert (Phase.RUNNING, 1) == (off_world.claim.phase, off_world.hardware.installs)


async def test_a_boot_override_that_outlives_the_installer_is_dropped(off_world: World) -> None:
    hardware = off_world.hardware

    def arm_again(operation: str) -> None:
        # Some BMCs know no override for one boot only.
        if operation == "eject" and hardware.armed is None:
            off_world.told.append("armed")
            hardware.armed = off_world.machine()._work.installer()  # pyright: ignore[reportPrivateUsage]

    hardware.fail = arm_again
    await off_world.up()

    assert [*WRITES[:4], "boot_normally", "power_on"] == hardware.writes
    assert 1 == hardware.installs


async def test_a_system_that_goes_off_every_time_fails_the_attempt(off_world: World) -> None:
    off_world.hardware.system_dies = True
    with pytest.raises(MachineNotReadyError, match="went off before its installed system reported"):
        await off_world.up()

    assert (Phase.FAILED, 4) == (off_world.claim.phase, off_world.hardware.writes.count("power_on"))


async def test_a_system_that_never_reports_is_given_up(off_world: World) -> None:
    def silence(operation: str) -> None:
        report = off_world.hardware.report
        if report is not None and not report.is_installed:
            off_world.hardware.report = Report(report.install_id, "b", report.image_sha256, is_installed=True)

    off_world.hardware.fail = silence
    with pytest.raises(MachineNotReadyError, match="no report from the installed system for"):
        await off_world.up()

    assert Phase.FAILED == off_world.claim.phase


async def test_a_report_that_comes_only_after_the_server_is_seen_off_ends_no_attempt(
    off_world: World,
) -> None:
    hardware = off_world.hardware
    late: list[Report] = []
    looks = 0

    def hold_back(operation: str) -> None:
        nonlocal looks
        if operation == "observe" and late:
            looks += 1
        if operation == "find" and hardware.report is not None and not late:
            late.append(hardware.report)
            hardware.report = None
        if operation == "find" and looks == 2:
            hardware.report = late[0]

    hardware.fail = hold_back
    await off_world.up()

    assert (Phase.RUNNING, 1, 1) == (off_world.claim.phase, off_world.claim.attempts, hardware.installs)
