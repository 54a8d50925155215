"""One resource at a time works on a server beside its machine, or two would reset it at once."""

from __future__ import annotations

import asyncio


class Turns:
    """A lock per server, for the life of a provider process. Runs are kept apart by the claims store."""

    def __init__(self) -> None:
        self._locks: dict[str, asyncio.Lock] = {}

    def of(self, server_id: str) -> asyncio.Lock:
        """The same lock for the same server."""
        return self._locks.setdefault(server_id, asyncio.Lock())
