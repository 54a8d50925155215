"""What every claims store must do, run over each backend by a subclass that says how to make one."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Protocol

import pytest

from argosy_metal.claims import (
    Claim,
    ClaimStore,
    ClaimsUnavailableError,
    ForeignClaimError,
    LostClaimError,
    Phase,
    RunIdentity,
    StaleRunError,
)

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


RACER = """
import sys
from argosy_metal.claims import Claim, ForeignClaimError
claims = store(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
try:
    claims.claim(Claim("hall", "SN1", "s", sys.argv[1], "urn", 0, {}))
    print("granted")
except ForeignClaimError:
    print("refused")
claims.close()
"""
WRITER = """
from argosy_metal.claims import Claim
claims = store("writer")
claim = claims.claim(Claim("hall", "SN1", "s", "lab/prod", "urn", 0, {}))
print("ready", flush=True)
while True:
    number = claim.attempts + 1
    claims.note_install(claim, str(number), made_here=True)
    claim = claims.change(claim, attempts=number, install_id=str(number))
    if number == 5:
        print("busy", flush=True)
"""


class ClaimsContract:
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

    def test_a_free_server_is_granted_and_found_again(self, store_of: Callable[..., ClaimStore]) -> None:
        granted = store_of().claim(WANTED)

        assert replace(WANTED, generation=1) == granted
        assert granted == store_of().find("hall", "SN1")
        assert (granted,) == store_of().read_all()

    def test_looking_at_an_empty_store_finds_nothing(self, store_of: Callable[..., ClaimStore]) -> None:
        store = store_of()

        assert store.find("hall", "SN1") is None
        assert () == store.read_all()
        assert 0 == store.generation_of("hall", "SN1")
        assert not store.knows_install("hall", "SN1", "i-1")
        assert store.lease_of("lab/prod") is None

    def test_all_claims_are_read_by_site_and_slot(self, store_of: Callable[..., ClaimStore]) -> None:
        store = store_of()
        for serial, slot in (("SN2", "train/slot-02"), ("sn2", "Train/slot-03"), ("SN1", "train/slot-01")):
            store.claim(replace(WANTED, serial=serial, slot=slot))
        store.claim(replace(WANTED, site="annex", serial="SN9"))

        read = [(claim.site, claim.serial) for claim in store.read_all()]

        assert [("annex", "SN9"), ("hall", "sn2"), ("hall", "SN1"), ("hall", "SN2")] == read

    def test_the_same_resource_of_the_same_stack_adopts_its_claim_and_its_progress(
        self, store_of: Callable[..., ClaimStore]
    ) -> None:
        store = store_of()
        first = store.change(store.claim(WANTED), phase=Phase.INSTALLING, install_id="i-1")

        adopted = store_of("run-2").claim(replace(WANTED, slot="train/slot-07"))

        assert ("train/slot-07", Phase.INSTALLING, "i-1", first.generation) == (
            adopted.slot,
            adopted.phase,
            adopted.install_id,
            adopted.generation,
        )

    def test_an_adopted_claim_keeps_what_was_noted_in_its_record_and_takes_what_is_wanted(
        self, store_of: Callable[..., ClaimStore]
    ) -> None:
        store = store_of()
        claim = store.claim(WANTED)
        store.change(claim, record={**claim.record, "flashing": "bmc"})

        adopted = store.claim(replace(WANTED, record={"bmc": "https://bmc-9.hall.test"}))

        assert {"bmc": "https://bmc-9.hall.test", "feeds": ["a", "b"], "flashing": "bmc"} == adopted.record

    def test_another_stack_is_refused_and_told_who_owns_the_server(
        self, store_of: Callable[..., ClaimStore]
    ) -> None:
        store_of().claim(WANTED)

        with pytest.raises(ForeignClaimError, match="owned by stack lab/prod") as refusal:
            store_of().claim(THEIRS)

        assert "lab/dev" in str(refusal.value)

    def test_another_resource_of_the_same_stack_is_refused_too(
        self, store_of: Callable[..., ClaimStore]
    ) -> None:
        store = store_of()
        store.claim(WANTED)

        with pytest.raises(ForeignClaimError):
            store.claim(replace(WANTED, slot="train/slot-02", holder="urn:…::b"))

    def test_a_change_of_a_claim_that_changed_in_between_is_refused(
        self, store_of: Callable[..., ClaimStore]
    ) -> None:
        store = store_of()
        seen = store.claim(WANTED)
        store.change(seen, phase=Phase.PREPARING)

        with pytest.raises(LostClaimError):
            store.change(seen, phase=Phase.RUNNING)

        found = store.find("hall", "SN1")
        assert found is not None
        assert Phase.PREPARING == found.phase

    def test_a_released_server_is_free_and_its_next_claim_has_the_next_generation(
        self, store_of: Callable[..., ClaimStore]
    ) -> None:
        store = store_of()
        store.release(store.claim(WANTED))

        assert store.find("hall", "SN1") is None
        assert 2 == store.claim(THEIRS).generation

    def test_releasing_a_claim_that_is_gone_leaves_the_new_owners_claim(
        self, store_of: Callable[..., ClaimStore]
    ) -> None:
        store = store_of()
        gone = store.claim(WANTED)
        store.release(gone)
        store.claim(THEIRS)

        store.release(gone)

        assert ["lab/dev"] == [claim.owner for claim in store.read_all()]

    def test_releasing_a_server_that_was_never_claimed_does_nothing(
        self, store_of: Callable[..., ClaimStore]
    ) -> None:
        store_of().release(WANTED)

        assert () == store_of().read_all()

    def test_a_claim_granted_anew_to_its_owner_is_neither_released_nor_changed_by_the_old_one(
        self, store_of: Callable[..., ClaimStore]
    ) -> None:
        store = store_of()
        old = store.claim(WANTED)
        store.release(old)
        new = store.claim(WANTED)
        assert old.version == new.version, "only the generation tells them apart"

        store.release(old)
        with pytest.raises(LostClaimError):
            store.change(old, attempts=1)

        assert (new,) == store.read_all()

    def test_providers_of_one_run_write_side_by_side(self, store_of: Callable[..., ClaimStore]) -> None:
        one, other = store_of(), store_of()
        seen = one.claim(WANTED)
        other.claim(replace(WANTED, serial="SN2"))

        one.change(seen, phase=Phase.PREPARING)

    def test_an_older_run_is_refused_as_soon_as_a_newer_one_has_written(
        self, store_of: Callable[..., ClaimStore]
    ) -> None:
        old, new = store_of("old"), store_of("new")
        seen = old.claim(WANTED)
        new.claim(WANTED)

        writes: list[Callable[[], object]] = [
            lambda: old.change(seen, phase=Phase.RUNNING),
            lambda: old.claim(replace(WANTED, serial="SN2")),
            lambda: old.note_install(seen, "i-1", made_here=True),
            lambda: old.release(seen),
            lambda: old.assert_may_write("lab/prod"),
        ]
        for write in writes:
            with pytest.raises(StaleRunError, match="newer run"):
                write()
        assert [1, 2] == [len(new.read_all()), new.read_all()[0].version]

    def test_a_provider_that_an_overtaken_run_starts_late_wins_nothing_back(
        self, store_of: Callable[..., ClaimStore]
    ) -> None:
        store_of("old").claim(WANTED)
        new = store_of("new")
        seen = new.claim(WANTED)

        with pytest.raises(StaleRunError, match="newer run"):
            store_of("old").claim(replace(WANTED, serial="SN2"))

        new.change(seen, attempts=1)

    def test_another_stacks_run_does_not_fence_ours(self, store_of: Callable[..., ClaimStore]) -> None:
        ours = store_of("ours")
        seen = ours.claim(WANTED)
        store_of("theirs").claim(replace(THEIRS, serial="SN2"))

        ours.change(seen, phase=Phase.PREPARING)

    def test_fencing_refuses_every_run_so_far_and_admits_the_next(
        self, store_of: Callable[..., ClaimStore]
    ) -> None:
        old = store_of("old")
        seen = old.claim(WANTED)

        store_of("recover").fence("lab/prod")

        with pytest.raises(StaleRunError):
            old.change(seen, phase=Phase.RUNNING)
        with pytest.raises(StaleRunError):
            store_of("old").claim(WANTED)
        store_of("next").claim(WANTED)

    def test_fencing_a_stack_that_has_never_written_does_nothing(
        self, store_of: Callable[..., ClaimStore]
    ) -> None:
        store_of("recover").fence("lab/prod")
        store_of("other").claim(THEIRS)
        store_of("recover").fence("lab/prod")

        assert ["lab/dev"] == [claim.owner for claim in store_of().read_all()]

    def test_a_process_whose_cli_is_gone_writes_nothing_not_even_first(self, world: ClaimsWorld) -> None:
        orphan = world.open(RunIdentity("orphan", is_alive=lambda: False))

        with pytest.raises(StaleRunError, match="has ended"):
            orphan.claim(WANTED)
        with pytest.raises(StaleRunError, match="has ended"):
            orphan.assert_may_write("lab/prod")
        assert () == orphan.read_all()
        world.close()

    def test_a_process_whose_cli_ends_between_two_writes_writes_no_second(self, world: ClaimsWorld) -> None:
        alive = [True]
        store = world.open(RunIdentity("run", is_alive=lambda: alive[0]))
        seen = store.claim(WANTED)
        alive[0] = False

        writes: list[Callable[[], object]] = [
            lambda: store.change(seen, attempts=1),
            lambda: store.assert_may_write("lab/prod"),
        ]
        for write in writes:
            with pytest.raises(StaleRunError, match="has ended"):
                write()
        world.close()

    def test_a_refused_write_does_not_overtake_another_run(self, store_of: Callable[..., ClaimStore]) -> None:
        holder = store_of("holder")
        seen = holder.claim(WANTED)

        with pytest.raises(ForeignClaimError):
            store_of("other").claim(replace(WANTED, holder="urn:…::b"))

        holder.change(seen, phase=Phase.PREPARING)

    def test_a_store_stays_itself_for_everyone_who_opens_it(
        self, store_of: Callable[..., ClaimStore]
    ) -> None:
        first = store_of().identity()

        assert first
        assert first == store_of("run-2").identity()

    def test_a_store_remembers_what_it_granted_and_installed_after_the_release(
        self, store_of: Callable[..., ClaimStore]
    ) -> None:
        store = store_of()
        claim = store.claim(WANTED)
        store.note_install(claim, "ours", made_here=True)
        store.note_install(claim, "ours", made_here=False)
        store.note_install(claim, "before", made_here=False)
        store.release(claim)

        assert (1, 0) == (store.generation_of("hall", "SN1"), store.generation_of("hall", "SN2"))
        known = [store.knows_install("hall", "SN1", name) for name in ("ours", "before", "never")]
        assert [True, True, False] == known
        made = [store.knows_install("hall", "SN1", name, made_here=True) for name in ("ours", "before")]
        assert [True, False] == made
        assert not store.knows_install("hall", "SN2", "ours")

    def test_a_closed_store_may_be_used_again(self, store_of: Callable[..., ClaimStore]) -> None:
        store = store_of()
        seen = store.claim(WANTED)
        store.close()

        store.change(seen, phase=Phase.PREPARING)

    @pytest.mark.parametrize("damage", [{"phase": "dancing"}, {"record": "{"}, {"record": "[]"}])
    def test_a_damaged_claim_is_named_with_its_server_and_what_to_do(
        self, world: ClaimsWorld, store_of: Callable[..., ClaimStore], damage: Mapping[str, Any]
    ) -> None:
        store = store_of()
        store.claim(replace(WANTED, serial="SN2", slot="train/slot-02"))
        store.claim(WANTED)
        world.spoil("SN1", damage)

        uses: list[Callable[[], object]] = [
            lambda: store_of().claim(WANTED),
            lambda: store_of().find("hall", "SN1"),
            lambda: store_of().read_all(),
        ]
        for use in uses:
            with pytest.raises(ClaimsUnavailableError, match=r"hall/SN1 is damaged .*restore"):
                use()
        assert store_of().find("hall", "SN2") is not None

    def test_a_claim_that_was_removed_by_hand_is_lost_to_its_owner(
        self, world: ClaimsWorld, store_of: Callable[..., ClaimStore]
    ) -> None:
        store = store_of()
        seen = store.claim(WANTED)
        world.lose("SN1")

        with pytest.raises(LostClaimError, match="pulumi refresh"):
            store.change(seen, attempts=1)
        assert 0 == store.generation_of("hall", "SN1")

    def test_a_store_that_cannot_be_reached_is_an_error_and_never_tells_that_a_server_is_free(
        self, world: ClaimsWorld, store_of: Callable[..., ClaimStore]
    ) -> None:
        store = store_of()
        seen = store.claim(WANTED)

        with world.unreachable():
            uses: list[Callable[[], object]] = [
                lambda: store.find("hall", "SN1"),
                lambda: store.find("hall", "SN2"),
                store.read_all,
                store.identity,
                lambda: store.generation_of("hall", "SN1"),
                lambda: store.knows_install("hall", "SN1", "i-1"),
                lambda: store.claim(replace(WANTED, serial="SN2")),
                lambda: store.change(seen, attempts=1),
                lambda: store.release(seen),
                lambda: store.assert_may_write("lab/prod"),
                lambda: store.fence("lab/prod"),
                lambda: store_of("fresh").find("hall", "SN1"),
            ]
            for use in uses:
                with pytest.raises(ClaimsUnavailableError):
                    use()

        assert seen == store.find("hall", "SN1")
        store.change(seen, attempts=1)

    def test_of_claimants_racing_in_threads_exactly_one_gets_each_server(
        self, store_of: Callable[..., ClaimStore]
    ) -> None:
        store_of("first").claim(replace(WANTED, serial="SN0"))
        refused: list[bool] = []
        answers: dict[str, list[str]] = {f"SN{number}": [] for number in range(1, 4)}

        def race(racer: int) -> None:
            store = store_of(f"run-{racer}")
            for serial, granted in answers.items():
                wanted = replace(WANTED, serial=serial, owner=f"lab/{racer}", holder=f"urn-{racer}")
                try:
                    granted.append(store.claim(wanted).owner)
                except ForeignClaimError as error:
                    refused.append(error.held.owner != wanted.owner)

        threads = [threading.Thread(target=race, args=(racer,)) for racer in range(6)]
        with _failing_threads() as failures:
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

        assert [] == failures
        assert [True] * 15 == refused
        owners = {claim.serial: [claim.owner] for claim in store_of().read_all() if claim.serial != "SN0"}
        assert answers == owners

    def test_threads_that_change_one_claim_lose_no_change(self, store_of: Callable[..., ClaimStore]) -> None:
        store = store_of()
        store.claim(WANTED)

        def count_up(writer: ClaimStore) -> None:
            done = 0
            while done < 5:
                claim = writer.find("hall", "SN1")
                assert claim is not None
                try:
                    writer.change(claim, attempts=claim.attempts + 1)
                    done += 1
                except LostClaimError:
                    continue

        threads = [threading.Thread(target=count_up, args=(store_of(),)) for _ in range(3)]
        with _failing_threads() as failures:
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

        assert [] == failures
        assert [15] == [claim.attempts for claim in store.read_all()]

    def test_of_claimants_racing_in_processes_exactly_one_gets_the_server(
        self, world: ClaimsWorld, store_of: Callable[..., ClaimStore]
    ) -> None:
        racers = [
            subprocess.Popen(
                [sys.executable, "-c", f"{world.prelude}\n{RACER}", f"lab/stack-{number}"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for number in range(4)
        ]
        for racer in racers:
            assert racer.stdout is not None
            assert "ready\n" == racer.stdout.readline()
        for racer in racers:
            assert racer.stdin is not None
            racer.stdin.write("go\n")
            racer.stdin.flush()
        answers = [racer.communicate()[0].strip() for racer in racers]

        assert ["granted", "refused", "refused", "refused"] == sorted(answers)
        owners = [claim.owner for claim in store_of().read_all()]
        assert [f"lab/stack-{answers.index('granted')}"] == owners

    def test_a_writer_killed_in_the_middle_leaves_whole_claims(
        self, world: ClaimsWorld, store_of: Callable[..., ClaimStore]
    ) -> None:
        with subprocess.Popen(
            [sys.executable, "-c", f"{world.prelude}\n{WRITER}"], stdout=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdout is not None
            assert ["ready\n", "busy\n"] == [writer.stdout.readline(), writer.stdout.readline()]
            writer.kill()

        store = store_of("after")
        (claim,) = store.read_all()
        assert str(claim.attempts) == claim.install_id
        assert claim.attempts >= 5
        assert store.knows_install("hall", "SN1", str(claim.attempts), made_here=True)
        assert claim.generation == store.claim(replace(claim, version=1)).generation

    def test_a_run_at_work_is_seen_until_its_lease_runs_out(
        self, world: ClaimsWorld, store_of: Callable[..., ClaimStore]
    ) -> None:
        store_of("at work").claim(WANTED)
        if not world.leases:
            assert store_of("other").lease_of("lab/prod") is None
            return

        lease = store_of("other").lease_of("lab/prod")
        assert lease is not None
        assert ("at work", "runner-7", True) == (lease.run, lease.host, lease.is_live)
        assert store_of("other").lease_of("lab/dev") is None

        world.pass_time(61)
        late = store_of("other").lease_of("lab/prod")
        assert late is None or not late.is_live

    def test_a_beat_keeps_the_lease_and_ends_with_the_run(
        self, world: ClaimsWorld, store_of: Callable[..., ClaimStore]
    ) -> None:
        if not world.leases:
            return
        store: Any = store_of("at work")
        store.claim(WANTED)
        world.pass_time(50)
        store.beat()
        world.pass_time(50)
        lease = store_of("other").lease_of("lab/prod")
        assert lease is not None
        assert lease.is_live

        store.close()

        assert store_of("other").lease_of("lab/prod") is None

    def test_a_run_is_at_work_while_any_of_its_processes_is(
        self, world: ClaimsWorld, store_of: Callable[..., ClaimStore]
    ) -> None:
        if not world.leases:
            return
        one, other = store_of("at work"), store_of("at work")
        one.claim(WANTED)
        other.claim(replace(WANTED, serial="SN2"))
        one.close()

        assert store_of("looks").lease_of("lab/prod") is not None

    def test_an_overtaken_run_has_no_lease_and_its_beats_win_it_none(
        self, world: ClaimsWorld, store_of: Callable[..., ClaimStore]
    ) -> None:
        if not world.leases:
            return
        old: Any = store_of("old")
        old.claim(WANTED)
        store_of("new").claim(WANTED)
        old.beat()
        lease = store_of("looks").lease_of("lab/prod")
        assert lease is not None
        assert "new" == lease.run

        store_of("recover").fence("lab/prod")
        old.beat()

        assert store_of("looks").lease_of("lab/prod") is None

    def test_a_run_whose_lease_ran_out_goes_on_if_nobody_took_over(
        self, world: ClaimsWorld, store_of: Callable[..., ClaimStore]
    ) -> None:
        store = store_of("frozen")
        seen = store.claim(WANTED)
        world.pass_time(3600)

        seen = store.change(seen, attempts=1)

        store_of("new").claim(WANTED)
        with pytest.raises(StaleRunError):
            store.change(seen, attempts=2)


@contextmanager
def _failing_threads() -> Generator[list[str]]:
    """What threads have failed with; pytest would warn of it and fail some later test."""
    failures: list[str] = []
    before = threading.excepthook
    threading.excepthook = lambda failure: failures.append(repr(failure.exc_value))
    try:
        yield failures
    finally:
        threading.excepthook = before
