"""What an inventory file comes to say once NetBox's servers are in it, and what is told of that. Pure.

NetBox decides where its servers stand and how their BMCs are reached. All else is the file's: servers that
NetBox does not have, who is out of service, certificates, credentials of single servers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from argosy.spec.bmc_address import bmc_address
from argosy.spec.plain import as_list

Content = Mapping[str, Any]
"""An inventory, or a server of it, as a file says it."""

_SAME: Mapping[str, Callable[[Any], Any]] = {"bmc": bmc_address, "feeds": frozenset}
"""Values that are written in several ways, and what two of them have in common then."""


def merged(before: Content, netbox: Content) -> dict[str, Any]:
    """The file's content with NetBox's servers: its own in their order, then those that are new.

    `before` is what the file says and `netbox` what was imported, both an inventory without fault.
    """
    known, imported = _by_serial(before), _by_serial(netbox)
    updated = [{**server, **_differing(server, imported.get(serial, {}))} for serial, server in known.items()]
    added = [server for serial, server in imported.items() if serial not in known]
    typed = {server["serial"] for server in before["servers"] if "server_type" in server}
    usual = before["server_type"]
    after = {
        **before,
        "credentials": dict(netbox["credentials"]),
        "servers": [
            server if server["serial"] in typed else _without_usual(server, usual)
            for server in [*updated, *added]
        ],
    }
    new = _newly_out(before, netbox)
    return {**after, "out_of_service": {**_out_of_service(before), **new}} if new else after


def told(before: Content, netbox: Content) -> Iterator[str]:
    """What is added and changed, and what the file has that NetBox does not: one line each."""
    known, imported = _by_serial(before), _by_serial(netbox)
    for name, reference in netbox["credentials"].items():
        if (old := before["credentials"][name]) != reference:
            yield f"changed: credentials.{name} {old} → {reference}"
    for serial, server in imported.items():
        if serial not in known:
            yield f"added: {serial} in {server['rack']}"
        elif changes := _changes(known[serial], server):
            yield f"changed: {serial} {', '.join(changes)}"
    for serial, entry in _newly_out(before, netbox).items():
        yield f"out of service: {serial} ({entry['reason']})"
    for serial in _out_of_service(before):
        if serial in imported and serial not in _out_of_service(netbox):
            yield (
                f"kept: {serial} is out of service, though in service in NetBox; once it is mended, delete"
                f" its line below out_of_service"
            )
    for serial in known:
        if serial not in imported:
            yield (
                f"kept: {serial} is not among the servers that NetBox gave; if it is gone for good, free its"
                " slot first (`argosy metal replace`), then delete its lines"
            )


def _newly_out(before: Content, netbox: Content) -> dict[str, Any]:
    """The entries of servers that are out of service in NetBox, and not yet in the file."""
    listed = _out_of_service(before)
    return {serial: entry for serial, entry in _out_of_service(netbox).items() if serial not in listed}


def _out_of_service(content: Content) -> Content:
    return content.get("out_of_service", {})


def _by_serial(content: Content) -> dict[str, dict[str, Any]]:
    """Every server with its type, whether it is the usual one or not."""
    usual = content["server_type"]
    return {
        server["serial"]: {**server, "server_type": server.get("server_type", usual)}
        for server in content["servers"]
    }


def _differing(server: Content, imported: Content) -> dict[str, Any]:
    """What NetBox says otherwise of the server."""
    return {name: value for name, value in imported.items() if not _is_same(name, server[name], value)}


def _changes(server: Content, imported: Content) -> list[str]:
    differing = _differing(server, imported)
    changes = [f"{name} {_shown(server[name])} → {_shown(value)}" for name, value in differing.items()]
    is_pin_in_doubt = "bmc" in differing and "certificate_sha256" in server
    return [*changes, "certificate_sha256 kept, check it"] if is_pin_in_doubt else changes


def _is_same(name: str, one: Any, other: Any) -> bool:
    common = _SAME.get(name)
    return common(one) == common(other) if common else one == other


def _shown(value: Any) -> str:
    items = as_list(value)
    return str(value) if items is None else f"[{', '.join(map(str, items))}]"


def _without_usual(server: Content, usual: str) -> dict[str, Any]:
    return {name: value for name, value in server.items() if (name, value) != ("server_type", usual)}
