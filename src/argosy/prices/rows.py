"""The table of `argosy prices show` in lines of text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_HEADINGS = ("pool", "node type", "capacity", "USD/h", "marginal USD/h", "confidence", "as of", "source")
_NUMBERS = (3, 4)


def rows_of(table: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """One line per pool below a line of headings; `-` is what nobody states."""
    rows = [_HEADINGS, *(_cells(pool, values) for pool, values in table.items())]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(
            cell.rjust(width) if column in _NUMBERS else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()


def _cells(pool: str, values: Mapping[str, Any]) -> tuple[str, ...]:
    words = ("confidence", "as_of", "source")
    return (
        *(pool, values["node_type"], values["capacity_type"]),
        *(_usd(values["usd_per_hour"]), _usd(values["marginal_usd_per_hour"])),
        *(values[word] or "-" for word in words),
    )


def _usd(value: str | None) -> str:
    return "-" if value is None else f"{float(value):.2f}"
