"""`argosy render ENV`: what would be declared, read without an engine, an account or a network."""

from typing import TYPE_CHECKING, Annotated

import typer

from argosy.errors import ArgosyError
from argosy_component.garbage import garbage_unsought

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from argosy_component.mock_engine import RegisteredResource, ResourceGraph


def render(
    env: Annotated[str, typer.Argument(metavar="ENV", help="An environment, or the path of a fleet file.")],
    scope: Annotated[str, typer.Option(metavar="SITE", help="Declare this one site only.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print every resource whole, as JSON.")] = False,
) -> None:
    """Print every resource that `pulumi up` would declare. Needs no engine, account or network.

    Secrets are shown as [secret]. Exit code 2: the fleet file has faults; 1: the program failed.
    """
    with garbage_unsought():
        _render(env, scope, as_json)


def _render(env: str, scope: str, as_json: bool) -> None:
    try:
        # The SDK takes 0.3 s to import, which the other commands need not wait for.
        from argosy_component.mock_engine.graph import as_json as to_json
        from argosy_component.stack_program import declared_resources
    except ModuleNotFoundError as missing:
        typer.echo(f"render needs the Pulumi SDK: pip install 'argosy[pulumi]' ({missing})", err=True)
        raise typer.Exit(1) from missing
    try:
        graph = declared_resources(env, scope)
    except ArgosyError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(error.exit_code) from error
    if as_json:
        text = to_json({"resources": [resource.shown() for resource in graph.resources]})
    else:
        text = "".join(f"{line}\n" for line in _tree(graph))
    typer.echo(text, nl=False)


def _tree(graph: "ResourceGraph") -> list[str]:
    children: dict[str | None, list[RegisteredResource]] = {}
    for resource in graph.resources:
        children.setdefault(resource.parent, []).append(resource)
    return [*_branches(children, None, ""), f"{len(graph.resources)} resources"]


def _branches(
    children: "Mapping[str | None, Sequence[RegisteredResource]]", parent: str | None, indent: str
) -> "Iterator[str]":
    for resource in children.get(parent, ()):
        protected = "  (protected)" if resource.options.get("protect") else ""
        yield f"{indent}{resource.type}  {resource.name}{protected}"
        yield from _branches(children, resource.urn, indent + "  ")
