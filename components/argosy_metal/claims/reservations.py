"""Which name a physical server was last granted under, where each object is swapped alone.

Two claims under two names are two objects, so a third one, named by the hardware, decides. A claimant writes
its name there after it has read its server's object and before it swaps that. Another one finds the name and
looks whether that server is claimed: if it is, it is refused. If it is not, and no run at work is about to
claim it, the name is of a claim that was released, or of a run that was killed. Then it writes that server's
object anew before it puts its own name there, so that a swap which was under way after all fails, and its
claimant begins again and is refused in its turn.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from typing import Any

from argosy_metal.claims import run_document as runs
from argosy_metal.claims import server_document as servers
from argosy_metal.claims.claim import Claim, ForeignClaimError
from argosy_metal.claims.documents import Body, Documents, Key
from argosy_metal.claims.record import DamagedError


@dataclass(frozen=True)
class Reservation:
    """Who wrote its name to the hardware last."""

    site: str
    serial: str
    slot: str
    owner: str
    holder: str
    generation: int
    """Of the claim that it is about to write."""
    epoch: int
    """The number of its run."""

    @property
    def server(self) -> Key:
        """The object of its server."""
        return servers.server_key(self.site, self.serial)

    @property
    def claim(self) -> Claim:
        """The claim that it is about to write, as far as is known."""
        return Claim(self.site, self.serial, self.slot, self.owner, self.holder, self.generation, {})


class Reservations:
    """The objects of hardware in a store; `swap` is the store's compare-and-swap of one object."""

    def __init__(self, documents: Documents, swap: Callable[..., Any]) -> None:
        self._documents = documents
        self._swap = swap

    def assert_free(self, wanted: Claim) -> None:
        """Raise ForeignClaimError if the claim's hardware is held under another name. Writes nothing."""
        other = _other(self._body(_key(wanted)), wanted)
        if other is not None:
            self._assert_vacant(other, self._body(other.server), wanted)

    def reserve(self, wanted: Claim, epoch: int) -> None:
        """Put the claim's name to its hardware. Raises ForeignClaimError as `assert_free` does."""
        mine = Reservation(
            *(wanted.site, wanted.serial, wanted.slot, wanted.owner, wanted.holder, wanted.generation, epoch)
        )

        def reserved(body: Body | None) -> tuple[Body, None]:
            other = _other(body, wanted)
            if other is not None:
                self._vacate(other, wanted)
            # Even where the name stands already: whoever read it before must fail.
            return asdict(mine), None

        self._swap(_key(wanted), reserved)

    def _vacate(self, other: Reservation, wanted: Claim) -> None:
        def touched(body: Body | None) -> tuple[Body, None]:
            self._assert_vacant(other, body, wanted)
            return servers.touched(body, other.site, other.serial), None

        self._swap(other.server, touched)

    def _assert_vacant(self, other: Reservation, body: Body | None, wanted: Claim) -> None:
        held = servers.claim_in(body)
        if held is not None and held.hardware == wanted.hardware:
            raise ForeignClaimError.of(held, wanted)
        if servers.generation_in(body) < other.generation and self._is_at_work(other):
            raise ForeignClaimError.of(other.claim, wanted)

    def _is_at_work(self, other: Reservation) -> bool:
        body = self._body(runs.run_key(other.owner))
        lease = runs.lease_in(body, self._documents.now())
        return runs.epoch_in(body) == other.epoch and lease is not None and lease.is_live

    def _body(self, key: Key) -> Body | None:
        stored = self._documents.read(key)
        return None if stored is None else stored.body


def _key(claim: Claim) -> Key:
    return Key("hardware", str(claim.hardware))


def _other(body: Body | None, wanted: Claim) -> Reservation | None:
    """The name on the hardware, if it is another one. Raises DamagedError if it is none of ours."""
    if body is None:
        return None
    kinds = {field.name: int if field.type == "int" else str for field in fields(Reservation)}
    if any(type(body.get(name)) is not kind for name, kind in kinds.items()):
        raise DamagedError(f"the object of the hardware of server {wanted.server_id} is damaged")
    found = Reservation(**{name: body[name] for name in kinds})
    return None if (found.site, found.serial) == (wanted.site, wanted.serial) else found
