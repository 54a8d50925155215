"""`argosy prices`: show what nodes cost and how old the prices are, and import lists of prices."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from argosy.prices.gpuhunt import Imported

app = typer.Typer(
    help="Show what the nodes of a fleet cost, and import lists of prices.", no_args_is_help=True
)

Env = Annotated[str, typer.Argument(metavar="ENV", help="An environment, or the path of a fleet file.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Day = Annotated[
    dt.datetime | None,
    typer.Option("--as-of", formats=["%Y-%m-%d"], help="Day from which prices' age counts; left out: today."),
]
DayRead = Annotated[
    dt.datetime, typer.Option("--as-of", formats=["%Y-%m-%d"], help="Day of which the CSV's prices are.")
]
Csv = Annotated[Path, typer.Argument(metavar="FILE.csv", help="A CSV of gpuhunt's, e.g. aws.csv.")]
Provider = Annotated[
    str | None, typer.Option("--provider", help="Whose offers; left out: as the file says, or is named.")
]
Output = Annotated[Path, typer.Option("--output", help="The file of prices to write, or to merge into.")]


@app.command("show")
def show(env: Env, as_json: AsJson = False, as_of: Day = None) -> None:
    """Show every pool's price, its source, and what one more node costs.

    `marginal` is what one more node costs by being held: nothing where it is reserved, energy where it is
    owned, else its price. Prices that are old are named below the table.
    """
    import json

    from argosy.catalog import catalog_of
    from argosy.prices.table import price_table, stale
    from argosy.spec.loader import load_spec

    fleet = load_spec(env)
    catalog = catalog_of(fleet)
    day = as_of.date() if as_of else _today()
    table, warnings = price_table(fleet, catalog), stale(fleet, catalog, day)
    if as_json:
        document = {"fleet": fleet.spec.name, "as_of": day.isoformat(), "prices": table, "stale": warnings}
        typer.echo(json.dumps(document, indent=2, ensure_ascii=False))
        return
    from argosy.prices.rows import rows_of

    for line in [*rows_of(table), *warnings]:
        typer.echo(line)


@app.command("import-gpuhunt")
def import_gpuhunt(
    file: Csv, as_of: DayRead, provider: Provider = None, output: Output = Path("prices.yaml")
) -> None:
    """Write the list prices of a CSV of gpuhunt's to a file of prices.

    Node types of the catalogue only. Rows that the file of prices has already stay as they are, save list
    prices of the same node type, region and capacity type. Nothing is written when the CSV has a fault.
    """
    from argosy.catalog import load_catalog
    from argosy.errors import FleetError
    from argosy.prices import csv_file, gpuhunt, price_file

    folder, day = Path.cwd(), as_of.date()
    if day > _today():
        raise typer.BadParameter(f"{day} is yet to come", param_hint="--as-of")
    text, name = csv_file.read_csv(file, folder)
    catalog = load_catalog()
    whose = csv_file.provider_of(file, text, provider, catalog)
    source = f"gpuhunt, {csv_file.shown_name(file)}"
    imported = gpuhunt.import_gpuhunt(text, name, source, day, catalog, whose)
    if not imported.prices:
        raise FleetError([csv_file.nothing_to_import(name, _left_out(imported))])
    rows = price_file.merged(price_file.read_prices(output, folder), imported.prices)
    header, lost = price_file.header_of(output, source, day.isoformat()), price_file.comments_lost(output)
    price_file.write_prices(price_file.render_prices(rows, header), output, folder)
    _report(imported, output, len(rows), lost)


def _report(imported: Imported, output: Path, rows: int, comments_lost: int) -> None:
    from argosy.spec.words import counted

    typer.echo(f"{output}: written; {counted(len(imported.prices), 'price')} imported, {rows:,} in all")
    for line in _left_out(imported):
        typer.echo(f"left out: {line}")
    if comments_lost:
        typer.echo(f"{output}: {counted(comments_lost, 'comment')} below the opening ones not kept", err=True)


def _left_out(imported: Imported) -> list[str]:
    from argosy.spec.words import counted

    return [f"{counted(count, 'row')}: {reason}" for reason, count in sorted(imported.left_out.items())]


def _today() -> dt.date:
    return dt.datetime.now(dt.UTC).date()
