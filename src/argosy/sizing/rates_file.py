"""A file of serving rates that an importer keeps: read, merged by key, written whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from argosy.errors import Fault, FleetError
from argosy.spec.beside_checks import rate_key
from argosy.spec.document import read_document
from argosy.spec.files import MAX_BYTES, display_name, file_exists
from argosy.spec.named_files import load_file, validate
from argosy.spec.rates import RateSpec, RatesSpec
from argosy.spec.whole_files import write_whole

_HEADER = "# Serving rates. Importers rewrite this file and keep its rates, but not its comments.\n"


@dataclass(frozen=True)
class Merged:
    """The rates of a file after an import, and what the import did to them."""

    rates: tuple[RateSpec, ...]
    """Sorted by what they are the rates of, so that the order of imports decides nothing."""
    added: int
    replaced: int
    kept: int


def read_rates(path: Path, folder: Path) -> tuple[RateSpec, ...]:
    """The file's rates; none when there is no file yet. Raises FleetError with every fault."""
    if not file_exists(path):
        return ()
    loaded = load_file(RatesSpec, path, folder)
    if isinstance(loaded, list):
        raise FleetError(loaded)
    return loaded[0].rates


def merge(old: Iterable[RateSpec], new: Iterable[RateSpec]) -> Merged:
    """`new` put in the place of the old rates with the same keys; of two new ones the higher stays."""
    before = {rate_key(rate): rate for rate in old}
    fresh: dict[Hashable, RateSpec] = {}
    for rate in sorted(new, key=lambda rate: (rate.output_tokens_per_second, rate.source)):
        fresh[rate_key(rate)] = rate
    after = before | fresh
    replaced = len(before.keys() & fresh.keys())
    return Merged(
        rates=tuple(sorted(after.values(), key=_order)),
        added=len(fresh) - replaced,
        replaced=replaced,
        kept=len(before) - replaced,
    )


def render(rates: Sequence[RateSpec]) -> str:
    """The one spelling of a rates file: a line per rate."""
    return f"{_HEADER}version: 1\nrates:\n" + "".join(f"  - {_line(rate)}\n" for rate in rates)


def write_rates(rates: Sequence[RateSpec], path: Path, folder: Path) -> None:
    """Put the file in place whole, or leave what was there.

    `folder` is the one from which messages name files. Raises FleetError when a fleet could not read what is
    written, and OSError.
    """
    file, text = display_name(path, folder), render(rates)
    if faults := _unreadable(text, file) or _nowhere(path, file):
        raise FleetError(faults)
    write_whole(text, path)


def _unreadable(text: str, file: str) -> list[Fault]:
    if len(text.encode()) > MAX_BYTES:
        fix = "import fewer results"
        return [Fault(file, 0, 0, "", "more than 1 MB of rates", "at most 1 MB in one file", fix)]
    return validate(RatesSpec, read_document(text, file))[1]


def _nowhere(path: Path, file: str) -> list[Fault]:
    if path.parent.is_dir():
        return []
    given, expected = "a file in a folder that does not exist", "a file in a folder that does"
    return [Fault(file, 0, 0, "", given, expected, "create the folder, or correct the path")]


def _order(rate: RateSpec) -> tuple[str | int, ...]:
    return (
        *(rate.model.casefold(), rate.model, rate.accelerator, rate.precision),
        *(rate.input_tokens, rate.output_tokens, rate.accelerators_per_replica),
        *(rate.at, rate.ttft_ms or 0, rate.tpot_ms or 0),
    )


def _line(rate: RateSpec) -> str:
    fields = {
        name: value
        for name, value in rate
        if value is not None and not (name == "accelerators_per_replica" and value == 1)
    }
    return "{" + ", ".join(f"{name}: {_scalar(value)}" for name, value in fields.items()) + "}"


def _scalar(value: object) -> str:
    # JSON's quotes are YAML's as well; dates and numbers stand bare.
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else f"{value}"
