"""The way to one BMC that all its clients in a process share: connections, session, service root, quirks."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from argosy_metal.redfish.gate import BmcGate
from argosy_metal.redfish.login import Login
from argosy_metal.redfish.messages import Json
from argosy_metal.redfish.quirks import Quirks, identity_of, quirks_for
from argosy_metal.redfish.settings import Clock, Credentials, Patience
from argosy_metal.redfish.transport import Transport


class BmcLink:
    """One session at most, however many clients use it."""

    def __init__(
        self,
        transport: Transport,
        credentials: Credentials,
        patience: Patience,
        clock: Clock,
        gate: BmcGate,
        headers: Mapping[str, str],
    ) -> None:
        self.transport = transport
        self.login = Login(transport, credentials, patience, clock, headers)
        self.quirks: Quirks = quirks_for(identity_of({}))
        self.root: Json | None = None
        self.reading_root = asyncio.Lock()
        self._gate = gate

    async def learn(self, root: Json, system: Json | None = None) -> None:
        """Find the quirks by what the BMC says of itself."""
        self.root = root
        self.quirks = quirks_for(identity_of(root, system))
        await self._gate.narrow(self.quirks.connections)

    async def close(self) -> None:
        """Delete the session and close the connections."""
        try:
            await self.login.close()
        finally:
            await self.transport.close()
