"""`argosy survival ENV`: Price each notch of survival."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from argosy.what_if.survival import Notch

_BAR = 30
_LEGEND = (
    "claimed at the fleet's prices, beyond what is paid for already; floor: most that any line of `survive` "
    "asks for"
)


def survival(
    env: Annotated[str, typer.Argument(metavar="ENV", help="An environment, or the path of a fleet file.")],
    floors: Annotated[
        str, typer.Option("--floors", help="Floors to price, 5 to 9 of them, e.g. 0.5,0.6,0.8,0.9,1.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
    html: Annotated[
        Path | None, typer.Option("--html", help="Write the curve as a page that needs no network.")
    ] = None,
) -> None:
    """Price each notch of survival.

    For each floor: the cheapest fleet that is found when no line of `survive` asks for more of inference than
    that, and the share of the accelerators that its largest provider holds. Costs are those beyond what is
    paid for already, at the fleet's prices.
    """
    import json

    from argosy.resolve import load_fleet
    from argosy.what_if.survival import DEFAULT_FLOORS, price_of_survival
    from argosy.what_if.survival import as_json as plain

    wanted = _floors(floors) if floors else DEFAULT_FLOORS
    fleet, catalog = load_fleet(env)
    notches = price_of_survival(fleet, catalog, wanted)
    if as_json:
        content = {"fleet": fleet.spec.name, "notches": [plain(notch) for notch in notches]}
        typer.echo(json.dumps(content, indent=2, ensure_ascii=False))
    else:
        for line in lines_of(notches):
            typer.echo(line)
    if html is not None:
        from argosy.what_if.survival_page import write_page

        write_page(fleet.spec.name, notches, html)
        typer.echo(f"{html}: written", err=as_json)


def _floors(text: str) -> list[Decimal]:
    from argosy.errors import ArgosyError

    try:
        floors = [Decimal(part) for part in text.split(",")]
    except InvalidOperation:
        floors = []
    shares = all(floor.is_finite() and 0 <= floor <= 1 for floor in floors)
    if not shares or not 5 <= len(set(floors)) <= 9:
        error = ArgosyError(
            f"--floors: given {text!r}; expected 5 to 9 different shares from 0 to 1, "
            "e.g. --floors 0.5,0.6,0.7,0.8,0.9,1"
        )
        error.exit_code = 2
        raise error
    return floors


def lines_of(notches: Sequence[Notch]) -> list[str]:
    """The curve as aligned lines with bars."""
    dearest = max((notch.cost for notch in notches), default=0) or 1
    rows = [["floor", "nodes", "$ an hour", "", "largest provider"]]
    rows += [_cells(notch, dearest) for notch in notches]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    right = {1, 2}
    return [
        "  ".join(
            cell.rjust(width) if place in right else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ] + [_LEGEND]


def _cells(notch: Notch, dearest: int) -> list[str]:
    floor = "none" if notch.floor is None else f"{notch.floor * 100:.0f} %"
    if notch.nodes is None:
        return [floor, "-", "-", "no plan keeps it", ""]
    bar = "█" * max(1, round(_BAR * notch.cost / dearest))
    gap = f" (≤ {notch.gap * 100:.1f} % above the least)" if notch.gap >= 0.001 else ""
    return [
        floor,
        f"{notch.nodes:,}",
        f"{notch.cost / 1_000_000:,.2f}",
        bar,
        f"{notch.largest} {notch.share * 100:.0f} %{gap}",
    ]
