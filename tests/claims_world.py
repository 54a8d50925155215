"""One claims store as the contract's tests use it, whatever it is kept in."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Protocol

import pytest

from argosy_metal.claims import Claim, ClaimStore, RunIdentity

WANTED = Claim(
    site="hall",
    serial="SN1",
    slot="train/slot-01",
    owner="lab/prod",
    holder="urn:pulumi:prod::lab::baremetal:index:ServerClaim::a",
    generation=0,
    record={"bmc": "https://bmc-1.hall.test", "feeds": ["a", "b"]},
)
THEIRS = replace(WANTED, owner="lab/dev", holder="urn:pulumi:dev::lab::baremetal:index:ServerClaim::a")


class ClaimsWorld(Protocol):
    """One backend as the tests use it, empty at first."""

    prelude: str
    """Python source that defines `store(run)` in another process."""
    leases: bool
    """Whether the backend tells which runs are at work."""

    def open(self, run: RunIdentity) -> ClaimStore:
        """A store as one process would open it."""
        ...

    def close(self) -> None:
        """Close every store that was opened."""
        ...

    def spoil(self, serial: str, changes: Mapping[str, Any]) -> None:
        """Write over values of a claim in hall `hall`, as no argosy would."""
        ...

    def lose(self, serial: str) -> None:
        """Remove all that is known of a server, as no argosy would."""
        ...

    def pass_time(self, seconds: float) -> None:
        """Let time pass by the store's own clock."""
        ...

    def unreachable(self) -> Any:
        """A context in which the store cannot be reached."""
        ...


class ClaimsTests:
    """The tests. A subclass gives the fixture `world`."""

    @pytest.fixture
    def world(self) -> ClaimsWorld:
        raise NotImplementedError

    @pytest.fixture
    def store_of(self, world: ClaimsWorld) -> Iterator[Callable[..., ClaimStore]]:
        def opened(run: str = "run-1") -> ClaimStore:
            return world.open(RunIdentity(run, host="runner-7"))

        yield opened
        world.close()


@contextmanager
def failing_threads() -> Generator[list[str]]:
    """What threads have failed with; pytest would warn of it and fail some later test."""
    failures: list[str] = []
    before = threading.excepthook
    threading.excepthook = lambda failure: failures.append(repr(failure.exc_value))
    try:
        yield failures
    finally:
        threading.excepthook = before
