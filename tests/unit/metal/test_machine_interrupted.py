"""A machine comes up from wherever a run left it, and is never installed twice."""

from collections.abc import Callable

import pytest

from argosy_metal.claims import Claim, Phase, RunIdentity, SqliteClaimStore, StaleRunError
from argosy_metal.lifecycle import InterruptedMachineError, MachineNotReadyError, Wanted, Wipe, WipePolicy
from argosy_metal.redfish import BmcUnreachableError

from .lifecycle_world import IMAGE, OTHER_IMAGE, Killed, World


def put_the_image_back(world: World) -> None:
    """As a run leaves it that is killed before it ejects the installer."""
    install_id = world.claim.install_id or ""
    world.hardware.media = IMAGE.media_url(install_id, world.hardware.image_key(install_id))


def take_over_at_look(world: World, number: int) -> Callable[[], int]:
    """A newer run begins during the given look at the server; says how many writes came before."""
    looks, before = 0, len(world.hardware.writes)

    def fail(operation: str) -> None:
        nonlocal looks, before
        looks += operation == "observe"
        if operation == "observe" and looks == number:
            before = len(world.hardware.writes)
            SqliteClaimStore(world.path, RunIdentity("newer")).assert_may_write("lab/local")

    world.hardware.fail = fail
    return lambda: before


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
    change, entries = SqliteClaimStore.change, 0

    def killed(store: SqliteClaimStore, claim: Claim, **changes: object) -> Claim:
        nonlocal entries
        entries += 1
        if entries == (moment + 1) // 2 and moment % 2:
            raise Killed
        after = change(store, claim, **changes)
        if entries == moment // 2 and not moment % 2:
            raise Killed
        return after

    monkeypatch.setattr(SqliteClaimStore, "change", killed)
    try:
        await world.up()
    except Killed:
        await world.up()

    assert (1, Phase.RUNNING, 1) == (world.hardware.installs, world.claim.phase, world.claim.attempts)


async def test_an_older_run_that_lives_on_changes_neither_server_nor_claim(world: World) -> None:
    orphan = world.machine()
    world.begin_run().assert_may_write("lab/local")

    with pytest.raises(StaleRunError):
        await orphan.bring_up(Wanted(IMAGE), online=True)

    assert [] == world.hardware.writes
    assert Phase.CLAIMED == world.claim.phase


@pytest.mark.parametrize("look", [2, 3, 4, 5, 6, 7, 8])
async def test_a_run_that_is_overtaken_between_two_steps_of_an_installation_writes_no_further(
    world: World, look: int
) -> None:
    before = take_over_at_look(world, look)

    with pytest.raises(StaleRunError):
        await world.up()

    assert before() == len(world.hardware.writes)


async def test_a_run_that_is_overtaken_before_it_offers_an_installation_offers_nothing(world: World) -> None:
    take_over_at_look(world, 2)

    with pytest.raises(StaleRunError):
        await world.up()

    assert Phase.PREPARING == world.claim.phase
    assert {} == world.hardware.offers


async def test_a_run_that_is_overtaken_before_it_wipes_once_more_wipes_nothing(world: World) -> None:
    await world.up(Wanted(IMAGE, wipe=Wipe(WipePolicy.ERASE, "CryptographicErase")))
    world.hardware.die_before = len(world.hardware.writes) + 1
    with pytest.raises(Killed):
        await world.machine().take_down()
    assert (Phase.WIPING, "Off") == (world.claim.phase, world.hardware.power)
    world.begin_run().assert_may_write("lab/local")
    before = take_over_at_look(world, 1)

    with pytest.raises(StaleRunError):
        await world.machine().take_down()

    assert before() == len(world.hardware.writes)
    assert "wipe" not in world.hardware.writes


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
        await world.machine().bring_up(Wanted(IMAGE), online=online)

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


async def test_the_time_given_to_the_resource_is_kept(world: World) -> None:
    with pytest.raises(MachineNotReadyError, match="time given to this resource is over"):
        await world.up(seconds=60.0)

    assert world.clock.now() < 120


async def test_another_image_than_an_interrupted_run_began_with_starts_over(world: World) -> None:
    world.hardware.die_after = 2
    with pytest.raises(Killed):
        await world.up(OTHER_IMAGE)

    await world.up(IMAGE)

    assert (1, IMAGE.sha256) == (world.hardware.installs, world.claim.image_sha256)


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
