"""What an oracle finds wrong, in the words of the resource as it was declared."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Violation:
    """One fault of one declared resource."""

    resource: str
    """Its name in the program."""
    type: str
    path: str
    """The input, as the SDK writes it, e.g. `networkInterfaces[3].interfaceType`."""
    message: str

    def __str__(self) -> str:
        return f"{self.type} {self.resource}: {self.path}: {self.message}"


def shown(violations: Iterable[Violation]) -> str:
    """All of them, one a line: what a failing test prints."""
    return "\n".join(str(violation) for violation in sorted(violations))
