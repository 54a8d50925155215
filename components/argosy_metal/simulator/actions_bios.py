"""What can be done to the BIOS of a simulated server: write pending attributes, go back to the defaults."""

from __future__ import annotations

from typing import cast

from argosy_metal.simulator.bios_state import AttributeValue
from argosy_metal.simulator.bmc import Bmc
from argosy_metal.simulator.conditions import shown
from argosy_metal.simulator.firmware_facts import bios_attributes
from argosy_metal.simulator.replies import Json, Reply, error
from argosy_metal.simulator.resources_bios import (
    APPLY_TIMES,
    bios_path,
    jobs_path,
    settings_path,
    settings_resource,
)

_APPLY_TIME = "@Redfish.SettingsApplyTime"


def act_on_bios(bmc: Bmc, path: str, body: Json) -> Reply | None:
    """Carry out the BIOS action at `path`; None if there is none."""
    if path == f"{bios_path(bmc)}/Actions/Bios.ResetBios":
        bmc.machine.state.bios.reset_to_defaults()
        bmc.machine.changed = True
        return Reply(204)
    if bmc.profile.jobs and path == jobs_path(bmc):
        return _create_job(bmc, body)
    return None


def patch_bios(bmc: Bmc, path: str, body: Json) -> Reply | None:
    """Write to the settings object; None if `path` is another resource."""
    if path != settings_path(bmc):
        return None
    for name in body:
        if name not in ("Attributes", _APPLY_TIME):
            raise error(400, "PropertyUnknown", name)
    attributes = _attributes(body.get("Attributes"))
    applied = _apply_time(body.get(_APPLY_TIME))
    state = bmc.machine.state.bios
    if bmc.profile.jobs and state.waiting_job is not None:
        raise error(400, "ResourceInUse")
    state.set_pending(attributes, scheduled=not bmc.profile.jobs)
    bmc.machine.changed = True
    if bmc.profile.jobs and applied:
        return _started_job(bmc)
    return shown(bmc, settings_resource(bmc, path), {})


def _attributes(value: object) -> dict[str, AttributeValue]:
    if not isinstance(value, dict):
        raise error(400, "PropertyMissing", "Attributes")
    wanted = cast("dict[str, AttributeValue]", value)
    facts = bios_attributes()
    for name, given in wanted.items():
        if name not in facts:
            raise error(400, "PropertyUnknown", f"Attributes/{name}")
        if facts[name].read_only:
            raise error(400, "PropertyNotWritable", f"Attributes/{name}")
        if not facts[name].accepts(given):
            raise error(400, "PropertyValueNotInList", str(given), f"Attributes/{name}")
    return wanted


def _apply_time(value: object) -> str | None:
    if value is None:
        return None
    when = cast(Json, value).get("ApplyTime") if isinstance(value, dict) else value
    if when not in APPLY_TIMES:
        raise error(400, "PropertyValueNotInList", str(when), f"{_APPLY_TIME}/ApplyTime")
    return str(when)


def _create_job(bmc: Bmc, body: Json) -> Reply:
    if body.get("TargetSettingsURI") != settings_path(bmc):
        raise error(400, "PropertyMissing", "TargetSettingsURI")
    if bmc.machine.state.bios.waiting_job is not None:
        raise error(400, "ResourceInUse")
    return _started_job(bmc)


def _started_job(bmc: Bmc) -> Reply:
    job = bmc.machine.state.bios.start_job(bmc.clock.now())
    bmc.machine.changed = True
    return Reply(202, headers={"Location": f"{jobs_path(bmc)}/{job.id}"})
