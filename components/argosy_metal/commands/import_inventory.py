"""`argosy metal import-inventory`: a hall's inventory from NetBox, printed for a file that people review."""

from __future__ import annotations

import io
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from argosy.errors import ArgosyError
from argosy.spec.inventory import InventorySpec
from argosy.spec.secrets import REFERENCE, REFERENCE_WORDS
from argosy_metal.netbox.client import NetBox
from argosy_metal.netbox.inventory import Import, Wanted, import_inventory
from argosy_metal.netbox.power import Power
from argosy_metal.provider.secrets import resolve_secret


class InventoryImportError(ArgosyError):
    """What NetBox says makes no inventory; the message says what is missing, device by device."""

    exit_code = 1


def print_inventory(
    url: str, token: str, netbox_site: str, wanted: Wanted, ca_certificate: Path | None = None
) -> None:
    """Print the inventory as YAML, and on stderr what was left out.

    Raises InventoryImportError, NetBoxError, or NotPossibleError without the token.
    """
    references = {"--token": token, "--username": wanted.username, "--password": wanted.password}
    if plain := [option for option, given in references.items() if not REFERENCE.fullmatch(given)]:
        raise InventoryImportError(
            "\n".join(
                f"{option}: given a plain value (not shown); expected {REFERENCE_WORDS}" for option in plain
            )
        )
    netbox = NetBox(url, resolve_secret(token, Path.cwd()), ca_certificate)
    try:
        devices = netbox.every("/dcim/devices/", site=netbox_site)
        ports = netbox.every("/dcim/power-ports/", site=netbox_site)
        outlets = netbox.every("/dcim/power-outlets/", site=netbox_site)
    finally:
        netbox.close()
    imported = import_inventory(devices, Power.of(ports, outlets), wanted)
    for reason, count in imported.left_out.items():
        sys.stderr.write(f"left out: {count} of {reason}\n")
    refuse(imported)
    sys.stdout.write(inventory_text(imported.content))


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
    document: Any = CommentedMap({**content, "servers": [_line(server) for server in content["servers"]]})
    if "out_of_service" in content:
        document["out_of_service"] = {
            serial: _line(entry) for serial, entry in content["out_of_service"].items()
        }
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.dump(document, shown)  # pyright: ignore[reportUnknownMemberType]
    return f"# From NetBox, by `argosy metal import-inventory`.\n{shown.getvalue()}"


def _line(values: Mapping[str, Any]) -> Any:
    line: Any = CommentedMap(values)
    line.fa.set_flow_style()
    if "bmc" in line:
        # Readers of YAML 1.1 take no bare colon between braces.
        line["bmc"] = DoubleQuotedScalarString(line["bmc"])
    if "feeds" in line:
        feeds: Any = CommentedSeq(line["feeds"])
        feeds.fa.set_flow_style()
        line["feeds"] = feeds
    return line


def _refused(content: Mapping[str, Any]) -> list[str]:
    try:
        InventorySpec.model_validate(content)
    except ValidationError as error:
        items = error.errors(include_url=False, include_context=False)
        return [
            f"{'.'.join(map(str, item['loc']))}: given {item['input']!r}; {item['msg']}" for item in items
        ]
    return []
