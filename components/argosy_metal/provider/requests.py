"""The engine's requests in plain values, with what the SDK's own classes leave out: the old inputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class ResourceRequest:
    """One question about one resource."""

    urn: str
    resource_id: str = ""
    news: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Inputs as the program gives them now."""
    olds: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Outputs as the state has them."""
    old_inputs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    timeout_seconds: float = 0.0
    """From `custom_timeouts`; 0 stands for none given."""
    preview: bool = False

    @property
    def type(self) -> str:
        """The type token, e.g. `baremetal:index:Machine`."""
        return type_of(self.urn)

    @property
    def owner(self) -> str:
        """`project/stack`: who owns what this stack claims."""
        head, project, _ = self.urn.split("::", 2)
        return f"{project}/{head.rpartition(':')[2]}"


def type_of(urn: str) -> str:
    """The type token in a URN, without its parents."""
    return urn.split("::")[2].rpartition("$")[2]
