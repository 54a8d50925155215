"""Whatever fails is told with server, phase and next step, and the next run goes on."""

import pytest

from argosy_metal.claims import Phase
from argosy_metal.lifecycle import Limits, MachineNotReadyError
from argosy_metal.lifecycle.reports import ReportsUnavailableError
from argosy_metal.redfish import BmcInternalError, BmcUnreachableError

from .lifecycle_world import INSTALL_SECONDS, World


@pytest.mark.parametrize("operation", ["insert", "boot_once", "power_on", "eject", "observe"])
async def test_a_bmc_that_fails_once_fails_the_machine_and_the_next_run_goes_on(
    world: World, operation: str
) -> None:
    failures = [BmcInternalError("bmc-1", operation, "HTTP 500")]
    world.hardware.fail = lambda here: failures.pop() if here == operation and failures else None

    with pytest.raises(MachineNotReadyError, match=r"hall/SN1 .* phase \w+: .*HTTP 500; next: "):
        await world.up()
    await world.up()

    assert (1, Phase.RUNNING) == (world.hardware.installs, world.claim.phase)


async def test_a_bmc_that_is_silent_for_a_moment_while_the_server_installs_is_forgiven(world: World) -> None:
    silent = range(300, 500)
    world.hardware.fail = lambda operation: (
        BmcUnreachableError("bmc-1", operation, "timeout")
        if operation == "observe" and int(world.clock.now()) in silent
        else None
    )

    await world.up()

    assert Phase.RUNNING == world.claim.phase


async def test_a_bmc_that_stays_silent_while_the_server_installs_is_told(world: World) -> None:
    world.hardware.fail = lambda operation: (
        BmcUnreachableError("bmc-1", operation, "timeout")
        if operation == "observe" and world.clock.now() > 300
        else None
    )

    with pytest.raises(MachineNotReadyError, match="phase installing: observe: timeout"):
        await world.up()


async def test_a_server_that_is_off_only_while_it_reboots_is_still_installing(world: World) -> None:
    moments = range(300, 320)

    def reboot(operation: str) -> None:
        if operation == "observe" and world.hardware.installing:
            world.hardware.power = "Off" if int(world.clock.now()) in moments else "On"

    world.hardware.fail = reboot
    world.limits = Limits(poll_seconds=20.0)
    await world.up()

    assert (1, 1, Phase.RUNNING) == (world.hardware.installs, world.claim.attempts, world.claim.phase)


async def test_a_server_that_is_off_at_one_look_alone_is_still_installing(world: World) -> None:
    looks = 0

    def reboot(operation: str) -> None:
        nonlocal looks
        if operation == "observe" and world.hardware.installing:
            looks += 1
            world.hardware.power = "Off" if looks == 2 else "On"

    world.hardware.fail = reboot
    await world.up()

    assert looks > 2
    assert (1, 1, Phase.RUNNING) == (world.hardware.installs, world.claim.attempts, world.claim.phase)


async def test_an_installer_that_dies_ends_the_attempt_and_the_next_run_begins_another(world: World) -> None:
    world.hardware.installer_dies = True
    with pytest.raises(MachineNotReadyError, match="went off before"):
        await world.up()
    assert Phase.FAILED == world.claim.phase

    world.hardware.installer_dies = False
    await world.up()

    assert (2, Phase.RUNNING) == (world.claim.attempts, world.claim.phase)


async def test_after_too_many_attempts_with_one_image_the_server_is_quarantined(world: World) -> None:
    world.hardware.installer_dies = True
    for _ in range(world.limits.attempts):
        with pytest.raises(MachineNotReadyError):
            await world.up()

    for _ in range(2):
        with pytest.raises(MachineNotReadyError, match=r"quarantined after 5 attempts .* next: .*--replace"):
            await world.up()

    assert world.limits.attempts == world.hardware.installs


async def test_a_report_that_never_comes_ends_the_attempt_with_its_time(world: World) -> None:
    world.limits = Limits(install_seconds=300.0)

    with pytest.raises(MachineNotReadyError, match=r"no report from the installed system for \d+ s"):
        await world.up()

    assert Phase.FAILED == world.claim.phase


async def test_a_report_that_comes_late_is_taken_instead_of_a_new_attempt(world: World) -> None:
    world.limits = Limits(install_seconds=300.0)
    with pytest.raises(MachineNotReadyError):
        await world.up()
    world.clock.time += INSTALL_SECONDS

    await world.up()

    assert (1, 1, Phase.RUNNING) == (world.hardware.installs, world.claim.attempts, world.claim.phase)


async def test_a_system_installed_from_another_image_is_no_success(world: World) -> None:
    world.hardware.digest = "f" * 64

    with pytest.raises(MachineNotReadyError, match="installed from an image with sha256 ffff"):
        await world.up()

    assert Phase.RUNNING != world.claim.phase


async def test_a_change_that_the_bmc_accepts_and_ignores_is_found_out(world: World) -> None:
    async def ignored(_url: str) -> None:
        world.hardware.writes.append("insert")

    world.hardware.insert = ignored  # type: ignore[method-assign]
    with pytest.raises(
        MachineNotReadyError, match="insert the image: the BMC accepted it, but it does not show"
    ):
        await world.up()


async def test_a_hall_service_that_is_down_is_named_and_nothing_is_begun(world: World) -> None:
    await world.up()
    world.hardware.fail = lambda operation: (
        ReportsUnavailableError("provision.hall.test does not answer") if operation == "find" else None
    )

    with pytest.raises(MachineNotReadyError, match=r"provision\.hall\.test .*next: check the hall's"):
        await world.up()


async def test_a_flash_that_runs_is_not_cut_by_taking_a_machine_down(world: World) -> None:
    await world.up()
    writes = list(world.hardware.writes)
    world.flashing = True

    with pytest.raises(MachineNotReadyError, match="a firmware update runs"):
        await world.machine().take_down()
    assert (writes, "On") == (world.hardware.writes, world.hardware.power)

    world.flashing = False
    await world.machine().take_down()
    assert "Off" == world.hardware.power
