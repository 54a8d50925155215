"""Plain values of a file (mappings, lists, scalars) with the types that a checker can follow."""

from __future__ import annotations

from typing import Any, cast


def as_mapping(value: object) -> dict[str, Any] | None:
    """`value` when it is a mapping, else None. Keys of a file that was read are always text."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def as_list(value: object) -> list[Any] | None:
    """`value` when it is a list, else None."""
    return cast("list[Any]", value) if isinstance(value, list) else None
