"""The BIOS of a server as Redfish resources: attributes, the object for pending ones, their registry, jobs.

Sources: DSP0266 "Settings resource", DSP8010 schemas Bios, AttributeRegistry, Job; which name the settings
object has, and whether a write needs a job, stands in the vendor's file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from argosy_metal.simulator.bios_state import AttributeValue, BiosJob, BiosState
from argosy_metal.simulator.bmc import Bmc
from argosy_metal.simulator.firmware_facts import Attribute, bios_attributes
from argosy_metal.simulator.paths import manager_path, system_path
from argosy_metal.simulator.replies import Json, message
from argosy_metal.simulator.resources_server import moment

_ROOT = "/redfish/v1"
REGISTRY = "BiosAttributeRegistry"
REGISTRIES = f"{_ROOT}/Registries"
_REGISTRY_TEXT = f"{REGISTRIES}/{REGISTRY}/{REGISTRY}.json"
_SHOW_ALL = ("settings", "Pending", "SD")
"""Settings objects that show every attribute as it would be; the others show what is pending."""
APPLY_TIMES = ("OnReset",)
Build = Callable[[], Json]


def bios_path(bmc: Bmc) -> str:
    """Of the BIOS of the server itself."""
    return f"{system_path(bmc)}/Bios"


def settings_path(bmc: Bmc) -> str | None:
    """Of what is written; None where the BMC shows no attributes."""
    name = bmc.profile.bios_settings
    return None if name is None else f"{bios_path(bmc)}/{name}"


def bios_resources(bmc: Bmc) -> dict[str, Build]:
    """Everything about the BIOS that exists right now."""
    found: dict[str, Build] = {bios_path(bmc): lambda: _bios(bmc)}
    settings = settings_path(bmc)
    if settings is None:
        return found
    found |= {
        settings: lambda: settings_resource(bmc, settings),
        f"{REGISTRIES}/{REGISTRY}": _registry_file,
        _REGISTRY_TEXT: lambda: _registry(bmc),
    }
    return found | (_job_resources(bmc) if bmc.profile.jobs else {})


def bios_tasks(bmc: Bmc) -> dict[str, Build]:
    """Every job, as a task, by its id."""
    return {job.id: lambda job=job: _job_task(job) for job in _state(bmc).jobs}


def jobs_path(bmc: Bmc) -> str:
    """Of the collection of jobs, on BMCs that have them."""
    return f"{manager_path(bmc)}/Jobs"


def bios_jobs(bmc: Bmc) -> list[str]:
    """Paths of the jobs that carry BIOS attributes over, where the vendor has jobs."""
    return [f"{jobs_path(bmc)}/{job.id}" for job in _state(bmc).jobs] if bmc.profile.jobs else []


def _state(bmc: Bmc) -> BiosState:
    return bmc.machine.state.bios


def attributes_in_force(state: BiosState) -> dict[str, AttributeValue | None]:
    """Every attribute by name; a password is never shown."""
    return {
        name: None if fact.type == "Password" else state.changed.get(name, fact.default)
        for name, fact in bios_attributes().items()
    }


def _bios(bmc: Bmc) -> Json:
    path, settings = bios_path(bmc), settings_path(bmc)
    body: Json = {
        "@odata.id": path,
        "@odata.type": "#Bios.v1_2_3.Bios",
        "Id": "Bios",
        "Name": "BIOS settings",
        "Actions": {"#Bios.ResetBios": {"target": f"{path}/Actions/Bios.ResetBios"}},
    }
    if settings is None:
        return body
    return body | {
        "AttributeRegistry": REGISTRY,
        "Attributes": attributes_in_force(_state(bmc)),
        "ResetBiosToDefaultsPending": _state(bmc).reset_pending,
        "@Redfish.Settings": {
            "@odata.type": "#Settings.v1_3_5.Settings",
            "SettingsObject": {"@odata.id": settings},
            "SupportedApplyTimes": list(APPLY_TIMES),
        },
    }


def settings_resource(bmc: Bmc, path: str) -> Json:
    """What is written, at the path that `settings_path` gives."""
    state = _state(bmc)
    shown: Mapping[str, Any] = state.pending
    if bmc.profile.bios_settings in _SHOW_ALL:
        shown = attributes_in_force(state) | state.pending
    return {
        "@odata.id": path,
        "@odata.type": "#Bios.v1_2_3.Bios",
        "Id": bmc.profile.bios_settings,
        "Name": "Pending BIOS settings",
        "AttributeRegistry": REGISTRY,
        "Attributes": {name: None if name == "SetupPassword" else value for name, value in shown.items()},
    }


def _registry_file() -> Json:
    path = f"{REGISTRIES}/{REGISTRY}"
    return {
        "@odata.id": path,
        "@odata.type": "#MessageRegistryFile.v1_1_4.MessageRegistryFile",
        "Id": REGISTRY,
        "Name": "BIOS attribute registry",
        "Languages": ["en"],
        "Registry": f"{REGISTRY}.1.0",
        "Location": [{"Language": "en", "Uri": _REGISTRY_TEXT}],
    }


def _registry(bmc: Bmc) -> Json:
    return {
        "@odata.id": _REGISTRY_TEXT,
        "@odata.type": "#AttributeRegistry.v1_3_8.AttributeRegistry",
        "Id": f"{REGISTRY}.1.0.0",
        "Name": "BIOS attribute registry",
        "Language": "en",
        "OwningEntity": bmc.profile.manufacturer,
        "RegistryVersion": "1.0.0",
        "SupportedSystems": [{"ProductName": bmc.profile.model}],
        "RegistryEntries": {"Attributes": [_entry(fact) for fact in bios_attributes().values()]},
    }


def _entry(fact: Attribute) -> Json:
    bounds = {"LowerBound": fact.lower, "UpperBound": fact.upper, "MaxLength": fact.max_length}
    entry: Json = {
        "AttributeName": fact.name,
        "Type": fact.type,
        "DisplayName": fact.shown,
        "ReadOnly": fact.read_only,
        "ResetRequired": True,
        **{name: bound for name, bound in bounds.items() if bound is not None},
    }
    # Empty text is left out, as DMTF's validator asks.
    if fact.default != "":
        entry["DefaultValue"] = fact.default
    if fact.values:
        entry["Value"] = [{"ValueName": value, "ValueDisplayName": value} for value in fact.values]
    return entry


def _job_resources(bmc: Bmc) -> dict[str, Build]:
    path = jobs_path(bmc)
    return {f"{path}/{job.id}": lambda job=job: _job(f"{path}/{job.id}", job) for job in _state(bmc).jobs}


def _job(path: str, job: BiosJob) -> Json:
    waits = job.state == "scheduled"
    return {
        "@odata.id": path,
        "@odata.type": "#Job.v1_2_4.Job",
        "Id": job.id,
        "Name": "Configure: BIOS",
        "JobState": "Pending" if waits else "Completed",
        "JobStatus": "OK",
        "StartTime": moment(job.created),
        "PercentComplete": 0 if waits else 100,
        **({} if waits else {"EndTime": moment(job.ended)}),
    }


def _job_task(job: BiosJob) -> Json:
    path, waits = f"{_ROOT}/TaskService/Tasks/{job.id}", job.state == "scheduled"
    return {
        "@odata.id": path,
        "@odata.type": "#Task.v1_7_4.Task",
        "Id": job.id,
        "Name": "Configure: BIOS",
        "TaskState": "Pending" if waits else "Completed",
        "TaskStatus": "OK",
        "StartTime": moment(job.created),
        "PercentComplete": 0 if waits else 100,
        "TaskMonitor": f"{_ROOT}/TaskService/TaskMonitors/{job.id}",
        "Messages": [] if waits else [message("Success")],
        **({} if waits else {"EndTime": moment(job.ended)}),
    }
