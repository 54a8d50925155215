"""Facts that hold where a fleet file says nothing, read from `data/defaults.yaml` with their sources."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

_FILE = Path(__file__).parent / "data" / "defaults.yaml"


@dataclass(frozen=True)
class Default:
    """One value, and where it comes from."""

    value: Fraction
    source: str
    confidence: str
    """`verified`, `secondary`, or `estimate` for what nobody has measured."""


@lru_cache(maxsize=1)
def defaults() -> dict[str, Default]:
    """Every default by name, read once per process."""
    content: Any = YAML(typ="safe").load(_FILE)  # pyright: ignore[reportUnknownMemberType]
    sources = content["sources"]
    return {
        name: Default(
            Fraction(str(row["value"])),
            sources[row["source"]]["source"],
            sources[row["source"]]["confidence"],
        )
        for name, row in content["values"].items()
    }


def default(name: str) -> Fraction:
    """The value of one default; raises KeyError for a name that the file lacks."""
    return defaults()[name].value


def derate_of(kind: str) -> Fraction:
    """Share of its rating that a unit of the kind may carry continuously."""
    return default(f"derate_of_{kind.replace('-', '_')}")
