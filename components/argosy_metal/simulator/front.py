"""Where TCP connections come in. Each is looked at before TLS begins: whom it is for decides what it meets.

A host that is not reachable resets it; faults choose another certificate or slow it down.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
import struct
from asyncio.trsock import TransportSocket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web

from argosy_metal.simulator.client_hello import NotYetError, host_named_in

_LOOPBACK = "127.0.0.1"
_BACKLOG = 1024
_HELLO_BYTES = 16 << 10
_HELLO_SECONDS = 10.0
_PAUSE_SECONDS = 0.002
_ACCEPT_PAUSE_SECONDS = 0.1
_log = logging.getLogger(__name__)
# aiohttp writes a line per request where its level is INFO; ours are written by `app`.
_NO_ACCESS_LOG = logging.getLogger("aiohttp.access.off")
_NO_ACCESS_LOG.disabled = True
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


@dataclass(frozen=True)
class Welcome:
    """What a connection meets."""

    context: ssl.SSLContext | None
    """None: it is reset."""
    delay_seconds: float = 0.0
    """Before TLS begins."""


class Counted(web.RequestHandler):
    """aiohttp's protocol of one connection, which says when it ends."""

    __slots__ = ("_ended",)

    def __init__(self, server: web.Server, ended: Callable[[], None]) -> None:
        super().__init__(server, loop=asyncio.get_running_loop(), access_log=_NO_ACCESS_LOG)
        self._ended: Callable[[], None] | None = ended

    def connection_lost(self, exc: BaseException | None) -> None:
        """The connection has ended."""
        super().connection_lost(exc)
        if self._ended is not None:
            self._ended()
            self._ended = None


class Front:
    """The listening sockets of a simulator."""

    def __init__(
        self,
        server: web.Server,
        welcome: Callable[[str], Welcome],
        begin: Callable[[str], Callable[[], None]],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._server = server
        self._welcome = welcome
        self._begin = begin
        """Called with a host as a connection to it begins; what it returns, when that ends."""
        self._sleep = sleep
        self._tasks: set[asyncio.Task[None]] = set()
        self._listeners: list[socket.socket] = []

    def listen(self, host: str = "") -> int:
        """Listen on a loopback port, for all hosts or for one alone. Returns the port."""
        listener = socket.create_server((_LOOPBACK, 0), backlog=_BACKLOG)
        listener.setblocking(False)
        self._listeners.append(listener)
        self._spawn(self._accept(listener, host))
        return listener.getsockname()[1]

    async def close(self) -> None:
        """Accept nothing more, and end what has not become a connection yet."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for listener in self._listeners:
            listener.close()

    def _spawn(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _accept(self, listener: socket.socket, host: str) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, _ = await loop.sock_accept(listener)
            except OSError as error:
                # Too many open files, for the time being.
                _log.warning("no connection can be accepted (%s)", error.strerror)
                await asyncio.sleep(_ACCEPT_PAUSE_SECONDS)
                continue
            self._spawn(self._serve(connection, host))

    async def _serve(self, connection: socket.socket, host: str) -> None:
        """See a connection through to TLS; from then on it is aiohttp's."""
        try:
            named = await asyncio.wait_for(_host_of(connection), _HELLO_SECONDS)
            welcome = self._welcome(host or named)
            if welcome.context is None:
                reset(connection)
                return
            if welcome.delay_seconds:
                await self._sleep(welcome.delay_seconds)
            await self._hand_over(connection, host or named, welcome.context)
        except (OSError, EOFError):  # Also ssl.SSLError and TimeoutError.
            connection.close()
        except asyncio.CancelledError:
            connection.close()
            raise

    async def _hand_over(self, connection: socket.socket, host: str, context: ssl.SSLContext) -> None:
        ended = self._begin(host)
        made: list[Counted] = []

        def protocol() -> Counted:
            made.append(Counted(self._server, ended))
            return made[0]

        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                protocol, connection, ssl=context, ssl_handshake_timeout=_HELLO_SECONDS
            )
        except BaseException:
            # The protocol of a handshake that fails never hears of its connection.
            if not made or made[0].transport is None:
                ended()
            raise


def reset(connection: socket.socket | TransportSocket) -> None:
    """Make the end of a connection a reset, and end it if it is ours alone."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    if isinstance(connection, socket.socket):
        connection.close()


async def _host_of(connection: socket.socket) -> str:
    """Whom a client means, by its first message, which stays to be read again.

    Raises EOFError if it leaves.
    """
    while True:
        await _readable(connection)
        data = connection.recv(_HELLO_BYTES, socket.MSG_PEEK)
        if not data:
            raise EOFError
        try:
            return host_named_in(data)
        except NotYetError:
            # What has come stays readable, so the socket cannot say when more has.
            await asyncio.sleep(_PAUSE_SECONDS)


async def _readable(connection: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    future: asyncio.Future[None] = loop.create_future()
    loop.add_reader(connection.fileno(), _resolve, future)
    try:
        await future
    finally:
        loop.remove_reader(connection.fileno())


def _resolve(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
