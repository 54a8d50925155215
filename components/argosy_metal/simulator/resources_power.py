"""Power and cooling as Redfish resources: limits, supplies, sensors, leak detectors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, cast

from argosy_metal.simulator.bmc import Bmc
from argosy_metal.simulator.hardware import Limit
from argosy_metal.simulator.machine import RESTORE_POLICIES
from argosy_metal.simulator.paths import ROOT, chassis_path, manager_path
from argosy_metal.simulator.power_limits import NODE, gpu_names, module_names, ranges
from argosy_metal.simulator.replies import Json, Reply, collection, error

Build = Callable[[], Json]
_GOOD = {"State": "Enabled", "Health": "OK"}
_MODES = ("Automatic", "Manual", "Disabled")


def limit_paths(bmc: Bmc) -> Mapping[str, str]:
    """Where the limit of each part stands, as EnvironmentMetrics."""
    gpus = gpu_names(bmc.hardware, bmc.profile.gpus)
    return _limit_paths(bmc.profile.gpu_system_id, gpus, module_names(bmc.hardware), chassis_path(bmc))


@cache
def _limit_paths(
    baseboard: str | None, gpus: tuple[str, ...], modules: tuple[str, ...], chassis: str
) -> Mapping[str, str]:
    found = {f"{ROOT}/Systems/{baseboard}/Processors/{name}": name for name in gpus}
    found |= {f"{ROOT}/Chassis/{name}": name for name in modules}
    found[chassis] = NODE
    return {f"{path}/EnvironmentMetrics": name for path, name in found.items()}


def power_resources(bmc: Bmc) -> dict[str, Build]:
    """Everything about power that is no other resource's property."""
    known = ranges(bmc.hardware, bmc.profile.gpus)
    found: dict[str, Build] = {}
    for path, name in limit_paths(bmc).items():
        limit = known.get(name) if name != NODE or not _has_old_limit(bmc) else None
        found[path] = lambda path=path, name=name, limit=limit: _metrics(bmc, path, name, limit)
    for name in module_names(bmc.hardware):
        found[f"{ROOT}/Chassis/{name}"] = lambda name=name: _module(bmc, name)
    if _has_old_limit(bmc):
        found[_old_path(bmc)] = lambda: _old_power(bmc)
    return found | _supplies(bmc)


def write_power(bmc: Bmc, method: str, path: str, body: Json) -> Reply | None:
    """Set a limit; None if `path` has none."""
    if method != "PATCH":
        return None
    name = limit_paths(bmc).get(path)
    if name is not None:
        return _set_limit(bmc, name, body)
    if _has_old_limit(bmc) and path == _old_path(bmc):
        return _set_old_limit(bmc, body)
    return None


def power_methods(bmc: Bmc, path: str) -> tuple[str, ...]:
    """How a limit may be written; `()` for what is none."""
    old = _has_old_limit(bmc) and path == _old_path(bmc)
    return ("PATCH",) if old or path in limit_paths(bmc) else ()


def restore_properties(bmc: Bmc) -> Json:
    """What a system shows of how it comes back after an outage."""
    restore = bmc.machine.state.restore
    return {
        "PowerRestorePolicy": restore.policy,
        "PowerRestorePolicy@Redfish.AllowableValues": list(RESTORE_POLICIES),
        "PowerOnDelaySeconds": restore.delay_seconds,
    }


def _metrics(bmc: Bmc, path: str, name: str, limit: Limit | None) -> Json:
    body: Json = {
        "@odata.id": path,
        "@odata.type": "#EnvironmentMetrics.v1_3_2.EnvironmentMetrics",
        "Id": "EnvironmentMetrics",
        "Name": "Environment Metrics",
    }
    if name == NODE:
        sensor = f"{chassis_path(bmc)}/Sensors/TotalPower"
        body["PowerWatts"] = {"Reading": bmc.draw_watts(), "DataSourceUri": sensor}
    if limit is not None:
        set_point = bmc.machine.state.parts.limits.get(name)
        body["PowerLimitWatts"] = {
            "SetPoint": limit.max_watts if set_point is None else set_point,
            "DefaultSetPoint": limit.max_watts,
            "AllowableMin": limit.min_watts,
            "AllowableMax": limit.max_watts,
            "ControlMode": "Disabled" if set_point is None and name == NODE else "Automatic",
        }
    return body


def _set_limit(bmc: Bmc, name: str, body: Json) -> Reply:
    limit = ranges(bmc.hardware, bmc.profile.gpus).get(name)
    for prop in body:
        if prop != "PowerLimitWatts" or limit is None or (name == NODE and _has_old_limit(bmc)):
            raise error(400, "PropertyUnknown" if limit is None else "PropertyNotWritable", prop)
    if limit is None:
        raise error(400, "PropertyMissing", "PowerLimitWatts")
    wanted = _object(body.get("PowerLimitWatts"), "PowerLimitWatts")
    for prop in wanted:
        if prop not in ("SetPoint", "ControlMode"):
            raise error(400, "PropertyNotWritable", f"PowerLimitWatts/{prop}")
    mode = wanted.get("ControlMode", "Automatic")
    if mode not in _MODES:
        raise error(400, "PropertyValueNotInList", str(mode), "PowerLimitWatts/ControlMode")
    if mode == "Disabled":
        return _store(bmc, name, None)
    if "SetPoint" not in wanted:
        return Reply(204)
    return _store(bmc, name, _in_range(wanted["SetPoint"], limit, "PowerLimitWatts/SetPoint"))


def _set_old_limit(bmc: Bmc, body: Json) -> Reply:
    """Chassis/Power: `{"PowerControl": [{"PowerLimit": {"LimitInWatts": 5000}}]}`; null ends it."""
    controls: Any = body.get("PowerControl")
    entries = cast("list[Any]", controls) if isinstance(controls, list) else []
    if set(body) != {"PowerControl"} or len(entries) != 1:
        raise error(400, "PropertyMissing", "PowerControl")
    limit = _object(_object(entries[0], "PowerControl").get("PowerLimit"), "PowerLimit")
    watts = limit.get("LimitInWatts")
    if watts is None:
        return _store(bmc, NODE, None)
    return _store(bmc, NODE, _in_range(watts, ranges(bmc.hardware, 0)[NODE], "PowerLimit/LimitInWatts"))


def _object(value: object, name: str) -> Json:
    if not isinstance(value, dict):
        raise error(400, "PropertyValueTypeError", str(value), name)
    return cast(Json, value)


def _in_range(value: object, limit: Limit, name: str) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise error(400, "PropertyValueTypeError", str(value), name)
    if not limit.min_watts <= value <= limit.max_watts:
        raise error(400, "PropertyValueOutOfRange", str(value), name)
    return value


def _store(bmc: Bmc, name: str, watts: float | None) -> Reply:
    limits = bmc.machine.state.parts.limits
    if watts is None:
        limits.pop(name, None)
    else:
        limits[name] = watts
    bmc.machine.changed = True
    return Reply(204)


def _has_old_limit(bmc: Bmc) -> bool:
    return bmc.hardware.node_limit is not None and bmc.hardware.node_limit.place == "power"


def _old_path(bmc: Bmc) -> str:
    return f"{chassis_path(bmc)}/Power"


def _old_power(bmc: Bmc) -> Json:
    path, limit = _old_path(bmc), bmc.machine.state.parts.limits.get(NODE)
    return {
        "@odata.id": path,
        "@odata.type": "#Power.v1_7_3.Power",
        "Id": "Power",
        "Name": "Power",
        "PowerControl": [
            {
                "@odata.id": f"{path}#/PowerControl/0",
                "MemberId": "0",
                "Name": "Server Power Control",
                "PowerConsumedWatts": bmc.draw_watts(),
                "PowerLimit": {"LimitInWatts": limit, "LimitException": "NoAction"},
                "Status": _GOOD,
            }
        ],
        "PowerControl@odata.count": 1,
    }


def _module(bmc: Bmc, name: str) -> Json:
    path = f"{ROOT}/Chassis/{name}"
    return {
        "@odata.id": path,
        "@odata.type": "#Chassis.v1_28_0.Chassis",
        "Id": name,
        "Name": "Processor module",
        "ChassisType": "Module",
        "Manufacturer": bmc.profile.manufacturer,
        "EnvironmentMetrics": {"@odata.id": f"{path}/EnvironmentMetrics"},
        "Status": _GOOD,
        "Links": {
            "ContainedBy": {"@odata.id": chassis_path(bmc)},
            "ManagedBy": [{"@odata.id": manager_path(bmc)}],
        },
    }


def _supplies(bmc: Bmc) -> dict[str, Build]:
    top = f"{chassis_path(bmc)}/PowerSubsystem"
    names = [f"PSU_{number}" for number in range(bmc.hardware.supplies)]
    units = f"{top}/PowerSupplies"
    found: dict[str, Build] = {top: lambda: _power_subsystem(bmc, top, len(names))}
    if not names:
        return found
    found[units] = lambda: collection(units, "PowerSupply", [f"{units}/{name}" for name in names])
    for name in names:
        found[f"{units}/{name}"] = lambda name=name: _supply(bmc, f"{units}/{name}", name)
        found[f"{units}/{name}/Metrics"] = lambda name=name: _supply_metrics(
            bmc, f"{units}/{name}/Metrics", len(names)
        )
    return found


def _power_subsystem(bmc: Bmc, path: str, supplies: int) -> Json:
    capacity = bmc.hardware.supply_watts * supplies
    body: Json = {
        "@odata.id": path,
        "@odata.type": "#PowerSubsystem.v1_1_3.PowerSubsystem",
        "Id": "PowerSubsystem",
        "Name": "Power Subsystem",
        "Status": _GOOD,
    }
    if supplies:
        body |= {"CapacityWatts": capacity, "PowerSupplies": {"@odata.id": f"{path}/PowerSupplies"}}
    return body


def _supply(bmc: Bmc, path: str, name: str) -> Json:
    return {
        "@odata.id": path,
        "@odata.type": "#PowerSupply.v1_5_4.PowerSupply",
        "Id": name,
        "Name": "Power Supply",
        "PowerSupplyType": "AC",
        "PowerCapacityWatts": bmc.hardware.supply_watts,
        "SerialNumber": f"{bmc.server.serial}-{name}",
        "Status": _GOOD,
        "Metrics": {"@odata.id": f"{path}/Metrics"},
    }


def _supply_metrics(bmc: Bmc, path: str, supplies: int) -> Json:
    return {
        "@odata.id": path,
        "@odata.type": "#PowerSupplyMetrics.v1_1_2.PowerSupplyMetrics",
        "Id": "Metrics",
        "Name": "Power Supply Metrics",
        "OutputPowerWatts": {"Reading": round(bmc.draw_watts() / supplies, 1)},
        "Status": _GOOD,
    }
