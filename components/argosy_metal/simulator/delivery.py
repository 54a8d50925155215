"""How an answer travels: whole, or hanging, cut off, byte by byte, over a slow link, or not at all."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable

from aiohttp import web

from argosy_metal.simulator.fault_rules import FaultRule
from argosy_metal.simulator.faults import Spoilt
from argosy_metal.simulator.front import reset
from argosy_metal.simulator.replies import Reply

Sleep = Callable[[float], Awaitable[None]]
_TICK_SECONDS = 0.1
"""Between the parts of an answer over a slow link."""


class Delivery:
    """Sends answers. `hold` is what a hanging request waits for."""

    def __init__(self, sleep: Sleep) -> None:
        self.held = 0
        """Requests that hang right now."""
        self._sleep = sleep
        self._released = asyncio.Event()

    def release(self) -> None:
        """Let all hanging requests end, without an answer."""
        self._released.set()
        self._released = asyncio.Event()

    async def hold(self) -> None:
        """Wait until the hanging requests are released."""
        self.held += 1
        try:
            await self._released.wait()
        finally:
            self.held -= 1

    async def arrive(self, rules: Spoilt, body: bytes) -> None:
        """Take the time that a request needs over a slow link."""
        if rule := rules.get("slow-link"):
            await self._sleep(rule.latency_seconds + len(body) * 8 / rule.bits_per_second)

    async def send(self, http: web.Request, reply: Reply, rules: Spoilt) -> web.StreamResponse:
        """Send the answer, as the rules let it arrive."""
        if "hang-after" in rules:
            await self.hold()
        if "lose-answer" in rules or "hang-after" in rules:
            return disconnect(http)
        if rules.keys() & {"hang-body", "cut-body"}:
            return await self._half(http, reply, hangs="hang-body" in rules)
        if "drip" in rules:
            return await self._drip(http, reply, 1, rules["drip"].drip_seconds)
        if "slow-link" in rules:
            return await self._drip(http, reply, *_pace(rules["slow-link"]))
        return response(reply)

    async def _half(self, http: web.Request, reply: Reply, *, hangs: bool) -> web.StreamResponse:
        stream, content = await _begin(http, reply)
        await stream.write(content[: (len(content) + 1) // 2])
        if hangs:
            await self.hold()
        disconnect(http)
        return stream

    async def _drip(self, http: web.Request, reply: Reply, size: int, seconds: float) -> web.StreamResponse:
        stream, content = await _begin(http, reply)
        for start in range(0, len(content), size):
            await self._sleep(seconds)
            await stream.write(content[start : start + size])
        await stream.write_eof()
        return stream


def _pace(rule: FaultRule) -> tuple[int, float]:
    """Bytes at a time, and seconds before each."""
    size = max(1, int(rule.bits_per_second * _TICK_SECONDS / 8))
    return size, size * 8 / rule.bits_per_second


async def _begin(http: web.Request, reply: Reply) -> tuple[web.StreamResponse, bytes]:
    """Send status and headers; what follows is in the sender's hands."""
    whole = response(reply)
    content = whole.body if isinstance(whole.body, bytes) else b""
    stream = web.StreamResponse(status=whole.status, headers=whole.headers)
    stream.content_length = len(content)
    await stream.prepare(http)
    return stream, content


def response(reply: Reply) -> web.Response:
    """The whole answer."""
    if reply.content is not None:
        return web.Response(status=reply.status, body=reply.content, headers=reply.headers)
    if reply.body is None:
        return web.Response(status=reply.status, headers=reply.headers)
    return web.Response(
        status=reply.status,
        body=json.dumps(reply.body).encode(),
        headers={**reply.headers, "Content-Type": "application/json; charset=utf-8"},
    )


def disconnect(http: web.Request) -> web.Response:
    """Reset the connection. What is returned never arrives."""
    if http.transport is not None:
        if (connection := http.transport.get_extra_info("socket")) is not None:
            reset(connection)
        http.transport.abort()
    return web.Response(status=500)
