"""The boot test drives the same engine as the other end-to-end tests."""

from ..e2e.conftest import engine

__all__ = ["engine"]
