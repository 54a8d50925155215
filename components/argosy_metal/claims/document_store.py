"""The claims of a hall as objects that are swapped one at a time, fenced per run.

Between two objects there is no transaction, so a write goes in this order: read the server's object, then
look whether this run is still the newest of its stack, then swap the object as it was read. A run that is
overtaken before its look is refused; a swap that was under way when a newer run took over counts as made
before it: the newer run's own first write of that server fails or sees it. `fence` goes further and writes
every object of the stack anew, so after it not even such a swap can come through.

A write that puts a claim on hardware also puts its name to that hardware, last of all before the swap; see
`reservations`.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from argosy_metal.claims import run_document as runs
from argosy_metal.claims import server_document as servers
from argosy_metal.claims.claim import Claim, ClaimsUnavailableError
from argosy_metal.claims.contract import RunLease
from argosy_metal.claims.documents import Body, ConflictError, Documents, Key, Stored
from argosy_metal.claims.fencing import assert_alive, assert_newest
from argosy_metal.claims.heartbeat import Heartbeat
from argosy_metal.claims.record import DamagedError
from argosy_metal.claims.reservations import Reservations
from argosy_metal.claims.run import RunIdentity

_T = TypeVar("_T")
_TRIES = 20
"""Each lost swap was somebody else's write of the same object; more than a few in a row are no accident."""
_WRITE = "write"
"""Marks a write as its writer's own, so that one whose answer was lost is known when it is seen again."""


class DocumentStore:
    """`ClaimStore` over objects."""

    def __init__(self, documents: Documents, run: RunIdentity) -> None:
        self._documents = documents
        self._run = run
        self._epochs: dict[str, int] = {}
        self._process = uuid.uuid4().hex
        self._heart = Heartbeat(self.beat)
        self._reservations = Reservations(documents, self._swap)

    @property
    def place(self) -> str:
        """What a message calls the store."""
        return self._documents.place

    def find(self, site: str, serial: str) -> Claim | None:
        """See `ClaimStore.find`."""
        with self._told():
            return servers.claim_in(self._body(servers.server_key(site, serial)))

    def read_all(self) -> tuple[Claim, ...]:
        """See `ClaimStore.read_all`."""
        with self._told():
            found = [servers.claim_in(stored.body) for stored in self._documents.every("server")]
        claims = [claim for claim in found if claim is not None]
        return tuple(sorted(claims, key=lambda claim: (claim.site, claim.slot, claim.serial)))

    def generation_of(self, site: str, serial: str) -> int:
        """See `ClaimStore.generation_of`."""
        with self._told():
            return servers.generation_in(self._body(servers.server_key(site, serial)))

    def identity(self) -> str:
        """See `ClaimStore.identity`."""

        def made(body: Body | None) -> tuple[Body | None, str]:
            if body is None:
                new = uuid.uuid4().hex
                return {"id": new}, new
            if not isinstance(body.get("id"), str):
                raise DamagedError("the store's own object is damaged")
            return None, body["id"]

        return self._swap(Key("store", ""), made)

    def note_install(self, claim: Claim, install_id: str, *, made_here: bool) -> None:
        """See `ClaimStore.note_install`."""
        self._write(claim, lambda body: (servers.noted(body, claim, install_id, made_here=made_here), None))

    def knows_install(self, site: str, serial: str, install_id: str, *, made_here: bool = False) -> bool:
        """See `ClaimStore.knows_install`."""
        with self._told():
            body = self._body(servers.server_key(site, serial))
            return servers.knows_install_in(body, install_id, made_here=made_here)

    def claim(self, wanted: Claim) -> Claim:
        """See `ClaimStore.claim`."""
        return self._write(wanted, lambda body: servers.granted(body, wanted))

    def change(self, claim: Claim, **changes: object) -> Claim:
        """See `ClaimStore.change`."""
        return self._write(claim, lambda body: servers.changed(body, claim, changes))

    def release(self, claim: Claim) -> None:
        """See `ClaimStore.release`."""
        self._write(claim, lambda body: (servers.released(body, claim), None))

    def assert_may_write(self, owner: str) -> None:
        """See `ClaimStore.assert_may_write`."""
        assert_alive(self._run)
        if owner not in self._epochs:
            self._take(owner)
            return
        with self._told():
            newest = runs.epoch_in(self._body(runs.run_key(owner)))
        assert_newest(newest, self._epochs[owner], owner, self.place)

    def fence(self, owner: str) -> bool:
        """See `ClaimStore.fence`."""
        has_written = self._swap(runs.run_key(owner), lambda body: (runs.fenced(body), body is not None))
        for claim in self.read_all():
            if claim.owner == owner:
                self._swap(servers.server_key(claim.site, claim.serial), lambda body: (body, None))
        return has_written

    def lease_of(self, owner: str) -> RunLease | None:
        """See `ClaimStore.lease_of`."""
        with self._told():
            body = self._body(runs.run_key(owner))
            return runs.lease_in(body, self._documents.now())

    def beat(self) -> None:
        """Renew the leases of every stack that this run writes for; one that was overtaken has none."""
        for owner in tuple(self._epochs):
            epoch = self._epochs[owner]
            self._swap(
                runs.run_key(owner),
                lambda body, epoch=epoch: (
                    runs.beaten(body, epoch, self._run, self._process, self._documents.now()),
                    None,
                ),
            )

    def close(self) -> None:
        """See `ClaimStore.close`."""
        self._heart.stop()
        # A lease that cannot be given up runs out by itself.
        with suppress(ClaimsUnavailableError):
            for owner in tuple(self._epochs):
                self._swap(runs.run_key(owner), lambda body: (runs.ended(body, self._process), None))
        self._documents.close()

    def _write(self, claim: Claim, change: Callable[[Body | None], tuple[Body | None, _T]]) -> _T:
        """Swap the object of the claim's server, as the newest run of its owner."""

        def as_newest(body: Body | None) -> tuple[Body | None, _T]:
            assert_alive(self._run)
            known = claim.owner in self._epochs
            if known:
                self.assert_may_write(claim.owner)
            after, answer = change(body)
            taking = servers.newly_taken(body, after)
            if taking is not None:
                self._reservations.assert_free(taking)
            # Only now: what is refused anyway does not overtake another run.
            if not known:
                self._take(claim.owner)
            if taking is not None:
                self._reservations.reserve(taking, self._epochs[claim.owner])
            return after, answer

        return self._swap(servers.server_key(claim.site, claim.serial), as_newest)

    def _take(self, owner: str) -> None:
        """Become the newest run of a stack; a run does so with its first write, so a preview does not."""
        self._epochs[owner] = self._swap(
            runs.run_key(owner),
            lambda body: runs.taken(body, owner, self._run, self._process, self._documents.now()),
        )
        self._heart.start()

    def _swap(self, key: Key, change: Callable[[Body | None], tuple[Body | None, _T]]) -> _T:
        """Read, change, write; again if somebody else has written meanwhile.

        `change` gives None instead of an object if there is nothing to write.
        """
        written: dict[str, _T] = {}
        with self._told():
            for _ in range(_TRIES):
                stored = self._documents.read(key)
                if stored is not None and stored.body.get(_WRITE) in written:
                    return written[stored.body[_WRITE]]
                body, answer = change(None if stored is None else stored.body)
                if body is None:
                    return answer
                mark = uuid.uuid4().hex
                written[mark] = answer
                try:
                    self._put(key, stored, {**body, _WRITE: mark})
                except ConflictError:
                    continue
                return answer
        raise ClaimsUnavailableError(
            f"{self.place}: {key.kind} {key.name} was written by others {_TRIES} times in a row; see what"
            " does that, then run again"
        )

    def _put(self, key: Key, stored: Stored | None, body: Body) -> None:
        if stored is None:
            self._documents.create(key, body)
        else:
            self._documents.replace(key, body, stored.tag)

    def _body(self, key: Key) -> Mapping[str, Any] | None:
        stored = self._documents.read(key)
        return None if stored is None else stored.body

    @contextmanager
    def _told(self) -> Generator[None]:
        try:
            yield
        except DamagedError as error:
            raise ClaimsUnavailableError(f"{self.place}: {error}; {self._documents.restore}") from error
