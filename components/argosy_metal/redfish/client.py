"""The client of one BMC: GET with patience, PATCH with ETags, POST once, tasks to their end.

Reads may be repeated; a POST never is: whoever calls observes first, and acts again only if it is needed.
"""

from __future__ import annotations

from types import TracebackType
from typing import NoReturn, Self

from argosy_metal.redfish.errors import (
    BmcAuthError,
    BmcBusyError,
    BmcInternalError,
    BmcMissingError,
    BmcRefusedError,
    BmcUnreachableError,
    SessionLostError,
)
from argosy_metal.redfish.login import Login
from argosy_metal.redfish.messages import Json, Response, describe
from argosy_metal.redfish.settings import (
    BmcGate,
    Clock,
    Credentials,
    Patience,
    Resolve,
    SystemClock,
    Trust,
)
from argosy_metal.redfish.tasks import follow_task
from argosy_metal.redfish.transport import Transport
from argosy_metal.redfish.urls import origin_of

SERVICE_ROOT = "/redfish/v1/"
_PASSING = frozenset({500, 502, 503, 504})
"""Statuses that are worth a second GET."""
_ETAG_TRIES = 5


class RedfishClient:
    """One BMC. Use it with `async with`: the session is deleted however the block ends.

    Nothing is sent before the first request. Repr shows the host only.
    """

    def __init__(
        self,
        base_url: str,
        credentials: Credentials,
        *,
        trust: Trust,
        user_agent: str,
        patience: Patience | None = None,
        clock: Clock | None = None,
        gate: BmcGate | None = None,
        resolve: Resolve | None = None,
    ) -> None:
        self._patience = patience or Patience()
        self._clock = clock or SystemClock()
        self._gate = gate or BmcGate()
        self._transport = Transport(origin_of(base_url), trust, self._patience, self._gate, resolve)
        # Compression turns ETags weak on some BMCs (sushy/connector.py), so none is asked for.
        headers = {
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "OData-Version": "4.0",
            "User-Agent": user_agent,
        }
        self._base_headers = headers
        self._login = Login(self._transport, credentials, self._patience, self._clock, headers)
        self._root: Json | None = None

    def __repr__(self) -> str:
        return f"RedfishClient({self.host!r})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    @property
    def host(self) -> str:
        """The BMC's host name (and port, if it is not 443), for messages."""
        return self._transport.host

    async def close(self) -> None:
        """Delete the session and close the connections. May be called twice."""
        try:
            await self._login.close()
        finally:
            await self._transport.close()

    async def root(self) -> Json:
        """The service root, which a BMC shows without login; read once."""
        if self._root is None:
            answer = await self._patiently(SERVICE_ROOT, "read the service root", authorized=False)
            self._root = answer.body
        return self._root

    async def get(self, path: str, operation: str | None = None) -> Response:
        """Read a resource, again on 500, 502, 503, 504 and silence, as often as patience allows.

        Raises BmcUnreachableError, BmcBusyError, BmcInternalError, BmcMissingError, BmcRefusedError,
        BmcAuthError, SessionLostError.
        """
        # Outside the attempts: a root that does not answer is not tried again for each of them, and a login,
        # which may leave a session behind, is not repeated.
        await self._login.ensure(await self.root())
        return await self._patiently(path, operation or f"read {path}", authorized=True)

    async def patch(self, path: str, body: Json, operation: str) -> None:
        """Change a resource, with If-Match, and wait for the task if the BMC starts one.

        On 412 the resource is read again; where that does not help, the ETag is sent in its strong form and
        then not at all, since some BMCs hand out ETags that they do not accept. Raises as `post` does.
        """
        async with self._gate.writer:
            answer = await self._patch_matching(path, body, operation)
            await self._finish(answer, operation)

    async def post(self, path: str, body: Json, operation: str) -> Response:
        """Carry out an action, exactly once, and wait for its task. Success is no proof: observe then.

        Raises BmcUnreachableError (look at `outcome_unknown`), BmcBusyError, BmcInternalError,
        BmcRefusedError, BmcTaskError, TaskUnfinishedError.
        """
        async with self._gate.writer:
            answer = await self._authorized("POST", path, operation, body=body)
            return await self._finish(answer, operation)

    async def _finish(self, answer: Response, operation: str) -> Response:
        self._raise_for(answer, operation)
        if answer.status != 202:
            return answer
        return await follow_task(self, answer, operation, self._patience, self._clock)

    async def _patch_matching(self, path: str, body: Json, operation: str) -> Response:
        etag = (await self.get(path, operation)).etag
        for _ in range(_ETAG_TRIES):
            headers = {"If-Match": etag} if etag else {}
            answer = await self._authorized("PATCH", path, operation, body=body, headers=headers)
            if answer.status != 412 or etag is None:
                return answer
            fresh = (await self.get(path, operation)).etag
            etag = fresh if fresh != etag and fresh != f"W/{etag}" else _weaker_demand(etag)
        raise BmcBusyError(self.host, operation, "the resource kept changing while it was written")

    async def _patiently(self, path: str, operation: str, *, authorized: bool) -> Response:
        for attempt in range(1, self._patience.attempts):
            try:
                answer = await self._read_once(path, operation, authorized=authorized)
            except BmcUnreachableError:
                await self._clock.sleep(self._patience.wait_seconds(attempt, None))
                continue
            if answer.status not in _PASSING:
                break
            await self._clock.sleep(self._patience.wait_seconds(attempt, answer.retry_after))
        else:
            answer = await self._read_once(path, operation, authorized=authorized)
        self._raise_for(answer, operation)
        if answer.status == 200 and not answer.body:
            raise BmcInternalError(self.host, operation, "the answer is no JSON object")
        return answer

    async def _read_once(self, path: str, operation: str, *, authorized: bool) -> Response:
        if authorized:
            return await self._authorized("GET", path, operation)
        return await self._transport.exchange("GET", path, headers=self._base_headers, operation=operation)

    async def _authorized(
        self,
        method: str,
        path: str,
        operation: str,
        *,
        body: Json | None = None,
        headers: dict[str, str] | None = None,
    ) -> Response:
        """Send in our session; after a 401, which proves that nothing was done, once more in a new one."""
        root = await self.root()
        await self._login.ensure(root)
        token = self._login.token
        answer = await self._send(method, path, operation, body, headers or {})
        if answer.status != 401 or self._login.is_basic:
            return answer
        await self._login.ensure(root, stale=token)
        answer = await self._send(method, path, operation, body, headers or {})
        if answer.status == 401:
            raise SessionLostError(self.host, operation, "the BMC dropped two sessions in a row")
        return answer

    async def _send(
        self, method: str, path: str, operation: str, body: Json | None, headers: dict[str, str]
    ) -> Response:
        return await self._transport.exchange(
            method, path, headers=self._login.headers() | headers, body=body, operation=operation
        )

    def _raise_for(self, answer: Response, operation: str) -> None:
        if answer.status >= 300:
            self._raise(answer, operation)

    def _raise(self, answer: Response, operation: str) -> NoReturn:
        found = self._login.redact(describe(answer))
        if answer.status in (401, 403):
            raise BmcAuthError(self.host, operation, found)
        if answer.status == 404:
            raise BmcMissingError(self.host, operation, found)
        if answer.status in (412, 429, 503):
            raise BmcBusyError(self.host, operation, found)
        if answer.status >= 500:
            raise BmcInternalError(self.host, operation, found)
        raise BmcRefusedError(self.host, operation, found)


def _weaker_demand(etag: str) -> str | None:
    """`W/"1"` → `"1"` → none."""
    return etag.removeprefix("W/") if etag.startswith("W/") else None
