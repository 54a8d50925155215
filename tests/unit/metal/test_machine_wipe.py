"""A demanded wipe is done and proven before a server is given back, and only where it is ours."""

import pytest

from argosy_metal.claims import Phase
from argosy_metal.lifecycle import MachineNotReadyError, Report, Wanted, Wipe, WipePolicy, owes_wipe
from argosy_metal.redfish import BmcInternalError

from .lifecycle_world import IMAGE, OTHER_IMAGE, Killed, World

ERASE = Wipe(WipePolicy.ERASE, "CryptographicErase")
WANTED = Wanted(IMAGE, wipe=ERASE)


def owes(world: World) -> bool:
    return owes_wipe(world.claim.wipe, world.claim.wipe_proof)


async def test_a_machine_that_demands_it_is_wiped_after_it_is_off_and_the_proof_is_kept(world: World) -> None:
    await world.up(WANTED)
    assert owes(world)

    await world.machine().take_down()

    assert ["power_off", "wipe"] == world.hardware.writes[-2:]
    assert '{"wiped": "erase:CryptographicErase"}' == world.claim.wipe_proof
    assert (Phase.CLAIMED, False) == (world.claim.phase, owes(world))


async def test_a_machine_that_demands_nothing_is_not_wiped(world: World) -> None:
    await world.up()
    await world.machine().take_down()

    assert "wipe" not in world.hardware.writes


async def test_a_server_on_which_nothing_of_ours_ever_ran_is_not_wiped(world: World) -> None:
    world.hardware.die_after = 2
    with pytest.raises(Killed):
        await world.up(WANTED)

    await world.machine().take_down()

    assert "wipe" not in world.hardware.writes
    assert not owes(world)


async def test_a_wipe_that_fails_leaves_the_wipe_owed_and_is_told(world: World) -> None:
    await world.up(WANTED)
    world.hardware.fail = lambda operation: (
        BmcInternalError("bmc-1", operation, "HTTP 500") if operation == "wipe" else None
    )

    with pytest.raises(MachineNotReadyError, match="phase wiping: wipe: HTTP 500"):
        await world.machine().take_down()

    assert (Phase.WIPING, True) == (world.claim.phase, owes(world))


@pytest.mark.parametrize("moment", ["die_before", "die_after"])
async def test_a_wipe_that_was_killed_is_ended_by_the_next_run(world: World, moment: str) -> None:
    await world.up(WANTED)
    done = len(world.hardware.writes)
    setattr(world.hardware, moment, done + 1 + (moment == "die_after"))
    with pytest.raises(Killed):
        await world.machine().take_down()
    assert Phase.WIPING == world.claim.phase

    world.begin_run()
    await world.machine().take_down()

    assert (Phase.CLAIMED, False) == (world.claim.phase, owes(world))


async def test_a_machine_whose_wipe_has_begun_comes_back_only_by_a_new_installation(world: World) -> None:
    await world.up(WANTED)
    world.hardware.die_before = len(world.hardware.writes) + 1
    with pytest.raises(Killed):
        await world.machine().take_down()

    await world.up(WANTED)

    assert 2 == world.hardware.installs
    assert owes(world), "the new machine's own wipe is to come"


async def test_a_server_that_others_have_installed_since_is_not_wiped(world: World) -> None:
    await world.up(WANTED)
    world.hardware.power, world.hardware.report = "Off", Report("of-another-store", "boot", None)

    with pytest.raises(MachineNotReadyError, match="install of-another-store was reported"):
        await world.machine().take_down()

    assert "wipe" not in world.hardware.writes
    assert owes(world)


async def test_another_policy_counts_without_a_new_installation(world: World) -> None:
    await world.up()
    await world.up(WANTED)
    assert ("erase:CryptographicErase", 1) == (world.claim.wipe, world.hardware.installs)

    await world.up()
    assert not owes(world)


async def test_an_interrupted_installation_of_another_image_is_dropped_without_a_wipe_that_stays_owed(
    world: World,
) -> None:
    world.hardware.die_after = 3
    with pytest.raises(Killed):
        await world.up(WANTED)

    world.hardware.digest = "b" * 64
    await world.up(Wanted(OTHER_IMAGE, wipe=ERASE))

    assert "wipe" not in world.hardware.writes
    assert owes(world)


async def test_a_policy_that_cannot_be_carried_out_is_refused_before_anything_is_installed(
    world: World,
) -> None:
    with pytest.raises(MachineNotReadyError, match="it cannot; next: give another wipe policy"):
        await world.up(Wanted(IMAGE, wipe=Wipe(WipePolicy.METADATA)))

    assert [] == world.hardware.writes


async def test_a_stop_is_heard_before_a_wipe_begins(world: World) -> None:
    await world.up(WANTED)

    def stop(operation: str) -> None:
        if operation == "power_off":
            world.stop.set()

    world.hardware.fail = stop
    with pytest.raises(MachineNotReadyError, match="told to stop"):
        await world.machine().take_down()

    assert "wipe" not in world.hardware.writes
    assert owes(world)


async def test_a_wipe_that_a_dropped_attempt_left_owed_is_done_before_the_server_is_given_back(
    world: World,
) -> None:
    world.hardware.die_after = 3
    with pytest.raises(Killed):
        await world.up(WANTED)
    world.hardware.fail = lambda operation: (
        BmcInternalError("bmc-1", operation, "HTTP 500")
        if operation == "observe" and world.claim.phase is Phase.CLAIMED
        else None
    )
    with pytest.raises(MachineNotReadyError, match="phase claimed: observe: HTTP 500"):
        await world.up(Wanted(OTHER_IMAGE, wipe=ERASE))
    assert (Phase.CLAIMED, True) == (world.claim.phase, owes(world))

    world.hardware.fail = lambda _operation: None
    await world.machine().take_down()

    assert ["power_off", "wipe"] == [name for name in world.hardware.writes if name in ("power_off", "wipe")]
    assert not owes(world)
