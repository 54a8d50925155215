"""Taking down touches what is ours, and leaves the claim."""

import pytest

from argosy_metal.claims import Phase
from argosy_metal.redfish import BmcUnreachableError

from .lifecycle_world import Killed, World


async def test_taking_down_ejects_and_powers_off_and_leaves_the_claim(world: World) -> None:
    world.hardware.die_after = 2
    with pytest.raises(Killed):
        await world.up()

    await world.machine().take_down()

    assert ("Off", None, None) == (world.hardware.power, world.hardware.media, world.hardware.armed)
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
