"""A stand-in for NetBox's REST API, built from its documented shapes; a real NetBox is not started.

Lists come in pages by `limit` and `offset`, a page never longer than the server allows; nested objects are
brief; devices have `oob_ip`, power ports `connected_endpoints` and their type, outlets their `power_port`.
Source: netboxlabs.com/docs/netbox, "REST API", and the release notes of NetBox 3.3 (connected endpoints) and
3.6 (`oob_ip`), read 2026-11.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from .json_server import Answer, JsonServer

V1_TOKEN, V2_TOKEN = "0123456789abcdef0123456789abcdef01234567", "nbt_4F9DAouzURLb.zjebxBPzICiPbWz0"


class NetBoxApi(JsonServer):
    """One NetBox with one site `osl-1`: two racks, a PDU on each of two feeds, and what is added."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.devices: list[dict[str, Any]] = []
        self.ports: list[dict[str, Any]] = []
        self.outlets: list[dict[str, Any]] = []
        self.most = 3
        """MAX_PAGE_SIZE."""
        self.count_off_by = 0
        super().__init__(context)
        for letter in ("A", "B"):
            pdu = self.add(f"pdu-{letter.lower()}", "", "rack-pdu", oob=None)
            inlet = self.supply(pdu, "inlet", "dcim.powerfeed", {"id": ord(letter), "name": f"Feed {letter}"})
            self.outlet(pdu, inlet)

    def add(
        self,
        name: str,
        serial: str,
        device_type: str = "dgx-h200",
        rack: str | None = "R 1",
        status: str = "active",
        oob: str | None = "10.9.0.11/24",
    ) -> dict[str, Any]:
        """A device."""
        number = len(self.devices) + 1
        device = {
            "id": number,
            "url": f"{self.url}/api/dcim/devices/{number}/",
            "name": name,
            "device_type": {"id": 1, "slug": device_type, "model": device_type.upper()},
            "role": {"id": 1, "slug": "server"},
            "serial": serial,
            "site": {"id": 1, "slug": "osl-1", "name": "Oslo 1"},
            "rack": None if rack is None else {"id": 1, "name": rack},
            "status": {"value": status, "label": status.title()},
            "primary_ip": None,
            "oob_ip": None if oob is None else {"id": 7, "address": oob, "family": {"value": 4}},
        }
        self.devices.append(device)
        return device

    def server(self, name: str, serial: str, **changes: Any) -> dict[str, Any]:
        """A device whose two supplies hang on the two PDUs."""
        device = self.add(name, serial, **changes)
        for outlet in self.outlets[:2]:
            self.supply(device, "psu", "dcim.poweroutlet", outlet)
        return device

    def supply(self, device: Any, name: str, kind: str | None, endpoint: Any) -> dict[str, Any]:
        """A power port, and what its cable ends at."""
        port = {
            "id": 100 + len(self.ports),
            "device": {"id": device["id"], "name": device["name"]},
            "name": name,
            "connected_endpoints": None if endpoint is None else [endpoint],
            "connected_endpoints_type": kind,
            "connected_endpoints_reachable": None if endpoint is None else True,
        }
        self.ports.append(port)
        return port

    def outlet(self, device: Any, inlet: Any | None) -> dict[str, Any]:
        """An outlet of a PDU."""
        outlet = {
            "id": 500 + len(self.outlets),
            "device": {"id": device["id"], "name": device["name"]},
            "name": "outlet",
            "power_port": None if inlet is None else {"id": inlet["id"]},
        }
        self.outlets.append(outlet)
        return outlet

    def admits(self, headers: Mapping[str, str]) -> bool:
        return headers.get("Authorization") in (f"Token {V1_TOKEN}", f"Bearer {V2_TOKEN}")

    def respond(self, method: str, path: str, body: Any) -> Answer:
        assert method == "GET", "an import only reads"
        parts = urlsplit(path)
        lists = {
            "/api/dcim/devices/": self.devices,
            "/api/dcim/power-ports/": self.ports,
            "/api/dcim/power-outlets/": self.outlets,
        }
        if parts.path not in lists:
            return 404, "<html>no such page</html>"
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        items = lists[parts.path] if query["site"] == "osl-1" else []
        begin, limit = int(query["offset"]), min(int(query["limit"]), self.most)
        end = begin + limit
        # The real one names itself as its own clients know it, which need not be as we reach it.
        following = f"http://netbox.internal{parts.path}?offset={end}" if end < len(items) else None
        answer = {"count": len(items) + self.count_off_by, "next": following, "previous": None}
        return 200, {**answer, "results": items[begin:end]}
