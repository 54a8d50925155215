"""A claims store beside a model of it: Hypothesis looks for a series of calls after which they differ."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from argosy_metal.claims import (
    Claim,
    ClaimStore,
    ForeignClaimError,
    LostClaimError,
    RunIdentity,
    StaleRunError,
)

OWNERS: tuple[str, ...] = ("lab/prod", "lab/dev")
Server = tuple[str, str]
SERVERS: tuple[Server, ...] = (("hall", "SN1"), ("hall", "SN2"), ("hall", "sn2"), ("oslo", "SN1"))
owners, servers = st.sampled_from(OWNERS), st.sampled_from(SERVERS)


class ClaimsMachine(RuleBasedStateMachine):
    """Two stacks and the runs of each, one after another, on servers of two BMCs. A subclass opens it."""

    def __init__(self) -> None:
        super().__init__()
        self.claims: dict[Server, Claim] = {}
        self.generations: dict[Server, int] = dict.fromkeys(SERVERS, 0)
        self.installs: set[tuple[str, str]] = set()
        self.runs: dict[str, list[ClaimStore]] = {owner: [] for owner in OWNERS}
        self.newest: dict[str, ClaimStore | None] = dict.fromkeys(OWNERS)
        self.overtaken: list[ClaimStore] = []
        """Runs that have written and must not any more."""
        self.seen: list[Claim] = []
        self.looker = self.open(RunIdentity("looker"))

    def open(self, run: RunIdentity) -> ClaimStore:
        raise NotImplementedError

    def teardown(self) -> None:
        for store in (self.looker, *(store for runs in self.runs.values() for store in runs)):
            store.close()

    @rule(owner=owners)
    def begin_a_run(self, owner: str) -> None:
        """A run begins; it counts from its first write on."""
        self.runs[owner].append(self.open(RunIdentity(f"{owner}-{len(self.runs[owner])}")))

    @rule(
        owner=owners,
        server=servers,
        run=st.integers(0, 3),
        holder=st.sampled_from("ab"),
        bmc=st.integers(0, 1),
    )
    def claim(self, owner: str, server: Server, run: int, holder: str, bmc: int) -> None:
        """A run claims a server."""
        wanted = Claim(*server, f"t/{run}", owner, f"urn-{holder}", 0, {"bmc": f"https://{bmc}"})
        held = self.claims.get(server)

        def expected() -> None:
            if held is None:
                self.generations[server] += 1
                granted = replace(wanted, generation=self.generations[server])
            else:
                granted = replace(
                    held,
                    slot=wanted.slot,
                    record={**held.record, **wanted.record},
                    version=held.version + 1,
                )
            self.claims[server] = granted

        is_foreign = held is not None and (held.owner, held.holder) != (owner, wanted.holder)
        is_foreign = is_foreign or self._is_taken(wanted)
        self._write(owner, run, lambda store: store.claim(wanted), expected, (ForeignClaimError,), is_foreign)
        if server in self.claims:
            self.seen.append(self.claims[server])

    @rule(number=st.integers(0, 50), run=st.integers(0, 3))
    def change(self, number: int, run: int) -> None:
        """A run changes a claim as it was seen at some time."""
        self._change(number, run, attempts=number)

    @rule(number=st.integers(0, 50), run=st.integers(0, 3), bmc=st.integers(0, 1))
    def move(self, number: int, run: int, bmc: int) -> None:
        """A run describes a claim anew, maybe with another BMC."""
        self._change(number, run, record={"bmc": f"https://{bmc}"})

    @rule(number=st.integers(0, 50), run=st.integers(0, 3))
    def release(self, number: int, run: int) -> None:
        """A run releases a claim as it was seen at some time."""
        if not self.seen:
            return
        seen = self.seen[number % len(self.seen)]

        def expected() -> None:
            held = self.claims.get(_server(seen))
            if held is not None and (held.owner, held.generation) == (seen.owner, seen.generation):
                del self.claims[_server(seen)]

        self._write(seen.owner, run, lambda store: store.release(seen), expected)

    @rule(owner=owners)
    def fence(self, owner: str) -> None:
        """Somebody recovers a stack."""
        self.looker.fence(owner)
        newest, self.newest[owner] = self.newest[owner], None
        if newest is not None:
            self.overtaken.append(newest)

    @invariant()
    def every_server_is_as_the_model_has_it(self) -> None:
        """The store and the model agree."""
        for server in SERVERS:
            assert self.claims.get(server) == self.looker.find(*server)
            assert self.generations[server] == self.looker.generation_of(*server)
        expected = sorted(self.claims.values(), key=lambda claim: (claim.site, claim.slot, claim.serial))
        assert tuple(expected) == self.looker.read_all()

    def _is_taken(self, wanted: Claim) -> bool:
        """Whether the server behind this BMC is held under another name."""
        others = [claim for claim in self.claims.values() if _server(claim) != _server(wanted)]
        return any(_hardware(claim) == _hardware(wanted) for claim in others)

    def _change(self, number: int, run: int, **changes: object) -> None:
        if not self.seen:
            return
        seen = self.seen[number % len(self.seen)]
        after = replace(seen, **changes, version=seen.version + 1)  # pyright: ignore[reportArgumentType]

        def expected() -> None:
            self.claims[_server(seen)] = after

        is_refused = self.claims.get(_server(seen)) != seen or self._is_taken(after)
        refusals = (LostClaimError, ForeignClaimError)
        self._write(
            seen.owner, run, lambda store: store.change(seen, **changes), expected, refusals, is_refused
        )
        if self.claims.get(_server(seen)) == after:
            self.seen.append(after)

    def _write(
        self,
        owner: str,
        run: int,
        write: Callable[[ClaimStore], Any],
        expected: Callable[[], None],
        refusals: tuple[type[Exception], ...] = (),
        is_refused: bool = False,
    ) -> None:
        """One write of one run of a stack, and what must become of it."""
        if not self.runs[owner]:
            return
        number = run % len(self.runs[owner])
        store = self.runs[owner][number]
        try:
            write(store)
            done = True
        except StaleRunError:
            assert store in self.overtaken, "a run that nobody overtook was refused"
            return
        except refusals:
            assert is_refused
            done = False
        assert store not in self.overtaken, "an overtaken run was let through"
        assert done != is_refused
        if done:
            self._take_over(owner, store)
            expected()

    def _take_over(self, owner: str, store: ClaimStore) -> None:
        before = self.newest[owner]
        if before is not None and before is not store:
            self.overtaken.append(before)
        self.newest[owner] = store


def _server(claim: Claim) -> Server:
    return claim.site, claim.serial


def _hardware(claim: Claim) -> tuple[object, str]:
    return claim.record["bmc"], claim.serial.lower()
