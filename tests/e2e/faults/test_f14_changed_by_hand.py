"""F14: servers are changed by hand, outside of every run. It is reported as drift, and nothing is guessed."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace

from argosy_metal.claims import RunIdentity, SqliteClaimStore

from .engine_model import CLAIM_TYPE, MACHINE_TYPE, Engine, Snapshot, urn_of
from .invariants import assert_tells
from .memory_hall import STACK, MemoryHall

CLAIM_URN, MACHINE_URN = urn_of(STACK, CLAIM_TYPE, "SN1"), urn_of(STACK, MACHINE_TYPE, "SN1")


def test_a_server_that_is_taken_out_of_its_rack_is_told_and_not_taken_for_gone(hall: MemoryHall) -> None:
    hall.up()
    hall.switch("server SN1", on=False)

    told = hall.refresh()

    assert [MACHINE_URN] == list(told)
    assert_tells(told[MACHINE_URN].removeprefix("failed: "), "hall/SN1")
    assert "is not taken for gone" in told[MACHINE_URN]
    assert MACHINE_URN in hall.states[STACK].entries
    hall.switch("server SN1", on=True)
    hall.clock.advance(120)
    hall.refresh()
    assert {} == hall.up()
    hall.assert_safe()
    assert [1] * 4 == hall.counted("installs_started")


def test_a_server_that_is_switched_off_is_drift_and_switched_on_again(hall: MemoryHall) -> None:
    hall.up()
    hall.switch("power SN1", on=False)
    hall.clock.advance(60)

    assert {MACHINE_URN: "changed"} == hall.refresh()

    hall.assert_whole()


def test_a_server_that_was_given_to_another_by_hand_is_gone_from_this_stack(hall: MemoryHall) -> None:
    hall.up()
    with closing(SqliteClaimStore(hall.claims_path, RunIdentity("by hand"))) as store:
        held = store.find("hall", "SN1")
        assert held is not None
        store.release(held)
        store.claim(replace(held, owner="lab/hand", holder="a person"))
    hall.states["lab/hand"] = Snapshot()

    assert {CLAIM_URN: "gone", MACHINE_URN: "gone"} == hall.refresh()

    failed = hall.up()
    assert [CLAIM_URN] == list(failed)
    assert "is owned by stack lab/hand" in failed[CLAIM_URN]
    hall.assert_safe()
    assert "On" == hall.servers["SN1"]["power"], "it is another's now, and was left alone"


def test_other_hardware_at_the_address_is_told_and_nothing_is_written_to_it(hall: MemoryHall) -> None:
    hall.up()
    hall.simulation.swap("SN1", "SPARE")

    told = hall.refresh()

    assert [MACHINE_URN] == list(told)
    assert "was the hardware swapped?" in told[MACHINE_URN]
    assert not hall.simulation.bmc("SPARE").traffic.writes
    assert [] == [urn for urn in hall.up() if "SN1" not in urn]
    assert not hall.simulation.bmc("SPARE").traffic.writes


def test_a_pool_that_shrinks_and_grows_gives_back_and_takes_up_its_servers(hall: MemoryHall) -> None:
    hall.up()
    state = hall.states[STACK]
    gone = {urn: entry for urn, entry in state.entries.items() if entry.resource_id == "hall/SN4"}

    async def delete(engine: Engine) -> None:
        for entry in sorted(gone.values(), key=lambda entry: MACHINE_TYPE not in entry.urn):
            assert await engine.delete(entry) is None

    hall.run(delete)

    assert ["SN1", "SN2", "SN3"] == [claim.serial for claim in hall.claims]
    assert "Off" == hall.servers["SN4"]["power"]
    assert {} == hall.up()
    assert [1, 1, 1, 2] == hall.counted("installs_started")
