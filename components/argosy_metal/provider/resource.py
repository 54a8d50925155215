"""What every resource of the provider answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol

from argosy_metal.provider.requests import ResourceRequest

if TYPE_CHECKING:
    from argosy_metal.provider.properties import Properties

Outputs = Mapping[str, Any]


class Change(Enum):
    """What a changed property leads to."""

    UPDATE = "update"
    REPLACE = "replace"


@dataclass(frozen=True)
class Difference:
    """How the program and the state differ: by property."""

    changes: Mapping[str, Change] = field(default_factory=dict[str, Change])
    observed: frozenset[str] = frozenset()
    """Properties among `changes` that differ in what was observed, not in an input."""


@dataclass(frozen=True)
class Found:
    """What a read found. An empty id says that the resource is gone."""

    resource_id: str = ""
    outputs: Outputs = field(default_factory=dict[str, Any])
    inputs: Outputs = field(default_factory=dict[str, Any])


class ResourceKind(Protocol):
    """One type of resource. `check` and `diff` are pure: the engine calls them one after another."""

    @property
    def properties(self) -> Properties:
        """What it takes and gives."""
        ...

    def check(self, news: Mapping[str, Any]) -> tuple[Mapping[str, Any], Sequence[tuple[str, str]]]:
        """The inputs with defaults filled in, and every failure as property and reason."""
        ...

    def diff(self, request: ResourceRequest) -> Difference:
        """What changed, and whether that takes a replacement."""
        ...

    async def create(self, request: ResourceRequest) -> tuple[str, Outputs]:
        """Bring it into being, or adopt what an interrupted run of this stack left: id and outputs."""
        ...

    async def read(self, request: ResourceRequest) -> Found:
        """What is there now. Changes nothing."""
        ...

    async def update(self, request: ResourceRequest) -> Outputs:
        """Bring it in line with the inputs."""
        ...

    async def delete(self, request: ResourceRequest) -> None:
        """Remove it. No error if it is gone, and hands off what is not ours."""
        ...
