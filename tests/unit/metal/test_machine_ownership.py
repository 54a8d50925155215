"""What is not provably ours is never switched off, installed or wiped."""

from pathlib import Path

import pytest

from argosy_metal.claims import Phase
from argosy_metal.lifecycle import MachineError, MachineNotReadyError, Report
from argosy_metal.redfish import WrongServerError

from .lifecycle_world import OTHER_IMAGE, Killed, World


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


async def test_a_machine_that_runs_is_not_wiped_because_a_state_was_lost(world: World) -> None:
    await world.up()

    with pytest.raises(MachineError, match="runs another image already"):
        await world.up(OTHER_IMAGE)

    assert (1, Phase.RUNNING) == (world.hardware.installs, world.claim.phase)


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
