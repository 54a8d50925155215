"""F1: processes of a real run get SIGKILL while one of their requests hangs, at twelve points in all."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from argosy_metal.simulator.fault_rules import FaultKind

from .engine_hall import engine_hall, kill

if TYPE_CHECKING:
    from ..conftest import Engine

POINTS: tuple[tuple[FaultKind, int], ...] = (
    ("hang", 6),
    ("hang", 30),
    ("hang-after", 47),
    ("hang", 70),
    ("hang-after", 60),
)
"""The number of the request that hangs, of those of its own run, before or after it is carried out."""


@pytest.mark.parametrize("victim", ["engine", "provider"])
def test_a_process_that_is_killed_at_a_hanging_request_is_taken_over_by_the_next_run(
    engine: Engine, tmp_path: Path, victim: str
) -> None:
    with engine_hall(engine, tmp_path) as hall:
        for kind, requests in POINTS:
            up = hall.start_and_hang(kind, requests)
            kill(hall.processes(up)[victim])
            assert 0 != hall.end(up)[0]
            hall.assert_safe()
            if victim == "engine":
                hall.unlock()

        hall.assert_whole()


def test_a_program_that_is_killed_before_and_after_it_has_said_what_it_wants_is_run_again(
    engine: Engine, tmp_path: Path
) -> None:
    with engine_hall(engine, tmp_path) as hall:
        up = hall.start()
        kill(hall.program(up))
        assert 0 != hall.end(up)[0]

        up = hall.start_and_hang("hang", 6)
        kill(hall.program(up))
        code, output = hall.end(up)
        assert 0 != code, output
        # What it had said by then is finished: the engine ends no step that is under way.
        hall.assert_safe()

        hall.assert_whole()
