"""`argosy catalog`: list what a fleet can be built of, and show where every value comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import RenderableType

    from argosy.catalog.catalog import Catalog
    from argosy.catalog.models import Entry

app = typer.Typer(help="List accelerators, instance types and server types, with their sources.")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, with source and date of every value.")]
OfProvider = Annotated[str | None, typer.Option("--provider", help="Only this cloud's, e.g. aws.")]


@app.callback(invoke_without_command=True)
def catalog(context: typer.Context, as_json: AsJson = False) -> None:
    """List everything, when no narrower command is given."""
    from argosy.catalog.tables import accelerator_table, instance_type_table, server_type_table

    if context.invoked_subcommand:
        return
    found = _load()
    kinds: dict[str, Iterable[Entry]] = {
        "accelerators": found.accelerators.values(),
        "instance_types": found.instance_types.values(),
        "server_types": found.server_types.values(),
    }
    tables = [
        accelerator_table(found.accelerators.values()),
        instance_type_table(found.instance_types.values()),
        server_type_table(found.server_types.values()),
    ]
    _print({kind: _listing(entries) for kind, entries in kinds.items()} if as_json else None, tables)


@app.command("accelerators")
def accelerators(as_json: AsJson = False) -> None:
    """List accelerators."""
    from argosy.catalog.tables import accelerator_table

    found = _load().accelerators.values()
    _print({"accelerators": _listing(found)} if as_json else None, [accelerator_table(found)])


@app.command("instance-types")
def instance_types(provider: OfProvider = None, as_json: AsJson = False) -> None:
    """List the clouds' instance types."""
    from argosy.catalog.catalog import NotInCatalogError
    from argosy.catalog.tables import instance_type_table

    loaded = _load()
    if provider is not None and provider not in loaded.providers:
        raise NotInCatalogError("provider", provider, loaded.providers, "argosy catalog instance-types")
    found = [entry for entry in loaded.instance_types.values() if provider in (None, entry.provider)]
    _print({"instance_types": _listing(found)} if as_json else None, [instance_type_table(found)])


@app.command("server-types")
def server_types(as_json: AsJson = False) -> None:
    """List bare-metal server types."""
    from argosy.catalog.tables import server_type_table

    found = _load().server_types.values()
    _print({"server_types": _listing(found)} if as_json else None, [server_type_table(found)])


@app.command("show")
def show(
    name: Annotated[str, typer.Argument(help="Name of an entry, e.g. p5en.48xlarge or H200.")],
    as_json: AsJson = False,
) -> None:
    """Show one entry: every value, its source, its date and how far to trust it."""
    from argosy.catalog.tables import entry_as_json, entry_table

    entry = _load().entry(name)
    _print(entry_as_json(entry) if as_json else None, [entry_table(entry)])


def _load() -> Catalog:
    from argosy.catalog.load import load_catalog

    return load_catalog()


def _listing(entries: Iterable[Entry]) -> list[dict[str, object]]:
    from argosy.catalog.tables import entry_as_json

    return [entry_as_json(entry) for entry in entries]


def _print(document: object | None, tables: Sequence[RenderableType]) -> None:
    """Print the document as JSON, or the tables when there is none."""
    import json
    import sys

    from rich.console import Console

    if document is not None:
        typer.echo(json.dumps(document, indent=2, ensure_ascii=False))
        return
    # A pipe has no width; rich would take 80 columns and break every name.
    console = Console(width=None if sys.stdout.isatty() else 160)
    for table in tables:
        console.print(table)
