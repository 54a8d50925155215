"""Tells people through the engine what goes on while a resource takes its time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import grpc.aio
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc


class EngineLog:
    """The engine's log. Nobody depends on it: a line that cannot be sent is left out."""

    def __init__(self, address: str | None = None) -> None:
        """`address` is the engine's, as it gives it to its plugins; without one nothing is told."""
        self._address = address
        self._channel: grpc.aio.Channel | None = None
        self._sending: set[asyncio.Task[None]] = set()

    def attach(self, address: str) -> None:
        """Tell this engine from now on."""
        self._address = address

    def about(self, urn: str) -> Callable[[str], None]:
        """What shows a passing line beside one resource."""
        return lambda message: self._tell(engine_pb2.INFO, urn, message, passing=True)

    def warn(self, urn: str, message: str) -> None:
        """What stays to be read after the run."""
        self._tell(engine_pb2.WARNING, urn, message, passing=False)

    async def close(self) -> None:
        """Send what is on its way, and close the connection."""
        if self._sending:
            await asyncio.wait(self._sending)
        if self._channel is not None:
            await self._channel.close()
            self._channel = None

    def _tell(
        self, severity: engine_pb2.LogSeverity.ValueType, urn: str, message: str, *, passing: bool
    ) -> None:
        if self._address is None:
            return
        request = engine_pb2.LogRequest(severity=severity, message=message, urn=urn, ephemeral=passing)
        sending = asyncio.ensure_future(self._send(self._address, request))
        self._sending.add(sending)
        sending.add_done_callback(self._sending.discard)

    async def _send(self, address: str, request: engine_pb2.LogRequest) -> None:
        try:
            if self._channel is None:
                self._channel = grpc.aio.insecure_channel(address)
            # The stub is typed for the other kind of channel.
            stub: Any = engine_pb2_grpc.EngineStub(self._channel)
            await stub.Log(request, timeout=_SECONDS)
        except grpc.aio.AioRpcError:
            return


_SECONDS = 5.0
