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
SERIALS: tuple[str, ...] = ("SN1", "SN2", "sn2")
owners, serials = st.sampled_from(OWNERS), st.sampled_from(SERIALS)


class ClaimsMachine(RuleBasedStateMachine):
    """Two stacks and the runs of each, one after another, on three servers. A subclass opens the store."""

    def __init__(self) -> None:
        super().__init__()
        self.claims: dict[str, Claim] = {}
        self.generations: dict[str, int] = dict.fromkeys(SERIALS, 0)
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

    @rule(owner=owners, serial=serials, run=st.integers(0, 3), holder=st.sampled_from("ab"))
    def claim(self, owner: str, serial: str, run: int, holder: str) -> None:
        """A run claims a server."""
        wanted = Claim("hall", serial, f"t/{run}", owner, f"urn-{holder}", 0, {"bmc": f"https://{run}"})
        held = self.claims.get(serial)

        def expected() -> None:
            if held is None:
                self.generations[serial] += 1
                granted = replace(wanted, generation=self.generations[serial])
            else:
                granted = replace(
                    held,
                    slot=wanted.slot,
                    record={**held.record, **wanted.record},
                    version=held.version + 1,
                )
            self.claims[serial] = granted

        is_foreign = held is not None and (held.owner, held.holder) != (owner, wanted.holder)
        self._write(owner, run, lambda store: store.claim(wanted), expected, ForeignClaimError, is_foreign)
        if serial in self.claims:
            self.seen.append(self.claims[serial])

    @rule(number=st.integers(0, 50), run=st.integers(0, 3))
    def change(self, number: int, run: int) -> None:
        """A run changes a claim as it was seen at some time."""
        if not self.seen:
            return
        seen = self.seen[number % len(self.seen)]
        after = replace(seen, attempts=number, version=seen.version + 1)

        def expected() -> None:
            self.claims[seen.serial] = after

        is_lost = self.claims.get(seen.serial) != seen
        self._write(
            seen.owner,
            run,
            lambda store: store.change(seen, attempts=number),
            expected,
            LostClaimError,
            is_lost,
        )
        if self.claims.get(seen.serial) == after:
            self.seen.append(after)

    @rule(number=st.integers(0, 50), run=st.integers(0, 3))
    def release(self, number: int, run: int) -> None:
        """A run releases a claim as it was seen at some time."""
        if not self.seen:
            return
        seen = self.seen[number % len(self.seen)]

        def expected() -> None:
            held = self.claims.get(seen.serial)
            if held is not None and (held.owner, held.generation) == (seen.owner, seen.generation):
                del self.claims[seen.serial]

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
        for serial in SERIALS:
            assert self.claims.get(serial) == self.looker.find("hall", serial)
            assert self.generations[serial] == self.looker.generation_of("hall", serial)
        expected = sorted(self.claims.values(), key=lambda claim: (claim.slot, claim.serial))
        assert tuple(expected) == self.looker.read_all()

    def _write(
        self,
        owner: str,
        run: int,
        write: Callable[[ClaimStore], Any],
        expected: Callable[[], None],
        refusal: type[Exception] = LostClaimError,
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
        except refusal:
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
