"""Facts about the vendor, in YAML beside the module that says what they mean."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def read_facts(module_file: str, name: str) -> dict[str, Any]:
    """The content of the file `name` beside a module, whose `__file__` is given.

    Whoever reads it makes a value that cannot change of it, and keeps that.
    """
    from ruamel.yaml import YAML

    path = Path(module_file).with_name(name)
    return YAML(typ="safe").load(path)  # pyright: ignore[reportUnknownMemberType]
