"""A claimed server becomes a running machine, and coming up again changes nothing."""

from argosy_metal.claims import Phase
from argosy_metal.lifecycle import Limits

from .lifecycle_world import World


async def test_a_claimed_server_becomes_a_running_machine(world: World) -> None:
    running = await world.up()

    assert (Phase.RUNNING, "On") == (world.claim.phase, running.power)
    assert f"boot-{world.claim.install_id}" == running.boot_id
    assert ["insert", "boot_once", "power_on", "eject"] == world.hardware.writes


async def test_coming_up_a_second_time_changes_nothing(world: World) -> None:
    first = await world.up()
    writes, claim = list(world.hardware.writes), world.claim

    assert first == await world.up()
    assert (writes, claim) == (world.hardware.writes, world.claim)


async def test_a_server_that_is_off_with_another_image_is_emptied_first(world: World) -> None:
    world.hardware.media = "https://elsewhere.test/other.iso"

    await world.up()

    assert ["eject", "insert", "boot_once", "power_on", "eject"] == world.hardware.writes


async def test_power_follows_online(world: World) -> None:
    await world.up()

    assert "Off" == (await world.up(online=False)).power
    assert "On" == (await world.up(online=True)).power
    assert 1 == world.hardware.installs


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
