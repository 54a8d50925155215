"""`UpdateService.SimpleUpdate` of a simulated BMC: fetch an image, check it, flash one component."""

from __future__ import annotations

from typing import cast
from urllib.parse import urlsplit

from argosy_metal.simulator.bmc import Bmc
from argosy_metal.simulator.firmware_facts import Component, components_of, parse_firmware_path
from argosy_metal.simulator.firmware_state import Flash
from argosy_metal.simulator.replies import Json, Reply, error
from argosy_metal.simulator.resources_update import INVENTORY, SIMPLE_UPDATE, related_path, update_tasks

_ACTION = "UpdateService.SimpleUpdate"
_KNOWN = ("ImageURI", "Targets", "TransferProtocol", "Username", "Password", "ForceUpdate")
_FOR_EVER = 1e12
_CHECK_SECONDS = 20.0
"""How long a BMC looks at an image before it refuses it."""


def act_on_firmware(bmc: Bmc, path: str, body: Json) -> Reply | None:
    """Begin an update; None if `path` is another action."""
    if path != SIMPLE_UPDATE:
        return None
    for name in body:
        if name not in _KNOWN:
            raise error(400, "ActionParameterUnknown", _ACTION, name)
    state = bmc.machine.state.firmware
    if state.running is not None:
        raise error(409, "ResourceInUse")
    image, targets = _image(bmc, body), _targets(body)
    component = _target(bmc, image, targets)
    wrong = _wrong(bmc, image, component) or ("the flash failed" if bmc.tasks.fate == "failed" else "")
    now = bmc.clock.now()
    flash = Flash(
        id=f"Update-{len(state.flashes) + 1}",
        component=component.id,
        version=image[2],
        image_uri=str(body["ImageURI"]),
        targets=targets,
        started=now,
        ends=now
        + (_FOR_EVER if bmc.tasks.fate == "stuck" else _CHECK_SECONDS if wrong else component.seconds),
        activation=component.activation,
        reason=wrong,
    )
    state.start(flash)
    bmc.machine.changed = True
    location = f"/redfish/v1/TaskService/TaskMonitors/{flash.id}"
    return Reply(202, update_tasks(bmc)[flash.id](), {"Location": location, "Retry-After": "5"})


def _image(bmc: Bmc, body: Json) -> tuple[str, str, str]:
    uri = body.get("ImageURI")
    if not isinstance(uri, str):
        raise error(400, "ActionParameterMissing", _ACTION, "ImageURI")
    parts = urlsplit(uri)
    image = parse_firmware_path(parts.path)
    if parts.scheme != "https" or parts.hostname != bmc.hall.provision_host or image is None:
        raise error(400, "ResourceAtUriInUnknownFormat", uri.partition("?")[0])
    return image


def _targets(body: Json) -> list[str]:
    targets = body.get("Targets", [])
    if not isinstance(targets, list):
        raise error(400, "ActionParameterValueNotInList", str(targets), "Targets", _ACTION)
    return [str(target) for target in cast("list[object]", targets)]


def _target(bmc: Bmc, image: tuple[str, str, str], targets: list[str]) -> Component:
    components = components_of(bmc.profile.vendor)
    name = _named(bmc, targets[0], image[1]) if targets else image[1]
    component = components.get(name)
    if component is None or not component.updateable or len(targets) > 1:
        raise error(400, "ActionParameterValueNotInList", ", ".join(targets) or name, "Targets", _ACTION)
    return component


def _named(bmc: Bmc, target: str, part: str) -> str:
    """The component that a target means; empty if it means none. `part`: what the image is for."""
    if not bmc.profile.updates_name_related:
        return target.removeprefix(f"{INVENTORY}/")
    component = components_of(bmc.profile.vendor).get(part)
    return part if component is not None and related_path(bmc, component) == target else ""


def _wrong(bmc: Bmc, image: tuple[str, str, str], component: Component) -> str:
    """Why the BMC refuses the image once it has it; empty if it takes it."""
    server_type, part, _ = image
    if server_type != bmc.server.server_type:
        return f"the image is for {server_type}, not for {bmc.server.server_type}"
    if part != component.id:
        return f"the image is for {part}, not for {component.id}"
    if component.id in bmc.machine.state.firmware.ruined:
        return f"{component.id} does not answer"
    return ""
