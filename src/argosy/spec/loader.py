"""Loads a fleet file and the inventories it names, or says everything that is wrong with them at once."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar, cast

from pydantic import ValidationError

from argosy.errors import Fault, FleetError
from argosy.spec.document import Document, read_document
from argosy.spec.files import (
    MEND_LINK,
    close_file,
    dead_link,
    display_name,
    file_exists,
    find_fleet_file,
    find_root,
    read_text,
)
from argosy.spec.inventory import InventorySpec
from argosy.spec.models import FleetSpec, SpecModel
from argosy.spec.places import Places, undotted
from argosy.spec.plain import as_list, as_mapping
from argosy.spec.translate import Translator
from argosy.spec.words import shortened, shown

_Model = TypeVar("_Model", bound=SpecModel)


@dataclass(frozen=True)
class LoadedFleet:
    """A fleet file that has the right shape, with its inventories and the places to point at."""

    name: str
    """The environment's name: the file's name without its ending."""
    path: Path
    root: Path
    """The project's root: the nearest folder upward with a Pulumi.yaml."""
    spec: FleetSpec
    inventories: Mapping[str, InventorySpec]
    """By site; bare-metal sites only."""
    sha256: str
    """Of the fleet file's meaning: comments, layout and the order of keys do not count."""
    places: Places = field(repr=False, compare=False, default=Places(""))
    inventory_places: Mapping[str, Places] = field(
        repr=False, compare=False, default_factory=dict[str, Places]
    )
    start: Path = field(repr=False, compare=False, default_factory=Path.cwd)
    """The folder the user works in, from which messages name files; a program of Pulumi runs elsewhere."""

    @property
    def lock_path(self) -> Path:
        """The lock beside the fleet file: `prod.lock.json`."""
        return self.path.with_name(f"{self.path.stem}.lock.json")

    def named(self, path: Path) -> str:
        """A file of this fleet as the user would name it."""
        return display_name(path, self.start)

    def fault(self, path: str, *, given: str, expected: str, fix: str, site: str | None = None) -> Fault:
        """A fault at a dotted path of the fleet file, or of the inventory of `site`.

        Where nothing stands at the path, the fault points at the nearest thing around it.
        """
        places = self.places if site is None else self.inventory_places.get(site, self.places)
        return places.fault(undotted(path), given=given, expected=expected, fix=fix)


def load_spec(env: str, start: Path | None = None) -> LoadedFleet:
    """Load the fleet of an environment (`prod`), or of a fleet file's path.

    `start` stands in for the working directory; messages name files from there. Raises FleetError with every
    fault of the fleet file and of all inventories together.
    """
    # Here, since the checks are about the fleet that this module defines.
    from argosy.spec.checks import check_fleet

    folder = start or Path.cwd()
    path = find_fleet_file(env, folder)
    document = _read(path, folder)
    spec, faults = _validate(FleetSpec, document)
    inventories: dict[str, InventorySpec] = {}
    inventory_places: dict[str, Places] = {}
    for site, named in _inventories_named(document.value):
        loaded = _load_inventory(site, named, path, folder, document.places)
        if isinstance(loaded, list):
            faults += loaded
        else:
            inventories[site], inventory_places[site] = loaded
    if spec is None or faults:
        raise FleetError(faults)
    fleet = LoadedFleet(
        name=path.stem,
        path=path,
        root=find_root(path.parent) or find_root(folder) or path.parent.absolute(),
        spec=spec,
        inventories=inventories,
        sha256=meaning_sha256(spec),
        places=document.places,
        inventory_places=inventory_places,
        start=folder,
    )
    if found := check_fleet(fleet):
        raise FleetError(found)
    return fleet


def meaning_sha256(spec: SpecModel) -> str:
    """SHA-256 of a spec's meaning: its canonical JSON, in which 1.0 and 1.00 are one number."""
    text = json.dumps(_plain(spec.model_dump()), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any) -> Any:
    if (mapping := as_mapping(value)) is not None:
        return {key: _plain(child) for key, child in mapping.items()}
    if isinstance(value, tuple):
        return [_plain(child) for child in cast("tuple[Any, ...]", value)]
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat()
    return value


def _read(path: Path, folder: Path) -> Document:
    file = display_name(path, folder)
    return read_document(read_text(path, file), file)


def _validate(model: type[_Model], document: Document) -> tuple[_Model | None, list[Fault]]:
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


def _inventories_named(value: Any) -> list[tuple[str, str]]:
    """Site and inventory path of every hall, even where the rest of the file is wrong."""
    sites = as_mapping((as_mapping(value) or {}).get("sites")) or {}
    named = [(name, (as_mapping(site) or {}).get("inventory")) for name, site in sites.items()]
    return [(name, path) for name, path in named if isinstance(path, str)]


def _load_inventory(
    site: str, named: str, fleet_path: Path, folder: Path, places: Places
) -> tuple[InventorySpec, Places] | list[Fault]:
    path = fleet_path.parent / named
    if Path(named).is_absolute() or not file_exists(path):
        return [_no_inventory(site, named, path, places)]
    if outside := _inventory_outside(site, named, fleet_path, places):
        return [outside]
    try:
        document = _read(path, folder)
    except FleetError as error:
        return list(error.faults)
    spec, faults = _validate(InventorySpec, document)
    return (spec, document.places) if spec is not None and not faults else faults


def _inventory_outside(site: str, named: str, fleet_path: Path, places: Places) -> Fault | None:
    # Faults quote what they refuse, so any file that a fleet file may name is one it may have shown.
    root, folder = find_root(fleet_path.parent), fleet_path.parent
    if (folder / named).resolve().is_relative_to((root or folder).resolve()):
        return None
    around = "the project" if root else "the fleet file's folder"
    given, expected = f"{shown(named)}, which lies outside {around}", f"a file below {around}"
    fix = f"write e.g. inventories/{site}.yaml"
    return places.fault(("sites", site, "inventory"), given=given, expected=expected, fix=fix)


def _no_inventory(site: str, named: str, path: Path, places: Places) -> Fault:
    at = ("sites", site, "inventory")
    if Path(named).is_absolute():
        expected, fix = "a path relative to the fleet file", f"write e.g. inventories/{site}.yaml"
        return places.fault(at, given=shown(named), expected=expected, fix=fix)
    if link := dead_link(path):
        given = f"{shown(named)}, {link}"
        return places.fault(at, given=given, expected="an inventory file", fix=MEND_LINK)
    close = close_file(path)
    fix = f"did you mean {shortened(str(Path(named).with_name(close)))}.yaml?" if close else "create the file"
    given = f"{shown(named)}, which does not exist"
    return places.fault(at, given=given, expected="an inventory file", fix=fix)
