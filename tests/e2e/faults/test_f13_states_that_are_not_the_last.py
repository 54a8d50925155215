"""F13: the state is restored from an older backup, lost, or edited. The claims tell what is ours."""

from __future__ import annotations

from dataclasses import replace

import pytest

from .boundaries import Killed
from .engine_model import CLAIM_TYPE, MACHINE_TYPE, Snapshot, urn_of
from .memory_hall import OTHER_IMAGE, STACK, MemoryHall, NewHall


@pytest.mark.parametrize("boundary", [1, 40, 120, 240, 360])
def test_an_older_state_is_caught_up_by_the_claims_and_nothing_is_installed_again(
    hall: MemoryHall, boundary: int
) -> None:
    hall.killed_up(boundary)
    backup = hall.states[STACK].copy()
    hall.up()

    hall.states[STACK] = backup

    hall.assert_safe()
    hall.assert_whole()


def test_a_lost_state_is_adopted_anew_from_the_claims(hall: MemoryHall) -> None:
    hall.up()

    hall.states[STACK] = Snapshot()

    hall.assert_whole()


def test_a_state_from_before_another_image_is_no_reason_to_install_the_old_one(hall: MemoryHall) -> None:
    hall.up()
    backup = hall.states[STACK].copy()
    assert {} == hall.up(image=OTHER_IMAGE)

    hall.states[STACK] = backup
    hall.refresh()

    hall.assert_safe()
    assert {} == hall.up(image=OTHER_IMAGE)
    assert ["running"] * 4 == hall.phases
    assert {OTHER_IMAGE["sha256"]} == {claim.image_sha256 for claim in hall.claims}


def test_a_state_from_before_a_destroy_takes_nothing_down_that_others_have_claimed_since(
    hall: MemoryHall,
) -> None:
    hall.up()
    backup = hall.states[STACK].copy()
    hall.destroy()
    assert {} == hall.up("lab/other")

    hall.states[STACK] = backup

    assert {} == hall.destroy()
    assert {"lab/other"} == {claim.owner for claim in hall.claims}
    assert ["running"] * 4 == hall.phases
    assert [2] * 4 == hall.counted("installs_started")


def test_a_state_from_before_a_destroy_is_refreshed_to_nothing(hall: MemoryHall) -> None:
    hall.up()
    backup = hall.states[STACK].copy()
    hall.destroy()

    hall.states[STACK] = backup
    told = hall.refresh()

    assert {"gone"} == set(told.values())
    assert not hall.states[STACK].entries


def test_a_state_that_was_edited_to_another_server_takes_nothing_down_there(hall: MemoryHall) -> None:
    hall.up(serials=("SN1", "SN2"))
    assert {} == hall.up("lab/other", serials=("SN3", "SN4"))
    entries = hall.states[STACK].entries
    for kind in (CLAIM_TYPE, MACHINE_TYPE):
        urn = urn_of(STACK, kind, "SN1")
        entries[urn] = replace(entries[urn], resource_id="hall/SN3")

    hall.destroy()

    others = [claim for claim in hall.claims if claim.owner == "lab/other"]
    assert ["running", "running"] == [claim.phase.value for claim in others]
    assert "On" == hall.servers["SN3"]["power"]


def test_without_the_claims_nothing_is_taken_down_or_installed_again(hall: MemoryHall) -> None:
    hall.up()
    lost = hall.claims_path.rename(hall.folder / "claims.lost")

    failed = hall.destroy()

    assert len(hall.serials) == len(failed)
    assert all("does not know server hall/SN" in told for told in failed.values())
    failed = hall.up() if hall.states[STACK].entries else {"": ""}
    assert {"On"} == {server["power"] for server in hall.servers.values()}
    assert [1] * 4 == hall.counted("installs_started")
    hall.claims_path.unlink(missing_ok=True)
    lost.rename(hall.claims_path)
    hall.assert_whole()


def test_a_lost_state_and_lost_claims_leave_servers_alone_that_run(hall: MemoryHall) -> None:
    hall.up()
    hall.states[STACK] = Snapshot()
    hall.claims_path.unlink()

    failed = hall.up()

    assert len(hall.serials) == len(failed)
    assert all("it was left alone" in told for told in failed.values())
    assert {"On"} == {server["power"] for server in hall.servers.values()}
    assert [1] * 4 == hall.counted("installs_started")


@pytest.mark.parametrize("boundary", [30, 90])
def test_a_state_from_before_a_killed_destroy_is_brought_back(new_hall: NewHall, boundary: int) -> None:
    hall = new_hall()
    hall.up()
    backup = hall.states[STACK].copy()
    with pytest.raises(Killed):
        hall.destroy(kill_at=boundary)

    hall.states[STACK] = backup
    hall.refresh()

    assert {} == hall.up()
    hall.assert_safe()
    assert ["running"] * 4 == hall.phases
