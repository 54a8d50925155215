"""The commands. Each imports what it needs when it runs, so that `--help` waits for nothing."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

import argosy
from argosy.cli.lazy import LazyGroup
from argosy.errors import ArgosyError

app = typer.Typer(
    cls=LazyGroup,
    help="Declare an AI lab's whole compute in one file, and prove that it survives the loss of any part.",
    epilog="ENV is an environment, e.g. `prod` for stacks/fleets/prod.yaml, or the path of a fleet file. "
    "Exit codes: 0 all is well, 1 the fleet fails the check, 2 the input is at fault.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    # Boxes and colours would triple the time of `argosy --help`: 0.3 s instead of 0.1 s.
    rich_markup_mode=None,
)

Env = Annotated[str, typer.Argument(metavar="ENV", help="An environment, or the path of a fleet file.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def main() -> None:
    """Run the command line; what goes wrong is one message on stderr and an exit code, never a traceback."""
    try:
        app(prog_name="argosy")
    except ArgosyError as error:
        _fail(str(error), error.exit_code)
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        _fail(f"{place}{error.strerror or error}", 2)
    except KeyboardInterrupt:
        sys.exit(130)


def _fail(message: str, exit_code: int) -> None:
    from argosy.spec.words import visible

    # A message may repeat what stands in a file, a database or an answer.
    typer.echo("\n".join(map(visible, message.split("\n"))), err=True)
    sys.exit(exit_code)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"argosy {argosy.__version__}")
        raise typer.Exit


@app.callback()
def common_options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """What every command takes."""


@app.command()
def plan(
    env: Env,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Choose sizes anew, even where the lock's are still good enough.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write the lock: how many nodes of each pool, who gets what, and a witness per failure.

    While the sizes of the lock keep every floor and cost at most 3 % more than the least, they stay.
    """
    from argosy.cli.plan import plan_fleet

    plan_fleet(env, fresh=fresh, as_json=as_json)


@app.command()
def check(env: Env, as_json: AsJson = False) -> None:
    """Prove that the lock keeps every floor in every failure.

    The table has a line per scenario and a column per workload. A cell is kept/required, in nodes, or in
    requests per second for services sized from requests; `-` means that the workload is not required then.
    `training` is the sum of all jobs, `training/NAME` one job, which runs whole or not at all. `within` is
    the time until the floor must hold again.
    """
    from argosy.cli.check import check_fleet

    check_fleet(env, as_json)


@app.command()
def schema() -> None:
    """Print the JSON Schema of the fleet file, for editors."""
    import json

    from argosy.spec.schema import fleet_json_schema

    typer.echo(json.dumps(fleet_json_schema(), indent=2, ensure_ascii=False))
