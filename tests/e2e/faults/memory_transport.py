"""Requests to a simulated hall without a network; faults of the wire become the real transport's errors."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NoReturn, cast

from multidict import CIMultiDict

from argosy_metal.redfish import BmcTrustError, BmcUnreachableError, Patience, Resolve, Trust
from argosy_metal.redfish.gate import BmcGate
from argosy_metal.redfish.messages import Json, Response
from argosy_metal.simulator.faults import Spoilt
from argosy_metal.simulator.replies import Reply
from argosy_metal.simulator.service import Request
from argosy_metal.simulator.spoiling import carry_out

if TYPE_CHECKING:
    from .memory_hall import MemoryHall

LATENCY_SECONDS = 0.02


class MemoryTransport:
    """Takes the place of `argosy_metal.redfish.transport.Transport`."""

    def __init__(
        self,
        hall: MemoryHall,
        origin: str,
        _trust: Trust,
        patience: Patience,
        gate: BmcGate,
        _resolve: Resolve | None,
    ) -> None:
        self.host = origin.removeprefix("https://")
        self._hall = hall
        self._patience = patience
        self._gate = gate

    async def exchange(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],
        operation: str,
        body: Json | None = None,
        total_seconds: float | None = None,
    ) -> Response:
        async with self._gate.requests:
            # A read that is killed later than here is like the next call that is killed before it begins.
            self._hall.boundaries.cross(f"{method} {self.host}{path} is sent")
            await asyncio.sleep(LATENCY_SECONDS)
            reply, rules = await self._carried(method, path, headers, body, operation)
            kinds = rules.keys()
            if method != "GET":
                self._hall.boundaries.cross(f"{method} {self.host}{path} is carried out")
            await asyncio.sleep(LATENCY_SECONDS)
            if "hang-after" in kinds:
                await self._no_answer(method, operation)
            await self._travel(method, operation, reply, rules, total_seconds)
            if kinds & {"lose-answer", "cut-body", "hang-body"}:
                self._unreachable(method, operation, "connection reset")
            if method != "GET":
                self._hall.boundaries.cross(f"{method} {self.host}{path} is answered")
            return _response(reply)

    async def close(self) -> None:
        return

    async def _carried(
        self, method: str, path: str, headers: Mapping[str, str], body: Json | None, operation: str
    ) -> tuple[Reply, Spoilt]:
        simulation, now = self._hall.simulation, self._hall.clock.now()
        if not simulation.reaches(self.host):
            raise BmcUnreachableError(self.host, operation, "no connection")
        connection = simulation.faults.match_connection(self.host, now)
        if "refuse-connection" in connection:
            raise BmcUnreachableError(self.host, operation, "connection refused")
        if connection:
            raise BmcTrustError(self.host, operation, f"the certificate is not trusted ({min(connection)})")
        bare, _, query = path.partition("?")
        rules = simulation.faults.match(self.host, method, bare, now)
        if "hang" in rules:
            await self._no_answer(method, operation)
        if "disconnect" in rules:
            self._unreachable(method, operation, "connection reset")
        raw = b"" if body is None else json.dumps(body).encode()
        request = Request(method, bare, CIMultiDict(headers), raw, query)
        return carry_out(simulation, self.host, request, rules), rules

    async def _travel(
        self, method: str, operation: str, reply: Reply, rules: Spoilt, total_seconds: float | None
    ) -> None:
        """Let an answer that drips, or comes over a slow link, take its time; too long is no answer."""
        size = len(reply.content or json.dumps(reply.body or {}).encode())
        seconds = size * rules["drip"].drip_seconds if "drip" in rules else 0.0
        if (slow := rules.get("slow-link")) is not None:
            seconds += 2 * slow.latency_seconds + size * 8 / slow.bits_per_second
        most = total_seconds or self._patience.total_seconds
        await asyncio.sleep(min(seconds, most))
        if seconds > most:
            self._unreachable(method, operation, "no answer in time")

    async def _no_answer(self, method: str, operation: str) -> NoReturn:
        await asyncio.sleep(self._patience.read_seconds)
        self._unreachable(method, operation, "no answer in time")

    def _unreachable(self, method: str, operation: str, found: str) -> NoReturn:
        raise BmcUnreachableError(self.host, operation, found, outcome_unknown=method != "GET")


def _response(reply: Reply) -> Response:
    headers: CIMultiDict[str] = CIMultiDict(reply.headers)
    if reply.content is None:
        return Response(reply.status, headers, dict(reply.body or {}))
    try:
        value: Any = json.loads(reply.content)
    except ValueError:
        value = None
    is_object = isinstance(value, dict)
    return Response(reply.status, headers, cast(Json, value) if is_object else {}, is_garbled=not is_object)
