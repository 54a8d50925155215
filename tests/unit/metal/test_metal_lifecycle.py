"""A machine comes up from wherever it was left, and is never installed twice."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from argosy_metal.claims import Claim, ClaimStore, Phase, RunIdentity, StaleRunError
from argosy_metal.lifecycle import (
    Image,
    InterruptedMachineError,
    Journal,
    Leash,
    Limits,
    Machine,
    MachineError,
    MachineNotReadyError,
    Observation,
    Report,
)
from argosy_metal.lifecycle.reports import ReportsUnavailableError
from argosy_metal.redfish import BmcInternalError, BmcUnreachableError, WrongServerError

IMAGE = Image("https://provision.hall.test/images/node.iso", "a" * 64)
OTHER_IMAGE = Image("https://provision.hall.test/images/node.iso", "b" * 64)
POST_SECONDS, INSTALL_SECONDS = 120.0, 600.0


class Killed(BaseException):
    """The process dies here."""


class VirtualClock:
    """Sleeping moves it."""

    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.time += seconds
        await asyncio.sleep(0)


@dataclass
class Hardware:
    """One server and its hall's service: a model that counts what is done to it."""

    clock: VirtualClock
    power: str = "Off"
    media: str | None = None
    armed: bool = False
    powered_on_at: float = 0.0
    installing: str | None = None
    installs: int = 0
    report: Report | None = None
    installer_dies: bool = False
    digest: str = "a" * 64
    writes: list[str] = field(default_factory=list[str])
    die_before: int | None = None
    die_after: int | None = None
    fail: Callable[[str], Exception | None] = lambda _operation: None

    async def observe(self, media_url: str | None) -> Observation:
        self._age()
        self._may_fail("observe")
        return Observation(
            self.power, self.media is not None, media_url is not None and self.media == media_url, self.armed
        )

    async def find(self, serial: str) -> Report | None:
        self._age()
        self._may_fail("find")
        return self.report

    async def power_on(self) -> None:
        with self._write("power_on"):
            if self.power == "Off":
                self.power, self.powered_on_at = "On", self.clock.now()

    async def power_off(self) -> None:
        with self._write("power_off"):
            self.power, self.installing = "Off", None

    async def shut_down(self) -> None:
        with self._write("shut_down"):
            self.power = "Off"

    async def insert(self, media_url: str) -> None:
        with self._write("insert"):
            assert self.media is None, "a drive that holds an image takes no other"
            self.media = media_url

    async def eject(self) -> None:
        with self._write("eject"):
            self.media = None

    async def boot_image_once(self) -> None:
        with self._write("boot_image_once"):
            self.armed = True

    async def boot_normally(self) -> None:
        with self._write("boot_normally"):
            self.armed = False

    def _age(self) -> None:
        up = self.clock.now() - self.powered_on_at
        if self.power == "On" and self.armed and up >= POST_SECONDS:
            self.armed = False
            self.installs += 1
            self.installing = self.media
        if self.power == "On" and self.installing and self.installer_dies:
            self.power, self.installing = "Off", None
        if self.power == "On" and self.installing and up >= POST_SECONDS + INSTALL_SECONDS:
            install_id = self.installing.partition("install=")[2].partition("&")[0]
            self.installing, self.report = None, Report(install_id, f"boot-{install_id}", self.digest)

    def _may_fail(self, operation: str) -> None:
        if (error := self.fail(operation)) is not None:
            raise error

    def _write(self, name: str) -> "_Write":
        self._age()
        self._may_fail(name)
        return _Write(self, name)


class _Write:
    def __init__(self, hardware: Hardware, name: str) -> None:
        self._hardware, self._name = hardware, name

    def __enter__(self) -> None:
        if len(self._hardware.writes) == self._hardware.die_before:
            self._hardware.die_before = None
            raise Killed
        self._hardware.writes.append(self._name)

    def __exit__(self, *_: object) -> None:
        if len(self._hardware.writes) == self._hardware.die_after:
            self._hardware.die_after = None
            raise Killed


class World:
    """A claimed server, and runs that come one after another."""

    def __init__(self, folder: Path) -> None:
        self.clock = VirtualClock()
        self.hardware = Hardware(self.clock)
        self.path = folder / "claims.sqlite"
        self.runs = 0
        self.stop = asyncio.Event()
        self.limits = Limits()
        self.begin_run().claim(Claim("hall", "SN1", "train/slot-01", "lab/local", "urn", 0, {}))

    def begin_run(self) -> ClaimStore:
        self.runs += 1
        self.store = ClaimStore(self.path, RunIdentity(f"run-{self.runs}"))
        return self.store

    @property
    def claim(self) -> Claim:
        found = self.store.find("hall", "SN1")
        assert found is not None
        return found

    def machine(self, seconds: float | None = None) -> Machine:
        leash = Leash(self.clock, seconds, self.stop)
        return Machine(
            Journal(self.store, self.claim), self.hardware, self.hardware, self.limits, self.clock, leash
        )

    async def up(self, image: Image = IMAGE, *, online: bool = True, seconds: float | None = None) -> Any:
        self.begin_run()
        return await self.machine(seconds).bring_up(image, online=online)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


async def test_a_claimed_server_becomes_a_running_machine(world: World) -> None:
    running = await world.up()

    assert (Phase.RUNNING, "On") == (world.claim.phase, running.power)
    assert f"boot-{world.claim.install_id}" == running.boot_id
    assert ["insert", "boot_image_once", "power_on", "eject"] == world.hardware.writes


async def test_coming_up_a_second_time_changes_nothing(world: World) -> None:
    first = await world.up()
    writes, claim = list(world.hardware.writes), world.claim

    assert first == await world.up()
    assert (writes, claim) == (world.hardware.writes, world.claim)


async def test_a_server_that_is_off_with_another_image_is_emptied_first(world: World) -> None:
    world.hardware.media = "https://elsewhere.test/other.iso"

    await world.up()

    assert ["eject", "insert", "boot_image_once", "power_on", "eject"] == world.hardware.writes


@pytest.mark.parametrize("moment", ["die_before", "die_after"])
@pytest.mark.parametrize("writes", range(1, 5))
async def test_a_run_killed_at_any_write_is_gone_on_with_and_installs_once(
    world: World, moment: str, writes: int
) -> None:
    setattr(world.hardware, moment, writes - 1 if moment == "die_before" else writes)
    with pytest.raises(Killed):
        await world.up()

    await world.up()

    assert (1, Phase.RUNNING, 1) == (world.hardware.installs, world.claim.phase, world.claim.attempts)


@pytest.mark.parametrize("moment", range(1, 12))
async def test_a_run_killed_at_any_entry_of_the_journal_is_gone_on_with_and_installs_once(
    world: World, moment: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    change, entries = ClaimStore.change, 0

    def killed(store: ClaimStore, claim: Claim, **changes: object) -> Claim:
        nonlocal entries
        entries += 1
        if entries == (moment + 1) // 2 and moment % 2:
            raise Killed
        after = change(store, claim, **changes)
        if entries == moment // 2 and not moment % 2:
            raise Killed
        return after

    monkeypatch.setattr(ClaimStore, "change", killed)
    try:
        await world.up()
    except Killed:
        await world.up()

    assert (1, Phase.RUNNING, 1) == (world.hardware.installs, world.claim.phase, world.claim.attempts)


async def test_an_older_run_that_lives_on_changes_neither_server_nor_claim(world: World) -> None:
    orphan = world.machine()
    world.begin_run().assert_may_write("lab/local")

    with pytest.raises(StaleRunError):
        await orphan.bring_up(IMAGE, online=True)

    assert [] == world.hardware.writes
    assert Phase.CLAIMED == world.claim.phase


def put_the_image_back(world: World) -> None:
    """As a run leaves it that is killed before it ejects the installer."""
    claim = world.claim
    world.hardware.media = IMAGE.media_url(claim.install_id or "")


def take_over_at_look(world: World, number: int) -> Callable[[], int]:
    """A newer run begins during the given look at the server; says how many writes came before."""
    looks, before = 0, len(world.hardware.writes)

    def fail(operation: str) -> None:
        nonlocal looks, before
        looks += operation == "observe"
        if operation == "observe" and looks == number:
            before = len(world.hardware.writes)
            ClaimStore(world.path, RunIdentity("newer")).assert_may_write("lab/local")

    world.hardware.fail = fail
    return lambda: before


@pytest.mark.parametrize("look", [2, 3, 4, 5, 6, 7, 8])
async def test_a_run_that_is_overtaken_between_two_steps_of_an_installation_writes_no_further(
    world: World, look: int
) -> None:
    before = take_over_at_look(world, look)

    with pytest.raises(StaleRunError):
        await world.up()

    assert before() == len(world.hardware.writes)


@pytest.mark.parametrize("look", [1, 2])
async def test_a_run_that_is_overtaken_while_it_takes_down_writes_no_further(world: World, look: int) -> None:
    await world.up()
    put_the_image_back(world)
    world.store.change(world.claim, phase=Phase.LEAVING)
    before = take_over_at_look(world, look)

    with pytest.raises(StaleRunError):
        await world.machine().take_down()

    assert before() == len(world.hardware.writes)


@pytest.mark.parametrize("online", [True, False])
async def test_a_run_that_is_overtaken_before_it_sees_to_the_power_leaves_the_power(
    world: World, online: bool
) -> None:
    await world.up(online=not online)
    world.begin_run().assert_may_write("lab/local")
    before = take_over_at_look(world, 1)

    with pytest.raises(StaleRunError):
        await world.machine().bring_up(IMAGE, online=online)

    assert before() == len(world.hardware.writes)


async def test_a_stop_between_two_steps_is_a_failure_that_names_server_phase_and_next_step(
    world: World,
) -> None:
    def stop(operation: str) -> None:
        if operation == "insert":
            world.stop.set()

    world.hardware.fail = stop
    with pytest.raises(
        InterruptedMachineError, match=r"hall/SN1 \(train/slot-01\): phase preparing: .* next: "
    ):
        await world.up()

    assert ["insert"] == world.hardware.writes, "the step in hand is finished, the next not begun"


@pytest.mark.parametrize("operation", ["insert", "boot_image_once", "power_on", "eject", "observe"])
async def test_a_bmc_that_fails_once_fails_the_machine_and_the_next_run_goes_on(
    world: World, operation: str
) -> None:
    failures = [BmcInternalError("bmc-1", operation, "HTTP 500")]
    world.hardware.fail = lambda here: failures.pop() if here == operation and failures else None

    with pytest.raises(MachineNotReadyError, match=r"hall/SN1 .* phase \w+: .*HTTP 500; next: "):
        await world.up()
    await world.up()

    assert (1, Phase.RUNNING) == (world.hardware.installs, world.claim.phase)


async def test_a_lost_answer_to_power_on_does_not_lead_to_a_second_power_on(world: World) -> None:
    power_on = world.hardware.power_on

    async def answer_lost() -> None:
        await power_on()
        raise BmcUnreachableError("bmc-1", "reset", "connection reset", outcome_unknown=True)

    world.hardware.power_on = answer_lost  # type: ignore[method-assign]
    with pytest.raises(MachineNotReadyError, match="phase booting"):
        await world.up()
    await world.up()

    assert 1 == world.hardware.writes.count("power_on")


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


async def test_swapped_hardware_stops_the_work_at_once_and_is_never_written_to(world: World) -> None:
    world.hardware.fail = lambda operation: WrongServerError("bmc-1", operation, "expected SN1, found SN9")

    with pytest.raises(MachineNotReadyError, match="expected SN1, found SN9") as error:
        await world.up()

    assert [] == world.hardware.writes
    assert "run `argosy plan` with the fleet's name, then `pulumi up`" in str(error.value)
    assert "goes on from this phase" not in str(error.value), "the phase is another server's"


async def test_hardware_that_is_swapped_while_it_installs_is_told_at_the_first_look(world: World) -> None:
    world.hardware.fail = lambda operation: (
        WrongServerError("bmc-1", operation, "expected SN1, found SN9")
        if operation == "observe" and world.clock.now() > 300
        else None
    )

    with pytest.raises(MachineNotReadyError, match="found SN9"):
        await world.up()

    assert world.clock.now() <= 300 + 2 * world.limits.poll_seconds


async def test_a_server_that_is_off_only_while_it_reboots_is_still_installing(world: World) -> None:
    moments = range(300, 320)

    def reboot(operation: str) -> None:
        if operation == "observe" and world.hardware.installing:
            world.hardware.power = "Off" if int(world.clock.now()) in moments else "On"

    world.hardware.fail = reboot
    world.limits = Limits(poll_seconds=20.0)
    await world.up()

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


async def test_the_time_given_to_the_resource_is_kept(world: World) -> None:
    with pytest.raises(MachineNotReadyError, match="time given to this resource is over"):
        await world.up(seconds=60.0)

    assert world.clock.now() < 120


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


async def test_another_image_than_an_interrupted_run_began_with_starts_over(world: World) -> None:
    world.hardware.die_after = 2
    with pytest.raises(Killed):
        await world.up(OTHER_IMAGE)

    await world.up(IMAGE)

    assert (1, IMAGE.sha256) == (world.hardware.installs, world.claim.image_sha256)


async def test_a_machine_that_runs_is_not_wiped_because_a_state_was_lost(world: World) -> None:
    await world.up()

    with pytest.raises(MachineError, match="runs another image already"):
        await world.up(OTHER_IMAGE)

    assert (1, Phase.RUNNING) == (world.hardware.installs, world.claim.phase)


async def test_power_follows_online(world: World) -> None:
    await world.up()

    assert "Off" == (await world.up(online=False)).power
    assert "On" == (await world.up(online=True)).power
    assert 1 == world.hardware.installs


async def test_taking_down_ejects_and_powers_off_and_leaves_the_claim(world: World) -> None:
    world.hardware.die_after = 2
    with pytest.raises(Killed):
        await world.up()

    await world.machine().take_down()

    assert ("Off", None, False) == (world.hardware.power, world.hardware.media, world.hardware.armed)
    assert (Phase.CLAIMED, None, 0) == (world.claim.phase, world.claim.install_id, world.claim.attempts)


async def test_taking_down_a_server_that_was_never_touched_asks_no_bmc(world: World) -> None:
    world.hardware.fail = lambda operation: BmcUnreachableError("bmc-1", operation, "timeout")

    await world.machine().take_down()

    assert Phase.CLAIMED == world.claim.phase


async def test_taking_down_leaves_someone_elses_image_in_the_drive(world: World) -> None:
    await world.up()
    world.hardware.media = "https://elsewhere.test/rescue.iso"

    await world.machine().take_down()

    assert "https://elsewhere.test/rescue.iso" == world.hardware.media


async def test_a_stop_is_heard_before_anything_is_taken_down(world: World) -> None:
    await world.up()
    writes = list(world.hardware.writes)
    world.stop.set()

    with pytest.raises(InterruptedMachineError, match="phase leaving"):
        await world.machine().take_down()

    assert writes == world.hardware.writes


@pytest.mark.parametrize("moment", ["die_before", "die_after"])
@pytest.mark.parametrize("write", [0, 1])
async def test_a_machine_whose_taking_down_was_killed_is_brought_back_without_a_second_install(
    world: World, moment: str, write: int
) -> None:
    await world.up()
    put_the_image_back(world)
    done = len(world.hardware.writes)
    setattr(world.hardware, moment, done + write + (moment == "die_after"))
    with pytest.raises(Killed):
        await world.machine().take_down()
    assert Phase.LEAVING == world.claim.phase

    running = await world.up()

    assert ("On", Phase.RUNNING) == (running.power, world.claim.phase)
    assert ("On", None) == (world.hardware.power, world.hardware.media)
    assert (1, 1) == (world.hardware.installs, world.claim.attempts)


async def test_a_machine_whose_taking_down_was_killed_is_taken_down_by_the_next(world: World) -> None:
    await world.up()
    world.hardware.die_after = len(world.hardware.writes) + 1
    with pytest.raises(Killed):
        await world.machine().take_down()

    world.begin_run()
    await world.machine().take_down()

    assert (Phase.CLAIMED, "Off") == (world.claim.phase, world.hardware.power)


async def test_an_unfinished_installation_whose_taking_down_was_killed_begins_anew(world: World) -> None:
    world.hardware.die_after = 3
    with pytest.raises(Killed):
        await world.up()
    world.hardware.die_after = 4
    with pytest.raises(Killed):
        await world.machine().take_down()
    assert Phase.LEAVING == world.claim.phase

    await world.up()

    assert (Phase.RUNNING, 2) == (world.claim.phase, world.claim.machine_number)


async def test_a_server_that_still_powers_off_is_waited_for_and_switched_on_again(world: World) -> None:
    await world.up()
    world.store.change(world.claim, phase=Phase.LEAVING)
    world.hardware.power, off_at = "PoweringOff", world.clock.now() + 30

    def settle(operation: str) -> None:
        if world.hardware.power == "PoweringOff" and world.clock.now() >= off_at:
            world.hardware.power = "Off"

    world.hardware.fail = settle

    assert "On" == (await world.up()).power
    assert "On" == world.hardware.power


@pytest.mark.parametrize("report", [None, Report("of-another-store", "boot", None)])
@pytest.mark.parametrize("phase", [Phase.CLAIMED, Phase.PREPARING])
async def test_a_server_that_is_on_and_was_never_ours_is_refused_and_left_on(
    world: World, report: Report | None, phase: Phase
) -> None:
    if phase is Phase.PREPARING:
        world.hardware.die_before = 0
        with pytest.raises(Killed):
            await world.up()
    world.hardware.power, world.hardware.report = "On", report

    found = "install of-another-store was reported" if report else "no system has reported"
    with pytest.raises(MachineNotReadyError, match=f"{found}.*left alone; next: .*power it off by hand"):
        await world.up()
    await world.machine().take_down()

    assert ([], "On") == (world.hardware.writes, world.hardware.power)


async def test_a_server_that_others_have_installed_since_is_not_powered_off(world: World) -> None:
    await world.up()
    writes = list(world.hardware.writes)
    world.hardware.report = Report("of-another-store", "boot", None)

    with pytest.raises(MachineNotReadyError, match="install of-another-store was reported"):
        await world.machine().take_down()
    assert Phase.RUNNING == world.claim.phase, "it was not even begun"
    world.store.change(world.claim, phase=Phase.FAILED)
    with pytest.raises(MachineNotReadyError, match="install of-another-store was reported"):
        await world.up()

    assert (writes, "On") == (world.hardware.writes, world.hardware.power)
    assert Phase.FAILED == world.claim.phase, "it is not forgotten either"


async def test_a_server_that_others_have_installed_between_two_attempts_is_not_powered_off(
    world: World,
) -> None:
    await world.up()
    world.store.change(world.claim, phase=Phase.PREPARING, attempts=2, install_id="second-attempt")
    writes = list(world.hardware.writes)
    world.hardware.report = Report("of-another-store", "boot", None)

    with pytest.raises(MachineNotReadyError, match="install of-another-store was reported"):
        await world.up()

    assert (writes, "On") == (world.hardware.writes, world.hardware.power)


async def test_a_report_from_before_does_not_keep_a_server_from_being_taken_down(world: World) -> None:
    world.hardware.report = Report("of-another-store", "boot", None)
    world.hardware.die_after = 3
    with pytest.raises(Killed):
        await world.up()

    await world.machine().take_down()

    assert ("Off", Phase.CLAIMED) == (world.hardware.power, world.claim.phase)


async def test_another_claims_store_does_not_take_an_installed_system_for_its_own(
    world: World, tmp_path: Path
) -> None:
    await world.up()
    (tmp_path / "other").mkdir()
    other = World(tmp_path / "other")
    other.hardware, other.clock = world.hardware, world.clock

    with pytest.raises(MachineNotReadyError, match=f"install {world.claim.install_id} was reported"):
        await other.up()
    world.hardware.power = "Off"
    await other.up()

    assert 2 == world.hardware.installs, "powered off by hand: it is free, and installed anew"
    assert world.claim.install_id != other.claim.install_id


async def test_the_machine_after_a_deleted_one_has_another_install_id(world: World) -> None:
    await world.up()
    first = world.claim.install_id
    await world.machine().take_down()

    await world.up()

    assert first != world.claim.install_id
    assert 2 == world.hardware.installs


def test_limits_shrink_with_the_halls_clock_but_not_below_what_a_computer_needs() -> None:
    scaled = Limits().scaled(600)

    assert (60.0, 0.5, 30.0) == (scaled.install_seconds, scaled.poll_seconds, scaled.power_seconds)
    assert Limits() == Limits().scaled(1)
