"""Changes of an inventory file: one entry more, or its servers; all else stays as a person wrote it.

What is to be written is read first, as any command reads an inventory: only a text that says just what it is
to say comes into the file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from itertools import product
from pathlib import Path
from typing import Any

from ruamel.yaml.error import YAMLError

from argosy.errors import ArgosyError, FleetError
from argosy.spec.document import read_document
from argosy.spec.inventory import InventorySpec, OutOfServiceSpec
from argosy.spec.named_files import validate
from argosy.spec.plain import as_mapping
from argosy.spec.whole_files import write_whole
from argosy_metal.commands.inventory_edits import CONTENT_EDITS, EDITS, KEY, Entry, spelled, spellings
from argosy_metal.netbox.merge import merged, told


class InventoryEditError(ArgosyError):
    """The inventory file cannot be changed; it is as it was, and the message says what to do."""


def put_out_of_service(
    path: Path, file: str, known: InventorySpec, serial: str, entry: OutOfServiceSpec
) -> None:
    """Put the serial number and its entry below `out_of_service`, whole or not at all.

    `file` is the name that messages show, `known` what the file said when it was last read. Raises
    InventoryEditError if it says something else by now, or cannot be written so.
    """
    try:
        # Not as text, which would turn the ends of lines into this system's.
        text = path.read_bytes().decode("utf-8")
        if validate(InventorySpec, read_document(text, file))[0] != known:
            raise InventoryEditError(f"{file}: has changed while it was read; run again")
        changed = with_out_of_service(text, serial, entry, file)
        if changed != text:
            # A link stays one: what it leads to is written.
            write_whole(changed, path.resolve())
    except (OSError, UnicodeDecodeError) as error:
        raise _not_written(file, error) from None


def put_servers(path: Path, file: str, netbox: Mapping[str, Any], fresh: str) -> tuple[str, ...]:
    """Put what NetBox has into the file, whole or not at all, and give back what is to be told of it.

    `file` is the name that messages show, `netbox` an inventory without fault, `fresh` the text where there
    is no file yet. Raises FleetError for a file with faults, InventoryEditError for one that is of another
    site, or that cannot be read or written so.
    """
    try:
        # A link stays one: what it leads to is written.
        target = path.resolve()
        if not target.exists():
            write_whole(fresh, target)
            return (f"{file}: written, with {len(netbox['servers'])} servers",)
        text = target.read_bytes().decode("utf-8")
        changed, lines = with_servers(text, netbox, file)
        if changed != text:
            write_whole(changed, target)
        return (*lines, f"{file}: {'as it was' if changed == text else 'changed'}")
    except (OSError, UnicodeDecodeError) as error:
        raise _not_written(file, error) from None


def with_servers(text: str, netbox: Mapping[str, Any], file: str) -> tuple[str, tuple[str, ...]]:
    """The inventory's text with what NetBox has, and what is to be told of it.

    Raises what `put_servers` raises.
    """
    if not text.strip():
        raise InventoryEditError(f"{file}: is empty; bring its content back or delete it, then run again")
    document = read_document(text, file)
    if faults := validate(InventorySpec, document)[1]:
        raise FleetError(faults)
    before = as_mapping(document.value) or {}
    if twice := sorted(_twice(server["serial"] for server in before["servers"])):
        raise InventoryEditError(f"{file}: {', '.join(twice)}: there twice; delete one, then run again")
    if before["site"] != netbox["site"]:
        raise InventoryEditError(
            f"{file}: is the inventory of {before['site']}, not of {netbox['site']}; give another --output or"
            " --name"
        )
    changed = _with_content(text, before, merged(before, netbox), file)
    return changed, tuple(told(before, netbox))


def _twice(serials: Iterable[str]) -> set[str]:
    return {serial for serial, count in Counter(serials).items() if count > 1}


def _with_content(text: str, before: Mapping[str, Any], wanted: Mapping[str, Any], file: str) -> str:
    if wanted == before:
        return text
    for edit in CONTENT_EDITS:
        with suppress(YAMLError, FleetError):
            changed = edit(text, before, wanted)
            if changed is not None and _says(changed, wanted, file):
                return changed
    raise InventoryEditError(
        f"{file}: is written in a way in which this command cannot change it; run again without --output, and"
        " bring over by hand what it prints"
    )


def _not_written(file: str, error: OSError | UnicodeDecodeError) -> InventoryEditError:
    reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
    return InventoryEditError(f"{file}: cannot be written ({reason}); mend that, then run again")


def with_out_of_service(text: str, serial: str, entry: OutOfServiceSpec, file: str = "the inventory") -> str:
    """The inventory's text with one more server out of service, and nothing else said otherwise.

    Raises InventoryEditError, with the line to add by hand, where no way of writing it gives just that.
    """
    said: Entry = entry.model_dump(include={"slot", "reason"}, exclude_none=True)
    said = {name: said[name] for name in ("slot", "reason") if name in said}
    before = as_mapping(read_document(text, file).value) or {}
    wanted = {**before, KEY: {**(as_mapping(before.get(KEY)) or {}), serial: said}}
    if wanted == before:
        return text
    for edit, item in product(EDITS, spellings(text, serial, said)):
        with suppress(YAMLError, FleetError):
            changed = edit(text, serial, item)
            if changed is not None and _says(changed, wanted, file):
                return changed
    raise InventoryEditError(
        f"{file}: is written in a way in which this command cannot add to it; add `{spelled(serial, said)}` "
        f"below `{KEY}` by hand, then run again"
    )


def _says(text: str, wanted: Mapping[str, Any], file: str) -> bool:
    """Whether a text is an inventory without fault that says just that."""
    document = read_document(text, file)
    return document.value == wanted and not validate(InventorySpec, document)[1]
