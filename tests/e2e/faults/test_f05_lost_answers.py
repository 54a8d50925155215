"""F5: a request is carried out, and its answer is lost. It is looked for, and nothing is done twice."""

from __future__ import annotations

import pytest

from argosy_metal.simulator import FaultRule
from argosy_metal.simulator.fault_rules import FaultKind

from .faulty import on_the_first
from .memory_hall import NewHall

COUNTERS = ("installs_started", "media_inserts", "power_ons")


@pytest.mark.parametrize("kind", ["lose-answer", "hang-after", "cut-body"])
@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
def test_a_write_whose_answer_is_lost_has_no_second_effect(
    new_hall: NewHall, kind: FaultKind, method: str
) -> None:
    quiet = new_hall(servers=2)
    quiet.up()
    expected = {name: quiet.counted(name) for name in COUNTERS}
    for skip in range(6):
        hall = new_hall(servers=2)
        hall.inject(on_the_first(FaultRule(kind, method=method, path="*/Systems/*", skip=skip, times=1)))
        hall.inject(on_the_first(FaultRule(kind, method=method, path="*/Managers/*", skip=skip, times=1)))

        hall.up()
        hall.assert_safe()

        hall.assert_whole()
        assert expected == {name: hall.counted(name) for name in COUNTERS}
        hall.close()


@pytest.mark.parametrize("kind", ["lose-answer", "hang-after"])
def test_a_login_whose_answer_is_lost_leads_to_no_second_machine(new_hall: NewHall, kind: FaultKind) -> None:
    hall = new_hall(servers=1)
    hall.inject(on_the_first(FaultRule(kind, method="POST", path="*Sessions*", times=1)))

    hall.up()

    hall.assert_whole()
