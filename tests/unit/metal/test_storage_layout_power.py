"""A server is on while its volumes are worked on: what shows only then, and whose that power is."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from argosy_metal.claims import Phase
from argosy_metal.lifecycle import Leash, MachineError
from argosy_metal.lifecycle.setup_power import SetupPower

from .setup_halls import Setup, claimed_server

STORAGE = "baremetal:index:StorageLayout"
OS: dict[str, Any] = {"name": "os", "raid": "RAID1", "drives": {"count": 2, "protocol": "SATA"}}
MIRROR: dict[str, Any] = {"name": "mirror", "raid": "RAID1", "drives": {"slots": ["Bay-0", "Bay-1"]}}


@pytest.fixture
async def setup(tmp_path: Path) -> AsyncIterator[Setup]:
    async with claimed_server(tmp_path) as made:
        yield made


def names(setup: Setup) -> set[str]:
    """Of all volumes, without the claim's mark."""
    return {volume.name.partition("-")[0] for volume in setup.bmc.machine.state.parts.volumes.values()}


def show_once_on(setup: Setup, drive: str) -> None:
    """A volume of somebody else that the BMC does not show while the server is off."""
    machine, hidden = setup.bmc.machine, ["legacy"]
    advance = machine.advance

    def watch(now: float) -> None:
        advance(now)
        if hidden and machine.state.power == "On":
            machine.state.parts.create_volume(hidden.pop(), "RAID0", [drive], 480 * 10**9, 0)

    machine.advance = watch


async def leave_on(setup: Setup) -> None:
    """As a run leaves the server that is killed while it works on the drives."""
    hall = setup.provider.hall()
    async with hall.setup(await hall.own_claim("hall/SN1", "lab/local"), Leash(setup.clock)) as (access, *_):
        await SetupPower(access, hall.budgets.power_ons).up()
    setup.again()


async def test_a_conflict_that_shows_only_once_the_server_is_on_touches_no_volume(setup: Setup) -> None:
    await setup.create(STORAGE, volumes=[OS])
    show_once_on(setup, "Bay-0")

    with pytest.raises(MachineError) as refused:
        await setup.create(STORAGE, volumes=[MIRROR])

    assert "drive Bay-0 is part of volume legacy, which this layout did not make" in str(refused.value)
    assert "no volume was touched" in str(refused.value)
    assert {"os", "legacy"} == names(setup)
    assert "Off" == setup.bmc.machine.state.power
    assert "setupPower" not in setup.record()


async def test_a_volume_that_shows_only_once_the_server_is_on_is_taken_over_on_the_programs_word(
    setup: Setup,
) -> None:
    show_once_on(setup, "Bay-0")

    await setup.create(STORAGE, volumes=[MIRROR], takeOver=True)

    assert {"mirror"} == names(setup)


async def test_a_machine_that_was_begun_since_a_run_was_killed_is_not_powered_off_for_that_run(
    setup: Setup,
) -> None:
    outputs = await setup.create(STORAGE, volumes=[OS])
    await leave_on(setup)
    setup.phase_is(Phase.RUNNING)

    await setup.update(STORAGE, outputs, volumes=[OS])

    assert "On" == setup.bmc.machine.state.power


async def test_a_server_that_a_killed_run_left_on_is_switched_off_by_the_next(setup: Setup) -> None:
    outputs = await setup.create(STORAGE, volumes=[OS])
    await leave_on(setup)

    await setup.update(STORAGE, outputs, volumes=[OS])

    assert "Off" == setup.bmc.machine.state.power
    assert "setupPower" not in setup.record()
