"""A machine that is recorded as running, and of which something else was heard: told, and left alone."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from argosy_metal.claims import Phase
from argosy_metal.lifecycle import MachineError, MachineNotReadyError, Report
from argosy_metal.provider.failures import PartialFailureError
from argosy_metal.simulator import image_sha256

from .lifecycle_world import World
from .setup_halls import Setup, claimed_server

MACHINE = "baremetal:index:Machine"
IMAGE = {"url": "https://provision.hall.test/images/node.iso", "sha256": image_sha256("node")}
OTHER = "0" * 24


async def read(world: World) -> None:
    """As the provider reads it, which tells what is in doubt."""
    seen = await world.machine().look()
    assert seen.doubt is not None
    raise seen.doubt


OPERATIONS: dict[str, Callable[[World], Awaitable[Any]]] = {
    "read": read,
    "up": lambda world: world.up(),
    "destroy": lambda world: world.machine().take_down(),
}


@pytest.fixture
async def setup(tmp_path: Path) -> AsyncIterator[Setup]:
    async with claimed_server(tmp_path, vendor=None, server_type="dgx-h200") as found:
        yield found


def hear_another(setup: Setup) -> None:
    """Somebody's report takes the place of the machine's own."""
    state = setup.bmc.machine.state
    assert state.phone_home is not None
    state.phone_home = replace(state.phone_home, install_id=OTHER)


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_another_install_is_told_with_both_ids_and_the_machine_left_alone(
    world: World, operation: str
) -> None:
    await world.up()
    writes, ours = list(world.hardware.writes), world.claim.install_id
    world.hardware.report = Report(OTHER, "boot", None)

    with pytest.raises(
        MachineNotReadyError,
        match=rf"install {OTHER} was reported last, and not ours, {ours}, which is recorded as running;"
        r" it was left alone; next: look at what runs there .* reboot it, .* power it off by hand, and",
    ):
        await OPERATIONS[operation](world)

    assert (writes, "On", Phase.RUNNING) == (world.hardware.writes, world.hardware.power, world.claim.phase)


async def test_an_install_that_was_over_before_ours_and_is_heard_again_is_not_powered_off(
    world: World,
) -> None:
    before = world.hardware.report = Report("of-another-store", "boot", None)
    await world.up()
    world.hardware.report = before

    with pytest.raises(MachineError, match="install of-another-store was reported last"):
        await world.machine().take_down()

    assert "On" == world.hardware.power


@pytest.mark.parametrize("operation", ["read", "up"])
async def test_a_service_that_has_lost_its_reports_does_not_make_a_machine_gone(
    world: World, operation: str
) -> None:
    await world.up()
    world.hardware.report = None

    with pytest.raises(MachineNotReadyError, match=f"knows no report of install {world.claim.install_id}"):
        await OPERATIONS[operation](world)


async def test_a_machine_whose_last_word_is_a_failure_is_told_with_it(world: World) -> None:
    await world.up()
    assert world.hardware.report is not None
    world.hardware.report = replace(world.hardware.report, failure="no disk")

    with pytest.raises(MachineNotReadyError, match="has reported last that its installer gave up: no disk"):
        await read(world)


async def test_a_server_that_was_powered_off_by_hand_is_taken_down_whoever_ran_on_it(world: World) -> None:
    await world.up()
    world.hardware.power, world.hardware.report = "Off", Report(OTHER, "boot", None)

    await world.machine().take_down()

    assert Phase.CLAIMED is world.claim.phase


async def test_a_refresh_fails_and_does_not_take_the_machine_for_gone(setup: Setup) -> None:
    state = await setup.create(MACHINE, image=IMAGE)
    hear_another(setup)

    with pytest.raises(MachineError, match=f"{OTHER} was reported last, and not ours, {state['installId']}"):
        await setup.read(MACHINE, state)


async def test_a_machine_of_others_is_destroyed_once_somebody_has_powered_it_off(setup: Setup) -> None:
    state = await setup.create(MACHINE, image=IMAGE)
    hear_another(setup)
    setup.bmc.machine.press_button(on=False, now=setup.clock.now())

    await setup.delete(MACHINE, state)

    held = setup.provider.hall().store.find("hall", "SN1")
    assert held is not None
    assert Phase.CLAIMED is held.phase


async def test_up_and_destroy_leave_the_machine_alone_and_it_runs_on(setup: Setup) -> None:
    state = await setup.create(MACHINE, image=IMAGE)
    own = setup.bmc.machine.state.phone_home
    hear_another(setup)
    writes = setup.writes()

    with pytest.raises(PartialFailureError, match=f"{OTHER} was reported last"):
        await setup.update(MACHINE, state, image=IMAGE)
    # A later program names it no more.
    setup.again()
    with pytest.raises(MachineError, match=f"{OTHER} was reported last"):
        await setup.delete(MACHINE, state)

    def without_logins(found: list[tuple[str, str]]) -> list[tuple[str, str]]:
        return [write for write in found if write[1] != "Sessions"]

    assert without_logins(writes) == without_logins(setup.writes())
    setup.bmc.machine.state.phone_home = own
    assert state["bootId"] == (await setup.read(MACHINE, state)).outputs["bootId"]
