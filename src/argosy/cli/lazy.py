"""Commands that packages add to `argosy` (entry points `argosy.commands`), loaded only when they are used.

`argosy --help` lists them with the first line of their module's docstring, read without running the module:
the Pulumi SDK behind some of them takes longer to import than everything else together.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

import typer
from typer.core import TyperCommand, TyperGroup

from argosy.errors import ArgosyError

_BUILT_IN = [
    EntryPoint("survival", "argosy.what_if.survival_command:survival", "argosy.commands"),
    EntryPoint("catalog", "argosy.catalog.command:app", "argosy.commands"),
    EntryPoint("drill", "argosy.what_if.drill_command:drill", "argosy.commands"),
    EntryPoint("explain", "argosy.what_if.explain_command:explain", "argosy.commands"),
    EntryPoint("prices", "argosy.prices.command:app", "argosy.commands"),
    EntryPoint("rates", "argosy.sizing.rates_command:app", "argosy.commands"),
    EntryPoint("sizing", "argosy.sizing.command:sizing", "argosy.commands"),
]


class LazyGroup(TyperGroup):
    """A command group that knows more commands than it has loaded."""

    def __init__(self, **attrs: Any) -> None:
        super().__init__(**attrs)
        found = [*_BUILT_IN, *entry_points(group="argosy.commands")]
        self._points = {point.name: point for point in sorted(found, key=lambda point: point.name)}
        # A stand-in makes the name known, so that it is listed, and suggested for a mistyped one.
        self.commands.update({name: TyperCommand(name) for name in self._points})

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command; one that is not loaded is stood in for by its name and the first line of its help."""
        if cmd_name in self._points:
            return TyperCommand(cmd_name, help=_first_line(self._points[cmd_name].module))
        return super().get_command(ctx, cmd_name)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command to run, which is loaded here."""
        if args and args[0] in self._points:
            return args[0], _load(self._points[args[0]]), args[1:]
        return super().resolve_command(ctx, args)


def _load(point: EntryPoint) -> Any:
    try:
        loaded = point.load()
    except ModuleNotFoundError as missing:
        raise ArgosyError(
            f"argosy {point.name} needs the Python package {missing.name!r}, which is not installed; "
            "install argosy with the extra that brings it"
        ) from missing
    holder = typer.Typer(add_completion=False, rich_markup_mode=None)
    if not isinstance(loaded, typer.Typer):
        holder.command(point.name)(cast("Callable[..., Any]", loaded))
        return typer.main.get_command(holder)
    holder.add_typer(loaded, name=point.name)
    return cast("TyperGroup", typer.main.get_command(holder)).commands[point.name]


def _first_line(module: str) -> str:
    """First line of a module's docstring, without the command that it may begin with."""
    try:
        spec = find_spec(module)
    except ModuleNotFoundError:  # its package is not installed; using the command says so
        return ""
    if spec is None or spec.origin is None:
        return ""
    docstring = ast.get_docstring(ast.parse(Path(spec.origin).read_text(encoding="utf-8"))) or ""
    line = re.sub(r"^`argosy [^`]*`: ", "", docstring.partition("\n")[0])
    return line[:1].upper() + line[1:]
