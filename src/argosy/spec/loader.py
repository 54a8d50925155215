"""Loads a fleet file and the files it names, or says everything that is wrong with them at once."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, TypeVar, cast

from argosy.errors import Fault, FleetError
from argosy.spec.files import display_name, find_fleet_file, find_root
from argosy.spec.inventory import InventorySpec
from argosy.spec.models import FleetSpec
from argosy.spec.named_files import NamedFile, load_named, read_file, validate
from argosy.spec.places import Places, undotted
from argosy.spec.plain import as_mapping
from argosy.spec.prices import PricesSpec
from argosy.spec.rates import RatesSpec
from argosy.spec.server_types import ServerTypesSpec
from argosy.spec.settings import LoadedSettings, load_settings, without_traps
from argosy.spec.values import SpecModel

_Model = TypeVar("_Model", bound=SpecModel)

Beside = Literal["prices", "rates", "server_types"]
"""A file that stands beside the fleet file and belongs to the whole fleet, by the key that names it."""


@dataclass(frozen=True)
class LoadedFleet:
    """A fleet file that has the right shape, with the files it names and the places to point at."""

    name: str
    """The environment's name: the file's name without its ending."""
    path: Path
    root: Path
    """The project's root: the nearest folder upward with a Pulumi.yaml."""
    spec: FleetSpec
    inventories: Mapping[str, InventorySpec]
    """By site; bare-metal sites only."""
    sha256: str
    """Of the fleet file's meaning to a plan: comments, layout, the order of keys and `settings` do not count,
    nor does what stands in the files it names, whose paths alone do."""
    prices: PricesSpec | None = None
    """What the file at `prices` says; None when the fleet file names none."""
    rates: RatesSpec | None = None
    """What the file at `rates` says; None when the fleet file names none."""
    server_types: ServerTypesSpec | None = None
    """What the file at `server_types` says; None when the fleet file names none."""
    settings: LoadedSettings = field(default_factory=LoadedSettings)
    """What only its provider understands of a site or pool."""
    places: Places = field(repr=False, compare=False, default=Places(""))
    inventory_places: Mapping[str, Places] = field(
        repr=False, compare=False, default_factory=dict[str, Places]
    )
    beside_places: Mapping[Beside, Places] = field(
        repr=False, compare=False, default_factory=dict["Beside", Places]
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

    def site_settings(self, site: str, model: type[_Model]) -> _Model:
        """The settings of a site, of the shape its provider registered; its defaults where there are none."""
        found = self.settings.sites.get(site)
        return found if isinstance(found, model) else model()

    def pool_settings(self, site: str, pool: str, model: type[_Model]) -> _Model:
        """The settings of a node pool, of the shape its provider registered; its defaults if it has none."""
        found = self.settings.pools.get((site, pool))
        return found if isinstance(found, model) else model()

    def fault(
        self,
        path: str,
        *,
        given: str,
        expected: str,
        fix: str,
        site: str | None = None,
        document: Beside | None = None,
    ) -> Fault:
        """A fault at a dotted path of the fleet file, of the inventory of `site`, or of the file `document`.

        Where nothing stands at the path, the fault points at the nearest thing around it.
        """
        places = self.places
        if document is not None:
            places = self.beside_places.get(document, places)
        elif site is not None:
            places = self.inventory_places.get(site, places)
        return places.fault(undotted(path), given=given, expected=expected, fix=fix)


def load_spec(env: str, start: Path | None = None) -> LoadedFleet:
    """Load the fleet of an environment (`prod`), or of a fleet file's path.

    `start` stands in for the working directory; messages name files from there. Raises FleetError with every
    fault of the fleet file and of all files it names together.
    """
    # Here, since the checks are about the fleet that this module defines.
    from argosy.spec.checks import check_fleet

    folder = start or Path.cwd()
    path = find_fleet_file(env, folder)
    document = read_file(path, folder)
    spec, faults = validate(FleetSpec, without_traps(document))
    settings, settings_faults = load_settings(document)
    faults += settings_faults
    named = _NamedFiles(path, folder, document.places, faults)
    inventories: dict[str, InventorySpec] = {}
    inventory_places: dict[str, Places] = {}
    for site, file in _inventories_named(document.value):
        if loaded := named.load(InventorySpec, file):
            inventories[site], inventory_places[site] = loaded
    prices = named.load(PricesSpec, _beside_named(document.value, "prices", "a file of prices"))
    rates = named.load(RatesSpec, _beside_named(document.value, "rates", "a file of serving rates"))
    server_types = named.load(
        ServerTypesSpec, _beside_named(document.value, "server_types", "a file of server types")
    )
    if spec is None or faults:
        raise FleetError(faults)
    fleet = LoadedFleet(
        name=path.stem,
        path=path,
        root=find_root(path.parent) or find_root(folder) or path.parent.absolute(),
        spec=spec,
        inventories=inventories,
        sha256=meaning_sha256(spec),
        prices=prices[0] if prices else None,
        rates=rates[0] if rates else None,
        server_types=server_types[0] if server_types else None,
        settings=settings,
        places=document.places,
        inventory_places=inventory_places,
        beside_places=_beside_places(prices=prices, rates=rates, server_types=server_types),
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
    if isinstance(value, dt.date):
        return value.isoformat()
    return value


@dataclass(frozen=True)
class _NamedFiles:
    """Loads what one fleet file names, and adds what is wrong with it to `faults`."""

    fleet_path: Path
    folder: Path
    places: Places
    faults: list[Fault]

    def load(self, model: type[_Model], file: NamedFile | None) -> tuple[_Model, Places] | None:
        if file is None:
            return None
        loaded = load_named(model, file, self.fleet_path, self.folder, self.places)
        if isinstance(loaded, list):
            self.faults.extend(loaded)
            return None
        return loaded


def _inventories_named(value: Any) -> list[tuple[str, NamedFile]]:
    """Site and inventory of every hall, even where the rest of the file is wrong."""
    sites = as_mapping((as_mapping(value) or {}).get("sites")) or {}
    paths = [(name, (as_mapping(site) or {}).get("inventory")) for name, site in sites.items()]
    return [
        (name, NamedFile(("sites", name, "inventory"), path, "an inventory file", f"inventories/{name}.yaml"))
        for name, path in paths
        if isinstance(path, str)
    ]


def _beside_named(value: Any, key: Beside, kind: str) -> NamedFile | None:
    path = (as_mapping(value) or {}).get(key)
    return NamedFile((key,), path, kind, f"{key.replace('_', '-')}.yaml") if isinstance(path, str) else None


def _beside_places(**loaded: tuple[SpecModel, Places] | None) -> dict[Beside, Places]:
    return {cast("Beside", key): found[1] for key, found in loaded.items() if found}
