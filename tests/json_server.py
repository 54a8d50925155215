"""A JSON service of the test's own on a free loopback port, from which stand-ins of real ones are made."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = tuple[int, Any]
"""Status, and a body: text as it is, anything else as JSON."""


class JsonServer:
    """One service. A subclass says what it answers; one request at a time gets its answer."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.clock = 1_800_000_000.0
        """Seconds since the epoch, told with every answer."""
        self.requests: list[str] = []
        self.answers: list[Answer] = []
        """Given to the next requests instead of what they ask for."""
        self.lost_answers = 0
        """How many of the next writes are done, and their connection cut before the answer."""
        self.retry_after = "0"
        """Told with every 429."""
        self.trickles = False
        """Whether every answer's body comes a byte at a time and never ends."""
        self.connections: list[socket.socket] = []
        self.port = 0
        self._context = context
        self._lock = threading.Lock()
        self.start()

    @property
    def url(self) -> str:
        """Its address."""
        return f"{'https' if self._context else 'http'}://localhost:{self.port}"

    def respond(self, method: str, path: str, body: Any) -> Answer:
        """What to answer."""
        raise NotImplementedError

    def admits(self, headers: Mapping[str, str]) -> bool:
        """Whether the request's account is known."""
        return True

    def start(self) -> None:
        """Start it, on the port that it had before."""
        service = self

        class Handler(_Handler):
            json_server = service

        self._http = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self._http.daemon_threads = True
        if self._context is not None:
            self._http.socket = self._context.wrap_socket(
                self._http.socket, server_side=True, do_handshake_on_connect=False
            )
        self.port = self._http.server_address[1]
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End it, and cut every connection."""
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()
        for connection in self.connections:
            # A thread that waits on it would not notice that it was closed.
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self.connections.clear()

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: Any) -> Answer:
        """What to answer, or what a test has put there instead."""
        with self._lock:
            self.requests.append(f"{method} {path}")
            if not self.admits(headers):
                return 401, {"kind": "Status", "message": "Unauthorized"}
            if self.answers:
                return self.answers.pop(0)
            return self.respond(method, path, body)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    json_server: JsonServer

    def setup(self) -> None:
        super().setup()
        self.json_server.connections.append(self.connection)

    def handle(self) -> None:
        try:
            super().handle()
        except OSError:
            self.close_connection = True

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        body = json.loads(self.rfile.read(length)) if length else None
        server = self.json_server
        status, answer = server.answer(self.command, self.path, dict(self.headers.items()), body)
        if self.command != "GET" and status < 300 and server.lost_answers:
            server.lost_answers -= 1
            self.close_connection = True
            return
        payload = (answer if isinstance(answer, str) else json.dumps(answer)).encode()
        self.send_response_only(status)
        self.send_header("Date", formatdate(server.clock, usegmt=True))
        size = 1 << 30 if server.trickles else 0 if status == 204 else len(payload)
        self.send_header("Content-Length", str(size))
        if status == 429:
            self.send_header("Retry-After", server.retry_after)
        self.end_headers()
        while server.trickles:
            self.wfile.write(b" ")
            time.sleep(0.001)
        if status != 204:
            self.wfile.write(payload)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815 - the library's names

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Says nothing."""
