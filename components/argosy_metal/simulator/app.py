"""The web server around a simulation: host names, faults, and the control service on `control.test`."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from typing import Any

from aiohttp import web
from pydantic import ValidationError

from argosy_metal.simulator.bmc import Bmc
from argosy_metal.simulator.replies import Reply, error
from argosy_metal.simulator.service import Request, is_write
from argosy_metal.simulator.simulation import Simulation
from argosy_metal.simulator.world import FaultRule, parse_faults

CONTROL_HOST = "control.test"
_log = logging.getLogger(__name__)


class SimulatorApp:
    """Turns HTTP into requests to the simulation, spoiling those that a fault rule matches."""

    def __init__(self, simulation: Simulation, identity: Mapping[str, Any]) -> None:
        self.host_of_port: dict[int, str] = {}
        """Ports that belong to one BMC alone."""
        self._simulation = simulation
        self._identity = identity
        self._released = asyncio.Event()

    def web_app(self) -> web.Application:
        """For aiohttp's runner."""
        app = web.Application(client_max_size=1 << 20)
        app.router.add_route("*", "/{path:.*}", self._handle)
        return app

    def release_hanging(self) -> None:
        """Let the requests that a `hang` holds end, without an answer."""
        self._released.set()
        self._released = asyncio.Event()

    async def _handle(self, http: web.Request) -> web.StreamResponse:
        host = self._host(http)
        request = Request(http.method, http.path_qs.partition("?")[0], http.headers, await http.read())
        if host == CONTROL_HOST:
            return _response(self._control(request))
        bmc = self._simulation.bmc_of_host(host)
        if bmc is None:
            return await self._spoil_or_answer(http, host, None, request)
        writes = is_write(request.method, request.path)
        bmc.traffic.begin(writes=writes)
        try:
            return await self._spoil_or_answer(http, host, bmc, request)
        finally:
            bmc.traffic.end(writes=writes)

    async def _spoil_or_answer(
        self, http: web.Request, host: str, bmc: Bmc | None, request: Request
    ) -> web.StreamResponse:
        rules = {
            rule.kind: rule for rule in self._simulation.faults.match(host, request.method, request.path)
        }
        if "hang" in rules:
            await self._released.wait()
        if "hang" in rules or "disconnect" in rules:
            return _disconnect(http)
        if "status" in rules:
            return _response(_spoilt(rules["status"]))
        if bmc is not None:
            bmc.shown_serial = f"NOT-{bmc.server.serial}" if "wrong-serial" in rules else bmc.server.serial
            if "drop-sessions" in rules:
                bmc.sessions.drop_all()
        reply = self._simulation.answer(host, request)
        _log.info("%s %s %s -> %d", host, request.method, request.path, reply.status)
        return _disconnect(http) if "lose-answer" in rules else _response(reply)

    def _host(self, http: web.Request) -> str:
        name: tuple[str, int] | None = http.get_extra_info("sockname")
        own = self.host_of_port.get(name[1]) if name else None
        return own or http.host.partition(":")[0].lower()

    def _control(self, request: Request) -> Reply:
        simulation = self._simulation
        match request.method, request.path:
            case "GET", "/_control/identity":
                return Reply(200, dict(self._identity))
            case "GET", "/_control/servers":
                return Reply(200, {"now": simulation.clock.now(), "servers": simulation.statuses()})
            case "GET", "/_control/writes":
                return Reply(200, {"writes": simulation.writes()})
            case "GET", "/_control/faults":
                return Reply(200, {"faults": simulation.faults.shown()})
            case "POST", "/_control/faults":
                return self._add_faults(request.body)
            case "DELETE", "/_control/faults":
                simulation.faults.clear()
                self.release_hanging()
                return Reply(204)
            case _:
                return Reply(404, {"error": "no such control"})

    def _add_faults(self, body: bytes) -> Reply:
        try:
            self._simulation.faults.add(parse_faults(body))
        except ValidationError as invalid:
            return Reply(400, {"error": str(invalid)})
        return Reply(204)


def _spoilt(rule: FaultRule) -> Reply:
    headers = {} if rule.retry_after is None else {"Retry-After": str(rule.retry_after)}
    key = "ServiceTemporarilyUnavailable" if rule.status == 503 else "InternalError"
    return error(rule.status, key, headers=headers).reply


def _disconnect(http: web.Request) -> web.Response:
    if http.transport is not None:
        http.transport.abort()
    return web.Response(status=500)


def _response(reply: Reply) -> web.Response:
    headers = dict(reply.headers)
    if reply.content is not None:
        return web.Response(status=reply.status, body=reply.content, headers=headers)
    if reply.body is None:
        return web.Response(status=reply.status, headers=headers)
    return web.Response(
        status=reply.status, text=json.dumps(reply.body), headers=headers, content_type="application/json"
    )
