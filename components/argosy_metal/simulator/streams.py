"""Answers that take their time: the event stream, and what a slow BMC has to collect first."""

from __future__ import annotations

import asyncio
import json

from aiohttp import web

from argosy_metal.simulator.bmc import Bmc
from argosy_metal.simulator.clock import SimulatedClock
from argosy_metal.simulator.resources_events import event_body

_LOOK_SECONDS = 0.02
"""Real time between two looks at a machine, which does nothing while nobody looks."""


async def pass_time(clock: SimulatedClock, seconds: float) -> None:
    """Come back when so many simulated seconds have passed."""
    until = clock.now() + seconds
    while clock.now() < until:  # noqa: ASYNC110 - a clock that is moved by hand tells nobody
        await asyncio.sleep(_LOOK_SECONDS)


async def send_events(http: web.Request, bmc: Bmc, user_agent: str) -> web.StreamResponse:
    """Tell a client everything that happens from now on, until it goes away or its subscription is deleted.

    Source: DSP0266 "Server-sent events"; WHATWG HTML "Server-sent events".
    """
    stream = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})
    subscription, told = bmc.service.subscribe(user_agent), bmc.events.last
    try:
        await stream.prepare(http)
        while subscription.id in bmc.service.subscriptions:
            bmc.advance()
            for event in bmc.events.since(told):
                text = f"id: {event.number}\ndata: {json.dumps(event_body(event))}\n\n"
                await stream.write(text.encode())
                told = event.number
            await asyncio.sleep(_LOOK_SECONDS)
        await stream.write_eof()
    finally:
        bmc.service.subscriptions.pop(subscription.id, None)
    return stream
