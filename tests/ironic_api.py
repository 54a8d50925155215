"""A stand-in for Ironic's API, as far as grants need it. The real one is in tests/e2e.

Names of allocations are unique; a node takes one allocation, decided after the request was answered; only an
available node is allocated; an active one keeps its allocation; a locked one changes nothing.
"""

from __future__ import annotations

import base64
import json
import ssl
import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from .json_server import Answer, JsonServer

USERNAME, PASSWORD = "argosy", "s3cret-of-ironic"


class IronicApi(JsonServer):
    """Nodes by name, and their allocations."""

    def __init__(self, *names: str, context: ssl.SSLContext | None = None) -> None:
        self.nodes: dict[str, dict[str, Any]] = {name: _node(name) for name in names}
        self.allocations: dict[str, dict[str, Any]] = {}
        self.undecided = 1
        """How often an allocation is seen before it is decided."""
        self.locked = 0
        """How many of the next deletions meet a locked node."""
        super().__init__(context)

    def admits(self, headers: Mapping[str, str]) -> bool:
        wanted = base64.b64encode(f"{USERNAME}:{PASSWORD}".encode()).decode()
        return headers.get("Authorization") == f"Basic {wanted}"

    def respond(self, method: str, path: str, body: Any) -> Answer:
        kind, _, name = unquote(path).removeprefix("/v1/").partition("/")
        if (method, kind) == ("POST", "allocations"):
            return self._allocate(body)
        if kind == "nodes":
            return (200, self.nodes[name]) if name in self.nodes else _fault(404, f"Node {name}")
        if kind != "allocations":
            return 404, "<html>not found</html>"
        if method == "GET":
            return self._seen(name)
        return self._delete(name)

    def allocation(self, name: str) -> dict[str, Any] | None:
        """The allocation of that name."""
        found = [item for item in self.allocations.values() if item["name"] == name]
        return found[0] if found else None

    def _allocate(self, body: Any) -> Answer:
        if self.allocation(body["name"]):
            return 409, {"error_message": json.dumps({"faultstring": "An allocation with that name exists."})}
        allocation_id = str(uuid.uuid4())
        made = {**body, "uuid": allocation_id, "state": "allocating", "node_uuid": None, "seen": 0}
        self.allocations[allocation_id] = made
        return 201, made

    def _seen(self, name: str) -> Answer:
        allocation = self.allocation(name)
        if allocation is None:
            return _fault(404, f"Allocation {name}")
        allocation["seen"] += 1
        if allocation["state"] == "allocating" and allocation["seen"] > self.undecided:
            self._decide(allocation)
        return 200, allocation

    def _decide(self, allocation: dict[str, Any]) -> None:
        for node in self.nodes.values():
            is_wanted = node["uuid"] in allocation["candidate_nodes"]
            if is_wanted and node["provision_state"] == "available" and not node["instance_uuid"]:
                node["instance_uuid"] = allocation["uuid"]
                allocation |= {"state": "active", "node_uuid": node["uuid"], "last_error": None}
                return
        allocation |= {"state": "error", "last_error": "none of the requested nodes are available"}

    def _delete(self, allocation_id: str) -> Answer:
        if self.locked:
            self.locked -= 1
            return 409, {"error_message": json.dumps({"faultstring": "Node is locked by host c, retry."})}
        if allocation_id not in self.allocations:
            return _fault(404, f"Allocation {allocation_id}")
        for node in self.nodes.values():
            if node["instance_uuid"] == allocation_id:
                if node["provision_state"] == "active":
                    return 409, {"error_message": json.dumps({"faultstring": "The node is active."})}
                node["instance_uuid"] = None
        del self.allocations[allocation_id]
        return 204, ""


def _node(name: str) -> dict[str, Any]:
    return {
        "uuid": str(uuid.uuid4()),
        "name": name,
        "resource_class": "baremetal",
        "provision_state": "available",
        "power_state": "power off",
        "instance_uuid": None,
    }


def _fault(status: int, what: str) -> Answer:
    return status, {"error_message": json.dumps({"faultstring": f"{what} could not be found."})}
