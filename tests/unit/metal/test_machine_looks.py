"""A BMC is looked at no oftener than it must be: its answers take seconds, and it bears few at once."""

from collections import Counter

import pytest

from argosy_metal.lifecycle import MachineNotReadyError

from .lifecycle_world import INSTALL_SECONDS, POST_SECONDS, World

WAITING_POLLS = (POST_SECONDS + INSTALL_SECONDS) / 10


async def test_while_a_server_installs_its_report_is_asked_for_often_and_its_bmc_seldom(world: World) -> None:
    asked = Counter[str]()
    world.hardware.fail = lambda operation: asked.update([operation])

    await world.up()

    assert asked["find"] >= WAITING_POLLS
    assert asked["observe"] <= WAITING_POLLS / 3 + 20


async def test_a_server_that_goes_off_while_it_installs_is_seen_within_three_polls(world: World) -> None:
    off_at = POST_SECONDS + 55

    def cut(operation: str) -> None:
        if world.hardware.power == "On" and world.clock.now() >= off_at:
            world.hardware.power, world.hardware.installing = "Off", None

    world.hardware.fail = cut

    with pytest.raises(MachineNotReadyError, match="went off before its installed system reported"):
        await world.up()

    # One more poll, since a reboot may look like that for a moment.
    assert world.clock.now() <= off_at + (world.limits.polls_per_look + 1 + 1) * world.limits.poll_seconds


async def test_what_a_step_has_shown_is_not_looked_at_again_before_the_next(world: World) -> None:
    asked: list[str] = []
    world.hardware.fail = asked.append

    await world.up()

    inserted = asked.index("insert")
    assert ["insert", "observe", "boot_once", "observe"] == asked[inserted : inserted + 4]


async def test_a_server_is_looked_at_right_before_it_is_switched_on(world: World) -> None:
    asked: list[str] = []
    world.hardware.fail = asked.append

    await world.up()

    assert "observe" == asked[asked.index("power_on") - 1]
