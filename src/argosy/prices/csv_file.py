"""Reads the CSV that is to be imported, and says whose offers it holds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from argosy.catalog import NotInCatalogError
from argosy.errors import Fault, FleetError
from argosy.spec.files import display_name
from argosy.spec.words import shortened

if TYPE_CHECKING:
    from argosy.catalog import Catalog

MAX_BYTES = 100_000_000
"""Of a CSV; gpuhunt's largest have some ten megabytes."""


def read_csv(path: Path, folder: Path) -> tuple[str, str]:
    """The file's text, in UTF-8, and the name that faults show. Raises FleetError when there is none."""
    file = display_name(path, folder)
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        given = f"a file that cannot be read ({(error.strerror or 'no reason given').lower()})"
        raise FleetError([_whole(file, given, "a CSV of gpuhunt's", "correct the path")]) from None
    if len(content) > MAX_BYTES:
        raise FleetError([_whole(file, "a file of more than 100 MB", "a CSV of gpuhunt's", "split it")])
    try:
        return content.decode("utf-8-sig"), file
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        fix = "save the file as UTF-8"
        raise FleetError(
            [Fault(file, line, 1, "", "bytes that are not UTF-8", "text in UTF-8", fix)]
        ) from None


def provider_of(path: Path, text: str, given: str | None, catalog: Catalog) -> str | None:
    """Whose offers the file holds: as is given, by its name (`aws.csv`), or None when a column says so.

    Raises NotInCatalogError when a provider is given of which the catalogue knows nothing.
    """
    if given is not None:
        if given not in catalog.providers:
            listing = "argosy catalog instance-types"
            raise NotInCatalogError("provider", given, catalog.providers, listing)
        return given
    if "provider" in text.partition("\n")[0].strip().split(","):
        return None
    return path.stem if path.stem in catalog.providers else None


def shown_name(path: Path) -> str:
    """The file's name as a source gives it: on one line, and short."""
    return shortened(path.name.strip())


def nothing_to_import(file: str, left_out: Sequence[str]) -> Fault:
    """The fault of a CSV without a single price of a node type that the catalogue knows."""
    given = f"no price of a node type that the catalogue knows ({'; '.join(left_out) or 'no rows'})"
    return _whole(
        file, given, "offers of what `argosy catalog instance-types` lists", "check --provider and the file"
    )


def _whole(file: str, given: str, expected: str, fix: str) -> Fault:
    return Fault(file, 0, 0, "", given, expected, fix)
