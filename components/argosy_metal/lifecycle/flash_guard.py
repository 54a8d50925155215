"""A flash is never cut: asked before any server is reset or powered off for what is set up on it."""

from __future__ import annotations

from argosy_metal.lifecycle.access import ServerAccess
from argosy_metal.lifecycle.explained import GO_ON
from argosy_metal.lifecycle.firmware_decide import running_update
from argosy_metal.redfish.firmware import Firmware


async def assert_no_flash(access: ServerAccess) -> None:
    """Raise MachineNotReadyError while an update runs on the server's BMC, whoever has started it."""
    running = running_update(await Firmware(access.client).tasks())
    if running is not None:
        percent = "" if running.percent is None else f", {running.percent} %"
        raise access.not_ready(
            f"a firmware update runs ({running.path}{percent}), which is never cut",
            f"wait until it is done, then {GO_ON}",
        )
