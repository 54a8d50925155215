"""An installer that gives up says why, and a simulated hall that is not there says what to start."""

from pathlib import Path

import pytest

from argosy_metal.claims import Phase
from argosy_metal.lifecycle import MachineNotReadyError, Report, ReportService, Seen
from argosy_metal.lifecycle.image import Image
from argosy_metal.provider.config import HallConfig
from argosy_metal.provider.reach import find_reach
from argosy_metal.redfish import Patience, Trust
from argosy_metal.simulator import (
    ManualClock,
    SimulatedHall,
    SimulatedServer,
    SimulatorConfig,
    SimulatorNotRunningError,
    image_sha256,
)
from argosy_metal.simulator.boot_sources import BootOverride
from argosy_metal.simulator.in_process import RunningSimulator, simulate
from argosy_metal.simulator.machine import OPTICAL_SLOT

from .lifecycle_world import Killed, World

CLAIMS = {"backend": "sqlite", "path": "claims.sqlite"}
PINNED = Image("https://provision.hall.test/images/node.iso", "0" * 64)
CONFIG = SimulatorConfig(
    halls=(
        SimulatedHall(
            "hall",
            "provision.hall.test",
            (SimulatedServer("bmc-1.hall.test", "SN1", "dgx-h200", "r1"),),
        ),
    )
)


async def install_until(world: World, failure: str | None) -> None:
    """A machine in the middle of its first attempt, whose installer has given up for `failure`."""
    world.hardware.die_after = 3
    with pytest.raises(Killed):
        await world.up()
    world.hardware.report = Report(world.claim.install_id or "", "boot-1", None, failure)


async def test_an_installer_that_gives_up_ends_the_attempt_at_once_with_its_reason(world: World) -> None:
    await install_until(world, "no disk")

    with pytest.raises(
        MachineNotReadyError,
        match=r"hall/SN1 \(train/slot-01\): phase booting: the installer gave up: no disk; next: mend"
        r" what it says \(the server's console log may say more\)",
    ):
        await world.up()

    assert (Phase.FAILED, 1) == (world.claim.phase, world.claim.attempts)


async def test_a_look_at_a_machine_whose_installer_gave_up_is_no_failure_and_no_success(
    world: World,
) -> None:
    await install_until(world, "no disk")

    assert Seen("On", None) == await world.machine().look()


async def test_what_another_attempts_installer_said_does_not_count(world: World) -> None:
    await install_until(world, "no disk")
    world.hardware.report = Report("another", "boot-1", None, "no disk")

    await world.up()

    assert (Phase.RUNNING, 1) == (world.claim.phase, world.claim.attempts)


async def test_the_simulated_hall_tells_and_logs_that_the_image_is_not_the_pinned_one(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clock = ManualClock()
    async with simulate(CONFIG, tmp_path, clock=clock) as simulator:
        boot_installer(simulator, PINNED.media_url("first", None))
        clock.advance(200)
        report = await reported(simulator)

    reason = f"the image has sha256 {image_sha256('node')}, not {PINNED.sha256}"
    assert report is not None
    assert ("first", reason) == (report.install_id, report.failure)
    assert f"SN1: the installer gives up: {reason}" in caplog.messages


def boot_installer(simulator: RunningSimulator, media_url: str) -> None:
    bmc = simulator.bmc("SN1")
    image = bmc.images.fetch(media_url)
    assert image is not None
    bmc.machine.insert(OPTICAL_SLOT, image)
    bmc.machine.set_override(BootOverride("Cd", "Once"))
    bmc.machine.reset("On", 0)
    simulator.simulation.hall("hall").settle("SN1", 0)


async def reported(simulator: RunningSimulator) -> Report | None:
    service = ReportService(
        "https://provision.hall.test/phone-home",
        Trust(ca_file=simulator.ca_file),
        Patience(),
        simulator.resolve,
        "test",
    )
    try:
        return await service.find("SN1")
    finally:
        await service.close()


def not_running(root: Path) -> str:
    config = HallConfig(CLAIMS, "https://p.test", None, root / ".argosy/lab/simulator", root)
    with pytest.raises(SimulatorNotRunningError) as error:
        find_reach(config)
    return str(error.value)


def write_fleets(root: Path, **directories: str) -> None:
    (root / "stacks" / "fleets").mkdir(parents=True)
    for name, directory in directories.items():
        (root / "stacks" / "fleets" / f"{name}.yaml").write_text(f"simulator: {{directory: {directory}}}\n")


def test_the_fleet_whose_simulator_does_not_run_is_named(tmp_path: Path) -> None:
    write_fleets(tmp_path, mylab=".argosy/lab/simulator", local=".argosy/local/simulator")

    assert (
        "no simulator runs in .argosy/lab/simulator; start it: argosy metal simulate mylab --detach"
        == not_running(tmp_path)
    )


def test_where_two_fleets_share_a_simulator_none_is_guessed(tmp_path: Path) -> None:
    write_fleets(tmp_path, mylab=".argosy/lab/simulator", local=".argosy/lab/simulator")

    assert not_running(tmp_path).endswith("argosy metal simulate FLEET --detach")
