"""Act on what can be observed: once, and again only after a look that shows that it was not done."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from argosy_metal.redfish.client import RedfishClient
from argosy_metal.redfish.errors import BmcBusyError, BmcUnreachableError


async def act_observed(
    client: RedfishClient, act: Callable[[], Awaitable[object]], is_done: Callable[[], Awaitable[bool]]
) -> None:
    """Carry `act` out, which is one POST.

    A BMC that is busy did nothing: it is given time and looked at, and asked again if it is still undone, as
    often as patience allows. After a lost answer there is one look and no second POST: what was begun may
    show only later. Raises what `act` or the look raises.
    """
    for attempt in range(1, client.attempts + 1):
        try:
            await act()
        except BmcBusyError as busy:
            if attempt == client.attempts:
                raise
            await client.pause(attempt, busy.retry_after)
            if await is_done():
                return
        except BmcUnreachableError as lost:
            if not lost.outcome_unknown or not await is_done():
                raise
            return
        else:
            return
