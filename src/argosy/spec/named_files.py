"""Reads the files that a fleet file names: inventories, prices, rates."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from argosy.errors import Fault, FleetError
from argosy.spec.document import Document, read_document
from argosy.spec.files import (
    MEND_LINK,
    close_file,
    dead_link,
    display_name,
    file_exists,
    find_root,
    read_text,
)
from argosy.spec.places import Path as KeyPath
from argosy.spec.places import Places
from argosy.spec.plain import as_list, as_mapping
from argosy.spec.translate import Translator
from argosy.spec.values import SpecModel
from argosy.spec.words import shortened, shown

_Model = TypeVar("_Model", bound=SpecModel)


@dataclass(frozen=True)
class NamedFile:
    """A file as a fleet file names it."""

    at: KeyPath
    """Where the fleet file names it."""
    path: str
    """Relative to the fleet file."""
    kind: str
    """What belongs in it, for people: `an inventory file`."""
    example: str
    """A path that would do."""


def read_file(path: Path, folder: Path) -> Document:
    """The content of one file, which messages name from `folder`. Raises FleetError."""
    file = display_name(path, folder)
    return read_document(read_text(path, file), file)


def validate(model: type[_Model], document: Document) -> tuple[_Model | None, list[Fault]]:
    """What the document says, held against its model, and every fault of it. Good is what has no fault."""
    if as_mapping(document.value) is None:
        # A single value may be all of a password file that was named by mistake.
        is_list = as_list(document.value) is not None
        given = shown(document.value) if is_list or document.value is None else "a single value"
        fix = "begin with `version: 1`, then `key: value` lines"
        return None, [document.places.fault((), given=given, expected="a mapping at the top level", fix=fix)]
    spec, error = None, None
    try:
        spec = model.model_validate(document.value)
    except ValidationError as caught:
        error = caught
    return spec, Translator(model, document).faults(error)


def load_file(model: type[_Model], path: Path, folder: Path) -> tuple[_Model, Places] | list[Fault]:
    """A file of this model and its places, or everything that is wrong with it."""
    try:
        document = read_file(path, folder)
    except FleetError as error:
        return list(error.faults)
    spec, faults = validate(model, document)
    return (spec, document.places) if spec is not None and not faults else faults


def load_named(
    model: type[_Model], named: NamedFile, fleet_path: Path, folder: Path, places: Places
) -> tuple[_Model, Places] | list[Fault]:
    """The named file and its places, or its faults; a file that is not there is a fault of the fleet file.

    `places` are those of the fleet file. Files outside the project are refused unread.
    """
    path = fleet_path.parent / named.path
    if Path(named.path).is_absolute() or not file_exists(path):
        return [_missing(named, path, places)]
    if outside := _outside(named, fleet_path, places):
        return [outside]
    return load_file(model, path, folder)


def _outside(named: NamedFile, fleet_path: Path, places: Places) -> Fault | None:
    # Faults quote what they refuse, so any file that a fleet file may name is one it may have shown.
    root, folder = find_root(fleet_path.parent), fleet_path.parent
    if (folder / named.path).resolve().is_relative_to((root or folder).resolve()):
        return None
    around = "the project" if root else "the fleet file's folder"
    given, expected = f"{shown(named.path)}, which lies outside {around}", f"a file below {around}"
    return places.fault(named.at, given=given, expected=expected, fix=f"write e.g. {named.example}")


def _missing(named: NamedFile, path: Path, places: Places) -> Fault:
    if Path(named.path).is_absolute():
        expected, fix = "a path relative to the fleet file", f"write e.g. {named.example}"
        return places.fault(named.at, given=shown(named.path), expected=expected, fix=fix)
    if link := dead_link(path):
        given = f"{shown(named.path)}, {link}"
        return places.fault(named.at, given=given, expected=named.kind, fix=MEND_LINK)
    close = close_file(path)
    meant = f"{shortened(str(Path(named.path).with_name(close)))}.yaml" if close else ""
    given = f"{shown(named.path)}, which does not exist"
    fix = f"did you mean {meant}?" if close else "create the file"
    return places.fault(named.at, given=given, expected=named.kind, fix=fix)
