"""`argosy metal import-inventory`: a hall's inventory from NetBox, for a file that people review."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap

from argosy.errors import ArgosyError
from argosy.spec.inventory import InventorySpec
from argosy.spec.secrets import REFERENCE, REFERENCE_WORDS
from argosy_metal.commands.inventory_edits import on_one_line
from argosy_metal.commands.inventory_file import put_servers
from argosy_metal.commands.printable import printable
from argosy_metal.netbox.address import address_fault
from argosy_metal.netbox.client import NetBox
from argosy_metal.netbox.inventory import Import, Wanted, import_inventory
from argosy_metal.netbox.items import Device, PowerOutlet, PowerPort
from argosy_metal.netbox.power import Power
from argosy_metal.provider.secrets import resolve_secret

_MOST_CHARACTERS = 1000
"""Of a line that is told."""


class InventoryImportError(ArgosyError):
    """What NetBox says makes no inventory; the message says what is missing, device by device."""

    exit_code = 1


def print_inventory(
    url: str,
    token: str,
    netbox_site: str,
    wanted: Wanted,
    ca_certificate: Path | None = None,
    output: Path | None = None,
    *,
    is_plain_http_allowed: bool = False,
) -> None:
    """Print the inventory as YAML, or put it into the file `output`; on stderr, what was left out or changed.

    Raises InventoryImportError, NetBoxError, NotPossibleError without the token, and what `put_servers`
    raises; the file is as it was then.
    """
    references = {"--token": token, "--username": wanted.username, "--password": wanted.password}
    faults = [
        f"{option}: given a plain value (not shown); expected {REFERENCE_WORDS}"
        for option, given in references.items()
        if not REFERENCE.fullmatch(given)
    ]
    if fault := address_fault(url, is_plain_allowed=is_plain_http_allowed):
        faults.append(f"--netbox: {fault}")
    if faults:
        raise InventoryImportError("\n".join(faults))
    netbox = NetBox(url, _token(token), ca_certificate)
    try:
        devices = netbox.every("/dcim/devices/", Device, site=netbox_site)
        ports = netbox.every("/dcim/power-ports/", PowerPort, site=netbox_site)
        outlets = netbox.every("/dcim/power-outlets/", PowerOutlet, site=netbox_site)
    finally:
        netbox.close()
    imported = import_inventory(devices, Power.of(ports, outlets), wanted)
    for reason, count in imported.left_out.items():
        sys.stderr.write(f"left out: {count} of {reason}\n")
    refuse(imported)
    text = inventory_text(imported.content)
    if output is None:
        sys.stdout.write(text)
        return
    for line in put_servers(output, printable(str(output)), imported.content, text):
        sys.stderr.write(f"{printable(line, _MOST_CHARACTERS)}\n")


def _token(reference: str) -> str:
    """The token behind a reference. Raises InventoryImportError for what could not be sent as one."""
    token = resolve_secret(reference, Path.cwd())
    if not re.fullmatch("[!-~]+", token):
        raise InventoryImportError(
            f"--token: {reference} holds what is no token (not shown); expected letters, digits and signs"
            " without a space; put NetBox's token there"
        )
    return token


def refuse(imported: Import) -> None:
    """Raise InventoryImportError with every fault, or with what an inventory file would not take."""
    faults = list(imported.faults)
    if not faults:
        faults = _refused(imported.content)
    if faults:
        raise InventoryImportError("\n".join(faults))


def pairs(given: Sequence[str], option: str) -> dict[str, str]:
    """`KEY=VALUE` as they were given for an option. Raises InventoryImportError for anything else."""
    wrong = [
        f"{option}: given {item!r}; expected NETBOX=NAME" for item in given if not all(item.partition("="))
    ]
    if wrong:
        raise InventoryImportError("\n".join(wrong))
    return {key: value for key, _, value in (item.partition("=") for item in given)}


def inventory_text(content: Mapping[str, Any]) -> str:
    """The inventory file, one server a line."""
    yaml = YAML()
    yaml.width = 4096
    shown = io.StringIO()
    document: Any = CommentedMap(
        {**content, "servers": [on_one_line(server) for server in content["servers"]]}
    )
    if "out_of_service" in content:
        document["out_of_service"] = {
            serial: on_one_line(entry) for serial, entry in content["out_of_service"].items()
        }
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.dump(document, shown)  # pyright: ignore[reportUnknownMemberType]
    return f"# From NetBox, by `argosy metal import-inventory`.\n{shown.getvalue()}"


def _refused(content: Mapping[str, Any]) -> list[str]:
    try:
        InventorySpec.model_validate(content)
    except ValidationError as error:
        return [
            f"{printable('.'.join(map(str, fault['loc'])))}: given {printable(repr(fault['input']))}; "
            f"{fault['msg']}"
            for fault in error.errors(include_url=False, include_context=False)
        ]
    return []
