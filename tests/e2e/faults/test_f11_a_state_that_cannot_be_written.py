"""F11: from the middle of a real run on, the engine cannot write the state, nor the log its file."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from .engine_hall import engine_hall, kill

if TYPE_CHECKING:
    from ..conftest import Engine


def test_a_state_that_cannot_be_written_any_more_stays_as_it_was_and_is_caught_up_by_the_next_run(
    engine: Engine, tmp_path: Path
) -> None:
    with engine_hall(engine, tmp_path) as hall:
        before, folder = hall.stack_file.read_bytes(), hall.stack_file.parent
        up = hall.start()
        hall.program(up)
        # Whatever the user may do: there is no folder to write into.
        kept = folder.rename(folder.with_name("kept"))
        folder.write_text("a file in the folder's place")
        # The engine tries for minutes; a person's patience ends earlier.
        time.sleep(5)
        kill(psutil.Process(up.pid))
        code, output = hall.end(up)
        folder.unlink()
        kept.rename(folder)

        assert 0 != code, output
        assert before == hall.stack_file.read_bytes(), "the old state is intact"
        hall.assert_safe()
        hall.unlock()
        hall.assert_whole()


def test_a_log_that_cannot_be_written_keeps_no_run_from_its_end(engine: Engine, tmp_path: Path) -> None:
    with engine_hall(engine, tmp_path, time_scale=600) as hall, Path("/dev/full").open("w") as full:
        command = ["pulumi", "up", "--yes", "--skip-preview", "--non-interactive", "--logtostderr", "-v=3"]
        done = subprocess.run(
            command,
            cwd=tmp_path,
            env=hall.hall.project.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=full,
            timeout=120,
            check=False,
        )

        assert done.returncode in (0, 255), done.stdout
        hall.assert_safe()
        hall.assert_whole()
