"""The tables beside this file: what is known of the vendor and stands in no model of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from ruamel.yaml import YAML

HERE = Path(__file__).parent


def read_table(path: Path) -> dict[str, Any]:
    """The content of one table."""
    return cast("dict[str, Any]", YAML(typ="safe").load(path))  # pyright: ignore[reportUnknownMemberType]
