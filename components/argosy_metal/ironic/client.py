"""Ironic's REST API v1, as much of it as the driver needs.

A thin client on aiohttp: openstacksdk is synchronous, brings Keystone's whole client with it, and sends
changes again by itself when a node is locked. Here a GET is tried again; nothing else ever is.

Source: openstack/ironic, api-ref and doc/source/contributor/webapi-version-history.rst, read 2026-11.
"""

from __future__ import annotations

import base64
import json
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn, cast
from urllib.parse import urlsplit

import aiohttp

from argosy_metal.ironic.errors import (
    IronicAuthError,
    IronicBusyError,
    IronicError,
    IronicRefusedError,
    IronicTrustError,
    IronicUnreachableError,
)
from argosy_metal.redfish import Clock, Credentials

MICROVERSION = "1.93"
"""The lowest that has all we need: virtual media can be seen since 1.93 (Ironic 26, OpenStack 2024.2)."""
_TRIES = 3
_WAIT_SECONDS = 1.0
_BUSY = frozenset({409, 429, 503})
Patch = Sequence[Mapping[str, Any]]
"""A JSON patch (RFC 6902), which Ironic applies as a whole or not at all."""


@dataclass(frozen=True)
class IronicAccess:
    """Where a hall's Ironic is, and who we are to it."""

    url: str
    """Of the API, without /v1."""
    account: Credentials | None = field(default=None, repr=False)
    """None: Ironic asks nobody (`noauth`)."""
    ca_file: Path | None = None
    """PEM file of the authority of the API's certificate; None: the system's authorities."""


class IronicClient:
    """One Ironic during one operation. Methods raise IronicError; close it at the end."""

    def __init__(self, access: IronicAccess, user_agent: str, clock: Clock) -> None:
        self.host = urlsplit(access.url).netloc
        self._access = access
        self._clock = clock
        self._headers = {
            "Accept": "application/json",
            "User-Agent": user_agent,
            "X-OpenStack-Ironic-API-Version": MICROVERSION,
        }
        self._http: aiohttp.ClientSession | None = None

    async def get(self, path: str, operation: str) -> Any | None:
        """The JSON at `path`; None if there is nothing (404)."""
        for tries_left in reversed(range(_TRIES)):
            try:
                return await self._send("GET", path, None, operation, may_miss=True)
            except (IronicUnreachableError, IronicBusyError):
                if not tries_left:
                    raise
                await self._clock.sleep(_WAIT_SECONDS)
        raise AssertionError("unreachable")

    async def post(self, path: str, body: Mapping[str, Any], operation: str) -> Any:
        """Make something. Sent once."""
        return await self._send("POST", path, body, operation)

    async def put(self, path: str, body: Mapping[str, Any], operation: str) -> None:
        """Ask for a state. Sent once."""
        await self._send("PUT", path, body, operation)

    async def patch(self, path: str, body: Patch, operation: str) -> None:
        """Change fields. Sent once."""
        await self._send("PATCH", path, list(body), operation)

    async def delete(self, path: str, operation: str) -> None:
        """Take a state or a medium away; never a node. Sent once."""
        await self._send("DELETE", path, None, operation)

    async def close(self) -> None:
        """Close the connections."""
        if self._http is not None:
            await self._http.close()
            self._http = None

    async def _send(
        self, method: str, path: str, body: object, operation: str, *, may_miss: bool = False
    ) -> Any:
        try:
            async with self._client().request(
                method, self._access.url.rstrip("/") + path, json=body, allow_redirects=False
            ) as answer:
                raw = await answer.read()
        except aiohttp.ClientConnectorCertificateError as error:
            raise IronicTrustError(self.host, operation, _line(error)) from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise IronicUnreachableError(self.host, operation, _line(error)) from None
        if answer.status == 404 and may_miss:
            return None
        content = _parsed(raw)
        if answer.status >= 300:
            self._raise_refused(answer.status, content, operation)
        return content

    def _raise_refused(self, status: int, content: Any, operation: str) -> NoReturn:
        found = f"HTTP {status}{self._told(content)}"
        kinds: Mapping[int, type[IronicError]] = {
            401: IronicAuthError,
            403: IronicAuthError,
            **dict.fromkeys(_BUSY, IronicBusyError),
        }
        if status == 406:
            found += f" (Argosy asks for microversion {MICROVERSION}, which Ironic 26 was the first to have)"
        raise kinds.get(status, IronicRefusedError)(self.host, operation, found)

    def _told(self, content: Any) -> str:
        """Ironic's own words, without what must not be shown."""
        message = _faultstring(content)
        if self._access.account is not None:
            message = message.replace(self._access.account.password, "…")
        return f": {message}" if message else ""

    def _client(self) -> aiohttp.ClientSession:
        if self._http is None:
            account, ca_file = self._access.account, self._access.ca_file
            self._http = aiohttp.ClientSession(
                headers=self._headers | (_basic(account) if account else {}),
                connector=aiohttp.TCPConnector(
                    limit=2, ssl=ssl.create_default_context(cafile=ca_file) if ca_file else True
                ),
                timeout=aiohttp.ClientTimeout(total=60, sock_connect=30),
            )
        return self._http


def _basic(account: Credentials) -> dict[str, str]:
    pair = f"{account.username}:{account.password}".encode()
    return {"Authorization": "Basic " + base64.b64encode(pair).decode()}


def _parsed(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        return None


def _faultstring(content: Any) -> str:
    """What stands in an error's body: JSON in JSON, from one layer, and plain from the other."""
    if not isinstance(content, dict):
        return ""
    body = cast("dict[str, Any]", content)
    error: Any = body.get("error_message") or body.get("error") or body
    if isinstance(error, str):
        error = _parsed(error.encode()) or {"faultstring": error}
    if not isinstance(error, dict):
        return ""
    named = cast("dict[str, Any]", error)
    return " ".join(str(named.get("faultstring") or named.get("message") or "").split())


def _line(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return " ".join(str(error).split()) or type(error).__name__
