"""An HTTP answer that ends in time, however slowly it comes."""

from __future__ import annotations

import http.client
import io
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


class TimedAnswer(http.client.HTTPResponse):
    """Reads from a connection as long as there is time left.

    A socket's own timeout ends only a silence: a byte now and then would hold a reader for ever.
    `seconds_left` says how long the next read may wait, and raises TimeoutError once there is no time left.
    """

    def __init__(
        self,
        sock: socket.socket,
        debuglevel: int = 0,
        method: str | None = None,
        url: str | None = None,
        *,
        seconds_left: Callable[[], float],
    ) -> None:
        super().__init__(sock, debuglevel, method, url)
        self.fp.close()
        self.fp = io.BufferedReader(_TimedReader(sock, seconds_left))


class _TimedReader(io.RawIOBase):
    def __init__(self, sock: socket.socket, seconds_left: Callable[[], float]) -> None:
        super().__init__()
        self._socket = sock
        self._seconds_left = seconds_left
        # It holds the socket open after its connection has let go of it, as http.client counts on.
        self._stream = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int | None:
        self._socket.settimeout(self._seconds_left())
        return self._stream.readinto(buffer)

    def close(self) -> None:
        self._stream.close()
        super().close()
