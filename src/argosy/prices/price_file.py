"""Writes a file of prices: a person's rows stay, list prices that were read anew take the place of old ones.

Writing is atomic: after an interruption the old file stands there, or the new one, never a part.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from argosy.catalog.facts import plain_value
from argosy.errors import Fault, FleetError
from argosy.spec.beside_checks import price_key
from argosy.spec.composer import MAX_NODES
from argosy.spec.document import read_document
from argosy.spec.files import MAX_BYTES, display_name
from argosy.spec.named_files import load_file, validate
from argosy.spec.prices import PriceSpec, PricesSpec
from argosy.spec.scalars import read_plain
from argosy.spec.whole_files import write_whole

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]*")
_QUOTED = re.compile(r'"(?:\\.|[^"\\])*"|\'[^\']*\'')
_COMMENT = re.compile(r"(^|\s)#")
_ROW = "\n  - {"
_NODES_PER_ROW = 1 + 2 * len(PriceSpec.model_fields)
_IMPORTED = "# Imported by argosy prices import-gpuhunt: "


def read_prices(path: Path, folder: Path) -> tuple[PriceSpec, ...]:
    """The rows of a file of prices, none when there is no file. Raises FleetError with all its faults."""
    if not path.exists():
        return ()
    if not path.is_file():
        given, fix = "what is not a file", "name a file, or move it away"
        raise FleetError([Fault(display_name(path, folder), 0, 0, "", given, "a file of prices", fix)])
    loaded = load_file(PricesSpec, path, folder)
    if isinstance(loaded, list):
        raise FleetError(loaded)
    return loaded[0].prices


def merged(existing: Iterable[PriceSpec], imported: Sequence[PriceSpec]) -> list[PriceSpec]:
    """All rows, sorted: those that exist, save the list prices of which there is a new one."""
    new = {price_key(price) for price in imported}
    kept = [price for price in existing if price_key(price) not in new]
    return sorted([*kept, *imported], key=lambda price: (price_key(price), price.as_of, price.source))


def header_of(path: Path, source: str, as_of: str) -> list[str]:
    """The comment lines to begin the file with: those it begins with, and one for each source imported."""
    opening = _opening_comments(path)
    imported = {f"{_IMPORTED}{source}, as of {as_of}"}
    for line in opening:
        if line.startswith(_IMPORTED) and not line.startswith(f"{_IMPORTED}{source}, as of "):
            imported.add(line)
    return [*(line for line in opening if not line.startswith(_IMPORTED)), *sorted(imported)]


def comments_lost(path: Path) -> int:
    """How many comments stand below the file's opening ones, which a merged file does not keep."""
    body = _lines(path)[len(_opening_comments(path)) :]
    return sum(bool(_COMMENT.search(_QUOTED.sub("", line))) for line in body)


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8-sig").splitlines() if path.is_file() else []


def _opening_comments(path: Path) -> list[str]:
    return list(itertools.takewhile(lambda line: line.startswith("#"), _lines(path)))


def render_prices(prices: Iterable[PriceSpec], header: Iterable[str]) -> str:
    """The file's one spelling: the comments, then one row per line."""
    rows = [f"{_ROW}{', '.join(_cells(price))}}}" for price in prices]
    return "\n".join([*header, "version: 1", "prices:"]) + "".join(rows) + "\n"


def write_prices(text: str, path: Path, folder: Path) -> None:
    """Put the text in place whole, or leave what was there.

    Raises FleetError when no fleet could read it, OSError when it cannot be written.
    """
    _refuse_unreadable(text, display_name(path, folder))
    write_whole(text, path.resolve())


def _refuse_unreadable(text: str, file: str) -> None:
    rows = text.count(_ROW)
    if len(text.encode()) > MAX_BYTES or rows * _NODES_PER_ROW > MAX_NODES:
        given, expected = f"{rows:,} prices", f"at most 1 MB, and {MAX_NODES // _NODES_PER_ROW:,} prices"
        fix = "cut the CSV down to the regions that are used"
        raise FleetError([Fault(file, 0, 0, "", given, expected, fix)])
    _, faults = validate(PricesSpec, read_document(text, file))
    if faults:
        raise FleetError(faults)


def _cells(price: PriceSpec) -> Iterable[str]:
    yield f"node_type: {_yaml(price.node_type)}"
    if price.region is not None:
        yield f"region: {_yaml(price.region)}"
    yield f"capacity_type: {price.capacity_type}"
    yield f"usd_per_hour: {plain_value(price.usd_per_hour)}"
    yield f"confidence: {price.confidence}"
    yield f"source: {_yaml(price.source)}"
    yield f"as_of: {price.as_of.isoformat()}"


def _yaml(text: str) -> str:
    """Text as every reader of YAML takes it for text."""
    if _PLAIN.fullmatch(text) and read_plain(text) == (text, None):
        return text
    return json.dumps(text, ensure_ascii=not text.isprintable())
