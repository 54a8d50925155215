"""An installer that gives up says why, and a simulated hall that is not there says what to start."""

import asyncio
from pathlib import Path

import pytest

from argosy_metal.claims import Claim, ClaimStore, Phase, RunIdentity
from argosy_metal.lifecycle import (
    Journal,
    Leash,
    Limits,
    Machine,
    MachineNotReadyError,
    Observation,
    Report,
    ReportService,
)
from argosy_metal.lifecycle.image import Image
from argosy_metal.provider.config import HallConfig
from argosy_metal.provider.reach import find_reach
from argosy_metal.redfish import Patience, SystemClock, Trust
from argosy_metal.simulator import (
    ManualClock,
    SimulatedHall,
    SimulatedServer,
    SimulatorConfig,
    SimulatorNotRunningError,
    image_sha256,
)
from argosy_metal.simulator.in_process import RunningSimulator, simulate
from argosy_metal.simulator.machine import OPTICAL_SLOT, BootOverride

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


class Installing:
    """A server that runs an installer, and the service that hears what it says."""

    def __init__(self, report: Report) -> None:
        self.report = report

    async def observe(self, media_url: str | None) -> Observation:
        return Observation("On", media_inserted=True, holds_image=True, boots_image=False)

    async def find(self, serial: str) -> Report | None:
        return self.report

    def __getattr__(self, name: str) -> None:
        raise AssertionError(f"{name}: the server must be left alone")


def installing(folder: Path, reason: str | None) -> tuple[ClaimStore, Machine]:
    """A machine in the middle of its first attempt, whose installer has given up for `reason`."""
    store = ClaimStore(folder / "claims.sqlite", RunIdentity("run"))
    claim = store.claim(Claim("hall", "SN1", "train/slot-01", "lab/local", "urn", 0, {}))
    claim = store.change(
        claim,
        phase=Phase.INSTALLING,
        attempts=1,
        install_id="first",
        image_url=PINNED.url,
        image_sha256=PINNED.sha256,
    )
    hall = Installing(Report("first", "boot-1", None, reason))
    clock = SystemClock()
    leash = Leash(clock, None, asyncio.Event())
    limits = Limits(poll_seconds=0.0, install_seconds=0.0)
    journal = Journal(store, claim)
    return store, Machine(journal, hall, hall, limits, clock, leash, "the log of the hall")  # pyright: ignore[reportArgumentType]


async def test_an_installer_that_gives_up_ends_the_attempt_at_once_with_its_reason(tmp_path: Path) -> None:
    store, machine = installing(tmp_path, "no disk")

    with pytest.raises(
        MachineNotReadyError,
        match=r"hall/SN1 \(train/slot-01\): phase installing: the installer gave up: no disk; next: mend"
        r" what it says \(the log of the hall may say more\)",
    ):
        await machine.bring_up(PINNED, online=True)

    claim = store.find("hall", "SN1")
    assert claim is not None
    assert (Phase.FAILED, 1) == (claim.phase, claim.attempts)
    store.close()


async def test_a_look_at_a_machine_whose_installer_gave_up_is_no_failure_and_no_success(
    tmp_path: Path,
) -> None:
    store, machine = installing(tmp_path, "no disk")

    _, report = await machine.look()

    assert report is None
    store.close()


async def test_what_another_attempts_installer_said_does_not_count(tmp_path: Path) -> None:
    store, machine = installing(tmp_path, "no disk")
    claim = store.find("hall", "SN1")
    assert claim is not None
    machine._journal.claim = store.change(claim, install_id="second")  # pyright: ignore[reportPrivateUsage]

    with pytest.raises(MachineNotReadyError, match=r"no report .*; next: read the log of the hall;"):
        await machine.bring_up(PINNED, online=True)

    store.close()


async def test_the_simulated_hall_tells_and_logs_that_the_image_is_not_the_pinned_one(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clock = ManualClock()
    async with simulate(CONFIG, tmp_path, clock=clock) as simulator:
        boot_installer(simulator, PINNED.media_url("first"))
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
    config = HallConfig(root / "claims.sqlite", "https://p.test", None, root / ".argosy/lab/simulator", root)
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
