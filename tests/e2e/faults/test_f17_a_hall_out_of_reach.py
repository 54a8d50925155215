"""F17: a whole hall is out of reach. Its own stack says so, and the stacks of other halls go on."""

from __future__ import annotations

from typing import Any

from .engine_model import CLAIM_TYPE, MACHINE_TYPE, Engine, Part, urn_of
from .invariants import assert_in_time, assert_tells
from .memory_hall import MemoryHall

SOUTH = "lab/south"


def south(hall: MemoryHall) -> tuple[Part, Part]:
    """The one server of the other hall, as a stack of its own declares it."""
    claim, machine = hall.parts("SN1", SOUTH)
    there: dict[str, Any] = {"site": "south", "serial": "SOUTH1", "bmc": "https://bmc-1.south.test"}
    image = {**machine.inputs["image"], "url": "https://provision.south.test/images/node.iso"}
    return (
        Part(urn_of(SOUTH, CLAIM_TYPE, "SOUTH1"), {**claim.inputs, **there}),
        Part(
            urn_of(SOUTH, MACHINE_TYPE, "SOUTH1"),
            {**machine.inputs, "serverId": "south/SOUTH1", "image": image},
        ),
    )


def test_a_hall_out_of_reach_fails_its_own_stack_in_time_and_no_other(hall: MemoryHall) -> None:
    hall.switch("uplink hall/uplink", on=False)
    before = hall.clock.now()

    failed = hall.up()

    assert_in_time(hall.clock.now() - before)
    assert len(hall.serials) == len(failed)
    assert all("next: " in told for told in failed.values())
    for urn, told in failed.items():
        assert_tells(told, f"hall/{urn.rpartition(':')[2]}")

    async def up_south(engine: Engine) -> dict[str, str]:
        await engine.configure({**hall.config, "phoneHome": "https://provision.south.test/phone-home"})
        return await engine.up([south(hall)])

    assert {} == hall.run(up_south, SOUTH)
    assert "running" == next(claim.phase.value for claim in hall.claims if claim.site == "south")
    hall.switch("uplink hall/uplink", on=True)
    assert {} == hall.up()
    assert {"running"} == set(hall.phases)


def test_a_hall_that_loses_its_uplink_during_a_run_is_gone_on_with(hall: MemoryHall) -> None:
    assert hall.killed_up(200)
    hall.switch("uplink hall/uplink", on=False)
    assert hall.up()
    hall.assert_safe()

    hall.switch("uplink hall/uplink", on=True)

    hall.assert_whole()
