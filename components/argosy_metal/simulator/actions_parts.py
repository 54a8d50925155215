"""Writes to the parts of a server: its storage, secure boot and limits of power."""

from __future__ import annotations

from argosy_metal.simulator.actions_storage import storage_methods, write_storage
from argosy_metal.simulator.bmc import Bmc
from argosy_metal.simulator.replies import Json, Reply
from argosy_metal.simulator.resources_power import power_methods, write_power
from argosy_metal.simulator.resources_secure_boot import secure_boot_methods, write_secure_boot


def act_on_parts(bmc: Bmc, path: str, body: Json) -> Reply | None:
    """Carry out an action, or make a volume or a certificate; None if `path` is no part's."""
    return _written(bmc, "POST", path, body)


def patch_parts(bmc: Bmc, path: str, body: Json) -> Reply | None:
    """Write secure boot or a limit; None if `path` is neither."""
    return _written(bmc, "PATCH", path, body)


def delete_part(bmc: Bmc, path: str) -> Reply | None:
    """Delete a volume or a certificate; None if `path` is neither."""
    return _written(bmc, "DELETE", path, {})


def part_methods(bmc: Bmc, path: str) -> tuple[str, ...]:
    """How a part may be written; `()` for what is none."""
    return storage_methods(bmc, path) or secure_boot_methods(bmc, path) or power_methods(bmc, path)


def _written(bmc: Bmc, method: str, path: str, body: Json) -> Reply | None:
    for write in (write_storage, write_secure_boot, write_power):
        reply = write(bmc, method, path, body)
        if reply is not None:
            return reply
    return None
