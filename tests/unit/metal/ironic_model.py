"""A small Ironic in memory: one node's states as Ironic 39.0.0 leads through them, at once, and counted."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from argosy_metal.ironic import IronicAccess, IronicClient
from argosy_metal.ironic.errors import IronicBusyError, IronicRefusedError
from argosy_metal.redfish import SystemClock

HOST = "ironic.test"
_ENDS = {
    "manage": "manageable",
    "inspect": "manageable",
    "provide": "available",
    "active": "active",
    "undeploy": "available",
    "clean": "manageable",
}


class VirtualClock(SystemClock):
    """Sleeping moves it."""

    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.time += seconds
        await asyncio.sleep(0)


@dataclass
class IronicModel:
    """One server's node, and the server behind it."""

    serial: str = "SN1"
    node: dict[str, Any] | None = None
    inventory: dict[str, Any] | None = None
    boot: dict[str, Any] = field(default_factory=lambda: {"boot_device": None, "persistent": None})
    media: bool = False
    history: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    orders: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list[tuple[str, Mapping[str, Any]]])
    """What was asked for, in order: the last part of the path, and the body."""
    fails: dict[str, str] = field(default_factory=dict[str, str])
    """Order to what Ironic says went wrong."""
    busy: int = 0
    """So many changes are refused, since the node is locked."""
    on_boot: Callable[[IronicModel], None] = lambda model: None
    """What happens when the server boots from its drive."""

    def get(self, path: str) -> Any | None:
        if self.node is None or path.split("/")[3] not in (self.node["uuid"], self.node["name"]):
            return None
        match path.split("?")[0].split("/")[4:]:
            case []:
                return copy.deepcopy(self.node)
            case ["inventory"]:
                return self.inventory
            case ["management", "boot_device"]:
                return dict(self.boot)
            case ["vmedia"]:
                return [{"media_types": ["CD"], "inserted": self.media}]
            case ["history"]:
                return {"history": self.history}
            case other:
                raise AssertionError(other)

    def change(self, method: str, path: str, body: Any) -> None:
        if self.busy:
            self.busy -= 1
            raise IronicBusyError(HOST, path, "HTTP 409: the node is locked")
        name = path.split("?")[0].rpartition("/")[2]
        if method == "POST":
            name = "enrol"
            self.node = enrolled(body)
        elif method == "PATCH":
            name = "patch"
            self._patch(body)
        elif name == "provision":
            name = body["target"]
            self._provision(name, body)
        elif name == "power":
            self._power(body["target"])
        elif name == "boot_device":
            self.boot = dict(body)
        elif name == "maintenance":
            self._node["maintenance"] = method == "PUT"
            self._node["maintenance_reason"] = body["reason"] if body else None
        elif name == "vmedia":
            self.media = False
        self.orders.append((name if method != "DELETE" else f"no {name}", body or {}))

    @property
    def words(self) -> list[str]:
        """The orders' names."""
        return [name for name, _ in self.orders]

    def order(self, name: str) -> Mapping[str, Any]:
        """The body of the last order of that name."""
        return [body for found, body in self.orders if found == name][-1]

    @property
    def _node(self) -> dict[str, Any]:
        assert self.node is not None
        return self.node

    def _patch(self, patch: Sequence[Mapping[str, Any]]) -> None:
        node = self._node
        if node["instance_uuid"] is not None and any(
            one["path"] == "/instance_uuid" and one["op"] == "add" for one in patch
        ):
            raise IronicBusyError(HOST, "patch", "HTTP 409: the node is associated with an instance")
        allowed = ("enroll", "manageable", "available")
        if any(one["path"] == "/deploy_interface" for one in patch) and not (
            node["provision_state"] in allowed or node["maintenance"]
        ):
            raise IronicRefusedError(HOST, "patch", "HTTP 409: not in this state")
        for one in patch:
            *folders, leaf = one["path"].strip("/").split("/")
            place = node
            for folder in folders:
                place = place[folder]
            if one["op"] == "remove" and folders:
                del place[leaf]
            else:
                place[leaf] = one.get("value", {} if leaf == "instance_info" else None)

    def _provision(self, target: str, order: Mapping[str, Any]) -> None:
        node = self._node
        if target in self.fails:
            ends = {"active": "deploy failed", "manage": "enroll", "clean": "clean failed"}
            node["provision_state"], node["last_error"] = ends[target], self.fails[target]
            return
        node["provision_state"], node["last_error"] = _ENDS[target], None
        if target == "inspect":
            vendor = {"serial_number": self.serial}
            self.inventory = {"inventory": {"system_vendor": vendor}}
        if target == "undeploy":
            node |= {"instance_uuid": None, "instance_info": {}, "power_state": "power off"}
            self.media = False
        if target == "active":
            if "boot_iso" in node["instance_info"]:
                self.boot, self.media = {"boot_device": "cdrom", "persistent": True}, True
            node["power_state"] = "power on"

    def _power(self, target: str) -> None:
        node = self._node
        node["power_state"] = "power on" if target == "power on" else "power off"
        if target == "power on" and self.boot["boot_device"] == "cdrom" and not self.boot["persistent"]:
            self.boot = {"boot_device": None, "persistent": None}
            self.on_boot(self)


class ModelClient(IronicClient):
    """Our client, with the model where the network was."""

    def __init__(self, model: IronicModel, clock: SystemClock) -> None:
        super().__init__(IronicAccess(f"https://{HOST}"), "argosy/test", clock)
        self._model = model

    async def _send(
        self, method: str, path: str, body: object, operation: str, *, may_miss: bool = False
    ) -> Any:
        if method == "GET":
            return self._model.get(path)
        self._model.change(method, path, body)
        return None


def enrolled(fields: Mapping[str, Any]) -> dict[str, Any]:
    """A new node with these fields."""
    return {
        "uuid": "uuid-1",
        "provision_state": "enroll",
        "power_state": "power off",
        "target_power_state": None,
        "instance_uuid": None,
        "instance_info": {},
        "owner": None,
        "deploy_interface": "direct",
        "extra": {},
        "allocation_uuid": None,
        "maintenance": False,
        "maintenance_reason": None,
        "retired": False,
        "protected": False,
        "last_error": None,
        "automated_clean": None,
        **fields,
    }
