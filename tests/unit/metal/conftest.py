"""Worlds that several of the bare-metal tests live in."""

from collections.abc import Generator
from pathlib import Path

import pytest

from ...netbox_api import V2_TOKEN, NetBoxApi
from .lifecycle_world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A claimed server, and runs that come one after another."""
    return World(tmp_path)


@pytest.fixture
def netbox(monkeypatch: pytest.MonkeyPatch) -> Generator[NetBoxApi]:
    """A NetBox without servers, and its token where the commands look for it."""
    monkeypatch.setenv("NETBOX_TOKEN", V2_TOKEN)
    server = NetBoxApi()
    yield server
    server.stop()
