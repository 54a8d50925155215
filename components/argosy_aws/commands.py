"""`argosy aws`: what EC2 says of an instance type's network, and how tools lay out its interfaces.

Each command imports what it needs when it runs, so that `--help` waits for nothing. None needs an SDK or an
account.
"""

from __future__ import annotations

from typing import Annotated

import typer

from argosy_aws.purchases.command import purchases

app = typer.Typer(
    help="AWS: the network-card layout of an instance type, what other tools make of it, and purchases.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback()
def aws() -> None:
    """Ask what EC2 says of instance types; no account is asked."""


@app.command()
def nics(
    instance_type: Annotated[str, typer.Argument(metavar="TYPE", help="An EC2 type, e.g. p6-b300.48xlarge.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Show the network interfaces that Argosy gives an instance type, and why."""
    import json
    import sys

    from argosy_aws.cards.network_cards import type_network

    network = type_network(instance_type)
    if as_json:
        from argosy_aws.cards.report import as_json as document

        typer.echo(json.dumps(document(network), indent=2, ensure_ascii=False))
        return
    from rich.console import Console

    from argosy_aws.cards.report import as_table, summary

    # A pipe has no width; rich would take 80 columns and break every line.
    Console(width=None if sys.stdout.isatty() else 160).print(as_table(network))
    typer.echo(summary(network))


@app.command()
def types() -> None:
    """List every instance type that `argosy aws nics` knows, one a line."""
    from argosy_aws.cards.network_cards import type_names

    typer.echo("\n".join(type_names()))


@app.command()
def compare() -> None:
    """Print, as Markdown, what popular tools emit for types of AI against what EC2 demands."""
    from argosy_aws.cards.comparison import markdown

    typer.echo(markdown(), nl=False)


app.command()(purchases)
