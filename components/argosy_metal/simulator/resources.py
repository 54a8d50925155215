"""The Redfish resources of one BMC: path to content. Schema versions are those of DMTF release 2024.x."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping

from argosy_metal.simulator.bmc import Bmc
from argosy_metal.simulator.replies import Json, collection
from argosy_metal.simulator.resources_server import gpu_resources, system_resources
from argosy_metal.simulator.resources_tasks import session_resource, task_resource

ROOT = "/redfish/v1"
SESSIONS = f"{ROOT}/SessionService/Sessions"
TASKS = f"{ROOT}/TaskService/Tasks"
Build = Callable[[], Json]


def resources_of(bmc: Bmc) -> Mapping[str, Build]:
    """Every resource that exists right now. Building is left until one is asked for."""
    profile = bmc.profile
    systems = [profile.system_id] + ([profile.gpu_system_id] if profile.gpu_system_id else [])
    found: dict[str, Build] = {
        f"{ROOT}/": lambda: _service_root(bmc),
        f"{ROOT}/Systems": lambda: collection(
            f"{ROOT}/Systems", "ComputerSystem", (f"{ROOT}/Systems/{name}" for name in systems)
        ),
        **system_resources(bmc),
        **gpu_resources(bmc),
        **_task_resources(bmc),
    }
    if profile.has_sessions:
        found |= _session_resources(bmc)
    return found


def _service_root(bmc: Bmc) -> Json:
    root: Json = {
        "@odata.id": f"{ROOT}/",
        "@odata.type": "#ServiceRoot.v1_17_0.ServiceRoot",
        "Id": "RootService",
        "Name": "Root Service",
        "RedfishVersion": "1.20.1",
        "UUID": str(uuid.uuid5(uuid.NAMESPACE_OID, f"bmc/{bmc.server.serial}")),
        "Vendor": bmc.profile.manufacturer,
        "Product": "Argosy simulator",
        "Systems": {"@odata.id": f"{ROOT}/Systems"},
        "Managers": {"@odata.id": f"{ROOT}/Managers"},
        "Chassis": {"@odata.id": f"{ROOT}/Chassis"},
        "Tasks": {"@odata.id": f"{ROOT}/TaskService"},
        "Links": {},
    }
    if bmc.profile.has_sessions:
        root["SessionService"] = {"@odata.id": f"{ROOT}/SessionService"}
        root["Links"] = {"Sessions": {"@odata.id": SESSIONS}}
    return root


def _session_resources(bmc: Bmc) -> dict[str, Build]:
    live = bmc.sessions.live()
    found: dict[str, Build] = {
        f"{ROOT}/SessionService": _session_service,
        SESSIONS: lambda: collection(SESSIONS, "Session", (f"{SESSIONS}/{one.id}" for one in live)),
    }
    for one in live:
        found[f"{SESSIONS}/{one.id}"] = lambda one=one: session_resource(f"{SESSIONS}/{one.id}", one)
    return found


def _session_service() -> Json:
    return {
        "@odata.id": f"{ROOT}/SessionService",
        "@odata.type": "#SessionService.v1_1_9.SessionService",
        "Id": "SessionService",
        "Name": "Session Service",
        "ServiceEnabled": True,
        "SessionTimeout": 1800,
        "Status": {"State": "Enabled", "Health": "OK"},
        "Sessions": {"@odata.id": SESSIONS},
    }


def _task_resources(bmc: Bmc) -> dict[str, Build]:
    tasks = bmc.tasks.all()
    found: dict[str, Build] = {
        f"{ROOT}/TaskService": _task_service,
        TASKS: lambda: collection(TASKS, "Task", (f"{TASKS}/{task.id}" for task in tasks)),
    }
    for task in tasks:
        found[f"{TASKS}/{task.id}"] = lambda task=task: task_resource(f"{TASKS}/{task.id}", bmc.tasks, task)
    return found


def _task_service() -> Json:
    return {
        "@odata.id": f"{ROOT}/TaskService",
        "@odata.type": "#TaskService.v1_2_1.TaskService",
        "Id": "TaskService",
        "Name": "Task Service",
        "ServiceEnabled": True,
        "CompletedTaskOverWritePolicy": "Oldest",
        "Status": {"State": "Enabled", "Health": "OK"},
        "Tasks": {"@odata.id": TASKS},
    }
