"""Who we are to one BMC: a session where there are sessions, Basic only where there are none.

Sessions are scarce: an iDRAC set to 8 answers 503 (RAC0218) when they are used up, and a leaked one stays
until its idle time ends. So there is one for all clients of a BMC in a process, and it is always deleted.
"""

from __future__ import annotations

import asyncio
import base64
import logging
from collections.abc import Mapping

from argosy_metal.redfish.errors import (
    BmcAuthError,
    BmcBusyError,
    BmcInternalError,
    BmcRefusedError,
    PasswordChangeError,
    RedfishError,
)
from argosy_metal.redfish.messages import Json, Response, has_message, object_at, text_at
from argosy_metal.redfish.settings import Clock, Credentials, Patience
from argosy_metal.redfish.transport import Transport
from argosy_metal.redfish.urls import local_path

_log = logging.getLogger(__name__)
_SERVICE_ROOT = "/redfish/v1/"
_NO_SESSIONS = frozenset({404, 405, 501})
"""A BMC that answers a login so has no sessions, whatever its service root says."""
_LEFT = "a session is left on the BMC until its idle time ends: %s"
PASSWORD_CHANGE = "PasswordChangeRequired"  # noqa: S105 - the name of a message


class Login:
    """Holds the session's token. `headers` is what every request needs."""

    def __init__(
        self,
        transport: Transport,
        credentials: Credentials,
        patience: Patience,
        clock: Clock,
        base_headers: Mapping[str, str],
    ) -> None:
        self._transport = transport
        self._credentials = credentials
        self._patience = patience
        self._clock = clock
        self._base_headers = base_headers
        self._token: str | None = None
        self._location: str | None = None
        self._basic = False
        self._changing = asyncio.Lock()

    @property
    def token(self) -> str | None:
        """The session's token; None before login and with Basic."""
        return self._token

    @property
    def is_basic(self) -> bool:
        """True if this BMC has no sessions."""
        return self._basic

    def headers(self) -> dict[str, str]:
        """Headers that prove who we are."""
        if self._token is not None:
            return {**self._base_headers, "X-Auth-Token": self._token}
        pair = f"{self._credentials.username}:{self._credentials.password}".encode()
        return {**self._base_headers, "Authorization": "Basic " + base64.b64encode(pair).decode()}

    def redact(self, text: str) -> str:
        """`text` without password and token, should a BMC echo them."""
        for secret in (self._credentials.password, self._token):
            if secret:
                text = text.replace(secret, "***")
        return text

    async def ensure(self, root: Json, *, stale: str | None = None) -> None:
        """Log in, unless there is a session other than `stale` already.

        Raises BmcAuthError if the account is refused, PasswordChangeError if it may do nothing else first,
        BmcBusyError if the BMC has no session left.
        """
        async with self._changing:
            if self._basic or (self._token is not None and self._token != stale):
                return
            opening = asyncio.ensure_future(self._open(root))
            try:
                await asyncio.shield(opening)
            except asyncio.CancelledError:
                # A login in flight is finished, so that the session is known and can be deleted.
                await _settle(opening, self._patience.close_seconds)
                raise

    async def close(self) -> None:
        """Delete our session. Never raises a RedfishError: what went wrong before matters more."""
        token, location, headers = self._token, self._location, self.headers()
        self._token = self._location = None
        if location is None:
            if token is not None:
                _log.warning(_LEFT, f"{self._transport.host} does not say where it is")
            return
        deleting = asyncio.ensure_future(self._delete(location, headers))
        try:
            await asyncio.shield(deleting)
        except asyncio.CancelledError:
            # Told to stop once more: the session is deleted all the same, within a time that is known.
            await _settle(deleting, self._patience.close_seconds)
            raise

    async def _delete(self, location: str, headers: Mapping[str, str]) -> None:
        try:
            await self._transport.exchange(
                "DELETE",
                location,
                headers=headers,
                operation="close the session",
                total_seconds=self._patience.close_seconds,
            )
        except RedfishError as error:
            _log.warning(_LEFT, error)

    async def _open(self, root: Json) -> None:
        self._token = self._location = None
        if not root.get("SessionService") and not object_at(root, "Links", "Sessions"):
            self._basic = True
            return
        sessions = (
            text_at(root, "Links", "Sessions", "@odata.id") or f"{_SERVICE_ROOT}SessionService/Sessions"
        )
        answer = await self._post(sessions)
        if answer.status in _NO_SESSIONS:
            self._basic = True
            return
        self._check(answer)
        places = (answer.headers.get("Location"), text_at(answer.body, "@odata.id"))
        self._location = next((path for place in places if (path := local_path(place or ""))), None)
        token = answer.headers.get("X-Auth-Token")
        if token is None:
            raise BmcRefusedError(self._transport.host, "log in", "the answer holds no session token")
        self._token = token
        if has_message(answer, (PASSWORD_CHANGE,)):
            # The session is ours all the same, and deleted when the client is closed.
            raise PasswordChangeError(
                self._transport.host, "log in", "the BMC demands another password first"
            )

    async def _post(self, path: str) -> Response:
        """Ask for a session; again only if the BMC says that it did not open one."""
        answer = await self._post_once(path)
        for attempt in range(1, self._patience.attempts):
            if answer.status not in (429, 503):
                break
            await self._clock.sleep(self._patience.wait_seconds(attempt, answer.retry_after))
            answer = await self._post_once(path)
        return answer

    async def _post_once(self, path: str) -> Response:
        body = {"UserName": self._credentials.username, "Password": self._credentials.password}
        return await self._transport.exchange(
            "POST", path, headers=self._base_headers, body=body, operation="log in"
        )

    def _check(self, answer: Response) -> None:
        # The BMC's words are left out: it may echo what we sent.
        host, found = self._transport.host, f"HTTP {answer.status}"
        if has_message(answer, (PASSWORD_CHANGE,)) and answer.status == 403:
            raise PasswordChangeError(host, "log in", f"{found}: the BMC demands another password first")
        if answer.status in (400, 401, 403):
            raise BmcAuthError(host, "log in", f"{found}: user name or password refused")
        if answer.status in (429, 503):
            raise BmcBusyError(host, "log in", f"{found}: no session is free")
        if answer.status >= 500:
            raise BmcInternalError(host, "log in", found)
        if answer.status >= 300:
            raise BmcRefusedError(host, "log in", found)


async def _settle(opening: asyncio.Future[None], seconds: float) -> None:
    await asyncio.wait({opening}, timeout=seconds)
    opening.cancel()
    await asyncio.gather(opening, return_exceptions=True)
