"""The world of the planner's tests, for the long ones."""

from __future__ import annotations

from tests.unit.planner.conftest import World, world

__all__ = ["World", "world"]
