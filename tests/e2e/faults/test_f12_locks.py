"""F12: a second real run beside one that works: kept out by the lock, and fenced in without it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from .engine_hall import engine_hall

if TYPE_CHECKING:
    from ..conftest import Engine


def test_a_second_run_is_kept_out_by_the_lock_and_one_whose_lock_was_deleted_is_overtaken(
    engine: Engine, tmp_path: Path
) -> None:
    # So slow that the first run is still at work when the second has begun.
    with engine_hall(engine, tmp_path, time_scale=20) as hall:
        first = hall.start_and_hang("hang", 40)
        assert "the stack is currently locked by" in hall.hall.refused("up", "--yes", "--skip-preview")
        for lock in (tmp_path / "home/state/.pulumi/locks").rglob("*.json"):
            lock.unlink()

        second = hall.start()
        hall.hall.control.release_held()
        told, _ = first.communicate(timeout=120)
        output, _ = second.communicate(timeout=120)

        assert 0 != first.returncode, told
        assert "a newer run" in told or "changed by someone else" in told, told
        assert 0 == second.returncode, output
        hall.assert_safe()
        hall.assert_whole()
