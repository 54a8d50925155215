"""Load the catalogue from its files (their shape: `argosy.catalog.files`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from argosy.catalog.catalog import Catalog, NotInCatalogError
from argosy.catalog.files import CatalogFile, Row, Table, faults_of, read_file
from argosy.catalog.models import Accelerator, EgressPrice, Entry, InstanceType, ServerType
from argosy.errors import Fault, FleetError

_EntryT = TypeVar("_EntryT", bound=Entry)

_DATA = Path(__file__).parent / "data"


class CatalogError(FleetError):
    """Catalogue files have faults, all of which are listed. Mend them and run again."""


@lru_cache(maxsize=1)
def load_catalog() -> Catalog:
    """The catalogue that Argosy ships, read once per process."""
    return read_catalog(_DATA)


def read_catalog(directory: Path) -> Catalog:
    """The catalogue in the directory's `*.yaml`; raises CatalogError with every fault of every file."""
    faults: list[Fault] = []
    files: dict[str, CatalogFile] = {}
    for path in sorted(directory.glob("*.yaml")):
        content = read_file(path)
        if isinstance(content, list):
            faults += content
        else:
            files[path.name] = content
    catalog = Catalog(
        accelerators=_by_key(_entries(files, "accelerators", Accelerator, faults), faults),
        instance_types=_by_key(_entries(files, "instance_types", InstanceType, faults), faults),
        server_types=_by_key(_entries(files, "server_types", ServerType, faults), faults),
        egress=_by_key(_entries(files, "egress", EgressPrice, faults), faults),
    )
    if not faults:
        faults += _unknown_accelerators(catalog)
    if faults:
        raise CatalogError(faults)
    return catalog


def _entries(
    files: dict[str, CatalogFile], section: str, kind: type[_EntryT], faults: list[Fault]
) -> Iterator[tuple[str, _EntryT]]:
    """Every sound entry of one kind with its file's name."""
    for file, content in files.items():
        table: Table | None = getattr(content, section)
        if table is None:
            continue
        for name, row in table.rows.items():
            try:
                yield file, kind.model_validate(_values(name, row, table, content))
            except ValidationError as error:
                faults += faults_of(error, file, section, name)


def _values(name: str, row: Row, table: Table, content: CatalogFile) -> dict[str, object]:
    """The entry's fields; a value whose source the file does not name is left without provenance."""
    values = row.written_values()
    sources = {value: table.source_of(row, value) for value in [*values, *row.sources]}
    identity: dict[str, object] = {"provider": table.provider} if table.provider else {}
    provenance = {value: content.sources[key] for value, key in sources.items() if key in content.sources}
    return values | identity | {"name": name, "provenance": provenance}


def _by_key(entries: Iterable[tuple[str, _EntryT]], faults: list[Fault]) -> dict[str, _EntryT]:
    found: dict[str, _EntryT] = {}
    for file, entry in entries:
        if entry.key in found:
            faults.append(
                Fault(file, 0, 0, entry.key, "a second entry", "one entry per name", "drop one of them")
            )
        found[entry.key] = entry
    return dict(sorted(found.items()))


def _unknown_accelerators(catalog: Catalog) -> Iterator[Fault]:
    named = [(node_type.key, node_type.accelerator) for node_type in catalog.node_types]
    named += [(entry.name, entry.slice_of) for entry in catalog.accelerators.values() if entry.slice_of]
    for key, accelerator in named:
        try:
            catalog.accelerator(accelerator)
        except NotInCatalogError as error:
            yield Fault(
                "catalogue", 0, 0, key, repr(accelerator), "an accelerator of the catalogue", error.fix
            )
