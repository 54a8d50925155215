"""The web server around a simulation: who a request is for, how it is spoilt, how its answer travels."""

from __future__ import annotations

import logging
from collections.abc import Callable

from aiohttp import web

from argosy_metal.simulator.bmc import Bmc
from argosy_metal.simulator.control_service import CONTROL_HOST, ControlService
from argosy_metal.simulator.delivery import Delivery, disconnect, response
from argosy_metal.simulator.faults import Spoilt
from argosy_metal.simulator.front import Welcome
from argosy_metal.simulator.service import Request, is_write, slow_seconds
from argosy_metal.simulator.simulation import Simulation
from argosy_metal.simulator.spoiling import carry_out
from argosy_metal.simulator.streams import pass_time, send_events
from argosy_metal.simulator.tls import Contexts

_LARGEST_REQUEST_BYTES = 1 << 20
_log = logging.getLogger(__name__)


class SimulatorApp:
    """Turns HTTP into requests to the simulation, spoiling those that a fault rule matches."""

    def __init__(
        self, simulation: Simulation, control: ControlService, delivery: Delivery, contexts: Contexts
    ) -> None:
        self.host_of_port: dict[int, str] = {}
        """Ports that belong to one BMC alone."""
        self._simulation = simulation
        self._control = control
        self._delivery = delivery
        self._contexts = contexts

    def web_app(self) -> web.Application:
        """For aiohttp's runner."""
        app = web.Application(client_max_size=_LARGEST_REQUEST_BYTES)
        app.router.add_route("*", "/{path:.*}", self._handle)
        return app

    def welcome(self, host: str) -> Welcome:
        """What a new connection to `host` meets; an empty name is a client's that named none."""
        if host == CONTROL_HOST or not self._simulation.knows(host):
            return Welcome(self._contexts.usual)
        if not self._simulation.reaches(host):
            return Welcome(None)
        now = self._simulation.clock.now()
        rules = self._simulation.faults.match_connection(host, now)
        if "refuse-connection" in rules:
            return Welcome(None)
        slow = self._simulation.faults.slowness(host, now)
        # One round trip for TCP, and one for TLS 1.3.
        delay = 2 * slow.latency_seconds if slow else 0.0
        context = next((self._contexts.of(kind) for kind in rules), self._contexts.usual)
        return Welcome(context, delay)

    def begin_connection(self, host: str) -> Callable[[], None]:
        """Count a connection to `host`; call what is returned when it ends."""
        bmc = self._simulation.bmc_of_host(host)
        if bmc is None:
            return lambda: None
        bmc.traffic.connect()
        return bmc.traffic.disconnect

    async def _handle(self, http: web.Request) -> web.StreamResponse:
        host = self._host(http)
        path, _, query = http.path_qs.partition("?")
        request = Request(http.method, path, http.headers, await http.read(), query)
        if host == CONTROL_HOST:
            return response(self._control.answer(request))
        if not self._simulation.reaches(host):
            return disconnect(http)
        rules = self._simulation.faults.match(
            host, request.method, request.path, self._simulation.clock.now()
        )
        bmc = self._simulation.bmc_of_host(host)
        if bmc is None:
            return await self._answer(http, host, request, rules)
        return await self._answer_counted(http, host, bmc, request, rules)

    async def _answer_counted(
        self, http: web.Request, host: str, bmc: Bmc, request: Request, rules: Spoilt
    ) -> web.StreamResponse:
        writes = is_write(request.method, request.path)
        bmc.traffic.begin(writes=writes)
        try:
            return await self._answer(http, host, request, rules)
        finally:
            bmc.traffic.end(writes=writes)

    async def _answer(
        self, http: web.Request, host: str, request: Request, rules: Spoilt
    ) -> web.StreamResponse:
        if "hang" in rules:
            await self._delivery.hold()
        if "hang" in rules or "disconnect" in rules:
            return disconnect(http)
        await self._delivery.arrive(rules, request.body)
        bmc = self._simulation.bmc_of_host(host)
        if bmc is not None:
            await pass_time(self._simulation.clock, slow_seconds(bmc, request))
        reply = carry_out(self._simulation, host, request, rules)
        _log.info("%s %s %s -> %d", host, request.method, request.path, reply.status)
        if bmc is not None and reply.streams:
            return await send_events(http, bmc, request.user_agent)
        return await self._delivery.send(http, reply, rules) if rules else response(reply)

    def _host(self, http: web.Request) -> str:
        if self.host_of_port:
            name: tuple[str, int] | None = http.get_extra_info("sockname")
            own = self.host_of_port.get(name[1]) if name else None
            if own is not None:
                return own
        return http.host.partition(":")[0].lower()
