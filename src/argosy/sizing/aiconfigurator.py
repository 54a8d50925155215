"""Reads what NVIDIA aiconfigurator saves: `best_config_topn.csv` of its `cli recommend` and `cli default`.

Learnt from results of version 0.12.0 (tests/fixtures/rates). One row is one configuration of a replica:
`agg` answers a request in one place, `disagg` reads prompts and writes answers on accelerators of their own,
and has the columns of the parts twice, as `(p)…` and `(d)…`. Times are in milliseconds, predicted, and those
of the configuration, not the targets that were asked for.
"""

from __future__ import annotations

import csv
import datetime as dt
import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from pathlib import Path

from pydantic import ValidationError

from argosy.errors import Fault, FleetError
from argosy.spec.files import display_name, read_text
from argosy.spec.hints import nearest
from argosy.spec.rates import RateSpec
from argosy.spec.words import shown

RESULT = "best_config_topn.csv"

ACCELERATORS = {
    "a100_sxm": "A100-80GB",
    "b200_sxm": "B200",
    "b300_sxm": "B300",
    "gb200": "GB200",
    "gb300": "GB300",
    "h100_sxm": "H100",
    "h200_sxm": "H200",
    "l4": "L4",
    "l40s": "L40S",
    "rtx_pro_6000_server": "RTX-PRO-6000",
}
"""aiconfigurator's systems to the catalogue's accelerators; the PCIe cards are other products than those."""

Row = Mapping[str, str]


class _BadCellError(Exception):
    """A cell that does not say what a rate needs: what was given, what is expected, what would do."""

    def __init__(self, given: str, expected: str, fix: str) -> None:
        super().__init__(given)
        self.given, self.expected, self.fix = given, expected, fix


def read_results(paths: list[Path], as_of: dt.date, folder: Path) -> list[RateSpec]:
    """The rates of all results. A path is a result's CSV file, or a folder with such files below it.

    `folder` is the one from which messages name files. Raises FleetError with every fault of every file.
    """
    rates: list[RateSpec] = []
    faults: list[Fault] = []
    for path in paths:
        files = sorted(path.rglob(RESULT)) if path.is_dir() else [path]
        if not files:
            faults.append(_no_result(display_name(path, folder)))
        for file in files:
            try:
                rates += _read_file(file, as_of, folder)
            except FleetError as error:
                faults += error.faults
    if faults:
        raise FleetError(faults)
    return rates


def _read_file(path: Path, as_of: dt.date, folder: Path) -> list[RateSpec]:
    file = display_name(path, folder)
    rates: list[RateSpec] = []
    faults: list[Fault] = []
    for line, row in _rows(_text(path, file), file):
        try:
            rates.append(_rate(row, as_of))
        except _BadCellError as bad:
            faults.append(Fault(file, line, 1, "", bad.given, bad.expected, bad.fix))
    if not rates and not faults:
        expected, fix = "a row per configuration", "run aiconfigurator with a target that can be met"
        faults.append(Fault(file, 0, 0, "", "a result without rows", expected, fix))
    if faults:
        raise FleetError(faults)
    return rates


def _text(path: Path, file: str) -> str:
    try:
        return read_text(path, file)
    except FleetError as error:
        faults = [replace(fault, expected=f"a {RESULT} of aiconfigurator") for fault in error.faults]
        raise FleetError(faults) from None


def _rows(text: str, file: str) -> Iterator[tuple[int, Row]]:
    reader = csv.DictReader(text.splitlines(), strict=True)
    try:
        for row in reader:
            # The reader puts a list of what is too much under None, and None for what is missing.
            yield (
                reader.line_num,
                {str(name): value or "" for name, value in row.items() if isinstance(value, str)},
            )
    except csv.Error as error:
        fault = Fault(file, reader.line_num, 1, "", str(error), "comma-separated values", f"name a {RESULT}")
        raise FleetError([fault]) from None


def _rate(row: Row, as_of: dt.date) -> RateSpec:
    try:
        return RateSpec(
            model=_cell(row, "model"),
            accelerator=_accelerator(row),
            precision=_precision(row),
            input_tokens=_whole(row, "isl"),
            output_tokens=_whole(row, "osl"),
            output_tokens_per_second=_number(row, "tokens/s/gpu"),
            accelerators_per_replica=_whole(row, "num_total_gpus"),
            at="latency target",
            ttft_ms=math.ceil(_number(row, "ttft")),
            tpot_ms=math.ceil(_number(row, "tpot")),
            source=f"predicted by NVIDIA aiconfigurator for {_cell(row, *_parts('system'))}: {_layout(row)}",
            as_of=as_of,
        )
    except ValidationError as error:
        detail = error.errors(include_url=False)[0]
        field = ".".join(map(str, detail["loc"]))
        raise _BadCellError(f"a {field} that no rate can have", detail["msg"], "correct the row") from None


def _layout(row: Row) -> str:
    """Engine, its version, and how the replica is cut, e.g. `trtllm 1.3.0rc20, tp2pp1dp1etp1ep1`."""
    engine = f"{_cell(row, *_parts('backend'))} {_cell(row, *_parts('version'))}"
    if "parallel" in row:
        return f"{engine}, {_cell(row, 'parallel')}"
    prefill = f"{_cell(row, '(p)workers')} prefill {_cell(row, '(p)parallel')}"
    return f"{engine}, {prefill}, {_cell(row, '(d)workers')} decode {_cell(row, '(d)parallel')}"


def _accelerator(row: Row) -> str:
    system = _cell(row, *_parts("system"))
    if (other := row.get("(p)system", system)) != system:
        given = f"prompts on {other} and answers on {system}"
        raise _BadCellError(given, "one system for both", "run aiconfigurator without --decode-system")
    if system not in ACCELERATORS:
        close = nearest(system, ACCELERATORS)
        fix = f"did you mean {close}?" if close else "run aiconfigurator for one of them"
        raise _BadCellError(f"the system {shown(system)}", f"one of {', '.join(ACCELERATORS)}", fix)
    return ACCELERATORS[system]


def _precision(row: Row) -> str:
    """Of the dense layers, and of the experts where it is another, e.g. `bfloat16+w4a8_mxfp4_mxfp8`."""
    dense, experts = _cell(row, *_parts("gemm")), _cell(row, *_parts("moe"))
    # fp8_block, fp8_static: how the scales are laid out, which no fleet file asks for.
    dense, experts = ("fp8" if name.startswith("fp8") else name for name in (dense, experts))
    return dense if dense == experts else f"{dense}+{experts}"


def _parts(column: str) -> tuple[str, str]:
    """The column's name in a result of `agg`, and in one of `disagg`."""
    return column, f"(d){column}"


def _cell(row: Row, *names: str) -> str:
    for name in names:
        if value := row.get(name, "").strip():
            return value
    raise _BadCellError(f"no {names[0]}", f"a {RESULT} of aiconfigurator 0.12", "name one, unchanged")


def _number(row: Row, name: str) -> Decimal:
    text = _cell(row, name)
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    # The largest is a bound on what `int` and a message must print.
    if not number.is_finite() or not 0 < number < 10**12:
        raise _BadCellError(f"{shown(text)} for {name}", "a number above 0", "correct the row")
    return number


def _whole(row: Row, name: str) -> int:
    number = _number(row, name)
    if number != number.to_integral_value():
        raise _BadCellError(f"{shown(row[name])} for {name}", "a whole number above 0", "correct the row")
    return int(number)


def _no_result(file: str) -> Fault:
    fix = "run aiconfigurator with --save-dir, and name that folder"
    return Fault(file, 0, 0, "", f"a folder without a {RESULT}", "a result of aiconfigurator", fix)
