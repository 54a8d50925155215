"""Worlds that several of the bare-metal tests live in."""

from pathlib import Path

import pytest

from .lifecycle_world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A claimed server, and runs that come one after another."""
    return World(tmp_path)
