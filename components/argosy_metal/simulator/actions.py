"""What can be done to one BMC: reset, insert, eject, and the properties that may be written."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from argosy_metal.simulator.bmc import Bmc
from argosy_metal.simulator.machine import (
    BOOT_TARGETS,
    MEDIA_SLOTS,
    RESET_TYPES,
    BootOverride,
    PowerStateError,
)
from argosy_metal.simulator.replies import Json, Reply, error
from argosy_metal.simulator.resources_server import media_path, system_path
from argosy_metal.simulator.resources_tasks import task_monitor, task_resource

_BOOT = {
    "BootSourceOverrideTarget": BOOT_TARGETS,
    "BootSourceOverrideEnabled": ("Disabled", "Once", "Continuous"),
    "BootSourceOverrideMode": ("UEFI",),
}
_INSERT = {
    "Image",
    "Inserted",
    "WriteProtected",
    "TransferMethod",
    "TransferProtocolType",
    "UserName",
    "Password",
}


def act(bmc: Bmc, path: str, body: Json) -> Reply | None:
    """Carry out the action at `path`; None if there is none."""
    if path == f"{system_path(bmc)}/Actions/ComputerSystem.Reset":
        return _reset(bmc, body)
    for slot in MEDIA_SLOTS:
        drive = f"{media_path(bmc)}/{slot}/Actions/VirtualMedia."
        if path == f"{drive}InsertMedia":
            return _insert(bmc, slot, body)
        if path == f"{drive}EjectMedia":
            bmc.machine.eject(slot)
            return Reply(204)
    return None


def patch(bmc: Bmc, path: str, body: Json, current: Json) -> None:
    """Write the properties of the resource at `path`. Only the boot override of the server may be written."""
    for name in body:
        if name not in current:
            raise error(400, "PropertyUnknown", name)
        if path != system_path(bmc) or name != "Boot":
            raise error(403 if path == system_path(bmc) else 405, "PropertyNotWritable", name)
    if "Boot" in body:
        _set_boot(bmc, body["Boot"])


def _set_boot(bmc: Bmc, boot: object) -> None:
    if not isinstance(boot, dict):
        raise error(400, "PropertyValueNotInList", str(boot), "Boot")
    wanted = cast(Json, boot)
    for name, value in wanted.items():
        if name not in _BOOT:
            raise error(400, "PropertyUnknown", f"Boot/{name}")
        if value not in _BOOT[name]:
            raise error(400, "PropertyValueNotInList", str(value), f"Boot/{name}")
    old = bmc.machine.state.override
    bmc.machine.set_override(
        BootOverride(
            target=wanted.get("BootSourceOverrideTarget", old.target),
            enabled=wanted.get("BootSourceOverrideEnabled", old.enabled),
            mode=wanted.get("BootSourceOverrideMode", old.mode),
        )
    )


def _reset(bmc: Bmc, body: Json) -> Reply:
    _only_known("ComputerSystem.Reset", body, ("ResetType",))
    reset_type = body.get("ResetType", "On")
    if reset_type not in RESET_TYPES:
        raise error(
            400, "ActionParameterValueNotInList", str(reset_type), "ResetType", "ComputerSystem.Reset"
        )
    try:
        bmc.machine.reset(reset_type, bmc.clock.now())
    except PowerStateError:
        raise error(409, "ResourceInStandby") from None
    return _accepted(bmc, f"Reset {reset_type}") if bmc.profile.answers_with_tasks else Reply(204)


def _accepted(bmc: Bmc, name: str) -> Reply:
    task = bmc.tasks.start(name)
    body = task_resource(f"/redfish/v1/TaskService/Tasks/{task.id}", bmc.tasks, task)
    return Reply(202, body, {"Location": task_monitor(task), "Retry-After": bmc.tasks.retry_after(task)})


def _insert(bmc: Bmc, slot: str, body: Json) -> Reply:
    _only_known("VirtualMedia.InsertMedia", body, _INSERT)
    url = body.get("Image")
    if not isinstance(url, str):
        raise error(400, "ActionParameterMissing", "VirtualMedia.InsertMedia", "Image")
    if slot in bmc.machine.state.media:
        raise error(409, "ResourceInUse")
    image = bmc.images.fetch(url)
    if image is None:
        # Without the query, which may be a pre-signed URL's secret part.
        raise error(400, "ResourceAtUriInUnknownFormat", url.partition("?")[0])
    bmc.machine.insert(slot, image)
    return Reply(204)


def _only_known(action: str, body: Json, known: Iterable[str]) -> None:
    unknown = sorted(set(body) - set(known))
    if unknown:
        raise error(400, "ActionParameterUnknown", action, unknown[0])
