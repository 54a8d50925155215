"""The update service of a BMC: what firmware there is, and the flashes as tasks.

Source: DSP8010 schemas UpdateService, SoftwareInventory, Task.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from argosy_metal.simulator.bmc import Bmc
from argosy_metal.simulator.firmware_facts import Component, components_of
from argosy_metal.simulator.firmware_state import FirmwareState, Flash
from argosy_metal.simulator.paths import chassis_path, manager_path, system_path
from argosy_metal.simulator.replies import Json, collection, message
from argosy_metal.simulator.resources_server import moment

_ROOT = "/redfish/v1"
UPDATE_SERVICE = f"{_ROOT}/UpdateService"
INVENTORY = f"{UPDATE_SERVICE}/FirmwareInventory"
SIMPLE_UPDATE = f"{UPDATE_SERVICE}/Actions/UpdateService.SimpleUpdate"
_STATES = {"running": "Running", "completed": "Completed", "failed": "Exception", "interrupted": "Exception"}
Build = Callable[[], Json]


def update_resources(bmc: Bmc) -> dict[str, Build]:
    """The service, the inventory and its members."""
    components = components_of(bmc.profile.vendor)
    members = [f"{INVENTORY}/{name}" for name in components]
    found: dict[str, Build] = {
        UPDATE_SERVICE: _service,
        INVENTORY: lambda: collection(INVENTORY, "SoftwareInventory", members),
    }
    for component in components.values():
        found[f"{INVENTORY}/{component.id}"] = lambda component=component: _component(bmc, component)
    return found


def update_tasks(bmc: Bmc) -> dict[str, Build]:
    """Every flash that the BMC still remembers, as a task, by its id."""
    flashes = bmc.machine.state.firmware.flashes
    return {flash.id: lambda flash=flash: _task(bmc, flash) for flash in flashes if not flash.forgotten}


def _service() -> Json:
    return {
        "@odata.id": UPDATE_SERVICE,
        "@odata.type": "#UpdateService.v1_14_0.UpdateService",
        "Id": "UpdateService",
        "Name": "Update Service",
        "ServiceEnabled": True,
        "Status": {"State": "Enabled", "Health": "OK"},
        "MaxImageSizeBytes": 1 << 30,
        "FirmwareInventory": {"@odata.id": INVENTORY},
        "Actions": {
            "#UpdateService.SimpleUpdate": {
                "target": SIMPLE_UPDATE,
                "TransferProtocol@Redfish.AllowableValues": ["HTTPS"],
            }
        },
    }


def _component(bmc: Bmc, component: Component) -> Json:
    state = bmc.machine.state.firmware
    ruined = component.id in state.ruined
    return {
        "@odata.id": f"{INVENTORY}/{component.id}",
        "@odata.type": "#SoftwareInventory.v1_10_2.SoftwareInventory",
        "Id": component.id,
        "Name": component.id,
        "Version": "" if ruined else version_of(state, component),
        "Updateable": component.updateable,
        "Status": {"State": "Disabled", "Health": "Critical"}
        if ruined
        else {"State": "Enabled", "Health": "OK"},
        "RelatedItem": [{"@odata.id": related_path(bmc, component)}],
    }


def version_of(state: FirmwareState, component: Component) -> str:
    """The version in effect."""
    return state.versions.get(component.id, component.version)


def related_path(bmc: Bmc, component: Component) -> str:
    """What the component is firmware of."""
    paths = {"manager": manager_path, "system": system_path, "chassis": chassis_path}
    return paths[component.related](bmc)


def _task(bmc: Bmc, flash: Flash) -> Json:
    path = f"{_ROOT}/TaskService/Tasks/{flash.id}"
    ended = flash.state != "running"
    return {
        "@odata.id": path,
        "@odata.type": "#Task.v1_7_4.Task",
        "Id": flash.id,
        "Name": "Firmware update",
        "TaskState": _STATES[flash.state],
        "TaskStatus": "OK" if flash.state in ("running", "completed") else "Critical",
        "StartTime": moment(flash.started),
        "PercentComplete": _percent(flash, bmc.clock.now()),
        "TaskMonitor": f"{_ROOT}/TaskService/TaskMonitors/{flash.id}",
        "HidePayload": False,
        "Payload": {
            "TargetUri": SIMPLE_UPDATE,
            "HttpOperation": "POST",
            "HttpHeaders": [],
            "JsonBody": json.dumps({"ImageURI": flash.image_uri, "Targets": flash.targets}),
        },
        "Messages": [_said(flash)] if ended else [],
        **({"EndTime": moment(flash.ends)} if ended else {}),
    }


def _percent(flash: Flash, now: float) -> int:
    if flash.state != "running":
        return 100
    return int(100 * (now - flash.started) / (flash.ends - flash.started))


def _said(flash: Flash) -> Json:
    if flash.state == "completed":
        return message("Success")
    return message("GeneralError") | {"Message": flash.reason, "MessageSeverity": "Critical"}
