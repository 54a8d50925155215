"""Halls that faults are tried on."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .memory_hall import MemoryHall, NewHall


@pytest.fixture
def new_hall(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[NewHall]:
    """Makes halls in memory, one after another; the last one is the one in force."""
    made: list[MemoryHall] = []

    def make(**more: Any) -> MemoryHall:
        monkeypatch.undo()
        folder = tmp_path / f"hall-{len(made)}"
        folder.mkdir()
        made.append(MemoryHall(folder, monkeypatch, **more))
        return made[-1]

    yield make
    for hall in made:
        hall.close()


@pytest.fixture
def hall(new_hall: NewHall) -> MemoryHall:
    """Four servers in memory."""
    return new_hall()
