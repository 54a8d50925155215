"""A server that a machine has just left, and its wipe."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from argosy_metal.claims import Phase
from argosy_metal.lifecycle.wipe import WipeProof, erase_drives
from argosy_metal.simulator.boot_sources import BootableImage
from argosy_metal.simulator.resources_storage import drive_resource_path

from .setup_halls import Setup, claimed_server


@asynccontextmanager
async def used_server(folder: Path) -> AsyncGenerator[Setup]:
    """A DGX H200, with drives in two units of its storage."""
    async with claimed_server(folder, vendor=None, server_type="dgx-h200") as setup:
        was_used(setup)
        yield setup


def was_used(setup: Setup) -> None:
    """A machine was here, and is down."""
    setup.bmc.machine.state.installed = BootableImage("https://x.test/node.iso", "a" * 64, "i1")
    setup.phase_is(Phase.WIPING)


async def wipe(setup: Setup, method: str | None = None) -> WipeProof:
    hall = setup.provider.hall()
    claim = await hall.own_claim(setup.server_id, "lab/local")
    async with hall.server(claim, 0) as access:
        return await access.explained(lambda: erase_drives(access, method, hall.budgets.power_ons))


def blank(setup: Setup) -> list[str]:
    """Ids of the drives that hold nothing."""
    return setup.bmc.machine.state.parts.blank


def drive_paths(setup: Setup) -> list[str]:
    return [drive_resource_path(setup.bmc, name) for name in setup.bmc.hardware.drive_names]
