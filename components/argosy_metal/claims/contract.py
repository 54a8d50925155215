"""What a claims store does, whatever it is kept in.

Methods are synchronous and may be called from several threads at once; the provider calls them through
`asyncio.to_thread`. SQLite's and PostgreSQL's drivers are synchronous anyway, the commands and the tests need
no event loop, and one call takes milliseconds, so a few threads serve thousands of machines. Every backend
keeps its connections open between calls.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from argosy_metal.claims.claim import Claim


@dataclass(frozen=True)
class RunLease:
    """The run of a stack that a shared store has last seen at work."""

    owner: str
    """`project/stack`."""
    run: str
    """The run's key, `RunIdentity.key`."""
    host: str
    """Name of the computer it works on."""
    seconds_left: float
    """How long the lease lasts yet by the store's own clock, in seconds; 0 or less once it has run out."""

    @property
    def is_live(self) -> bool:
        """Whether the run has renewed its lease lately, and so must be taken to be at work."""
        return self.seconds_left > 0


class ClaimStore(Protocol):
    """The claims of a hall as one process uses them.

    Every method raises ClaimsUnavailableError when the store cannot be read or written; what cannot be read
    is never told as free.
    """

    @property
    def place(self) -> str:
        """What a message calls the store: a path, or an address without an account."""
        ...

    def find(self, site: str, serial: str) -> Claim | None:
        """The claim on a server, whoever holds it. Makes nothing."""
        ...

    def read_all(self) -> tuple[Claim, ...]:
        """Every claim, by site and slot. Makes nothing."""
        ...

    def generation_of(self, site: str, serial: str) -> int:
        """How often this store has granted a server; 0 if it does not know it. Makes nothing."""
        ...

    def identity(self) -> str:
        """Differs from any other store's; made with the store."""
        ...

    def note_install(self, claim: Claim, install_id: str, *, made_here: bool) -> None:
        """Remember an installation on a claimed server: one of ours, or one that is known to be over.

        Raises StaleRunError if this run may no longer write.
        """
        ...

    def knows_install(self, site: str, serial: str, install_id: str, *, made_here: bool = False) -> bool:
        """Whether an installation was noted; with `made_here`, as one of this store's own."""
        ...

    def claim(self, wanted: Claim) -> Claim:
        """Grant the server, or give back the claim that the same owner's same resource already holds.

        An adopted claim keeps its progress, and what was noted in its record beside what is wanted.
        Raises ForeignClaimError if anyone else holds it, or if a server with the same BMC and serial number
        is held under another name, whoever holds it (see `claims.hardware`); StaleRunError if this run may
        no longer write.
        """
        ...

    def change(self, claim: Claim, **changes: object) -> Claim:
        """Write `changes` if the claim is still exactly `claim`; the claim as it is now.

        Raises LostClaimError if it is not, ForeignClaimError if its record would then have the BMC of a
        server that is held under another name, StaleRunError if this run may no longer write.
        """
        ...

    def release(self, claim: Claim) -> None:
        """Give the server back. No error if this very claim is gone already; others' claims stay.

        Raises StaleRunError if this run may no longer write.
        """
        ...

    def assert_may_write(self, owner: str) -> None:
        """Raise StaleRunError unless this run is the newest of `owner`. Asked before a BMC is changed."""
        ...

    def fence(self, owner: str) -> bool:
        """From now on refuse every run of `owner` that has written so far; false if none has.

        Makes nothing where nothing is.
        """
        ...

    def lease_of(self, owner: str) -> RunLease | None:
        """The run of `owner` last seen at work; None if it has ended, or if the store keeps no leases.

        A file keeps none: all its runs are on one computer, where their processes can be looked for.
        """
        ...

    def close(self) -> None:
        """Give up this run's leases and close what is open. The store may be used again."""
        ...
