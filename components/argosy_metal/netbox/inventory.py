"""From NetBox's devices to a hall's inventory: what is taken, what is left out, and what is missing. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from argosy_metal.commands.printable import printable
from argosy_metal.netbox.items import Device
from argosy_metal.netbox.power import Power

_IN_SERVICE = frozenset({"active", "staged"})
_OUT_OF_SERVICE = frozenset({"failed", "offline"})


@dataclass(frozen=True)
class Wanted:
    """What the person who imports has said."""

    site: str
    """The inventory's own name of the site."""
    server_types: Mapping[str, str]
    """Slug of a NetBox device type to the catalogue's name; devices of other types are left out."""
    username: str
    password: str
    """References, as they are written into the inventory."""
    bmc: str = "https://{address}"
    """URL of a BMC, with `{address}` (the out-of-band IP), `{name}` and `{serial}`."""
    feeds: Mapping[str, str] = field(default_factory=dict[str, str])
    """Name of a NetBox power feed to the fleet file's name; left out: the same in lower case, with dashes."""


@dataclass(frozen=True)
class Import:
    """What became of the devices."""

    content: Mapping[str, Any]
    """The inventory file's content, in the order in which it is written."""
    faults: tuple[str, ...]
    """What is missing or cannot be said in an inventory, by device."""
    left_out: Mapping[str, int]
    """Why devices were left out, and how many."""


def import_inventory(devices: Sequence[Device], power: Power, wanted: Wanted) -> Import:
    """The inventory of the wanted devices, by rack and serial number."""
    left_out = Counter(reason for device in devices if (reason := _left_out(device, wanted)))
    taken = [device for device in devices if _left_out(device, wanted) is None]
    faults = [fault for device in taken for fault in _faults(device, power, wanted)]
    servers = sorted((_server(device, power, wanted) for device in taken), key=_place)
    faults += [
        f"serial {printable(serial)}: {count} devices have it; mend that in NetBox"
        for serial, count in _twice(servers)
    ]
    if not taken:
        faults.append("no device is left; check --site and --type")
    counted = Counter(server["server_type"] for server in servers)
    usual = min(counted, key=lambda kind: (-counted[kind], kind), default="")
    content: dict[str, Any] = {
        "version": 1,
        "site": wanted.site,
        "server_type": usual,
        "credentials": {"username": wanted.username, "password": wanted.password},
        "servers": [_without_usual(server, usual) for server in servers],
    }
    out = [device for device in taken if device.status.value in _OUT_OF_SERVICE]
    if out:
        content["out_of_service"] = {
            serial: {"reason": f"{status} in NetBox"}
            for serial, status in sorted((device.serial or "", device.status.value) for device in out)
        }
    return Import(content, tuple(faults), dict(sorted(left_out.items())))


def _left_out(device: Device, wanted: Wanted) -> str | None:
    kind = device.device_type.slug
    if kind not in wanted.server_types:
        return f"device type {printable(kind)}"
    status = device.status.value
    return None if status in _IN_SERVICE | _OUT_OF_SERVICE else f"status {printable(status)}"


def _faults(device: Device, power: Power, wanted: Wanted) -> Iterator[str]:
    shown = f"device {printable(device.name) if device.name else device.id}"
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", device.serial or ""):
        yield f"{shown}: given the serial number '{printable(device.serial or '')}'; enter it in NetBox"
    if not _rack(device):
        yield f"{shown}: it stands in no rack; enter it in NetBox"
    if not power.feeds_of(device.id):
        yield f"{shown}: its power ports lead to no power feed; enter its cables in NetBox"
    if "{address}" in wanted.bmc and not _address(device):
        yield f"{shown}: it has no out-of-band IP; enter it in NetBox, or give --bmc with {{name}}"
    elif not re.fullmatch(r"https://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[!-~]*)?", _bmc(device, wanted)):
        yield f"{shown}: '{printable(_bmc(device, wanted))}' is no https URL of a BMC; give another --bmc"


def _server(device: Device, power: Power, wanted: Wanted) -> dict[str, Any]:
    return {
        "serial": device.serial or "",
        "bmc": _bmc(device, wanted),
        "rack": _rack(device),
        "feeds": sorted({wanted.feeds.get(feed, _slug(feed)) for feed in power.feeds_of(device.id)}),
        "server_type": wanted.server_types[device.device_type.slug],
    }


def _bmc(device: Device, wanted: Wanted) -> str:
    values = {"address": _address(device), "name": device.name or "", "serial": device.serial or ""}
    return re.sub(r"\{(address|name|serial)\}", lambda found: values[found[1]].lower(), wanted.bmc)


def _address(device: Device) -> str:
    """The out-of-band IP without its prefix; empty without one."""
    return device.oob_ip.address.partition("/")[0] if device.oob_ip else ""


def _rack(device: Device) -> str:
    return _slug(device.rack.name) if device.rack else ""


def _slug(text: str) -> str:
    """As the fleet file writes names: lower case, digits and single dashes."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def _place(server: Mapping[str, Any]) -> tuple[str, str]:
    return server["rack"], server["serial"]


def _twice(servers: Sequence[Mapping[str, Any]]) -> list[tuple[str, int]]:
    counted = Counter(server["serial"] for server in servers if server["serial"])
    return sorted((serial, count) for serial, count in counted.items() if count > 1)


def _without_usual(server: Mapping[str, Any], usual: str) -> dict[str, Any]:
    return {name: value for name, value in server.items() if (name, value) != ("server_type", usual)}
