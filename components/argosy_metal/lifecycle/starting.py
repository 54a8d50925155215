"""A server is switched on only when its feeds can bear it, whoever switches it on and for what."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from argosy_metal.budgets import NeverFitsError, PowerOns
from argosy_metal.claims import Claim
from argosy_metal.lifecycle.failure import MachineNotReadyError
from argosy_metal.lifecycle.leash import Leash


@asynccontextmanager
async def starting(claim: Claim, power_ons: PowerOns, leash: Leash) -> AsyncGenerator[None]:
    """Switch the claimed server on inside the block, which is entered when the feeds can bear it.

    Raises MachineNotReadyError if they never could.
    """
    watts, feeds = claim.record.get("startupWatts"), claim.record.get("feeds")
    names = [str(feed) for feed in feeds] if isinstance(feeds, list) else []  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    # A whole number may come back from the wire as a float.
    start_watts = int(watts) if isinstance(watts, (int, float)) else 0
    try:
        async with power_ons.one(names, start_watts, leash):
            yield
    except NeverFitsError as error:
        raise MachineNotReadyError(
            claim,
            f"it may never be switched on: {error} on one of its feeds",
            "raise the hall's budget `power_on`, or correct the server's start-up watts",
        ) from error
