"""The world of the planner's tests, for questions about plans."""

from __future__ import annotations

from tests.unit.planner.conftest import World, world

__all__ = ["World", "world"]
