"""F13: the state's file is truncated. The engine refuses it, and an older copy is caught up."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from .engine_hall import UP, engine_hall

if TYPE_CHECKING:
    from ..conftest import Engine


def test_a_truncated_state_is_refused_and_a_restored_one_is_caught_up(engine: Engine, tmp_path: Path) -> None:
    with engine_hall(engine, tmp_path, time_scale=600) as hall:
        older = hall.stack_file.read_bytes()
        hall.hall.ok(*UP)
        content = hall.stack_file.read_bytes()
        hall.stack_file.write_bytes(content[: len(content) // 2])
        writes = hall.hall.control.writes()

        refused = hall.hall.refused(*UP)

        assert "unexpected end of JSON input" in refused
        assert writes == hall.hall.control.writes(), "without a state that can be read, no server is touched"
        hall.stack_file.write_bytes(older)
        hall.assert_whole()
