"""What all clients of one BMC in this process share: one writer, few requests at once, one link."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from argosy_metal.redfish.link import BmcLink

LinkT = TypeVar("LinkT", bound="Closable")


class Closable(Protocol):
    """What ends when nobody shares it any more."""

    async def close(self) -> None:
        """End it."""
        ...


class BmcGate:
    """The gate of one BMC. `connections`: requests at once, which is connections too."""

    def __init__(self, connections: int = 2) -> None:
        self.requests = asyncio.Semaphore(connections)
        self.writer = asyncio.Lock()
        self.links: Shared[BmcLink] = Shared()
        self.connections = connections

    async def narrow(self, connections: int | None) -> None:
        """Let fewer requests through from now on, where a BMC bears no more."""
        while connections is not None and self.connections > max(connections, 1):
            self.connections -= 1
            # Taken and never given back.
            await self.requests.acquire()


class BmcGates:
    """One gate per BMC, so that two resources of one server do not write at the same time."""

    def __init__(self, connections: int = 2) -> None:
        self._connections = connections
        self._gates: dict[str, BmcGate] = {}

    def of(self, base_url: str) -> BmcGate:
        """The gate of the BMC at `base_url`; the same object for the same URL."""
        return self._gates.setdefault(base_url.rstrip("/").lower(), BmcGate(self._connections))


class Shared(Generic[LinkT]):
    """Things that several users hold at once, by key; the last one closes it."""

    def __init__(self) -> None:
        self._held: dict[object, tuple[LinkT, int]] = {}

    def take(self, key: object, make: Callable[[], LinkT]) -> LinkT:
        """The thing of that key, made if nobody holds it."""
        thing, users = self._held.get(key) or (make(), 0)
        self._held[key] = thing, users + 1
        return thing

    async def give_back(self, key: object) -> None:
        """One user fewer."""
        thing, users = self._held[key]
        if users > 1:
            self._held[key] = thing, users - 1
            return
        # Before it is closed: whoever comes meanwhile makes a new one.
        del self._held[key]
        await thing.close()
