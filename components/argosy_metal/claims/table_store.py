"""The claims of a hall as tables of a database: grants and refusals inside transactions, fenced per run."""

from __future__ import annotations

import uuid
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from typing import Protocol

from argosy_metal.claims import epochs, rows
from argosy_metal.claims.claim import Claim, ClaimsUnavailableError, ForeignClaimError
from argosy_metal.claims.contract import RunLease
from argosy_metal.claims.fencing import assert_alive, assert_newest
from argosy_metal.claims.heartbeat import Heartbeat
from argosy_metal.claims.record import DamagedError
from argosy_metal.claims.rows import Cursor
from argosy_metal.claims.run import RunIdentity


class Leases(Protocol):
    """The leases of runs as rows, timed by the database's own clock."""

    def renew(self, cursor: Cursor, owner: str, run: RunIdentity, process: str) -> None:
        """Say that one process of a run is at work from now on; other runs' leases end."""
        ...

    def end(self, cursor: Cursor, owner: str, process: str | None = None) -> None:
        """Say that one process has ended, or every run of the stack."""
        ...

    def find(self, cursor: Cursor, owner: str) -> RunLease | None:
        """The lease of a stack's newest run."""
        ...


class Database(Protocol):
    """What a `TableStore` stands on. Raises ClaimsUnavailableError whatever goes wrong."""

    @property
    def place(self) -> str:
        """What a message calls it."""
        ...

    @property
    def epoch_lock(self) -> str:
        """Ends a look at an epoch, so that nobody raises it before the transaction ends."""
        ...

    @property
    def restore(self) -> str:
        """What to do about a damaged row."""
        ...

    @property
    def leases(self) -> Leases | None:
        """Tells which runs are at work; None where their processes can be looked for instead."""
        ...

    def looking(self) -> AbstractContextManager[Cursor | None]:
        """A consistent look at the tables; None if there are none yet. Writes nothing."""
        ...

    def writing(self) -> AbstractContextManager[Cursor]:
        """A transaction, whole or not at all. Makes the tables first if there are none."""
        ...

    def close(self) -> None:
        """Close what is open; it is opened again when needed."""
        ...


class TableStore:
    """`ClaimStore` over a database."""

    def __init__(self, database: Database, run: RunIdentity) -> None:
        self._database = database
        self._run = run
        self._epochs: dict[str, int] = {}
        self._identity: str | None = None
        self._process = uuid.uuid4().hex
        self._heart = Heartbeat(self.beat)

    @property
    def place(self) -> str:
        """What a message calls the store."""
        return self._database.place

    def find(self, site: str, serial: str) -> Claim | None:
        """See `ClaimStore.find`."""
        with self._looking() as cursor:
            return None if cursor is None else rows.select(cursor, site, serial)

    def read_all(self) -> tuple[Claim, ...]:
        """See `ClaimStore.read_all`."""
        with self._looking() as cursor:
            return () if cursor is None else rows.select_all(cursor)

    def generation_of(self, site: str, serial: str) -> int:
        """See `ClaimStore.generation_of`."""
        with self._looking() as cursor:
            return 0 if cursor is None else rows.generation_of(cursor, site, serial)

    def identity(self) -> str:
        """See `ClaimStore.identity`."""
        if self._identity is None:
            with self._writing() as cursor:
                self._identity = str(rows.one(cursor, "SELECT id FROM store")[0])
        return self._identity

    def note_install(self, claim: Claim, install_id: str, *, made_here: bool) -> None:
        """See `ClaimStore.note_install`."""
        with self._write(claim.owner) as cursor:
            rows.note_install(cursor, claim, install_id, made_here)

    def knows_install(self, site: str, serial: str, install_id: str, *, made_here: bool = False) -> bool:
        """See `ClaimStore.knows_install`."""
        with self._looking() as cursor:
            return cursor is not None and rows.knows_install(cursor, site, serial, install_id, made_here)

    def claim(self, wanted: Claim) -> Claim:
        """See `ClaimStore.claim`."""
        with self._write(wanted.owner) as cursor:
            before = rows.lock_server(cursor, wanted.site, wanted.serial)
            held = rows.select(cursor, wanted.site, wanted.serial)
            if held is None:
                granted = replace(wanted, generation=before + 1)
                rows.put_generation(cursor, granted)
                rows.insert(cursor, granted)
                return granted
            if (held.owner, held.holder) != (wanted.owner, wanted.holder):
                raise ForeignClaimError.of(held, wanted)
            return rows.swap(cursor, held, {"slot": wanted.slot, "record": {**held.record, **wanted.record}})

    def change(self, claim: Claim, **changes: object) -> Claim:
        """See `ClaimStore.change`."""
        with self._write(claim.owner) as cursor:
            return rows.swap(cursor, claim, changes)

    def release(self, claim: Claim) -> None:
        """See `ClaimStore.release`."""
        with self._write(claim.owner) as cursor:
            rows.delete(cursor, claim)

    def assert_may_write(self, owner: str) -> None:
        """See `ClaimStore.assert_may_write`."""
        if owner not in self._epochs:
            with self._write(owner):
                return
        assert_alive(self._run)
        with self._looking() as cursor:
            newest = 0 if cursor is None else epochs.newest(cursor, owner)
        assert_newest(newest, self._epochs[owner], owner, self.place)

    def fence(self, owner: str) -> bool:
        """See `ClaimStore.fence`."""
        with self._looking() as cursor:
            if cursor is None:
                return False
        with self._writing() as cursor:
            has_written = epochs.fence(cursor, owner)
            if self._database.leases is not None:
                self._database.leases.end(cursor, owner)
        return has_written

    def lease_of(self, owner: str) -> RunLease | None:
        """See `ClaimStore.lease_of`."""
        if self._database.leases is None:
            return None
        with self._looking() as cursor:
            return None if cursor is None else self._database.leases.find(cursor, owner)

    def beat(self) -> None:
        """Renew the leases of every stack that this run writes for; one that was overtaken has none."""
        if self._database.leases is None:
            return
        for owner in tuple(self._epochs):
            with self._writing() as cursor:
                if epochs.newest(cursor, owner, self._database.epoch_lock) == self._epochs[owner]:
                    self._database.leases.renew(cursor, owner, self._run, self._process)

    def close(self) -> None:
        """See `ClaimStore.close`."""
        self._heart.stop()
        # A lease that cannot be given up runs out by itself.
        with suppress(ClaimsUnavailableError):
            self._end_leases()
        self._identity = None
        self._database.close()

    def _end_leases(self) -> None:
        if self._database.leases is None or not self._epochs:
            return
        with self._writing() as cursor:
            for owner in tuple(self._epochs):
                self._database.leases.end(cursor, owner, self._process)

    @contextmanager
    def _write(self, owner: str) -> Generator[Cursor]:
        """A transaction that only the newest run of `owner` gets."""
        with self._writing() as cursor:
            epoch = self._enter(cursor, owner)
            yield cursor
        self._epochs[owner] = epoch
        if self._database.leases is not None:
            self._heart.start()

    def _enter(self, cursor: Cursor, owner: str) -> int:
        """The epoch of this run; a run gets its epoch with its first write, so a preview has none."""
        assert_alive(self._run)
        if owner not in self._epochs:
            epoch = epochs.take(cursor, owner, self._run.key)
            if self._database.leases is not None:
                self._database.leases.renew(cursor, owner, self._run, self._process)
            return epoch
        newest = epochs.newest(cursor, owner, self._database.epoch_lock)
        assert_newest(newest, self._epochs[owner], owner, self.place)
        return newest

    @contextmanager
    def _looking(self) -> Generator[Cursor | None]:
        with self._told(), self._database.looking() as cursor:
            yield cursor

    @contextmanager
    def _writing(self) -> Generator[Cursor]:
        with self._told(), self._database.writing() as cursor:
            yield cursor

    @contextmanager
    def _told(self) -> Generator[None]:
        try:
            yield
        except DamagedError as error:
            raise ClaimsUnavailableError(f"{self.place}: {error}; {self._database.restore}") from error
