"""`argosy metal`: simulate halls, show their machines, recover a killed run.

Each command imports what it needs when it runs, so that `--help` waits for nothing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="Bare-metal halls: simulate them, show their machines, recover a killed run.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Env = Annotated[str, typer.Argument(metavar="ENV", help="An environment, or the path of a fleet file.")]


@app.command()
def simulate(
    env: Env,
    detach: Annotated[bool, typer.Option("--detach", help="Return when it is ready; it runs on.")] = False,
    stop: Annotated[bool, typer.Option("--stop", help="End it.")] = False,
) -> None:
    """Simulate the fleet's simulated halls: every server's BMC, and each hall's provisioning service."""
    from argosy_metal.commands.simulate import simulate_fleet

    simulate_fleet(env, detach=detach, stop=stop)


@app.command()
def status(
    env: Env,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
    stack: Annotated[
        str | None, typer.Option(help="The Pulumi stack; default: ENV, and ENV-SITE for a site of its own.")
    ] = None,
) -> None:
    """Show every planned machine as the claims store has it; exit 1 unless all of them run."""
    from argosy_metal.commands.status import show_status

    show_status(env, as_json=as_json, stack=stack)


@app.command()
def recover(
    env: Env,
    stack: Annotated[
        str | None, typer.Option(help="The Pulumi stack; default: the fleet file's name.")
    ] = None,
    policy_pack: Annotated[
        list[Path] | None,
        typer.Option(
            help="A folder of policies to judge the `pulumi up` by; may be repeated.",
            exists=True,
            file_okay=False,
            resolve_path=True,
        ),
    ] = None,
    down: Annotated[
        bool, typer.Option("--down", help="Take the fleet down instead of bringing it up.")
    ] = False,
) -> None:
    """Settle what a killed `pulumi up` left, and run it again. Safe at any time, and more than once."""
    from argosy_metal.commands.recover import recover_fleet

    recover_fleet(env, stack, policy_pack or (), down=down)
