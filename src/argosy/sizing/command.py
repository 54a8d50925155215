"""`argosy sizing ENV`: Size services from their requests, term by term."""

from __future__ import annotations

from typing import Annotated

import typer


def sizing(
    env: Annotated[str, typer.Argument(metavar="ENV", help="An environment, or the path of a fleet file.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Size services from their requests, term by term.

    From requests per month to the peak, to what one accelerator serves, to accelerators and nodes if that
    kind served alone. Each term is given (by the fleet file, or its file of rates) or a default, and names
    its source. A service that `nodes` pins is not sized.
    """
    import json

    from argosy.catalog import catalog_of
    from argosy.errors import FleetError
    from argosy.sizing.chain import chain_as_json, chain_lines
    from argosy.sizing.fleet import fleet_sizings, node_sizes, sizing_faults
    from argosy.spec.loader import load_spec

    fleet = load_spec(env)
    catalog = catalog_of(fleet)
    if faults := sizing_faults(fleet, catalog):
        raise FleetError(faults)
    sizings, sizes = fleet_sizings(fleet, catalog), node_sizes(fleet, catalog)
    if as_json:
        services = {name: chain_as_json(size, sizes) for name, size in sizings.items()}
        typer.echo(json.dumps({"services": services}, indent=2, ensure_ascii=False))
        return
    for name, size in sizings.items():
        for line in chain_lines(name, size, sizes):
            typer.echo(line)
    pinned = [service.name for service in fleet.spec.demand.inference if service.nodes is not None]
    if pinned or not sizings:
        typer.echo(f"pinned by `nodes`, not sized: {', '.join(pinned)}" if pinned else "no service to size")
