"""Remembers the firmware inventory of each server for a while: some BMCs take minutes to tell it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from argosy_metal.redfish.firmware import Component

KEPT_SECONDS = 300.0
"""How old an answer may be. Before anything is flashed, its component is read anew anyway."""


class _Clock(Protocol):
    def now(self) -> float: ...


class Inventories:
    """Of all servers that one provider process has looked at, by server id."""

    def __init__(self, clock: _Clock) -> None:
        self._clock = clock
        self._kept: dict[str, tuple[float, dict[str, Component]]] = {}

    async def of(
        self, server_id: str, read: Callable[[], Awaitable[Mapping[str, Component]]]
    ) -> Mapping[str, Component]:
        """What is remembered, or else what `read` gives."""
        kept = self._kept.get(server_id)
        if kept is None or self._clock.now() - kept[0] > KEPT_SECONDS:
            kept = (self._clock.now(), dict(await read()))
            self._kept[server_id] = kept
        return kept[1]

    def known(self, server_id: str) -> Mapping[str, Component] | None:
        """What is remembered, however old."""
        kept = self._kept.get(server_id)
        return None if kept is None else kept[1]

    def note(self, server_id: str, component: Component) -> None:
        """Take over a newer look at one component."""
        if (kept := self._kept.get(server_id)) is not None:
            kept[1][component.name] = component
