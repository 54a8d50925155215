"""Finds the secret behind a reference. Values live in memory only."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from argosy_metal.provider.failures import NotPossibleError


def resolve_secret(reference: str, root: Path, environment: Mapping[str, str] = os.environ) -> str:
    """The value behind `env:NAME` or `file:PATH` (relative to `root`), without surrounding blanks.

    Raises NotPossibleError, which names the reference and never holds a value.
    """
    kind, _, place = reference.partition(":")
    if kind == "env":
        if value := environment.get(place, "").strip():
            return value
        raise NotPossibleError(f"{reference}: the environment variable is not set; set it, then run again")
    try:
        value = (root / place).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise NotPossibleError(
            f"{reference}: the file cannot be read ({_reason(error)}); put the secret there"
        ) from None
    if not value:
        raise NotPossibleError(f"{reference}: the file is empty; put the secret there")
    return value


def resolve_content(reference: str, root: Path, environment: Mapping[str, str] = os.environ) -> bytes:
    """What is behind `env:NAME` or `file:PATH`, byte for byte. Raises NotPossibleError, without a value."""
    kind, _, place = reference.partition(":")
    if kind == "env":
        if place in environment:
            return environment[place].encode()
        raise NotPossibleError(f"{reference}: the environment variable is not set; set it, then run again")
    try:
        return (root / place).read_bytes()
    except OSError as error:
        raise NotPossibleError(
            f"{reference}: the file cannot be read ({_reason(error)}); put it there"
        ) from None


def _reason(error: Exception) -> str:
    return (error.strerror or type(error).__name__) if isinstance(error, OSError) else "it is no UTF-8 text"
