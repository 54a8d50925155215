"""F2: a real run is told to stop: by Ctrl-C once, twice, by SIGTERM, and by a runner that is evicted."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

from argosy_metal.simulator.fault_rules import FaultKind

from .engine_hall import EngineHall, engine_hall

if TYPE_CHECKING:
    from ..conftest import Engine


def told_to_stop(hall: EngineHall, requests: int, *signals: int, kind: FaultKind = "hang-after") -> str:
    """An `up` that gets these signals while a request hangs; what it printed."""
    up = hall.start_and_hang(kind, requests)
    for number in signals:
        up.send_signal(number)
        time.sleep(0.7)
    code, output = hall.end(up)
    assert 0 != code, output
    hall.assert_safe()
    return output


def test_a_run_that_is_told_to_stop_in_any_way_is_gone_on_with(engine: Engine, tmp_path: Path) -> None:
    with engine_hall(engine, tmp_path) as hall:
        once = told_to_stop(hall, 20, signal.SIGINT)
        assert "the run was told to stop; the step in hand was finished" in once
        assert not hall.hall.deployment().get("pending_operations"), "running steps were finished"

        told_to_stop(hall, 45, signal.SIGINT, signal.SIGINT)
        hall.unlock()
        told_to_stop(hall, 30, signal.SIGTERM)
        hall.unlock()
        # A runner that is evicted: SIGTERM, and SIGKILL when its time of grace is over.
        told_to_stop(hall, 60, signal.SIGTERM, signal.SIGKILL, kind="hang")
        hall.unlock()

        hall.assert_whole()
