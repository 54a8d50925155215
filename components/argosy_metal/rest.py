"""Requests to a JSON service over connections that are kept open, for callers in several threads."""

from __future__ import annotations

import http.client
import json
import re
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import partial
from queue import Empty, LifoQueue
from typing import Any, cast
from urllib.parse import urlsplit

from argosy.errors import ArgosyError
from argosy_metal.timed_answer import TimedAnswer

_SECONDS = 30.0
"""For a connection, and for any silence on it."""
_ANSWER_SECONDS = 120.0
"""For a whole answer, however many pieces it comes in."""
_TRIES_WHEN_BUSY = 4
_LONGEST_WAIT_SECONDS = 10.0
_MOST_BYTES = 64 << 20
_MOST_NESTED = 8
"""Messages within a message."""
REACH = "check that it runs and is reached from here, then run again"
_REACH_WHERE_RECORDED = f"{REACH}: what was recorded is kept"


@dataclass(frozen=True)
class Reply:
    """An answer with a JSON body, or with none."""

    status: int
    body: Any
    headers: Mapping[str, str]
    """By name in lower case."""

    @property
    def told(self) -> str:
        """What the service says about it, on one line."""
        text = _message(self.body)
        return f"HTTP {self.status} {' '.join(text.split())[:300]}".strip()


class Rest:
    """A service at one address. Follows no redirect, asks no proxy, and sends its headers to nobody else.

    An answer has two minutes by `clock` (in seconds, of any beginning) and 64 MiB, however it comes.
    `unavailable` makes the error for what goes wrong, from what was found and the next step; `reach` is that
    step where no answer comes.
    """

    def __init__(
        self,
        url: str,
        unavailable: Callable[[str, str], ArgosyError],
        headers: Callable[[], Mapping[str, str]],
        context: ssl.SSLContext | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        reach: str = _REACH_WHERE_RECORDED,
    ) -> None:
        self.unavailable = unavailable
        self._reach = reach
        parts = urlsplit(url)
        self._secure = parts.scheme == "https"
        self._host = parts.hostname or ""
        self._port = parts.port
        self._base = parts.path.rstrip("/")
        self._headers = headers
        self._context = context
        self._sleep = sleep
        self._clock = clock
        self._idle: LifoQueue[http.client.HTTPConnection] = LifoQueue()

    def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        repeatable: bool,
        content_type: str = "application/json",
    ) -> Reply:
        """Send a request and give back the answer, whatever its status.

        `repeatable`: whether it may be sent again when a connection breaks before the answer, because a
        second one changes nothing that the first one has not. A request that the service was too busy to take
        (429) is sent again in any case. Raises `unavailable` without an answer, and for 5xx.
        """
        reply = self._once(method, path, body, content_type, repeatable)
        for _ in range(_TRIES_WHEN_BUSY):
            if reply.status != 429:
                break
            self._sleep(_wait_seconds(reply))
            reply = self._once(method, path, body, content_type, repeatable)
        if reply.status == 429 or reply.status >= 500:
            raise self.unavailable(reply.told, self._reach)
        return reply

    def ask_once(self, method: str, path: str, body: object = None) -> Reply:
        """Send a request once and give back whatever is answered, 429 and 5xx too.

        Raises `unavailable` without an answer.
        """
        return self._once(method, path, body, "application/json", repeatable=False)

    def close(self) -> None:
        """Close the connections; new ones are opened when needed."""
        while True:
            try:
                self._idle.get_nowait().close()
            except Empty:
                return

    def _once(self, method: str, path: str, body: object, content_type: str, repeatable: bool) -> Reply:
        payload = None if body is None else json.dumps(body, sort_keys=True).encode()
        headers = {"Accept": "application/json", **self._headers()}
        if payload is not None:
            headers["Content-Type"] = content_type
        connection, was_idle = self._connection()
        try:
            try:
                return self._exchanged(connection, method, path, payload, headers)
            except (ConnectionError, http.client.RemoteDisconnected):
                # A connection that the service has closed while it was idle says so only now.
                if not (was_idle and repeatable):
                    raise
                connection = self._new()
                return self._exchanged(connection, method, path, payload, headers)
        except ssl.SSLCertVerificationError as error:
            step = "check the authority's certificate and the address"
            raise self.unavailable(f"its certificate is refused: {error.verify_message}", step) from None
        except (OSError, http.client.HTTPException) as error:
            raise self.unavailable(f"no answer ({_reason(error)})", self._reach) from None

    def _exchanged(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        path: str,
        payload: bytes | None,
        headers: Mapping[str, str],
    ) -> Reply:
        end = self._clock() + _ANSWER_SECONDS
        answers = partial(TimedAnswer, seconds_left=lambda: self._seconds_left(end))
        connection.response_class = cast("type[http.client.HTTPResponse]", answers)
        try:
            if connection.sock is not None:
                connection.sock.settimeout(_SECONDS)
            connection.request(method, f"{self._base}{path}", payload, dict(headers))
            answer = connection.getresponse()
            data = answer.read(_MOST_BYTES + 1)
            if len(data) > _MOST_BYTES:
                raise self.unavailable(
                    f"an answer of more than {_MOST_BYTES >> 20} MiB", "check the address and the service"
                )
        except BaseException:
            connection.close()
            raise
        self._idle.put(connection)
        return Reply(answer.status, self._parsed(answer.status, data), _lower(answer.getheaders()))

    def _seconds_left(self, end: float) -> float:
        left = end - self._clock()
        if left <= 0:
            raise TimeoutError
        return min(left, _SECONDS)

    def _parsed(self, status: int, data: bytes) -> Any:
        if not data:
            return None
        try:
            return json.loads(data)
        except (ValueError, RecursionError):
            if status >= 400:
                return None
            raise self.unavailable(f"HTTP {status} with no JSON", "check the address") from None

    def _connection(self) -> tuple[http.client.HTTPConnection, bool]:
        try:
            return self._idle.get_nowait(), True
        except Empty:
            return self._new(), False

    def _new(self) -> http.client.HTTPConnection:
        if self._secure:
            return http.client.HTTPSConnection(
                self._host, self._port, timeout=_SECONDS, context=self._context
            )
        return http.client.HTTPConnection(self._host, self._port, timeout=_SECONDS)


def _message(body: Any) -> str:
    """The one line in an error's body: Kubernetes' and NetBox's word for it, or Ironic's JSON in JSON."""
    names = ("message", "detail", "faultstring", "error_message")
    found = body
    for _ in range(_MOST_NESTED):
        if isinstance(found, str):
            try:
                found = json.loads(found)
            except (ValueError, RecursionError):
                return found
        if not isinstance(found, dict):
            return ""
        values = cast("Mapping[str, Any]", found)
        found = next((values[name] for name in names if values.get(name)), "")
    return ""


def clock_of(reply: Reply) -> float | None:
    """Seconds since the epoch by the service's own clock, as its `Date` says; None without one."""
    try:
        return parsedate_to_datetime(reply.headers.get("date", "")).timestamp()
    except ValueError:
        return None


def _lower(headers: list[tuple[str, str]]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers}


def _wait_seconds(reply: Reply) -> float:
    wanted = reply.headers.get("retry-after", "1")
    return min(float(wanted), _LONGEST_WAIT_SECONDS) if re.fullmatch("[0-9]+", wanted) else 1.0


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "it took too long"
    return (error.strerror if isinstance(error, OSError) else None) or type(error).__name__
