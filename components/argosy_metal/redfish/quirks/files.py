"""Read the files of this folder."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from argosy_metal.redfish.quirks.model import QuirkFile


@cache
def quirk_files() -> Mapping[str, QuirkFile]:
    """Every file by its name, in the order of names.

    Raises pydantic.ValidationError if one is not what it should be.
    """
    from ruamel.yaml import YAML

    found: dict[str, QuirkFile] = {}
    for path in sorted(files("argosy_metal.redfish.quirks").iterdir(), key=lambda path: path.name):
        name, _, kind = path.name.rpartition(".")
        if kind == "yaml":
            content: object = YAML(typ="safe").load(path.read_text(encoding="utf-8"))  # pyright: ignore[reportUnknownMemberType]
            found[name] = QuirkFile.model_validate(content)
    return found
