"""F15: one of fifty servers cannot be brought up. The others are, and it follows when it is mended."""

from __future__ import annotations

import pytest

from argosy_metal.simulator import FaultRule

from .faulty import FAULTY_URN, on_the_first
from .invariants import assert_tells
from .memory_hall import NewHall


@pytest.mark.parametrize(
    "rule",
    [FaultRule("disconnect"), FaultRule("status", status=500, method="POST", path="*Reset*")],
    ids=["unreachable", "does-not-start"],
)
def test_one_of_fifty_that_fails_keeps_none_of_the_others_from_coming_up(
    new_hall: NewHall, rule: FaultRule
) -> None:
    hall = new_hall(servers=50, server_type="plain")
    hall.inject(on_the_first(rule))

    failed = hall.up()

    assert [FAULTY_URN] == list(failed)
    assert_tells(failed[FAULTY_URN], "hall/SN1")
    assert 49 == hall.phases.count("running")
    hall.assert_safe()
    hall.clear_faults()
    hall.assert_whole()


def test_a_server_whose_installations_all_fail_is_quarantined_and_the_others_run(new_hall: NewHall) -> None:
    hall = new_hall()
    broken = {"url": "https://provision.hall.test/images/node.iso", "sha256": "0" * 64}
    parts = [hall.parts("SN1", image=broken), *(hall.parts(serial) for serial in hall.serials[1:])]
    failed: dict[str, str] = {}
    for _ in range(6):
        failed = hall.run(lambda engine: engine.up(parts))
        assert [FAULTY_URN] == list(failed)
        assert_tells(failed[FAULTY_URN], "hall/SN1")

    assert "argosy metal replace ENV hall/train/slot-1" in failed[FAULTY_URN]
    assert ["quarantined", "running", "running", "running"] == hall.phases
    hall.assert_safe()
