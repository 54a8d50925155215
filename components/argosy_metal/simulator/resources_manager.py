"""The managers and the chassis as Redfish resources."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any, cast

from argosy_metal.simulator.bmc import Bmc
from argosy_metal.simulator.paths import ROOT, chassis_path, manager_path, system_path
from argosy_metal.simulator.power_limits import module_names
from argosy_metal.simulator.replies import Json, Reply, collection, error, only_known
from argosy_metal.simulator.resources_server import GOOD, mac_address, time_of_day

_MANAGERS = f"{ROOT}/Managers"
_CHASSIS = f"{ROOT}/Chassis"
_RESETS = ("ForceRestart", "GracefulRestart")
Build = Callable[[], Json]


def manager_resources(bmc: Bmc) -> dict[str, Build]:
    """The BMC itself with its network, managers of parts, and the chassis."""
    path = manager_path(bmc)
    parts = [f"{_MANAGERS}/{name}" for name in bmc.profile.more_managers]
    nics = f"{path}/EthernetInterfaces"
    found: dict[str, Build] = {
        _MANAGERS: lambda: collection(_MANAGERS, "Manager", [path, *parts]),
        path: lambda: _manager(bmc),
        network_path(bmc): lambda: _network(bmc),
        nics: lambda: collection(nics, "EthernetInterface", [f"{nics}/eth0"]),
        f"{nics}/eth0": lambda: _nic(bmc, f"{nics}/eth0"),
        _CHASSIS: lambda: collection(
            _CHASSIS,
            "Chassis",
            [chassis_path(bmc), *(f"{_CHASSIS}/{name}" for name in module_names(bmc.hardware))],
        ),
        chassis_path(bmc): lambda: _chassis(bmc),
    }
    for part in parts:
        found[part] = lambda part=part: _part(part)
    return found


def network_path(bmc: Bmc) -> str:
    """Of the BMC's network protocols."""
    return f"{manager_path(bmc)}/NetworkProtocol"


def manager_action(bmc: Bmc, path: str, body: Json) -> Reply | None:
    """A restart of the BMC, or an AC cycle of the chassis; None if `path` is neither."""
    if path == f"{manager_path(bmc)}/Actions/Manager.Reset":
        only_known("Manager.Reset", body, ("ResetType",))
        if body.get("ResetType", "ForceRestart") not in _RESETS:
            raise error(
                400, "ActionParameterValueNotInList", str(body["ResetType"]), "ResetType", "Manager.Reset"
            )
        bmc.sessions.drop_all()
        bmc.service.restart()
        return Reply(204)
    if bmc.profile.ac_cycle_needs_off and path == _ac_cycle_path(bmc):
        if bmc.machine.state.power != "Off":
            raise error(400, "OpenBMC.0.1.ChassisPowerStateOffRequired")
        bmc.sessions.drop_all()
        bmc.service.restart()
        bmc.service.ac_cycles += 1
        bmc.machine.ac_cycle()
        return Reply(204)
    return None


def patch_network(bmc: Bmc, body: Json) -> None:
    """Write host name and time servers. An array is written as a whole; null empties its place."""
    ntp: object = body.get("NTP")
    servers: object = cast(Json, ntp).get("NTPServers") if isinstance(ntp, dict) else None
    if isinstance(servers, list):
        old, new = bmc.service.ntp_servers, cast("list[Any]", servers)
        # An empty object leaves its place as it is (DSP0266 "PATCH on array properties").
        merged = [old[at] if value == {} and at < len(old) else value for at, value in enumerate(new)]
        kept = [str(value) for value in merged if value is not None]
        bmc.service.ntp_servers = [*kept, *[None] * (2 - len(kept))]
    if isinstance(body.get("HostName"), str):
        bmc.service.host_name = body["HostName"]


def _manager(bmc: Bmc) -> Json:
    path = manager_path(bmc)
    return {
        "@odata.id": path,
        "@odata.type": "#Manager.v1_19_1.Manager",
        "Id": bmc.profile.manager_id,
        "Name": "Manager",
        "ManagerType": "BMC",
        "Manufacturer": bmc.profile.manufacturer,
        "Model": bmc.profile.product,
        "FirmwareVersion": "1.0.0",
        "PowerState": "On",
        "DateTime": time_of_day(),
        "DateTimeLocalOffset": "+00:00",
        "UUID": str(uuid.uuid5(uuid.NAMESPACE_OID, f"manager/{bmc.server.serial}")),
        "ServiceEntryPointUUID": str(uuid.uuid5(uuid.NAMESPACE_OID, f"bmc/{bmc.server.serial}")),
        "Status": GOOD,
        "Links": {
            "ManagerForServers": [{"@odata.id": system_path(bmc)}],
            "ManagerForChassis": [{"@odata.id": chassis_path(bmc)}],
        },
        "Actions": {
            "#Manager.Reset": {
                "target": f"{path}/Actions/Manager.Reset",
                "ResetType@Redfish.AllowableValues": list(_RESETS),
            }
        },
    }


def _part(path: str) -> Json:
    name = path.rpartition("/")[2]
    return {
        "@odata.id": path,
        "@odata.type": "#Manager.v1_19_1.Manager",
        "Id": name,
        "Name": f"Manager of {name.rpartition('_')[0]}",
        "ManagerType": "Service",
        "Status": GOOD,
    }


def _network(bmc: Bmc) -> Json:
    return {
        "@odata.id": network_path(bmc),
        "@odata.type": "#ManagerNetworkProtocol.v1_10_0.ManagerNetworkProtocol",
        "Id": "NetworkProtocol",
        "Name": "Manager Network Protocol",
        "HostName": bmc.service.host_name or bmc.server.bmc_host.partition(".")[0],
        "FQDN": bmc.server.bmc_host,
        "HTTP": {"ProtocolEnabled": False, "Port": 80},
        "HTTPS": {"ProtocolEnabled": True, "Port": 443},
        "SSDP": {"ProtocolEnabled": False},
        "NTP": {"ProtocolEnabled": True, "NTPServers": list(bmc.service.ntp_servers)},
        "Status": GOOD,
    }


def _nic(bmc: Bmc, path: str) -> Json:
    mac = mac_address(f"bmc/{bmc.server.serial}")
    return {
        "@odata.id": path,
        "@odata.type": "#EthernetInterface.v1_12_2.EthernetInterface",
        "Id": path.rpartition("/")[2],
        "Name": "BMC Ethernet Interface",
        "MACAddress": mac,
        "PermanentMACAddress": mac,
        "SpeedMbps": 1000,
        "LinkStatus": "LinkUp",
        "Status": GOOD,
    }


def _chassis(bmc: Bmc) -> Json:
    path = chassis_path(bmc)
    body: Json = {
        "@odata.id": path,
        "@odata.type": "#Chassis.v1_28_0.Chassis",
        "Id": bmc.profile.chassis_id,
        "Name": "Chassis",
        "ChassisType": "RackMount",
        "Manufacturer": bmc.profile.manufacturer,
        "Model": bmc.profile.model,
        "SerialNumber": bmc.shown_serial,
        "UUID": str(uuid.uuid5(uuid.NAMESPACE_OID, f"chassis/{bmc.server.serial}")),
        "PowerState": "Off" if bmc.machine.state.power == "Off" else "On",
        "Location": {"Placement": {"Rack": bmc.server.rack}},
        "Status": GOOD,
        "Links": {
            "ComputerSystems": [{"@odata.id": system_path(bmc)}],
            "ManagedBy": [{"@odata.id": manager_path(bmc)}],
        },
    }
    if bmc.profile.ac_cycle_needs_off:
        body["Actions"] = {
            "Oem": {
                "#NvidiaChassis.AuxPowerReset": {
                    "target": _ac_cycle_path(bmc),
                    "ResetType@Redfish.AllowableValues": ["AuxPowerCycle"],
                }
            }
        }
    return body


def _ac_cycle_path(bmc: Bmc) -> str:
    return f"{chassis_path(bmc)}/Actions/Oem/NvidiaChassis.AuxPowerReset"
