"""`argosy rates`: Import serving rates into a fleet's rates file."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="Bring serving rates into a file that a fleet file names under `rates:`.", no_args_is_help=True
)


@app.callback()
def rates() -> None:
    """Bring serving rates into a file that a fleet file names under `rates:`."""


@app.command("import-aiconfigurator")
def import_aiconfigurator(
    results: Annotated[
        list[Path], typer.Argument(metavar="RESULT…", help="A best_config_topn.csv, or a folder with some.")
    ],
    as_of: Annotated[
        dt.datetime,
        typer.Option(
            "--as-of", metavar="DATE", formats=["%Y-%m-%d"], help="The day of the run, e.g. 2026-11-27."
        ),
    ],
    output: Annotated[Path, typer.Option("--output", help="The rates file, which is made or merged into.")],
) -> None:
    """Read what NVIDIA aiconfigurator saved with --save-dir.

    A rate of the same model, accelerator, precision, lengths, replica and latency is replaced, every other
    one is kept; comments are not.
    """
    from argosy.sizing.aiconfigurator import read_results
    from argosy.sizing.rates_file import merge, read_rates, write_rates
    from argosy.spec.files import display_name

    folder = Path.cwd()
    _refuse_tomorrow(as_of.date())
    merged = merge(read_rates(output, folder), read_results(results, as_of.date(), folder))
    write_rates(merged.rates, output, folder)
    what = f"{merged.added} added, {merged.replaced} replaced, {merged.kept} kept"
    typer.echo(f"{display_name(output, folder)}: {what}")


def _refuse_tomorrow(as_of: dt.date) -> None:
    from argosy.errors import Fault, FleetError

    # The day that it is where days begin first: a fleet file's rates are held against the same.
    if as_of > dt.datetime.now(dt.timezone(dt.timedelta(hours=14))).date():
        fix = "write the day of the run"
        raise FleetError([Fault("--as-of", 0, 0, "", f"{as_of}, which is yet to come", "a day gone by", fix)])
