"""The client of one BMC: GET with patience, PATCH with ETags, POST once, tasks and jobs to their end.

Reads may be repeated, and a PATCH that the BMC had no time for; a POST never is: whoever calls observes
first, and acts again only if it is needed.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType
from typing import Self

from argosy_metal.redfish.errors import BmcBusyError, BmcUnreachableError, SessionLostError
from argosy_metal.redfish.gate import BmcGate
from argosy_metal.redfish.link import BmcLink
from argosy_metal.redfish.messages import Json, Response
from argosy_metal.redfish.quirks import Quirks
from argosy_metal.redfish.refusals import is_busy, raise_for
from argosy_metal.redfish.settings import Clock, Credentials, Patience, Resolve, SystemClock
from argosy_metal.redfish.tasks import follow_task, place_of
from argosy_metal.redfish.transport import Transport
from argosy_metal.redfish.trust import Trust
from argosy_metal.redfish.urls import origin_of

SERVICE_ROOT = "/redfish/v1/"
_PASSING = frozenset({500, 502, 503, 504})
"""Statuses that are worth a second GET."""
_ETAG_TRIES = 5


class RedfishClient:
    """One BMC. Use it with `async with`: the session is deleted however the block ends.

    Clients with the same gate, account and trust share one session and its connections; the last one to be
    closed deletes it. Nothing is sent before the first request. Repr shows the host only.
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
        self._origin = origin_of(base_url)
        self._credentials = credentials
        self._trust = trust
        self._patience = patience or Patience()
        self._clock = clock or SystemClock()
        self._gate = gate or BmcGate()
        self._resolve = resolve
        # Compression turns ETags weak on some BMCs (sushy/connector.py), so none is asked for.
        self._base_headers = {
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "OData-Version": "4.0",
            "User-Agent": user_agent,
        }
        self._key = (self._origin, credentials, trust, user_agent, self._patience)
        self._link: BmcLink | None = None

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
        return self._origin.removeprefix("https://")

    @property
    def quirks(self) -> Quirks:
        """What this BMC needs, as far as it is known: better after `root`, best after `learn`."""
        return self._linked.quirks

    async def close(self) -> None:
        """Give up the session and the connections. May be called twice."""
        if self._link is None:
            return
        self._link = None
        await self._gate.links.give_back(self._key)

    async def root(self) -> Json:
        """The service root, which a BMC shows without login; read once."""
        link = self._linked
        async with link.reading_root:
            if link.root is None:
                answer = await self._patiently(SERVICE_ROOT, "read the service root", authorized=False)
                await link.learn(answer.body)
        return link.root or {}

    async def learn(self, system: Json) -> None:
        """Know the BMC better by its system's manufacturer and model."""
        await self._linked.learn(await self.root(), system)

    async def get(
        self, path: str, operation: str | None = None, *, total_seconds: float | None = None
    ) -> Response:
        """Read a resource, again on 500, 502, 503, 504, when the BMC is busy, and on silence.

        `total_seconds` is for what is known to take longer than patience allows one answer.
        Raises BmcUnreachableError, BmcBusyError, BmcInternalError, BmcMissingError, BmcRefusedError,
        BmcAuthError, SessionLostError.
        """
        # Outside the attempts: a root that does not answer is not tried again for each of them, and a login,
        # which may leave a session behind, is not repeated.
        await self._linked.login.ensure(await self.root())
        seconds = total_seconds or self._slow_seconds(path)
        return await self._patiently(
            path, operation or f"read {path}", authorized=True, total_seconds=seconds
        )

    async def patch(self, path: str, body: Json, operation: str, *, follow: bool = True) -> Response:
        """Change a resource, with If-Match, and wait for the task or job if the BMC starts one.

        Sent again while the BMC says that it is busy, as often as patience allows. Without `follow` the
        answer comes back at once: for a job that only runs at the next reset. On 412 the resource is read
        again; where that does not help, the ETag is sent once more, in its strong form, and then not at
        all, since some BMCs hand out ETags that they do not accept. Raises as `post` does.
        """
        async with self._gate.writer:
            answer = await self._patch_matching(path, body, operation)
            for attempt in range(1, self._patience.attempts):
                if not self._is_busy(answer):
                    break
                await self._clock.sleep(self._patience.wait_seconds(attempt, answer.retry_after))
                answer = await self._patch_matching(path, body, operation)
            return await self._finish(answer, operation, follow=follow)

    async def post(self, path: str, body: Json, operation: str, *, follow: bool = True) -> Response:
        """Carry out an action, exactly once, and wait for its task. Success is no proof: observe then.

        Without `follow` the answer comes back at once: for what takes longer than one waits here.
        Raises BmcUnreachableError (look at `outcome_unknown`), BmcBusyError (nothing was done),
        BmcInternalError, BmcRefusedError, BmcTaskError, TaskUnfinishedError.
        """
        async with self._gate.writer:
            answer = await self._authorized("POST", path, operation, body=body)
            return await self._finish(answer, operation, follow=follow)

    async def delete(self, path: str, operation: str, *, follow: bool = True) -> Response:
        """Delete a resource, exactly once. Raises as `post` does; BmcMissingError if it was not there."""
        async with self._gate.writer:
            answer = await self._authorized("DELETE", path, operation)
            return await self._finish(answer, operation, follow=follow)

    def redact(self, text: str) -> str:
        """`text` without password and token, should the BMC echo them."""
        return self._linked.login.redact(text)

    async def pause(self, attempt: int, retry_after: float | None = None) -> None:
        """Wait as long as patience has it after attempt number `attempt`, counted from 1."""
        await self._clock.sleep(self._patience.wait_seconds(attempt, retry_after))

    @property
    def attempts(self) -> int:
        """How often something may be tried at most."""
        return self._patience.attempts

    @property
    def _linked(self) -> BmcLink:
        if self._link is None:
            self._link = self._gate.links.take(self._key, self._make_link)
        return self._link

    def _make_link(self) -> BmcLink:
        transport = Transport(self._origin, self._trust, self._patience, self._gate, self._resolve)
        return BmcLink(
            transport, self._credentials, self._patience, self._clock, self._gate, self._base_headers
        )

    def _slow_seconds(self, path: str) -> float | None:
        ends = self.quirks.slow_reads
        return next((seconds for end, seconds in ends.items() if path.partition("?")[0].endswith(end)), None)

    def _is_busy(self, answer: Response) -> bool:
        return is_busy(answer, self.quirks.busy_messages)

    async def _finish(self, answer: Response, operation: str, *, follow: bool) -> Response:
        self._raise_for(answer, operation)
        if not follow or place_of(answer) is None:
            return answer
        return await follow_task(self, answer, operation, self._patience, self._clock)

    async def _patch_matching(self, path: str, body: Json, operation: str) -> Response:
        etag = (await self.get(path, operation)).etag
        demands = _demands(etag)
        for _ in range(_ETAG_TRIES):
            demand = next(demands)
            headers = {"If-Match": demand} if demand else {}
            answer = await self._authorized("PATCH", path, operation, body=body, headers=headers)
            if answer.status != 412 or demand is None:
                return answer
            fresh = (await self.get(path, operation)).etag
            if fresh != etag:
                etag, demands = fresh, _demands(fresh)
        raise BmcBusyError(self.host, operation, "the resource kept changing while it was written")

    async def _patiently(
        self, path: str, operation: str, *, authorized: bool, total_seconds: float | None = None
    ) -> Response:
        for attempt in range(1, self._patience.attempts):
            try:
                answer = await self._read_once(path, operation, total_seconds, authorized=authorized)
            except BmcUnreachableError:
                await self.pause(attempt)
                continue
            if answer.status not in _PASSING and not self._is_busy(answer):
                break
            await self.pause(attempt, answer.retry_after)
        else:
            answer = await self._read_once(path, operation, total_seconds, authorized=authorized)
        self._raise_for(answer, operation, needs_body=True)
        return answer

    async def _read_once(
        self, path: str, operation: str, total_seconds: float | None, *, authorized: bool
    ) -> Response:
        if authorized:
            return await self._authorized("GET", path, operation, total_seconds=total_seconds)
        link, headers = self._linked, self._base_headers
        answer = await link.transport.exchange("GET", path, headers=headers, operation=operation)
        if answer.status == 401:
            # Against the standard, some show even the service root to accounts only.
            answer = await link.transport.exchange(
                "GET", path, headers=link.login.headers(), operation=operation
            )
        return answer

    async def _authorized(
        self,
        method: str,
        path: str,
        operation: str,
        *,
        body: Json | None = None,
        headers: dict[str, str] | None = None,
        total_seconds: float | None = None,
    ) -> Response:
        """Send in our session; after a 401, which proves that nothing was done, once more in a new one."""
        root, login = await self.root(), self._linked.login
        await login.ensure(root)
        token = login.token

        async def send() -> Response:
            return await self._linked.transport.exchange(
                method,
                path,
                headers=login.headers() | (headers or {}),
                body=body,
                operation=operation,
                total_seconds=total_seconds,
            )

        answer = await send()
        if answer.status != 401 or login.is_basic:
            return answer
        await login.ensure(root, stale=token)
        answer = await send()
        if answer.status == 401:
            raise SessionLostError(self.host, operation, "the BMC dropped two sessions in a row")
        return answer

    def _raise_for(self, answer: Response, operation: str, *, needs_body: bool = False) -> None:
        link = self._linked
        raise_for(
            self.host,
            answer,
            operation,
            busy_messages=link.quirks.busy_messages,
            redact=link.login.redact,
            needs_body=needs_body,
        )


def _demands(etag: str | None) -> Iterator[str | None]:
    """What to ask for in turn while a resource stays as it is: `W/"1"`, `"1"`, nothing; a strong one twice.

    Lenovo refuses a right one now and then (operations-center issue 1040).
    """
    return iter((etag, etag.removeprefix("W/"), None) if etag else (None,))
