"""The Redfish resources of one BMC: path to content. Schema versions are those of DMTF release 2024.x.

Parts of a BMC give their resources by path; what links to what follows from the paths, so a part is added to
`_PARTS` and to nothing else.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping

from argosy_metal.simulator.bmc import Bmc
from argosy_metal.simulator.paths import ROOT, system_path
from argosy_metal.simulator.replies import Json, collection, error
from argosy_metal.simulator.resources_accounts import account_resources
from argosy_metal.simulator.resources_bios import bios_resources
from argosy_metal.simulator.resources_cooling import cooling_resources
from argosy_metal.simulator.resources_events import event_resources
from argosy_metal.simulator.resources_manager import manager_resources
from argosy_metal.simulator.resources_media import media_resources
from argosy_metal.simulator.resources_power import power_resources
from argosy_metal.simulator.resources_secure_boot import secure_boot_resources
from argosy_metal.simulator.resources_server import gpu_resources, system_resources
from argosy_metal.simulator.resources_storage import storage_resources
from argosy_metal.simulator.resources_tasks import SESSIONS, TASKS, session_resources, task_resources
from argosy_metal.simulator.resources_update import update_resources

__all__ = ["ROOT", "SESSIONS", "TASKS", "resource", "resources_of", "root_links", "types_of"]

Build = Callable[[], Json]
_PARTS: tuple[Callable[[Bmc], Mapping[str, Build]], ...] = (
    system_resources,
    gpu_resources,
    media_resources,
    manager_resources,
    session_resources,
    task_resources,
    account_resources,
    event_resources,
    bios_resources,
    update_resources,
    storage_resources,
    secure_boot_resources,
    power_resources,
    cooling_resources,
)
_REGISTRY = f"{ROOT}/Registries/"
_SERVICES: Mapping[str, str] = {
    "Systems": "Systems",
    "Managers": "Managers",
    "Chassis": "Chassis",
    "Tasks": "TaskService",
    "SessionService": "SessionService",
    "AccountService": "AccountService",
    "EventService": "EventService",
    "UpdateService": "UpdateService",
    "Registries": "Registries",
    "JsonSchemas": "JsonSchemas",
}
"""Links of the service root, and the path under it that they lead to."""
_LINKED: Mapping[str, tuple[str, ...]] = {
    "ComputerSystem": (
        "Bios",
        "EthernetInterfaces",
        "Memory",
        "Processors",
        "SecureBoot",
        "SimpleStorage",
        "Storage",
        "VirtualMedia",
    ),
    "Manager": ("EthernetInterfaces", "NetworkProtocol", "VirtualMedia"),
    "Chassis": (
        "Drives",
        "EnvironmentMetrics",
        "LeakDetectors",
        "Power",
        "PowerSubsystem",
        "Sensors",
        "Thermal",
        "ThermalSubsystem",
    ),
    "Processor": ("EnvironmentMetrics",),
}
"""Resources that a resource of this type links to where they stand directly under it."""


def resources_of(bmc: Bmc) -> Mapping[str, Build]:
    """Every resource that exists right now. Building is left until one is asked for."""
    systems = [system_path(bmc)]
    if bmc.profile.gpu_system_id:
        systems.append(f"{ROOT}/Systems/{bmc.profile.gpu_system_id}")
    found: dict[str, Build] = {
        f"{ROOT}/Systems": lambda: collection(f"{ROOT}/Systems", "ComputerSystem", systems)
    }
    for part in _PARTS:
        found |= part(bmc)
    registries = [
        path for path in found if path.startswith(_REGISTRY) and path.count("/") == _REGISTRY.count("/")
    ]
    if registries:
        found[f"{ROOT}/Registries"] = lambda: collection(
            f"{ROOT}/Registries", "MessageRegistryFile", registries
        )
    found[f"{ROOT}/"] = lambda: _service_root(bmc, found)
    return found


def resource(bmc: Bmc, path: str) -> Json:
    """The content at a path.

    Raises RedfishFaultError (404) if there is none.
    """
    found = resources_of(bmc)
    build = found.get(path)
    if build is None:
        raise error(404, "ResourceMissingAtURI", path)
    return _linked(build(), found)


def root_links(bmc: Bmc) -> list[tuple[str, str]]:
    """What the service root leads to, by name."""
    found = resources_of(bmc)
    return [(name, f"{ROOT}/{part}") for name, part in _SERVICES.items() if f"{ROOT}/{part}" in found]


def types_of(bmc: Bmc) -> frozenset[str]:
    """Every type of resource in use, e.g. `ComputerSystem.v1_22_0.ComputerSystem`."""
    return frozenset(str(build().get("@odata.type", "")).lstrip("#") for build in resources_of(bmc).values())


def _linked(body: Json, found: Mapping[str, Build]) -> Json:
    path, kind = body["@odata.id"], str(body.get("@odata.type", "")).lstrip("#").partition(".")[0]
    links = {
        name: {"@odata.id": f"{path}/{name}"} for name in _LINKED.get(kind, ()) if f"{path}/{name}" in found
    }
    return links | body


def _service_root(bmc: Bmc, found: Mapping[str, Build]) -> Json:
    profile = bmc.profile
    hidden = () if bmc.service.restarted else profile.missing_root_links
    root: Json = {
        "@odata.id": f"{ROOT}/",
        "@odata.type": "#ServiceRoot.v1_17_0.ServiceRoot",
        "Id": "RootService",
        "Name": "Root Service",
        "RedfishVersion": profile.redfish_version,
        "UUID": str(uuid.uuid5(uuid.NAMESPACE_OID, f"bmc/{bmc.server.serial}")),
        "Vendor": profile.manufacturer,
        "Product": profile.product,
        "ProtocolFeaturesSupported": {
            "ExpandQuery": {
                "ExpandAll": profile.expand != "none",
                "Levels": profile.expand != "none",
                "Links": profile.expand != "none",
                "NoLinks": profile.expand != "none",
                **({"MaxLevels": 1} if profile.expand != "none" else {}),
            },
            "ExcerptQuery": False,
            "FilterQuery": False,
            "OnlyMemberQuery": False,
            "SelectQuery": False,
        },
        "Links": {"Sessions": {"@odata.id": SESSIONS}} if profile.has_sessions else {},
    }
    for name, part in _SERVICES.items():
        if f"{ROOT}/{part}" in found and name not in hidden:
            root[name] = {"@odata.id": f"{ROOT}/{part}"}
    if profile.oem:
        root["Oem"] = {key: {} for key in profile.oem}
    return root
