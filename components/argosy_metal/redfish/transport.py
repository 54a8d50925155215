"""One HTTP exchange with one BMC: TLS, name resolution, time limits. Knows no session and no retry."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
from collections.abc import Mapping
from typing import NoReturn, cast

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from argosy_metal.redfish.errors import BmcRefusedError, BmcTrustError, BmcUnreachableError
from argosy_metal.redfish.gate import BmcGate
from argosy_metal.redfish.messages import Json, Response
from argosy_metal.redfish.settings import Patience, Resolve
from argosy_metal.redfish.trust import AuthorityFileError, Trust, ssl_of

_log = logging.getLogger(__name__)
_LARGEST_ANSWER_BYTES = 8 << 20
_TRUST_FAILURES = (
    aiohttp.ClientConnectorCertificateError,
    aiohttp.ServerFingerprintMismatch,
)


class MappedResolver(AbstractResolver):
    """Sends the host names of simulated sites to their simulator, and asks the DNS for all others."""

    def __init__(self, resolve: Resolve) -> None:
        self._resolve = resolve
        self._dns = aiohttp.DefaultResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Addresses and port to connect to instead of `host:port`."""
        mapped = self._resolve(host)
        if mapped is None:
            return await self._dns.resolve(host, port, family)
        address, mapped_port = mapped
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=mapped_port,
                family=socket.AF_INET,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST,
            )
        ]

    async def close(self) -> None:
        """Release the DNS resolver."""
        await self._dns.close()


class Transport:
    """Sends requests to one BMC, reads JSON answers. Never follows redirects: they could leak the token."""

    def __init__(
        self, origin: str, trust: Trust, patience: Patience, gate: BmcGate, resolve: Resolve | None
    ) -> None:
        self.host = origin.removeprefix("https://")
        self._origin = origin
        self._trust = trust
        self._patience = patience
        self._gate = gate
        self._resolve = resolve
        self._http: aiohttp.ClientSession | None = None

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
        """Send once, and return whatever status comes.

        Raises BmcUnreachableError if no complete answer comes in time, BmcTrustError on a wrong certificate,
        BmcRefusedError if `path` leads away from the BMC.
        """
        if not path.startswith("/"):
            raise BmcRefusedError(self.host, operation, f"the link {path!r} does not stay on this BMC")
        async with self._gate.requests:
            try:
                return await self._send(method, path, headers, body, total_seconds)
            except _TRUST_FAILURES as error:
                raise BmcTrustError(self.host, operation, _trust_reason(error)) from None
            except AuthorityFileError as error:
                raise BmcTrustError(self.host, operation, str(error)) from None
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                self._raise_unreachable(method, operation, error)

    async def close(self) -> None:
        """Close the connections."""
        if self._http is not None:
            await self._http.close()
            self._http = None

    async def _send(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: Json | None,
        total_seconds: float | None,
    ) -> Response:
        started = asyncio.get_running_loop().time()
        async with self._client().request(
            method,
            self._origin + path,
            headers=headers,
            json=body,
            allow_redirects=False,
            timeout=self._timeout(total_seconds),
        ) as answer:
            raw = await _read_bounded(answer)
            took_ms = (asyncio.get_running_loop().time() - started) * 1000
            # Method, path and status only: headers and bodies hold tokens and passwords.
            _log.debug("%s %s %s -> %d in %.0f ms", self.host, method, path, answer.status, took_ms)
            body = _parse(raw)
            return Response(answer.status, answer.headers, body or {}, is_garbled=body is None)

    def _raise_unreachable(self, method: str, operation: str, error: Exception) -> NoReturn:
        # A request whose connection was never made cannot have been carried out.
        sent = not isinstance(error, (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError))
        raise BmcUnreachableError(
            self.host, operation, _reason(error), outcome_unknown=sent and method != "GET"
        ) from None

    def _client(self) -> aiohttp.ClientSession:
        if self._http is None:
            connector = aiohttp.TCPConnector(
                limit=self._gate.connections,
                ssl=ssl_of(self._trust),
                resolver=MappedResolver(self._resolve) if self._resolve else None,
                use_dns_cache=False,
            )
            self._http = aiohttp.ClientSession(connector=connector)
        return self._http

    def _timeout(self, total_seconds: float | None) -> aiohttp.ClientTimeout:
        patience = self._patience
        return aiohttp.ClientTimeout(
            total=total_seconds or patience.total_seconds,
            sock_connect=patience.connect_seconds,
            sock_read=max(patience.read_seconds, total_seconds or 0),
        )


async def _read_bounded(answer: aiohttp.ClientResponse) -> bytes:
    raw = bytearray()
    async for chunk in answer.content.iter_chunked(1 << 16):
        raw += chunk
        if len(raw) > _LARGEST_ANSWER_BYTES:
            raise aiohttp.ClientPayloadError(f"the answer is larger than {_LARGEST_ANSWER_BYTES} bytes")
    return bytes(raw)


def _parse(raw: bytes) -> Json | None:
    """The JSON object, an empty one where nothing came, or None where something else came."""
    if not raw.strip():
        return {}
    try:
        value: object = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return cast(Json, value) if isinstance(value, dict) else None


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return "the BMC closed the connection without an answer"
    return " ".join(str(error).split()) or type(error).__name__


def _trust_reason(error: Exception) -> str:
    if isinstance(error, aiohttp.ServerFingerprintMismatch):
        return f"the certificate's sha256 is {error.got.hex()}, and another one is pinned"
    return f"the certificate is not trusted ({_reason(error)})"
